"""What the settings page says of pictures."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.actors import Actor
from apps.attachments.selectors import pictures_own
from apps.common.setting_lines import Group, Line, Many, Stand, some


def lines(viewer: Actor) -> Iterable[Line]:
    yield Line(
        Group.MINE,
        _("Pictures"),
        _("What you pasted into texts, where it is shown, and away with it."),
        "image-plus",
        reverse("settings-pictures"),
        lambda facts: Stand(
            some(facts["own"], ngettext("%(n)d picture", "%(n)d pictures", facts["own"]))
            or _("None")
        ),
        {"own": Many(pictures_own(viewer))},
        words=_("attachments images"),
    )
