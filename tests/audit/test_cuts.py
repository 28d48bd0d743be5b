"""The audit trail with its oldest entries cut off: exported first, and the chain holds as before."""

import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from apps.accounts.actors import portal_actor
from apps.accounts.roles import Role
from apps.audit.cutting import entries_cut, export_check
from apps.audit.models import AuditCut, AuditEntry, AuditSeal
from apps.audit.sealing import entries_seal, verify
from apps.audit.services import record
from apps.common.errors import Conflict, Invalid
from tests.factories import make_system, make_user
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db
TESTS = portal_actor("tests")


def write(count: int, days_ago: int) -> None:
    """Entries of then, under a seal of their own."""
    at = timezone.now() - dt.timedelta(days=days_ago)
    for number in range(count):
        AuditEntry.objects.create(
            at=at,
            actor_kind="user",
            actor_label="Ada",
            action="tests.act",
            object_type="system",
            object_id=str(number),
            object_label="payments",
            request_id="",
        )
    assert entries_seal() == count


@pytest.fixture
def trail(db: None) -> None:
    """Seals of 3, 2 and 4 entries that are 800, 500 and 10 days old."""
    write(3, 800)
    write(2, 500)
    write(4, 10)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl.gz"


def cut(path: Path, days: int = 365) -> AuditCut:
    return entries_cut(actor=TESTS, days=days, path=path)


def run(statement: str, *values: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


@pytest.mark.usefixtures("trail")
def test_old_entries_go_and_the_chain_still_holds(export: Path) -> None:
    kept_elsewhere = AuditSeal.objects.order_by("id")[0].digest_hex
    newest = verify().newest
    made = cut(export)
    assert (made.entries, AuditEntry.objects.count()) == (5, 4 + 1)
    verdict = verify()
    assert verdict.faults == ()
    assert (verdict.seals, verdict.sealed, verdict.cut, verdict.open_entries) == (3, 9, 5, 1)
    # A digest from before the cut is as good as ever.
    assert verify(kept_elsewhere).faults == verify(newest).faults == ()
    entry = AuditEntry.objects.get(action="audit.cut")
    assert entry.actor_label == "portal: tests"
    assert entry.changes["entries"] == 5
    assert entry.changes["digest"] == AuditSeal.objects.order_by("id")[1].digest_hex
    assert entries_seal() == 1
    assert verify().faults == ()


@pytest.mark.usefixtures("trail")
def test_the_export_is_what_was_there_and_proves_itself(export: Path) -> None:
    before = list(AuditEntry.objects.order_by("id")[:5])
    made = cut(export)
    assert export.stat().st_mode & 0o777 == 0o600
    lines = [json.loads(line) for line in gzip.decompress(export.read_bytes()).splitlines()]
    entries = [line for line in lines if "seal" not in line]
    assert [line["id"] for line in entries] == [row.pk for row in before]
    assert entries[0]["at"] == before[0].at.isoformat(timespec="microseconds")
    assert [line["entries"] for line in lines if "seal" in line] == [3, 2]
    checked = export_check(export)
    assert (checked.entries, checked.seals, checked.sha256) == (5, 2, made.export_sha256)
    call_command("verify_audit", export=export)
    changed = gzip.decompress(export.read_bytes()).replace(b'"Ada"', b'"Eve"', 1)
    export.write_bytes(gzip.compress(changed))
    with pytest.raises(Invalid) as caught:
        export_check(export)
    assert "does not agree" in caught.value.fields["export"][0]
    with pytest.raises(CommandError):
        call_command("verify_audit", export=export)


@pytest.mark.usefixtures("trail")
def test_one_cut_after_another(tmp_path: Path) -> None:
    cut(tmp_path / "first.gz", days=700)
    entries_seal()
    second = cut(tmp_path / "second.gz", days=365)
    assert (second.entries, verify().cut) == (2, 5)
    assert verify().faults == ()
    assert export_check(tmp_path / "second.gz").entries == 2
    with pytest.raises(Conflict):
        cut(tmp_path / "third.gz", days=365)
    assert not (tmp_path / "third.gz").exists()


@pytest.mark.usefixtures("trail")
def test_a_seal_with_one_young_entry_stays(export: Path) -> None:
    write(1, 900)  # its number is behind those of the young ones
    assert cut(export, days=501).entries == 3
    with pytest.raises(Conflict):
        cut(export.with_name("second.gz"), days=501)


@pytest.mark.usefixtures("trail")
def test_the_last_ninety_days_stay(export: Path) -> None:
    with pytest.raises(Invalid):
        cut(export, days=89)
    assert not export.exists()


@pytest.mark.usefixtures("trail")
def test_a_file_that_is_there_or_cannot_be_written_ends_it(export: Path, tmp_path: Path) -> None:
    export.write_text("something else")
    with pytest.raises(FileExistsError):
        cut(export)
    with pytest.raises(OSError, match="nowhere"):
        cut(tmp_path / "nowhere" / "audit.gz")
    assert export.read_text() == "something else"
    assert AuditEntry.objects.count() == 9


@pytest.mark.usefixtures("trail")
def test_a_trail_that_was_tampered_with_is_not_cut(export: Path) -> None:
    _as_owner(
        "UPDATE audit_auditentry SET actor_label = 'x' WHERE id = (SELECT min(id) FROM audit_auditentry)"
    )
    with pytest.raises(Invalid):
        cut(export)
    assert AuditCut.objects.count() == 0


def _as_owner(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        for table in ("audit_auditentry", "audit_auditseal", "audit_auditcut"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement, values)
        for table in ("audit_auditentry", "audit_auditseal", "audit_auditcut"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


INSERT = """
INSERT INTO audit_auditcut
    (first_id, through_id, entries, first_at, last_at, digest, export_name, export_sha256, cut_by)
SELECT min(id), {through}, {entries}, min(at), max(at), {digest}, 'x', 'x', 'x'
  FROM audit_auditentry WHERE id <= {through}
"""
SEAL = "(SELECT {what} FROM audit_auditseal ORDER BY id LIMIT 1 OFFSET {number})"
THROUGH = [SEAL.format(what="through_id", number=number) for number in range(3)]
DIGEST = [SEAL.format(what="digest", number=number) for number in range(3)]


@pytest.mark.parametrize(
    ("through", "entries", "digest"),
    [
        (THROUGH[0], "3", DIGEST[1]),  # another seal's digest
        (f"{THROUGH[0]} + 1", "4", DIGEST[0]),  # in the middle of a seal
        (THROUGH[1], "4", DIGEST[1]),  # one entry less
        (THROUGH[2], "9", DIGEST[2]),  # entries of the last 90 days
    ],
)
@pytest.mark.usefixtures("trail")
def test_the_database_takes_no_other_cut(through: str, entries: str, digest: str) -> None:
    with pytest.raises(DatabaseError):
        run(INSERT.format(through=through, entries=entries, digest=digest))
    run(INSERT.format(through=THROUGH[0], entries="3", digest=DIGEST[0]))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit_auditentry",
        "UPDATE audit_auditentry SET actor_label = 'x'",
        "DELETE FROM audit_auditseal",
        "UPDATE audit_auditcut SET entries = 1",
        "DELETE FROM audit_auditcut",
    ],
)
@pytest.mark.usefixtures("trail")
def test_nothing_else_may_go(export: Path, statement: str) -> None:
    cut(export)
    with pytest.raises(DatabaseError):
        run(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_auditcut SET entries = entries + 1",
        "UPDATE audit_auditcut SET cut_by = 'x', export_sha256 = 'x'",
        "UPDATE audit_auditcut SET digest = decode(repeat('ab', 32), 'hex')",
        "DELETE FROM audit_auditcut",
        "DELETE FROM audit_auditseal WHERE id = (SELECT min(id) FROM audit_auditseal)",
        "DELETE FROM audit_auditentry WHERE action = 'audit.cut'",
        (
            "INSERT INTO audit_auditentry (id, at, actor_kind, actor_label, action, object_type,"
            " object_id, object_label, changes, request_id) SELECT first_id, now(), 'user', 'x', 'x',"
            " 'x', '1', 'x', '{}', '' FROM audit_auditcut"
        ),
    ],
)
@pytest.mark.usefixtures("trail")
def test_what_was_changed_after_a_cut_is_seen(export: Path, statement: str) -> None:
    cut(export)
    entries_seal()
    assert verify().faults == ()
    _as_owner(statement)
    assert verify().faults != ()


@pytest.mark.usefixtures("trail")
def test_the_command_says_what_it_did(export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("cut_audit", older_than_days=365, export=export, by="Yuki Tanaka")
    assert "5 entries of" in capsys.readouterr().out
    assert "cut_audit by Yuki Tanaka" in AuditEntry.objects.get(action="audit.cut").actor_label
    with pytest.raises(CommandError, match="No seal"):
        call_command("cut_audit", older_than_days=365, export=export, by="Yuki Tanaka")
    with pytest.raises(CommandError, match="always stay"):
        call_command("cut_audit", older_than_days=1, export=export, by="Yuki Tanaka")
    call_command("verify_audit")
    assert "5 cut after they were exported" in capsys.readouterr().out


@pytest.mark.usefixtures("trail")
def test_the_page_of_the_trail_lists_the_cuts(export: Path) -> None:
    made = cut(export)
    text = text_of(signed_in(make_user("Ada Admin", role=Role.ADMIN)), "/audit/")
    assert "5 entries of" in text
    assert made.export_sha256 in text


def test_the_trail_goes_on(export: Path, db: None) -> None:
    write(2, 400)
    cut(export)
    record(actor=TESTS, action="tests.after", target=make_system("payments"))
    entries_seal()
    assert verify().faults == ()
