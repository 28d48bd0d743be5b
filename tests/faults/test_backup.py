"""The drill: a filled portal is backed up, an empty one is made of it, and nothing differs."""

import json
import os
import secrets
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as live
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from psycopg2 import sql

from apps.audit.sealing import entries_seal
from tests.accounts.test_policy import fill
from tests.factories import make_report, make_system, make_user
from tests.migrated import address_of, copy_of_migrated, drop, on_server

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True)
class Elsewhere:
    """Another, empty portal: its own database and storage, and processes of its own."""

    database: str
    environment: dict[str, str]

    def migrate(self) -> None:
        """Have all tables in the empty database, the quick way."""
        drop(self.database)
        copy_of_migrated(self.database)

    def manage(self, *arguments: str, fails: bool = False) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command,
            cwd=live.BASE_DIR,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    def run(self, *commands: tuple[str, ...]) -> str:
        """Several commands in one process, which is quicker."""
        lines = [f"call_command{each!r};" for each in commands]
        calls = "".join(line.replace(",)", ")") for line in lines)
        return self.manage(
            "shell", "-c", f"from django.core.management import call_command;{calls}"
        )


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Elsewhere]:
    name, server = f"drill_{secrets.token_hex(4)}", os.environ["DATABASE_URL"]
    with on_server(server) as admin, admin.cursor() as cursor:
        cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    environment = os.environ | {
        "DATABASE_URL": address_of(server, name),
        "SECOPS_DATA_DIR": str(tmp_path / "elsewhere"),
    }
    yield Elsewhere(name, environment)
    drop(name)


def told(archive: Path) -> dict[str, Any]:
    with tarfile.open(archive) as tar:
        manifest = tar.extractfile("manifest.json")
        assert manifest is not None
        found: dict[str, Any] = json.load(manifest)
        return found


def test_the_drill(elsewhere: Elsewhere, tmp_path: Path) -> None:
    system = make_system()
    fill(system)
    make_user("Zoë Ünal\\N", email="zoe@example.org")  # what COPY has to write with care
    report = make_report(system)
    entries_seal()
    archive, again = tmp_path / "one.tar", tmp_path / "two.tar"
    call_command("backup", str(archive))
    assert archive.stat().st_mode & 0o077 == 0
    before = told(archive)
    assert before["tables"]["scans_finding"]["rows"] > 0
    assert before["tables"]["audit_auditentry"]["rows"] > 0
    assert report.storage_name in before["files"]
    assert "django_session" not in before["tables"]

    assert "run `manage.py migrate` first" in elsewhere.manage("restore", str(archive), fails=True)
    elsewhere.migrate()
    said = elsewhere.run(("restore", str(archive)), ("backup", str(again)), ("verify_audit",))
    assert "every digest agrees" in said
    after = told(again)
    assert after["tables"] == before["tables"]
    assert after["files"] == before["files"]
    # Numbers go on behind the largest, triggers refuse again, and nothing is overwritten.
    script = (
        "from apps.accounts.models import Team; Team.objects.create(key='new', name='New');"
        "from apps.audit.models import AuditEntry; AuditEntry.objects.update(action='x')"
    )
    assert "its rows never change" in elsewhere.manage("shell", "-c", script, fails=True)
    assert "not empty" in elsewhere.manage("restore", str(archive), fails=True)


def test_a_damaged_archive_is_refused_before_anything_is_touched(tmp_path: Path) -> None:
    make_report(make_system())
    archive, broken = tmp_path / "whole.tar", tmp_path / "broken.tar"
    call_command("backup", str(archive))
    call_command("restore", str(archive), "--check")
    data = bytearray(archive.read_bytes())
    with tarfile.open(archive) as tar:
        part = tar.getmember("tables/catalog_system.copy.gz")
    data[part.offset_data + part.size // 2] ^= 0xFF
    broken.write_bytes(data)
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("restore", str(broken), "--check")
    whole = archive.read_bytes()
    for place in range(10, part.size, 9):  # behind gzip's head, of which a part says nothing
        data = bytearray(whole)
        data[part.offset_data + place] ^= 0xFF
        broken.write_bytes(data)
        with pytest.raises(CommandError):
            call_command("restore", str(broken), "--check")
    for cut in (0, 511, len(data) // 2):
        broken.write_bytes(archive.read_bytes()[:cut])
        with pytest.raises(CommandError, match="cannot be read"):
            call_command("restore", str(broken))
    with pytest.raises(CommandError, match="exists already"):
        call_command("backup", str(archive))


def test_a_backup_of_another_release_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "whole.tar"
    call_command("backup", str(archive))
    recorder = MigrationRecorder(connection)
    recorder.record_applied("risks", "9999_of_tomorrow")
    try:
        with pytest.raises(CommandError, match=r"another release.*9999_of_tomorrow"):
            call_command("restore", str(archive))
    finally:
        recorder.record_unapplied("risks", "9999_of_tomorrow")


def test_a_name_that_leads_out_of_the_storage_is_refused(tmp_path: Path) -> None:
    archive, evil = tmp_path / "whole.tar", tmp_path / "evil.tar"
    call_command("backup", str(archive))
    manifest = told(archive) | {"tables": {}, "files": {"../../evil": {"size": 0, "sha256": ""}}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with tarfile.open(evil, "w") as tar:
        tar.add(tmp_path / "manifest.json", "manifest.json")
    with pytest.raises(CommandError, match="no name of a stored file"):
        call_command("restore", str(evil))
