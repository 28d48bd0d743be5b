"""Keys of statements, guidance and teams, as callers write them, read as what they name."""

from collections.abc import Iterable
from dataclasses import dataclass

from apps.accounts.actors import Actor
from apps.accounts.models import Team
from apps.common.errors import Invalid
from apps.guidance.models import Guidance
from apps.risks.models import RiskStatement
from apps.risks.selectors import statements_visible


@dataclass(frozen=True)
class Guarded:
    statements: list[RiskStatement]
    guidance: list[Guidance]


def guarded(viewer: Actor, statements: Iterable[int], guidance: Iterable[int]) -> Guarded:
    """Raises: Invalid naming those that the viewer cannot see."""
    said = list(dict.fromkeys(statements)), list(dict.fromkeys(guidance))
    found = Guarded(
        list(statements_visible(viewer).filter(pk__in=said[0]).order_by("pk")),
        list(Guidance.objects.visible_to(viewer).filter(pk__in=said[1]).order_by("pk")),
    )
    problems = {}
    for name, prefix, wanted, rows in (
        ("statements", "RS", said[0], found.statements),
        ("guidance", "G", said[1], found.guidance),
    ):
        missing = sorted(set(wanted) - {row.pk for row in rows})
        if missing:
            keys = ", ".join(f"{prefix}-{pk}" for pk in missing[:5])
            problems[name] = f"There is no {keys} that you may see."
    if problems:
        raise Invalid(problems)
    return found


def team(key: str | None) -> Team | None:
    """Raises: Invalid."""
    if not key:
        return None
    found = Team.objects.filter(key=key).first()
    if found is None:
        raise Invalid({"owner": f"There is no team {key!r}."})
    return found
