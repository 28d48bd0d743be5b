"""Giving an estimate of one's own, taking it back, and taking over what several come to together."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.common.errors import Conflict, Missing, NotPermitted
from apps.risks.models import RiskStatement, StatementOpinion
from apps.risks.opinions import opinions_standing, pooled
from apps.risks.services.estimates import ENDS, read_estimate
from apps.risks.services.statements import StatementInput, statement_edit


@transaction.atomic
def opinion_give(
    *,
    actor: Actor,
    statement: RiskStatement,
    ends: Mapping[str, Decimal | None],
    reason: str = "",
) -> StatementOpinion:
    """ends: the statement's four, of two 90 % ranges. An earlier one of the same person ends.

    Raises: NotPermitted, Invalid, Conflict where the statement no longer holds.
    """
    require(actor, Permission.OPINION_GIVE, statement)
    if actor.user is None:
        raise NotPermitted("An estimate is a person's.")
    ranges = read_estimate(ends).ranges
    row = RiskStatement.objects.select_for_update(of=("self",)).get(pk=statement.pk)
    if row.is_ended:
        raise Conflict("What was withdrawn or superseded is kept as it was.")
    _end(row, actor)
    opinion = StatementOpinion.objects.create(
        statement=row, made_by=actor.user, reason=reason.strip()[:500], **vars(ranges)
    )
    said = {name: str(amount) for name, amount in vars(ranges).items()}
    record(actor=actor, action="opinion.give", target=row, system_id=row.system_id, changes=said)
    return opinion


@transaction.atomic
def opinion_take_back(*, actor: Actor, statement: RiskStatement) -> None:
    """One's own, while it stands. Raises: Missing."""
    row = RiskStatement.objects.select_for_update(of=("self",)).get(pk=statement.pk)
    if actor.user is None or not _end(row, actor):
        raise Missing("There is no estimate of yours that holds.")
    record(
        actor=actor,
        action="opinion.take-back",
        target=row,
        system_id=row.system_id,
        changes={"holds": [True, False]},
    )


def _end(statement: RiskStatement, actor: Actor) -> int:
    return StatementOpinion.objects.filter(
        statement=statement, made_by=actor.user, ended_at=None
    ).update(ended_at=timezone.now())


@transaction.atomic
def opinions_take_over(*, actor: Actor, statement: RiskStatement, version: int) -> RiskStatement:
    """The ranges that the estimates come to together become those of the working text, with a line that says whose.

    Raises: NotPermitted, EditConflict, Conflict where there are fewer than two.
    """
    require(actor, Permission.STATEMENT_EDIT, statement)
    rows = list(opinions_standing(statement.pk))
    found = pooled(rows)
    if found is None:
        raise Conflict("It takes the estimates of two people.")
    names = ", ".join(sorted(str(each.made_by) for each in rows))
    line = f"Pooled from the estimates of {len(rows)} people ({names})."
    texts = set(StatementInput.__dataclass_fields__) - {*ENDS, "estimate", "rationale"}
    kept: dict[str, Any] = {name: getattr(statement, name) for name in texts}
    rationale = f"{statement.rationale}\n\n{line}".strip()
    content = StatementInput(**kept | found.ends, rationale=rationale)
    return statement_edit(actor=actor, statement=statement, version=version, content=content)
