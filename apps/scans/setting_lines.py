"""What the settings page says of findings and reports."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.actors import Actor
from apps.accounts.policy import may
from apps.accounts.roles import Permission
from apps.common.setting_lines import Facts, Group, Line, Many, One, Stand, listed, some
from apps.scans.models import RawRetention
from apps.scans.models_exploits import ExploitFeed, RemediationTarget
from apps.scans.selectors_rules import rules_visible


def lines(viewer: Actor) -> Iterable[Line]:
    if viewer.systems_with(Permission.FINDING_TRIAGE) != frozenset():
        rules = rules_visible(viewer)
        yield Line(
            Group.EVIDENCE,
            _("Rules of findings"),
            _(
                "What is said of findings as they arrive: state, owner, tags, and the risk they bear on."
            ),
            "list-filter",
            reverse("rule-list"),
            _rules,
            {"on": Many(rules.filter(is_on=True)), "off": Many(rules.filter(is_on=False))},
            words=_("triage automatic suppress"),
        )
    if may(viewer, Permission.FINDING_TRIAGE):
        yield Line(
            Group.VALUES,
            _("Days by severity"),
            _(
                "In how many days findings should be mended, as advice; and the lists of what is exploited."
            ),
            "clock",
            reverse("urgency"),
            _days,
            {
                "set": Many(RemediationTarget.objects.filter(days__isnull=False)),
                "loaded": Many(ExploitFeed.objects.filter(loaded_at__isnull=False)),
                "problems": Many(ExploitFeed.objects.exclude(problem="")),
            },
            words=_("sla deadlines epss kev urgency feeds"),
        )
    if may(viewer, Permission.SYSTEM_MANAGE):
        newest = RawRetention.objects.order_by("-pk")
        yield Line(
            Group.RECORDS,
            _("Raw copies of reports"),
            _("How long the files that pipelines posted are kept, once they are read."),
            "archive",
            reverse("retention"),
            lambda facts: Stand(_kept(facts["days"])),
            {"days": One(newest, "days")},
            words=_("retention delete storage"),
        )


def _rules(facts: Facts) -> Stand:
    on, off = facts["on"], facts["off"]
    told = listed(
        some(on, ngettext("%(n)d on", "%(n)d on", on)),
        some(off, ngettext("%(n)d off", "%(n)d off", off)),
    )
    return Stand(told or _("None"))


def _days(facts: Facts) -> Stand:
    number, loaded = facts["set"], facts["loaded"]
    told = ngettext("%(n)d severity has days", "%(n)d severities have days", number)
    lists = ngettext("%(n)d list loaded", "%(n)d lists loaded", loaded)
    broken = _("a list could not be fetched") if facts["problems"] else ""
    return Stand(
        listed(some(number, told) or _("No days set"), some(loaded, lists), broken),
        "warn" if broken else "neutral",
    )


def _kept(days: int | None) -> str:
    if days is None:
        return _("Kept for ever")
    return ngettext("Kept for %(n)d day", "Kept for %(n)d days", days) % {"n": days}
