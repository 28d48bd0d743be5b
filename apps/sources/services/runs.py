"""One run of a source: ask its connector, hand each report in by the door of uploads, move the cursor.

No gap, no double: a report is received before the cursor moves, under an idempotency key that the
same bytes at the same place always get. A run that dies between the two repeats the step and gets the
report that is there.
"""

import contextlib
import datetime as dt
import hashlib
import logging
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from apps.accounts.actors import portal_actor
from apps.common.errors import Conflict, DomainError, Invalid, ReportRejected, Unavailable
from apps.common.holds import SOURCES
from apps.common.logs import about
from apps.common.outgoing import Client, Limits, OutgoingFailed
from apps.scans.models import Report
from apps.scans.services.receive import Claim, report_receive
from apps.sources.connectors.types import Connector, Context, Found
from apps.sources.models import Credential, Pulled, Source, SourceRun
from apps.sources.registry import registry
from apps.sources.services.credentials import secret_of
from apps.sources.services.finish import Outcome, run_finish
from apps.sources.services.spool import Spool
from apps.sources.session import Session

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 20  # without anything received; a run that goes on is not to blame for what kills it
REPEAT_AFTER = dt.timedelta(hours=23)  # an unchanged live snapshot is news again
MAX_REPORTS = 500  # of one run; the next one goes on at the cursor
LONGEST = 600.0  # seconds, then the next one goes on
CONFIGURATION = "configuration"
DIED = "worker-died"
INTERNAL = "internal-error"

_BEGIN = """
UPDATE sources_sourcerun
SET state = 'running', attempts = attempts + 1, started_at = coalesce(started_at, now()),
    next_send_at = now() + make_interval(secs => %s)
WHERE id = %s AND state IN ('queued', 'running')
"""


def run_perform(run_id: int) -> None:
    """Do one run. Safe to call twice, at once, or after any crash."""
    source_id = SourceRun.objects.filter(pk=run_id).values_list("source_id", flat=True).first()
    if source_id is None:
        return
    with _only_here(source_id) as mine:
        if not mine or not _begin(run_id):
            return
        run = SourceRun.objects.select_related("source__system", "source__credential").get(
            pk=run_id
        )
        if run.attempts > MAX_ATTEMPTS + run.received + run.refused:
            text = f"{run.attempts - 1} workers ended in the middle of this run."
            run_finish(run, Outcome(DIED, text, permanent=True))
            return
        with about(run=run.uid, source=source_id):
            run_finish(run, _attempt(run))


@contextlib.contextmanager
def _only_here(source_id: int) -> Iterator[bool]:
    """Hold the source's session lock; yields False when another worker has it.

    It ends with the connection, so a dead worker holds nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [SOURCES + source_id])
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            _unlock(source_id)


def _unlock(source_id: int) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [SOURCES + source_id])
    except DatabaseError:
        connection.close()  # the server drops the lock with the session


def _begin(run_id: int) -> bool:
    """Count the attempt, on its own commit, so that a death is counted, too."""
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, [settings.SECOPS_LEASE_SECONDS, run_id])
        return bool(cursor.rowcount)


def _attempt(run: SourceRun) -> Outcome:
    source = run.source
    ends = time.monotonic() + LONGEST
    try:
        connector = _connector_of(source)
        context = context_of(source, Client(limits=_limits()))
        for number, found in enumerate(connector.pull(context), 1):
            _take(run, source, found)
            if number >= MAX_REPORTS or time.monotonic() > ends:
                return Outcome(has_more=True)
    except OutgoingFailed as error:
        return Outcome(error.code, error.message, error.permanent, error.retry_after)
    except (ReportRejected, Unavailable) as error:
        return Outcome(error.code, error.message)
    except (Invalid, Conflict) as error:
        return Outcome(CONFIGURATION, _told(error), permanent=True)
    except DatabaseError:
        raise  # the database is away: the lease brings the run back
    except Exception:
        logger.exception("run %s of source %s: the portal failed", run.uid, source.pk)
        return Outcome(INTERNAL, "The portal itself failed in this run; its log says why.")
    return Outcome()


def context_of(source: Source, client: Client) -> Context:
    """What the source's connector works with. Raises: Conflict when its secret does not open."""
    credential = source.credential
    session = Session(client, secret_of(credential))
    if credential is not None:
        Credential.objects.filter(pk=credential.pk).update(last_used_at=timezone.now())

    def known(keys: Collection[str]) -> set[str]:
        hashes = {_key_hash(key): key for key in keys}
        rows = Pulled.objects.filter(source_id=source.pk, key_hash__in=list(hashes))
        return {hashes[bytes(each)] for each in rows.values_list("key_hash", flat=True) if each}

    return Context(
        config=source.config,
        cursor=source.cursor,
        http=session,
        known=known,
        now=timezone.now(),
        folders=tuple(settings.SECOPS_PULL_FOLDERS),
    )


def _connector_of(source: Source) -> Connector:
    connector = registry().get(source.connector)
    if connector is None:
        raise Conflict(f"The connector {source.connector!r} is no longer installed.")
    return connector


def _limits() -> Limits:
    return Limits(total=600.0, max_bytes=settings.SECOPS_MAX_REPORT_BYTES)


@dataclass(frozen=True)
class _Taken:
    """What became of one found thing."""

    report: Report | None = None
    refused: str = ""
    is_mark: bool = False
    sha256: str = ""  # of the bytes as they came


def _take(run: SourceRun, source: Source, found: Found) -> None:
    """Receive one report, then move the cursor in the transaction that notes it."""
    if found.key and Pulled.objects.filter(source=source, key_hash=_key_hash(found.key)).exists():
        return  # a listing that shifted while it was read names things twice
    if found.is_mark:
        _note(run, source, found, 0, _Taken(is_mark=True))
        return
    with Spool() as spool:
        spool.fill(found.chunks)
        taken = _Taken() if _is_unchanged(source, found, spool) else _receive(source, found, spool)
        _note(run, source, found, spool.size, taken)


def _is_unchanged(source: Source, found: Found, spool: Spool) -> bool:
    if found.key or spool.sha256 != source.last_sha256:
        return False
    since = source.last_received_at
    is_stale = since is None or timezone.now() - since >= REPEAT_AFTER
    return not (found.is_live and is_stale)


def _receive(source: Source, found: Found, spool: Spool) -> _Taken:
    """The report, by the same service as an upload. One object among many may be no report: it is
    noted and not asked for again; a snapshot that is none fails the run."""
    place = _key_hash(found.key).hex()[:40] if found.key else f"{source.position}"
    try:
        report = report_receive(
            actor=portal_actor(f"source {source.name}"),
            system=source.system,
            claim=_claim(source, found),
            chunks=spool.chunks(),
            gzipped=spool.is_gzip(),
            idempotency_key=f"source-{source.pk}-{place}-{spool.sha256[:40]}",
        )
    except ReportRejected as error:
        if not found.key:
            raise
        return _Taken(refused=error.message)
    return _Taken(report, sha256=spool.sha256)


def _claim(source: Source, found: Found) -> Claim:
    return Claim(
        stage=source.stage,
        tool=source.tool or _plain(found.tool, 120),
        category=source.category or _plain(found.category, 120),
        branch=source.branch or _plain(found.branch, 200),
        environment=source.environment,
        commit=_plain(found.commit, 64),
        format=found.format or source.format,
        filename=_plain(found.filename, 200),
        is_full=found.is_full,
    )


def _plain(text: str, length: int) -> str:
    """A name that a stranger chose, as a claim may hold it: it must not stop the whole source."""
    return "".join(c for c in text if c.isprintable())[:length]


@transaction.atomic
def _note(run: SourceRun, source: Source, found: Found, size: int, taken: _Taken) -> None:
    """SECURITY of the books: one transaction, so the cursor never moves without its note."""
    if not Source.objects.select_for_update().filter(pk=source.pk).exists():
        raise Conflict("The source was taken away while it ran.")
    now = timezone.now()
    source.cursor = dict(found.cursor)
    if taken.report is not None:
        source.position += 1
        source.last_received_at = now
        source.last_sha256 = "" if found.key else taken.sha256
        run.received += 1
    elif taken.refused:
        run.refused += 1
    elif not taken.is_mark:
        run.unchanged += 1
    if taken.report is not None or taken.refused or taken.is_mark:
        Pulled.objects.create(
            source=source,
            run=run,
            report=taken.report,
            name=_plain(found.filename or found.key, 300),
            key_hash=_key_hash(found.key) if found.key else None,
            refused=taken.refused,
        )
    run.bytes += size
    SourceRun.objects.filter(pk=run.pk).update(
        received=run.received,
        refused=run.refused,
        unchanged=run.unchanged,
        bytes=run.bytes,
        next_send_at=now + dt.timedelta(seconds=settings.SECOPS_LEASE_SECONDS),
    )
    # Never the whole row: whoever edits or pauses it meanwhile must not lose that.
    Source.objects.filter(pk=source.pk, config=source.config).update(
        cursor=source.cursor,
        position=source.position,
        last_received_at=source.last_received_at,
        last_sha256=source.last_sha256,
    )


def _key_hash(key: str) -> bytes:
    return hashlib.sha256(key.encode(errors="surrogatepass")).digest()


def _told(error: DomainError) -> str:
    if isinstance(error, Invalid):
        return " ".join(f"{name}: {' '.join(texts)}" for name, texts in error.fields.items())
    return error.message
