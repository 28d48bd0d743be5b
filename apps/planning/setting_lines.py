"""What the settings page says of filters that a person keeps."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.actors import Actor
from apps.common.setting_lines import Group, Line, Many, Stand, some
from apps.planning.models import SavedFilter


def lines(viewer: Actor) -> Iterable[Line]:
    yield Line(
        Group.MINE,
        _("Saved filters"),
        _("Views of the planning items that you keep under a name, above their list."),
        "list-filter",
        reverse("item-list"),
        lambda facts: Stand(
            some(facts["kept"], ngettext("%(n)d kept", "%(n)d kept", facts["kept"])) or _("None")
        ),
        {"kept": Many(SavedFilter.objects.visible_to(viewer))},
    )
