"""Writing risk statements: "If you ..., then ...", with a value."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.rows import made
from apps.audit.services import record
from apps.common import events
from apps.common.blanks import blanks
from apps.common.editing import changed_fields, lock_for_edit
from apps.common.errors import Conflict, Invalid
from apps.guidance.models import GuidanceVersion
from apps.planning.models import Option, PlanningItem
from apps.risks.models import (
    Attribute,
    ReviewNote,
    RiskRevision,
    RiskStatement,
    StatementState,
)
from apps.risks.reviews import approval_of, is_review_wished
from apps.risks.services.credits import Credit, same_numbers
from apps.risks.services.estimates import ENDS, Reading, read_estimate, reading_of
from apps.risks.services.valuations import valuation_store

TEXTS = ("condition", "consequence", "threat_community", "asset", "effect", "rationale")
LISTS = ("attributes", "cwes")
ESTIMATE = (*ENDS, "estimate")
COPIED = (*TEXTS, *LISTS, *ESTIMATE, "controls", "currency", "valuation")


@dataclass(frozen=True, kw_only=True)
class StatementInput:
    """All that a person writes of a statement.

    The ends of the ranges may be left out where `estimate` is of another kind (services/estimates.py).
    """

    condition: str
    consequence: str
    frequency_low: Decimal | None = None
    frequency_high: Decimal | None = None
    magnitude_low: Decimal | None = None
    magnitude_high: Decimal | None = None
    estimate: dict[str, Any] = field(default_factory=dict)
    attributes: list[str] = field(default_factory=list)
    threat_community: str = ""
    asset: str = ""
    effect: str = ""
    rationale: str = ""
    cwes: list[int] = field(default_factory=list)

    def read(self) -> Reading:
        """The estimate as it is understood. Raises: Invalid, also for what is wrong with the rest."""
        problems = {
            name: "Complete the sentence."
            for name in ("condition", "consequence")
            if not getattr(self, name).strip()
        }
        if unknown := set(self.attributes) - set(Attribute.values):
            problems["attributes"] = f"Not known: {', '.join(sorted(unknown))}."
        if problems:
            raise Invalid(problems)
        return read_estimate({name: getattr(self, name) for name in ENDS}, self.estimate)

    def values(self, reading: Reading) -> dict[str, Any]:
        """What the columns hold."""
        written = {each.name: getattr(self, each.name) for each in fields(self)}
        return written | vars(reading.ranges) | {"estimate": reading.detail}


@transaction.atomic
def statement_create(
    *,
    actor: Actor,
    item: PlanningItem,
    content: StatementInput,
    option: Option | None = None,
    origin: GuidanceVersion | None = None,
) -> RiskStatement:
    """A draft on an item, or on one of its options. Raises: Invalid."""
    require(actor, Permission.STATEMENT_EDIT, item)
    reading = content.read()
    if option is not None and option.item_id != item.pk:
        raise Invalid({"option": "Choose an option of this item."})
    statement = RiskStatement(
        system_id=item.system_id,
        item=item,
        option=option,
        origin=origin,
        currency=settings.SECOPS_CURRENCY,
        created_by=actor.user,
        written_by=actor.user,
        **content.values(reading),
    )
    statement.pk = _next_id()
    statement.valuation = valuation_store(reading, name=statement.key)
    statement.save()
    record(
        actor=actor,
        action="statement.create",
        target=statement,
        system_id=item.system_id,
        changes=made(statement),
    )
    return statement


@transaction.atomic
def statement_edit(
    *, actor: Actor, statement: RiskStatement, version: int | None, content: StatementInput
) -> RiskStatement:
    """Change the working text; readers see it when it is published. Raises: EditConflict, Invalid, Conflict."""
    require(actor, Permission.STATEMENT_EDIT, statement)
    reading = content.read()
    row = lock_for_edit(RiskStatement, statement.pk, version, "item")
    if row.is_ended:
        raise Conflict("What was withdrawn or superseded is kept as it was; write a new one.")
    changes = changed_fields(row, content.values(reading))
    if changes.keys() & set(ESTIMATE):
        row.valuation = valuation_store(reading, name=row.key, controls=row.controls)
    if changes:
        row.written_by, row.written_version = actor.user, row.version
    row.save()
    record(
        actor=actor, action="statement.edit", target=row, system_id=row.system_id, changes=changes
    )
    return row


@transaction.atomic
def statement_publish(
    *, actor: Actor, statement: RiskStatement, note: str = "", at: dt.datetime | None = None
) -> RiskRevision:
    """Freeze the working text as the next revision; from now on it is what decisions stand on.

    Where a review is wished, the revision says whose it was, or that there was none; nothing blocks.

    at: when it was published, for records that are moved in from elsewhere; else now.
    """
    require(actor, Permission.STATEMENT_EDIT, statement)
    row = RiskStatement.objects.select_for_update(of=("self",)).get(pk=statement.pk)
    if row.is_ended:
        raise Conflict("What was withdrawn or superseded cannot be published.")
    last = row.revisions.first()
    if last is not None and last.source_version == row.version:
        raise Conflict("This text is published already; nothing has changed since.")
    said, before = (row.condition, row.consequence), last and (last.condition, last.consequence)
    if said != before:
        blanks_refuse(*said)
    revision = RiskRevision(
        statement=row,
        number=last.number + 1 if last else 1,
        source_version=row.version,
        note=note,
        **_review(row, last),
        published_by=actor.user,
        published_at=at or timezone.now(),
        **{name: getattr(row, name) for name in COPIED},
    )
    revision.save()
    row.state, row.published = StatementState.PUBLISHED, revision
    row.save(update_fields=["state", "published", "updated_at"])
    record(
        actor=actor,
        action="statement.publish",
        target=row,
        system_id=row.system_id,
        changes={"revision": revision.number, "review": revision.review},
    )
    events.append("statement.published", {"statement_id": row.pk, "revision_id": revision.pk})
    return revision


def blanks_refuse(condition: str, consequence: str) -> None:
    """What guidance left to fill in is no risk of anybody's. Raises: Invalid, for each sentence with a blank."""
    said = {"condition": blanks(condition), "consequence": blanks(consequence)}
    problems = {
        name: f"Fill in {', '.join(found)} before it is published."
        for name, found in said.items()
        if found
    }
    if problems:
        raise Invalid(problems, " ".join(problems.values()))


def _review(row: RiskStatement, last: RiskRevision | None) -> dict[str, Any]:
    """What the revision to come says of its review: {review, reviewed_by}."""
    if last is not None and row.written_version <= last.source_version:
        return {}  # only numbers of controls are new: nobody wrote anything
    if approval := approval_of(row):
        return {"review": ReviewNote.REVIEWED, "reviewed_by": approval.made_by}
    return {"review": ReviewNote.WITHOUT} if is_review_wished(row.system) else {}


@transaction.atomic
def statement_follow(
    *,
    actor: Actor,
    statement: RiskStatement,
    version: int | None,
    newest: GuidanceVersion,
    taken: Mapping[str, Any],
) -> RiskStatement:
    """Go along with a newer version of the guidance that it was made from.

    taken: what is to be said as the guidance now does (guidance_offers.py); empty: the text stays, and
    the version is only noted. Readers see it when it is published. Raises: EditConflict, Invalid,
    Conflict, NotPermitted.
    """
    require(actor, Permission.STATEMENT_EDIT, statement)
    origin = statement.origin
    if origin is None or newest.guidance_id != origin.guidance_id:
        raise Invalid({"guidance": "The statement was not made from this guidance."})
    if taken:
        said = {each.name: getattr(statement, each.name) for each in fields(StatementInput)}
        content = StatementInput(**said | dict(taken))
        statement = statement_edit(
            actor=actor, statement=statement, version=version, content=content
        )
    # The origin is no part of the text: it makes no version.
    RiskStatement.objects.filter(pk=statement.pk).update(origin=newest)
    record(
        actor=actor,
        action="statement.follow",
        target=statement,
        system_id=statement.system_id,
        changes={"guidance": [str(origin.number), str(newest.number)], "taken": sorted(taken)},
    )
    return statement


@transaction.atomic
def statement_credit(
    *, actor: Actor, statement: RiskStatement, controls: Sequence[Credit], note: str
) -> bool:
    """Say which controls are in place (services/credits.py); whether that moved the value.

    Where readers saw all there was, the new value is published with `note`; else it waits with what
    else was changed. What was withdrawn or superseded stays as it was. Raises: NotPermitted, Missing.
    """
    require(actor, Permission.STATEMENT_EDIT, statement)
    row = lock_for_edit(RiskStatement, statement.pk, None, "published")
    if row.is_ended or same_numbers(row.controls, controls):
        return False
    seen = row.published is not None and row.published.source_version == row.version - 1
    before, row.controls = row.controls, list(controls)
    row.valuation = valuation_store(reading_of(row), name=row.key, controls=row.controls)
    row.save()
    record(
        actor=actor,
        action="statement.credit",
        target=row,
        system_id=row.system_id,
        changes={"controls": [_named(before), _named(row.controls)]},
    )
    if seen:
        statement_publish(actor=actor, statement=row, note=note[:300])
    return True


def _named(controls: Sequence[Credit]) -> str:
    return ", ".join(f"{each['control']} {each['name']}" for each in controls)


def _next_id() -> int:
    """The number of the statement to come: its key names the random numbers of its first valuation."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('risks_riskstatement', 'id'))")
        return int(cursor.fetchone()[0])
