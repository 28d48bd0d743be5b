"""What a rule would change of the findings that are there, before it changes anything."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from apps.accounts.models import Team
from apps.scans.models import Finding, FindingState, FindingTag, OwnerSource, TriageRule

SAMPLE = 8
EXAMPLES = 3  # of each action

Words = tuple[str, ...]  # none, one or several values


@dataclass(frozen=True)
class RuleAction:
    """One thing that a rule does to findings.

    news: of which findings it is one, a condition on them. told: (before, after) of a finding.
    keep: writes another app's action down and carries it out on the rule's findings, in the
    transaction that makes the rule; None for what scans do themselves.
    """

    name: str
    news: Q
    told: Callable[[Finding], tuple[Words, Words]]
    keep: Callable[[TriageRule, QuerySet[Finding]], None] | None = None


@dataclass(frozen=True)
class Change:
    finding: Finding
    before: Words
    after: Words


@dataclass(frozen=True)
class Effect:
    """What one action would change: of how many findings, and the worst few of them."""

    action: str
    count: int
    examples: list[Change]


@dataclass(frozen=True)
class RuleTrial:
    """What a rule would do to the findings that are there."""

    matching: int  # findings that it finds and that are not fixed
    changing: int  # of which it would change anything
    sample: list[Finding]
    effects: list[Effect] = field(default_factory=list)


def actions_of(verdict: str, team: Team | None, tags: Sequence[str]) -> list[RuleAction]:
    """What a rule of this app does; what is empty it leaves alone."""
    actions = [
        _state(verdict) if verdict else None,
        _owner(team) if team else None,
        _tags(sorted(set(tags))) if tags else None,
    ]
    return [action for action in actions if action]


def trial_of(rows: QuerySet[Finding], actions: Sequence[RuleAction]) -> RuleTrial:
    """rows: what the rule finds, the worst first. All counts are of one statement."""
    anything = reduce(or_, [action.news for action in actions], Q(pk__in=[]))
    counts = rows.aggregate(
        matching=Count("pk"),
        changing=Count("pk", filter=anything),
        **{f"of_{action.name}": Count("pk", filter=action.news) for action in actions},
    )
    shown = rows.filter(anything) if counts["changing"] else rows
    return RuleTrial(
        matching=counts["matching"],
        changing=counts["changing"],
        sample=list(shown[:SAMPLE]),
        effects=[_effect(rows, action, counts[f"of_{action.name}"]) for action in actions],
    )


def _effect(rows: QuerySet[Finding], action: RuleAction, count: int) -> Effect:
    found = rows.filter(action.news).select_related("system", "series", "owner__team")
    examples = list(found.prefetch_related("tags")[:EXAMPLES]) if count else []
    return Effect(action.name, count, [Change(each, *action.told(each)) for each in examples])


def _state(verdict: str) -> RuleAction:
    """Only what is open: what a person said stays."""
    return RuleAction("state", Q(state=FindingState.OPEN), lambda each: ((each.state,), (verdict,)))


def _owner(team: Team) -> RuleAction:
    """The first rule that says so counts, and a person's word before it."""
    weaker = Q(owner__source__gt=OwnerSource.RULE) & ~Q(owner__team=team)
    return RuleAction("owner", Q(owner=None) | weaker, lambda each: (_owned(each), (team.key,)))


def _owned(finding: Finding) -> Words:
    return (finding.owner.team.key,) if hasattr(finding, "owner") else ()


def _tags(tags: Sequence[str]) -> RuleAction:
    known = FindingTag.objects.filter(finding=OuterRef("pk"))
    one_is_missing = reduce(or_, (Q(~Exists(known.filter(tag=tag))) for tag in tags))

    def told(finding: Finding) -> tuple[Words, Words]:
        before = sorted(each.tag for each in finding.tags.all())
        return tuple(before), tuple(sorted({*before, *tags}))

    return RuleAction("tags", one_is_missing, told)
