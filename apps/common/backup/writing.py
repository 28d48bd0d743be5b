"""From a running portal to one archive."""

import gzip
import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from django.core.files.storage import Storage, default_storage
from django.db import connection, transaction
from django.utils import timezone

from apps.common.backup.tables import Table, copied, migrations, tables
from apps.common.holds import files_stay

FORMAT = 1
CHUNK = 256 * 1024
MANIFEST = "manifest.json"


@dataclass
class Written:
    """{name: {"rows" or "size", "sha256"}} of everything in an archive."""

    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)


def backup_write(path: Path) -> Written:
    """Write an archive of this moment; whatever is written meanwhile is not in it.

    Written beside and renamed when it is whole, readable for its owner alone. Raises: OSError.
    """
    written = Written()
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("xb") as handle:
            partial.chmod(0o600)
            with (
                files_stay(),
                tarfile.open(fileobj=handle, mode="w", format=tarfile.PAX_FORMAT) as archive,
            ):
                _fill(archive, written)
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
    return written


def _fill(archive: tarfile.TarFile, written: Written) -> None:
    with transaction.atomic():
        with connection.cursor() as cursor:  # one snapshot for all tables
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SET LOCAL statement_timeout = 0")
        made_by = migrations()
        for table in tables():
            written.tables[table.name] = _add_table(archive, table)
    # A file is there before its row, so all files of the snapshot's rows are there now.
    for name in stored_names(default_storage):
        written.files[name] = _add_file(archive, name)
    told = {
        "format": FORMAT,
        "made_at": timezone.now().isoformat(),
        "migrations": made_by,
        "tables": written.tables,
        "files": written.files,
    }
    _add_bytes(archive, MANIFEST, json.dumps(told, indent=1).encode())


def _add_table(archive: tarfile.TarFile, table: Table) -> dict[str, Any]:
    """By way of a temporary file: a tar says how long a part is before it comes."""
    with tempfile.TemporaryFile() as spool:
        with gzip.GzipFile(fileobj=spool, mode="wb", mtime=0, compresslevel=6) as packed:
            counted = copied(table, cast("IO[bytes]", packed))
        size = spool.tell()
        spool.seek(0)
        _add(archive, f"tables/{table.name}.copy.gz", size, spool)
    return {"rows": counted.rows, "sha256": counted.sha256, "columns": list(table.columns)}


def _add_file(archive: tarfile.TarFile, name: str) -> dict[str, Any]:
    with default_storage.open(name) as source:
        digest, size = hashlib.sha256(), 0
        for chunk in source.chunks(CHUNK):
            digest.update(chunk)
            size += len(chunk)
        source.seek(0)
        _add(archive, f"files/{name}", size, source)
    return {"size": size, "sha256": digest.hexdigest()}


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    _add(archive, name, len(content), io.BytesIO(content))


def _add(archive: tarfile.TarFile, name: str, size: int, source: Any) -> None:
    part = tarfile.TarInfo(name)
    part.size, part.mode, part.mtime = size, 0o600, int(timezone.now().timestamp())
    archive.addfile(part, source)


def stored_names(storage: Storage, folder: str = "") -> Iterator[str]:
    """All files of a storage that are whole; what is only coming in is left out."""
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in sorted(files):
        yield f"{folder}/{name}" if folder else name
    for name in sorted(folders):
        if folder or name != "incoming":
            yield from stored_names(storage, f"{folder}/{name}" if folder else name)
