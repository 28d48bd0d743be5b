"""Cutting the oldest entries off the audit trail, after they were exported, so that the chain still holds.

Only whole seals are cut, and only their entries: the seals stay, so that every digest that somebody
kept is still in the chain. What was cut is a row of its own (AuditCut), which the database compares
with seals and entries before it takes it, and without which it refuses to delete an entry. An entry of
the trail says the same, and is sealed with the others.
"""

import datetime as dt
import gzip
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.db import connection, transaction
from django.db.models import Max, Min
from django.utils import timezone

from apps.audit.models import AuditCut, AuditEntry, AuditSeal
from apps.audit.seals import SEALED, as_sealed, canonical
from apps.audit.services import record
from apps.common.errors import Conflict, Invalid
from apps.common.types import ActorLike

SHORTEST = 90  # days that always stay; the database knows the same number (migration 0004)


@dataclass(frozen=True)
class Exported:
    """What an export holds: `entries` of `seals`, the last entry's id and the digest of it all."""

    entries: int
    seals: int
    through_id: int
    digest: str  # hexadecimal; of the last seal
    sha256: str  # hexadecimal; of the file


def entries_cut(*, actor: ActorLike, days: int, path: Path) -> AuditCut:
    """Export all sealed entries older than so many days into a new file, then delete them.

    The file is whole on the disk, read back and found to agree with the seals before the first entry
    goes; a failure leaves the trail as it was. Raises: Invalid; Conflict when nothing is old enough or
    the entries do not agree with their seals; OSError.
    """
    if days < SHORTEST:
        raise Invalid({"days": f"The last {SHORTEST} days always stay."})
    seals = _seals_older(days)
    if not seals:
        raise Conflict(f"No seal covers only entries older than {days} days.")
    _write(path, seals)
    exported = export_check(path)
    told = sum(seal.entries for seal in seals)
    if (exported.entries, exported.digest) != (told, seals[-1].digest_hex):
        raise Conflict("The export does not agree with the seals; nothing was cut.")
    return _cut(actor, seals, path, exported)


def _seals_older(days: int) -> list[AuditSeal]:
    """The seals since the last cut whose entries are all old enough, in order."""
    last = AuditCut.objects.order_by("-through_id").first()
    before = timezone.now() - dt.timedelta(days=days)
    # The time of an entry is that of its transaction, so numbers are not in the order of times.
    young = AuditEntry.objects.filter(at__gte=before).aggregate(first=Min("id"))["first"]
    rows = AuditSeal.objects.filter(through_id__gt=last.through_id if last else 0)
    if young is not None:
        rows = rows.filter(through_id__lt=young)
    return list(rows.order_by("id"))


def _write(path: Path, seals: list[AuditSeal]) -> None:
    """JSON lines as gzip: each seal behind its entries. Raises: FileExistsError and other OSErrors."""
    partial = path.with_name(f".{path.name}.partial")
    if path.exists():
        raise FileExistsError(f"{path} exists already.")
    try:
        with partial.open("xb") as handle:
            partial.chmod(0o600)
            with gzip.GzipFile(fileobj=handle, mode="wb", filename="", mtime=0) as packed:
                for line in _lines(seals):
                    packed.write(line + b"\n")
            handle.flush()
            os.fsync(handle.fileno())
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)


def _lines(seals: list[AuditSeal]) -> Iterator[bytes]:
    after = AuditSeal.objects.filter(through_id__lt=seals[0].through_id).aggregate(
        last=Max("through_id")
    )["last"]
    for seal in seals:
        rows = AuditEntry.objects.filter(id__gt=after or 0, id__lte=seal.through_id)
        kept = rows.order_by("id").values(*SEALED).iterator(chunk_size=2000)
        for entry in as_sealed(kept, has_addresses=seal.has_addresses):
            yield canonical(entry)
        after = seal.through_id
        told = {
            "seal": seal.pk,
            "through_id": seal.through_id,
            "entries": seal.entries,
            "previous": bytes(seal.previous).hex(),
            "digest": seal.digest_hex,
        }
        yield json.dumps(told, sort_keys=True).encode()


def export_check(path: Path) -> Exported:
    """Compute the seals of an export again. Raises: Invalid with what does not agree; OSError."""
    try:
        with path.open("rb") as handle:
            sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
            handle.seek(0)
            with gzip.GzipFile(fileobj=handle) as packed:
                return _checked(packed, sha256)
    except (EOFError, gzip.BadGzipFile, ValueError, KeyError, TypeError) as error:
        raise Invalid({"export": f"It cannot be read as an export: {error}"}) from error


def _checked(lines: Iterable[bytes], sha256: str) -> Exported:
    entries, seals, through, previous = 0, 0, 0, ""
    pending: list[bytes] = []
    for line in lines:
        told = json.loads(line)
        if "seal" not in told:
            pending.append(line.rstrip(b"\n"))
            continue
        if previous and told["previous"] != previous:
            raise ValueError(f"seal {told['seal']} does not follow from the one before it")
        machine = hashlib.sha256(bytes.fromhex(told["previous"]))
        for data in pending:
            machine.update(len(data).to_bytes(8, "big") + data)
        if len(pending) != told["entries"] or machine.hexdigest() != told["digest"]:
            raise ValueError(f"seal {told['seal']} does not agree with its entries")
        entries, seals, through = entries + len(pending), seals + 1, int(told["through_id"])
        previous, pending = told["digest"], []
    if pending or not seals:
        raise ValueError("it ends without a seal")
    return Exported(entries, seals, through, previous, sha256)


@transaction.atomic
def _cut(actor: ActorLike, seals: list[AuditSeal], path: Path, exported: Exported) -> AuditCut:
    rows = AuditEntry.objects.filter(id__lte=exported.through_id)
    span = rows.aggregate(first_id=Min("id"), first_at=Min("at"), last_at=Max("at"))
    cut = AuditCut.objects.create(
        first_id=span["first_id"],
        through_id=exported.through_id,
        entries=exported.entries,
        first_at=span["first_at"],
        last_at=span["last_at"],
        digest=seals[-1].digest,
        export_name=path.name[:200],
        export_sha256=exported.sha256,
        cut_by=actor.label[:200],
    )
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("DELETE FROM audit_auditentry WHERE id <= %s", [exported.through_id])
        if cursor.rowcount != exported.entries:
            raise Conflict("Other entries stand among those that were exported; nothing was cut.")
    record(actor=actor, action="audit.cut", target=cut, changes=cut.told())
    return cut
