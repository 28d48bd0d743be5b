"""What the settings page says of pipelines without a secret."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.actors import Actor
from apps.accounts.roles import Permission
from apps.common.setting_lines import Facts, Group, Line, Many, Stand, listed, some
from apps.trust.models import TrustRule


def lines(viewer: Actor) -> Iterable[Line]:
    if viewer.systems_with(Permission.TOKEN_MANAGE) == frozenset():
        return
    rules = TrustRule.objects.visible_to(viewer, Permission.TOKEN_MANAGE)
    yield Line(
        Group.PEOPLE,
        _("Pipelines without a secret"),
        _("Which jobs are trusted by what their code host signs: on the page of each system."),
        "shield-check",
        reverse("system-list"),
        _stand,
        {"rules": Many(rules), "unused": Many(rules.filter(last_used_at=None))},
        words=_("trust rules oidc github gitlab actions"),
    )


def _stand(facts: Facts) -> Stand:
    number, unused = facts["rules"], facts["unused"]
    if not number:
        return Stand(_("No rule: pipelines use tokens"))
    told = ngettext("%(n)d rule", "%(n)d rules", number)
    never = ngettext("%(n)d never used", "%(n)d never used", unused)
    return Stand(listed(some(number, told), some(unused, never)))
