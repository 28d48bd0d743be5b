"""What the settings page says of how a person is told."""

from collections.abc import Iterable

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.actors import Actor
from apps.common.setting_lines import Facts, Group, Line, One, Stand, listed, some
from apps.notices.models import MailEvery, NoticeWish


def lines(viewer: Actor) -> Iterable[Line]:
    wish = NoticeWish.objects.filter(user=viewer.user_id)
    yield Line(
        Group.MINE,
        _("How to be told"),
        _("Of what you hear in the portal and by mail, each kind on its own, and how often."),
        "bell",
        reverse("settings-notices"),
        _stand,
        {"every": One(wish, "mail_every"), "hidden": One(wish, "hidden")},
        words=_("notifications notices digest mail"),
    )


def _stand(facts: Facts) -> Stand:
    off = len(facts["hidden"] or ())
    said = {
        MailEvery.DAY: _("Mail once a day"),
        MailEvery.ONCE: _("Mail as it comes"),
        MailEvery.NEVER: _("No mail"),
    }[MailEvery(facts["every"] or MailEvery.DAY)]
    if not settings.SECOPS_MAIL_ON:
        said = _("In the portal alone: the operator has set up no mail")
    hidden = ngettext("%(n)d kind switched off", "%(n)d kinds switched off", off)
    return Stand(listed(said, some(off, hidden)))
