"""What the settings page says of issue trackers."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.actors import Actor
from apps.common.setting_lines import Facts, Group, Line, Many, Stand, running, some
from apps.trackers.models import Mirror
from apps.trackers.selectors import trackers_list


def lines(viewer: Actor) -> Iterable[Line]:
    if not viewer.manages_trackers:
        return
    trackers = trackers_list(viewer)
    yield Line(
        Group.OUTSIDE,
        _("Issue trackers"),
        _(
            "Where tickets are filed for findings and risks, and whose issues become planning items."
        ),
        "clipboard-list",
        reverse("tracker-list"),
        _stand,
        {
            "all": Many(trackers),
            "paused": Many(trackers.filter(is_paused=True)),
            "failing": Many(trackers.filter(is_paused=False, failing_since__isnull=False)),
            "mirrors": Many(Mirror.objects.filter(is_on=True)),
        },
        words=_("jira github gitlab tickets"),
    )


def _stand(facts: Facts) -> Stand:
    mirrors = facts["mirrors"]
    told = ngettext("%(n)d tracker", "%(n)d trackers", facts["all"])
    mirrored = ngettext("%(n)d mirrored", "%(n)d mirrored", mirrors)
    return running(told, facts, some(mirrors, mirrored))
