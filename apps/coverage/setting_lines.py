"""What the settings page says of expected evidence."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.actors import Actor
from apps.accounts.roles import Permission
from apps.catalog.models import Criticality
from apps.common.setting_lines import Facts, Group, Line, Many, Stand, listed, some
from apps.coverage.models import Profile, SystemExpectation, ToolKind


def lines(viewer: Actor) -> Iterable[Line]:
    if viewer.systems_with(Permission.COVERAGE_MANAGE) == frozenset():
        return
    said = SystemExpectation.objects.visible_to(viewer, Permission.COVERAGE_MANAGE)
    yield Line(
        Group.VALUES,
        _("Expected evidence"),
        _(
            "Which evidence each criticality wants at each stage, how fresh, and what is an exception."
        ),
        "radar",
        reverse("coverage"),
        _stand,
        {
            "profiles": Many(Profile.objects.all()),
            "exceptions": Many(said),
            "tools": Many(ToolKind.objects.all()),
        },
        words=_("coverage profiles exceptions gaps tools"),
    )


def _stand(facts: Facts) -> Stand:
    own, exceptions, tools = facts["profiles"], facts["exceptions"], facts["tools"]
    told = _("%(n)d of %(all)d profiles are yours") % {"n": own, "all": len(Criticality)}
    return Stand(
        listed(
            told if own else _("As the portal expects"),
            some(exceptions, ngettext("%(n)d exception", "%(n)d exceptions", exceptions)),
            some(tools, ngettext("%(n)d tool placed", "%(n)d tools placed", tools)),
        )
    )
