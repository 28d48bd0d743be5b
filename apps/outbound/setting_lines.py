"""What the settings page says of webhooks."""

from collections.abc import Iterable

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.actors import Actor
from apps.common.setting_lines import Group, Line, Many, running
from apps.outbound.selectors import webhooks_list


def lines(viewer: Actor) -> Iterable[Line]:
    if not viewer.manages_webhooks:
        return
    hooks = webhooks_list(viewer)
    on = hooks.filter(is_paused=False)
    yield Line(
        Group.OUTSIDE,
        _("Webhooks"),
        _("Programs and chats that are told of what happens here, as it happens."),
        "send",
        reverse("webhook-list"),
        lambda facts: running(ngettext("%(n)d webhook", "%(n)d webhooks", facts["all"]), facts),
        {
            "all": Many(hooks),
            "paused": Many(hooks.filter(is_paused=True)),
            "failing": Many(on.filter(~Q(failing_since=None) | ~Q(disabled_at=None))),
        },
        words=_("slack teams events integrations"),
    )
