"""The chain over the audit trail: nothing that was sealed can be said otherwise unseen."""

import hashlib
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from apps.accounts.actors import portal_actor
from apps.audit import sealing
from apps.audit.models import AuditEntry, AuditSeal
from apps.audit.sealing import entries_seal, verify
from apps.audit.seals import SEALED, START, as_sealed, digest
from apps.audit.services import record
from apps.catalog.models import System
from apps.common.middleware import address_var
from tests.factories import make_system

pytestmark = pytest.mark.django_db


def write(system: System, count: int, **changes: Any) -> None:
    for number in range(count):
        told = {"number": [number, "ü"], **changes}
        record(actor=portal_actor("tests"), action="tests.act", target=system, changes=told)


@pytest.fixture
def sealed(db: None) -> System:
    """Two seals over what was written."""
    system = make_system("payments")
    came_from = address_var.set("203.0.113.9")
    write(system, 3)
    address_var.reset(came_from)
    entries_seal()
    write(system, 2)
    entries_seal()
    return system


def tamper(statement: str, *values: Any) -> None:
    """As somebody who owns the database would: the triggers are taken away, and put back."""
    with connection.cursor() as cursor:
        for table in ("audit_auditentry", "audit_auditseal"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement, values)
        for table in ("audit_auditentry", "audit_auditseal"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def test_a_seal_is_sha_256_over_the_lines_and_the_digest_before(sealed: System) -> None:
    """Computed here from the columns, by the description in apps/audit/seals.py."""
    previous = bytes(32)
    for seal in AuditSeal.objects.order_by("id"):
        machine = hashlib.sha256(previous)
        last = AuditSeal.objects.filter(id__lt=seal.pk).order_by("id").last()
        rows = AuditEntry.objects.filter(id__lte=seal.through_id)
        for row in rows.filter(id__gt=last.through_id if last else 0).order_by("id"):
            told = {
                field.attname: getattr(row, field.attname)
                for field in AuditEntry._meta.concrete_fields
            }
            if not row.address:  # as entries were before there were any
                del told["address"]
            told["at"] = row.at.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
            line = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            machine.update(len(line.encode()).to_bytes(8, "big") + line.encode())
        assert bytes(seal.digest) == machine.digest()
        previous = machine.digest()


def test_what_was_left_alone_agrees(sealed: System) -> None:
    write(sealed, 1)
    verdict = verify()
    assert verdict.faults == ()
    total = AuditEntry.objects.count()
    assert (verdict.seals, verdict.sealed, verdict.open_entries) == (2, total - 1, 1)
    assert entries_seal() == 1
    assert entries_seal() == 0
    call_command("verify_audit", expect=verdict.newest)


def middle() -> int:
    return AuditEntry.objects.filter(action="tests.act").order_by("id")[1].pk


TAMPERINGS: dict[str, tuple[str, Callable[[], list[Any]]]] = {
    "somebody else": (
        "UPDATE audit_auditentry SET actor_label = 'x' WHERE id = %s",
        lambda: [middle()],
    ),
    "another time": (
        "UPDATE audit_auditentry SET at = at - interval '1 microsecond' WHERE id = %s",
        lambda: [middle()],
    ),
    "another address": (
        "UPDATE audit_auditentry SET address = '198.51.100.1' WHERE id = %s",
        lambda: [middle()],
    ),
    "no address": ("UPDATE audit_auditentry SET address = '' WHERE id = %s", lambda: [middle()]),
    "a seal that knows no addresses": (
        "UPDATE audit_auditseal SET has_addresses = (id = %s)",
        lambda: [0],
    ),
    "another value": (
        "UPDATE audit_auditentry SET changes = '{}' WHERE id = %s",
        lambda: [middle()],
    ),
    "one entry less": ("DELETE FROM audit_auditentry WHERE id = %s", lambda: [middle()]),
    "two swapped": (
        "UPDATE audit_auditentry SET object_label = object_label || id WHERE id IN (%s, %s + 1)",
        lambda: [middle(), middle()],
    ),
    "a seal changed": (
        (
            "UPDATE audit_auditseal SET digest = decode(repeat('ab', 32), 'hex') WHERE id ="
            " (SELECT min(id) FROM audit_auditseal WHERE id > %s)"
        ),
        lambda: [0],
    ),
    "a seal less": (
        "DELETE FROM audit_auditseal WHERE id = (SELECT min(id) FROM audit_auditseal WHERE id > %s)",
        lambda: [0],
    ),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_what_was_changed_is_seen(sealed: System, name: str) -> None:
    statement, values = TAMPERINGS[name]
    tamper(statement, *values())
    assert verify().faults != ()
    with pytest.raises(CommandError):
        call_command("verify_audit")


def test_a_seal_of_the_release_before_knows_no_addresses(db: None) -> None:
    """It still runs while this one writes: its digest is over the lines without."""
    came_from = address_var.set("203.0.113.9")
    write(make_system("payments"), 2)
    address_var.reset(came_from)
    rows = list(AuditEntry.objects.order_by("id").values(*SEALED))
    made, count, last = digest(START, as_sealed(rows, has_addresses=False))
    fields = {"through_id": last, "entries": count, "previous": START, "digest": made}
    AuditSeal.objects.create(**fields, has_addresses=False)
    assert verify().faults == ()


def test_an_entry_slipped_between_sealed_ones_is_seen(sealed: System) -> None:
    """In the place of a number that a rolled-back transaction left free."""
    with transaction.atomic():
        write(sealed, 1)
        free = AuditEntry.objects.latest("id").pk
        transaction.set_rollback(True)
    write(sealed, 1)
    entries_seal()
    assert verify().faults == ()
    tamper(
        "INSERT INTO audit_auditentry (id, at, actor_kind, actor_label, action, object_type,"
        " object_id, object_label, changes, request_id)"
        " VALUES (%s, now(), 'user', 'x', 'x', 'x', '1', 'x', '{}', '')",
        free,
    )
    (fault,) = verify().faults
    assert "1 are too many" in fault.text
    assert fault.first_id <= free <= fault.last_id


def test_a_chain_made_anew_is_seen_by_whoever_kept_a_digest(sealed: System) -> None:
    kept = verify().newest
    tamper("UPDATE audit_auditentry SET actor_label = 'x' WHERE id = %s", middle())
    tamper("DELETE FROM audit_auditseal")
    entries_seal()
    assert verify().faults == ()
    assert "made anew" in verify(kept).faults[0].text


def test_a_trigger_that_was_taken_away_is_seen(sealed: System) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_auditentry DISABLE TRIGGER USER")
    (fault,) = verify().faults
    assert "audit_auditentry_never_changes" in fault.text


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_auditseal SET entries = 1", "DELETE FROM audit_auditseal"]
)
def test_a_seal_cannot_be_changed(sealed: System, statement: str) -> None:
    with (
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_many_entries_make_several_seals(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "BATCH", 4)
    write(make_system("payments"), 9)
    total = AuditEntry.objects.count()
    assert entries_seal() == total
    assert AuditSeal.objects.count() == -(-total // 4)
    assert verify().faults == ()


@pytest.mark.django_db(transaction=True)
def test_no_entry_is_missed_that_commits_later(transactional_db: None) -> None:
    """Its number is lower than those of entries that were there first."""
    system, written, go_on = make_system("payments"), threading.Event(), threading.Event()

    def write_slowly() -> None:
        with transaction.atomic():
            write(system, 1, slow=True)
            written.set()
            go_on.wait(20)
        connection.close()

    thread = threading.Thread(target=write_slowly)
    thread.start()
    assert written.wait(20)
    write(system, 1)
    assert entries_seal() == 0  # a writer is under way: it gives way and comes again
    go_on.set()
    thread.join()
    assert entries_seal() == AuditEntry.objects.count()
    assert verify().faults == ()
