"""Writing the library. Publishing makes an immutable version; readers see the newest one."""

import datetime as dt
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from apps.accounts.actors import Actor
from apps.accounts.policy import require
from apps.accounts.roles import Permission
from apps.audit.rows import made
from apps.audit.services import record
from apps.common import events
from apps.common.editing import changed_fields, lock_for_edit
from apps.common.errors import Conflict, Invalid, Missing, NotPermitted
from apps.guidance.models import Guidance, GuidanceState, GuidanceVersion, GuidanceVote

TEXT_FIELDS = (
    *("title", "summary", "body", "stages", "technologies", "cwes", "references", "condition"),
    *("consequence", "controls", "frequency_low", "frequency_high", "magnitude_low"),
    *("magnitude_high", "rationale"),
)

# What full text looks at, word by word as it is written; no numbers, addresses or words that it leaves out.
_KEEP_WORDS = """
WITH texts AS (
    SELECT true AS is_working, concat_ws(' ', title, summary, condition, consequence, body) AS text
    FROM guidance_guidance WHERE id = %(guidance)s
    UNION ALL
    SELECT false, concat_ws(' ', title, summary, condition, consequence, body)
    FROM guidance_guidanceversion WHERE id = %(version)s
), said AS MATERIALIZED (
    SELECT word, bool_or(is_working) AS is_working, bool_or(NOT is_working) AS is_published
    FROM texts, unnest(tsvector_to_array(to_tsvector('simple', text))) word
    WHERE word ~ '^[^[:digit:][:punct:][:space:]]{4,40}$' AND numnode(plainto_tsquery('english', word)) > 0
    GROUP BY word
), gone AS (
    DELETE FROM guidance_guidanceword known
    WHERE known.guidance_id = %(guidance)s
      AND NOT EXISTS (SELECT FROM said WHERE said.word = known.word)
)
INSERT INTO guidance_guidanceword AS known (guidance_id, word, is_working, is_published)
SELECT %(guidance)s, word, is_working, is_published FROM said
ON CONFLICT (guidance_id, word) DO UPDATE
SET is_working = excluded.is_working, is_published = excluded.is_published
WHERE (known.is_working, known.is_published)
    IS DISTINCT FROM (excluded.is_working, excluded.is_published)
"""

# models.GuidanceIndex. A piece that was never published has no second row.
_KEEP_INDEX = """
INSERT INTO guidance_guidanceindex AS known (guidance_id, is_working, vector)
SELECT %(guidance)s, is_working,
       setweight(to_tsvector('english', title), 'A')
       || setweight(to_tsvector('english', concat_ws(' ', array_to_string(technologies, ' '), summary,
              (SELECT string_agg('cwe' || cwe, ' ') FROM unnest(cwes) cwe))), 'B')
       || setweight(to_tsvector('english', concat_ws(' ', condition, consequence,
              (SELECT string_agg(concat_ws(' ', control ->> 'title', control ->> 'effect'), ' ')
               FROM jsonb_array_elements(controls) control))), 'C')
       || setweight(to_tsvector('english', body), 'D')
FROM (
    SELECT true AS is_working, title, summary, technologies, cwes, condition, consequence, controls, body
    FROM guidance_guidance WHERE id = %(guidance)s
    UNION ALL
    SELECT false, title, summary, technologies, cwes, condition, consequence, controls, body
    FROM guidance_guidanceversion WHERE id = %(version)s
) texts
ON CONFLICT (guidance_id, is_working) DO UPDATE SET vector = excluded.vector
"""


@transaction.atomic
def guidance_create(*, actor: Actor, title: str, **values: Any) -> Guidance:
    """A draft. `values` are any of TEXT_FIELDS."""
    require(actor, Permission.GUIDANCE_EDIT)
    guidance = Guidance(title=title, created_by=actor.user)
    changed_fields(guidance, {name: values[name] for name in TEXT_FIELDS if name in values})
    _check(guidance)
    guidance.save()
    _found_by(guidance)
    record(actor=actor, action="guidance.create", target=guidance, changes=made(guidance))
    return guidance


@transaction.atomic
def guidance_edit(
    *, actor: Actor, guidance: Guidance, version: int | None, **values: Any
) -> Guidance:
    """Change the working text; what is published stays as it is until it is published again."""
    require(actor, Permission.GUIDANCE_EDIT)
    row = lock_for_edit(Guidance, guidance.pk, version)
    changes = changed_fields(row, {name: values[name] for name in TEXT_FIELDS if name in values})
    _check(row)
    row.save()
    _found_by(row)
    record(actor=actor, action="guidance.edit", target=row, changes=changes)
    return row


@transaction.atomic
def guidance_publish(
    *, actor: Actor, guidance: Guidance, note: str = "", at: dt.datetime | None = None
) -> GuidanceVersion:
    """Publish the working text as the next version. Raises: Invalid when there is nothing to read.

    at: when it was published, for records that are moved in from elsewhere; else now.
    """
    require(actor, Permission.GUIDANCE_EDIT)
    row = Guidance.objects.select_for_update().get(pk=guidance.pk)
    if not row.body.strip():
        raise Invalid({"body": "Write the advice before it is published."})
    last = row.versions.first()
    version = GuidanceVersion(
        guidance=row,
        number=last.number + 1 if last else 1,
        note=note,
        published_by=actor.user,
        published_at=at or timezone.now(),
        version=row.version,
        **{name: getattr(row, name) for name in TEXT_FIELDS},
    )
    version.save()
    row.state, row.current = GuidanceState.PUBLISHED, version
    row.save()
    _found_by(row)
    record(actor=actor, action="guidance.publish", target=row, changes={"number": version.number})
    events.append("guidance.published", {"guidance_id": row.pk, "version_id": version.pk})
    return version


@transaction.atomic
def guidance_retire(*, actor: Actor, guidance: Guidance) -> Guidance:
    """Take guidance out of the library; statements made from it keep their origin."""
    require(actor, Permission.GUIDANCE_EDIT)
    row = Guidance.objects.select_for_update().get(pk=guidance.pk)
    if row.state != GuidanceState.PUBLISHED:
        raise Conflict("Only published guidance can be retired.")
    row.state = GuidanceState.RETIRED
    row.version += 1
    row.save()
    record(
        actor=actor,
        action="guidance.retire",
        target=row,
        changes={"state": [GuidanceState.PUBLISHED, GuidanceState.RETIRED]},
    )
    return row


@transaction.atomic
def guidance_return(*, actor: Actor, guidance: Guidance) -> Guidance:
    """Undo that it was retired: the library shows what it had published last. Raises: Conflict."""
    require(actor, Permission.GUIDANCE_EDIT)
    row = Guidance.objects.select_for_update().get(pk=guidance.pk)
    if row.state != GuidanceState.RETIRED:
        raise Conflict("It is not retired; there is nothing to undo.")
    row.state = GuidanceState.PUBLISHED
    row.version += 1
    row.save()
    record(
        actor=actor,
        action="guidance.return",
        target=row,
        changes={"state": [GuidanceState.RETIRED, GuidanceState.PUBLISHED]},
    )
    return row


@transaction.atomic
def vote_give(
    *, actor: Actor, guidance: Guidance, useful: bool, missing: str | None = None
) -> GuidanceVote:
    """Say whether a piece helped; said again, it takes the place of what the person said before.

    missing: what the reader did not find, in words; None keeps the words that are there.
    Raises: Conflict for what is not published, NotPermitted for who is no person.
    """
    row = _lock_for_vote(actor, guidance)
    if row.state != GuidanceState.PUBLISHED or row.current is None:
        raise Conflict("Only published guidance can be said to be useful or not.")
    vote = GuidanceVote.objects.filter(guidance=row, user=actor.user_id).first()
    before = (vote.is_useful, vote.missing) if vote else (None, "")
    vote = vote or GuidanceVote(guidance=row, user=actor.user)
    vote.is_useful, vote.text, vote.given_at = useful, row.current, timezone.now()
    vote.missing = before[1] if missing is None else missing.strip()
    vote.save()
    changes = {"useful": [before[0], useful], "missing": [before[1], vote.missing]}
    record(actor=actor, action="guidance.vote", target=row, changes=changes)
    return vote


@transaction.atomic
def vote_take_back(*, actor: Actor, guidance: Guidance) -> None:
    """Raises: Missing where the person said nothing."""
    row = _lock_for_vote(actor, guidance)
    vote = GuidanceVote.objects.filter(guidance=row, user=actor.user_id).first()
    if vote is None:
        raise Missing("You have not said whether this was useful.")
    vote.delete()
    changes = {"useful": [vote.is_useful, None], "missing": [vote.missing, ""]}
    record(actor=actor, action="guidance.vote", target=row, changes=changes)


def _lock_for_vote(actor: Actor, guidance: Guidance) -> Guidance:
    """The piece, locked so that two clicks of one person make one vote."""
    require(actor, Permission.GUIDANCE_DISCUSS)
    if actor.user_id is None:
        raise NotPermitted("Only a person says whether guidance was useful.")
    rows = Guidance.objects.select_for_update(no_key=True, of=("self",)).select_related("current")
    return rows.get(pk=guidance.pk)


def _found_by(guidance: Guidance) -> None:
    """What a piece that was written or published is found by (models.GuidanceWord, GuidanceIndex)."""
    numbers = {"guidance": guidance.pk, "version": guidance.current_id}
    with connection.cursor() as cursor:
        cursor.execute(_KEEP_WORDS, numbers)
        cursor.execute(_KEEP_INDEX, numbers)


def _check(guidance: Guidance) -> None:
    problems = {}
    for name in ("frequency", "magnitude"):
        low, high = getattr(guidance, f"{name}_low"), getattr(guidance, f"{name}_high")
        if (low is None) != (high is None):
            problems[f"{name}_low"] = "Give both ends of the range, or none."
        elif low is not None and not 0 < low <= high:
            problems[f"{name}_low"] = "The low end must be above 0 and not above the high end."
    if not guidance.title.strip():
        problems["title"] = "Give it a title."
    if problems:
        raise Invalid(problems)
