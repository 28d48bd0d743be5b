"""Writing seals over what the audit trail holds, and checking them."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Count, Max, Sum

from apps.audit.models import AuditCut, AuditEntry, AuditSeal
from apps.audit.seals import SEALED, START, as_sealed, digest

logger = logging.getLogger(__name__)
BATCH = 10_000  # entries a seal
LOCK_WAIT = "200ms"  # writers queue behind a waiting lock for this long at most
TRIGGERS = (
    "audit_auditentry_never_changes",
    "audit_auditseal_never_changes",
    "audit_auditcut_never_changes",
    "audit_auditcut_agrees",
)


@dataclass(frozen=True)
class Fault:
    """What a check found: a sentence, and the entries that it is about."""

    text: str
    first_id: int = 0
    last_id: int = 0


@dataclass(frozen=True)
class Verdict:
    """`sealed` entries under `seals` agree unless there are faults; `open_entries` await their seal.

    Of the sealed ones `cut` are no longer here; their seals and the rows of the cuts agree.
    """

    seals: int
    sealed: int
    cut: int
    open_entries: int
    newest: str  # hexadecimal digest of the last seal; empty: there is none
    faults: tuple[Fault, ...]


def entries_seal() -> int:
    """Seal whatever is final by now; return how many entries that were.

    Comes again in a minute, so it gives way when writers are busy or another sealer was faster.
    """
    boundary = _final_id()
    total = 0
    while boundary is not None:
        try:
            sealed = _seal_next(boundary)
        except IntegrityError:  # another sealer's
            break
        if not sealed:
            break
        total += sealed
    return total


def _final_id() -> int | None:
    """The id up to which no transaction under way can still add an entry; None while writers are busy.

    A SHARE lock is given when nobody writes, and an insert asks for its own lock before it takes a
    number, so every number up to the highest one is by then committed or will never be.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'")
            cursor.execute("LOCK TABLE audit_auditentry IN SHARE MODE")
            found = AuditEntry.objects.aggregate(last=Max("id"))["last"]
            return int(found) if found else None
    except DatabaseError:
        return None


@transaction.atomic
def _seal_next(boundary: int) -> int:
    last = AuditSeal.objects.order_by("id").last()
    previous = bytes(last.digest) if last else START
    rows = _entries(last.through_id if last else 0, boundary)[:BATCH]
    made, count, through = digest(previous, rows.iterator(chunk_size=2000))
    if count:
        seal = AuditSeal.objects.create(
            through_id=through, entries=count, previous=previous, digest=made
        )
        logger.info("audit seal %d through entry %d: %s", seal.pk, through, made.hex())
    return count


def _entries(after: int, through: int) -> Any:
    return AuditEntry.objects.filter(id__gt=after, id__lte=through).order_by("id").values(*SEALED)


def verify(expected: str = "") -> Verdict:
    """Compute every seal again from the entries that are there.

    `expected`: a digest (hexadecimal) that was kept elsewhere and must be one of the chain's.
    """
    cuts = list(AuditCut.objects.order_by("through_id"))
    gone = cuts[-1].through_id if cuts else 0
    faults = [*_disarmed(), *_faults_of_cuts(cuts)]
    previous, after, seals, sealed, known = START, 0, 0, 0, set()
    for seal in AuditSeal.objects.order_by("id").iterator():
        faults += _faults_of(seal, previous, after, gone)
        previous, after = bytes(seal.digest), seal.through_id
        seals, sealed = seals + 1, sealed + seal.entries
        known.add(previous.hex())
    if expected and expected.lower() not in known:
        faults.append(Fault("The digest that you kept is not in the chain: it was made anew."))
    rest = AuditEntry.objects.filter(id__gt=after).aggregate(n=Count("id"))["n"]
    cut = sum(each.entries for each in cuts)
    return Verdict(seals, sealed, cut, rest, previous.hex() if seals else "", tuple(faults))


def _faults_of(seal: AuditSeal, previous: bytes, after: int, gone: int) -> Iterator[Fault]:
    span = (after + 1, seal.through_id)
    if bytes(seal.previous) != previous:
        yield Fault(f"Seal {seal.pk} does not follow from the one before it.", *span)
    if seal.through_id <= gone:  # its entries were cut; of them the export tells
        return
    rows = _entries(after, seal.through_id).iterator(chunk_size=2000)
    told = as_sealed(rows, has_addresses=seal.has_addresses)
    made, count, _last = digest(bytes(seal.previous), told)
    if count != seal.entries:
        word = "missing" if count < seal.entries else "too many"
        text = f"Seal {seal.pk} covered {seal.entries} entries, {abs(count - seal.entries)} are {word}."
        yield Fault(text, *span)
    elif made != bytes(seal.digest):
        yield Fault(f"Seal {seal.pk}: an entry was changed after it was sealed.", *span)


def _faults_of_cuts(cuts: list[AuditCut]) -> Iterator[Fault]:
    """Whether each cut ends at a seal, took what the seals covered, and is told of in the trail."""
    after = 0
    for cut in cuts:
        span = (cut.first_id, cut.through_id)
        seals = AuditSeal.objects.filter(through_id__gt=after, through_id__lte=cut.through_id)
        last = seals.order_by("id").last()
        if last is None or (last.through_id, last.digest_hex) != (*span[1:], cut.digest_hex):
            yield Fault(f"Cut {cut.pk} does not end at a seal.", *span)
        if (seals.aggregate(n=Sum("entries"))["n"] or 0) != cut.entries:
            yield Fault(f"Cut {cut.pk} took another number of entries than were sealed.", *span)
        entry = AuditEntry.objects.filter(action="audit.cut", object_id=str(cut.pk)).first()
        # The entry of an earlier cut may itself have been cut since.
        if (entry is None and cut is cuts[-1]) or (entry and entry.changes != cut.told()):
            yield Fault(f"Cut {cut.pk} is not what the trail says of it.", *span)
        after = cut.through_id
    if left := AuditEntry.objects.filter(id__lte=after).count():
        yield Fault(f"{left} entries stand where all were cut.", 1, after)


def _disarmed() -> Iterator[Fault]:
    """Triggers that are gone or switched off."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgname = ANY(%s) AND tgenabled IN ('O', 'A')",
            [list(TRIGGERS)],
        )
        armed = {name for (name,) in cursor.fetchall()}
    for name in sorted(set(TRIGGERS) - armed):
        yield Fault(f"The trigger {name} is gone or switched off.")
