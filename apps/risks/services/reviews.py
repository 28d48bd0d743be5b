"""Wishing reviews, and giving one. Nothing here blocks a publication."""

from django.db import transaction

from apps.accounts.actors import Actor
from apps.accounts.models import Team
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.services import record
from apps.common import events
from apps.common.errors import Conflict, EditConflict, Invalid, NotPermitted
from apps.risks.models import ReviewWish, RiskStatement, StatementReview
from apps.risks.reviews import may_wish


@transaction.atomic
def review_wish_set(*, actor: Actor, team: Team | None, is_wished: bool) -> None:
    """Switch the wish of a team on or off; no team: of the whole organisation. Raises: NotPermitted."""
    if team is None:
        require(actor, Permission.STATEMENT_EDIT)
    elif not may_wish(actor, team):
        raise NotPermitted("Those who write the risks of all of the team's systems say this.")
    wish = ReviewWish.objects.filter(team=team).first()
    if is_wished == (wish is not None):
        return
    row = wish or ReviewWish.objects.create(team=team, made_by=actor.user)
    record(
        actor=actor,
        action="review-wish.set",
        target=row,
        changes={"team": team.key if team else "everyone", "wished": is_wished},
    )
    if wish is not None:
        wish.delete()


@transaction.atomic
def review_give(
    *, actor: Actor, statement: RiskStatement, version: int, approves: bool, body: str = ""
) -> StatementReview:
    """Approve or comment on the working text that one has read, at `version`.

    Raises: NotPermitted, EditConflict when it was changed since, Conflict, Invalid.
    """
    require(actor, Permission.STATEMENT_EDIT, statement)
    row = RiskStatement.objects.select_for_update(of=("self",)).get(pk=statement.pk)
    if row.is_ended:
        raise Conflict("What was withdrawn or superseded is kept as it was.")
    if version < row.written_version or version > row.version:
        raise EditConflict(
            "The text was changed since you read it. Read it again.", current_version=row.version
        )
    if approves and actor.user is None:
        raise NotPermitted("A review is a person's.")
    if approves and actor.user_id == row.written_by_id:
        raise Conflict("These are your own words: somebody else approves them. You may comment.")
    if not approves and not body.strip():
        raise Invalid({"body": "Say what you found."})
    review = StatementReview.objects.create(
        statement=row, version=version, approves=approves, body=body.strip(), made_by=actor.user
    )
    record(
        actor=actor,
        action="statement.review",
        target=row,
        system_id=row.system_id,
        changes={"approves": approves, "version": version},
    )
    events.append("statement.reviewed", {"statement_id": row.pk, "review_id": review.pk})
    return review
