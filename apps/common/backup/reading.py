"""From an archive to an empty portal: all of it, as it was, or nothing."""

import gzip
import hashlib
import json
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import connection, transaction
from psycopg2 import sql

from apps.common.backup.tables import (
    MADE_BY_MIGRATE,
    Table,
    copied,
    migrations,
    raw_cursor,
    tables,
)
from apps.common.backup.writing import CHUNK, FORMAT, MANIFEST
from apps.common.errors import Conflict, Invalid


@dataclass(frozen=True)
class Manifest:
    made_at: str
    migrations: list[list[str]]
    tables: Mapping[str, Mapping[str, Any]]
    files: Mapping[str, Mapping[str, Any]]

    @property
    def rows(self) -> int:
        return sum(int(each["rows"]) for each in self.tables.values())


# What reading an archive raises that is none, was cut off or has changed on the way.
UNREADABLE = (tarfile.TarError, zlib.error, EOFError, OSError, KeyError, ValueError, TypeError)


def backup_check(path: Path) -> Manifest:
    """Read an archive from end to end and compare every digest. Raises: Invalid with what is wrong."""
    try:
        with tarfile.open(path) as archive:
            manifest = _manifest(archive)
            for name, told in manifest.tables.items():
                with _table(archive, name) as source:
                    _same(f"table {name}", told["sha256"], _digest(source))
            for name, told in manifest.files.items():
                with _part(archive, f"files/{name}") as source:
                    _same(f"file {name}", told["sha256"], _digest(source))
    except UNREADABLE as error:
        raise Invalid({"archive": f"It cannot be read as a backup: {error}"}) from error
    return manifest


def backup_restore(path: Path) -> Manifest:
    """Fill an empty database, whose tables were made by the same migrations, and the storage.

    Everything is checked before the first row is written, and all tables again before the end.
    Raises: Invalid for a damaged archive; Conflict where the database is another or not empty.
    """
    manifest = backup_check(path)
    _check_schema(manifest)
    with tarfile.open(path) as archive:
        for name in manifest.files:  # before the rows, as when they came
            _restore_file(archive, name)
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = 0")
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            here = {table.name: table for table in tables()}
            _check_empty(here)
            _fill(archive, here, manifest)
            _check_filled(here, manifest)
    return manifest


def _manifest(archive: tarfile.TarFile) -> Manifest:
    with _part(archive, MANIFEST) as source:
        told = json.load(source)
    if told["format"] != FORMAT:
        raise ValueError(f"its format is {told['format']}, and this program knows {FORMAT}")
    for name in told["files"]:
        parts = PurePosixPath(name).parts
        if not parts or PurePosixPath(name).is_absolute() or ".." in parts:
            raise ValueError(f"{name!r} is no name of a stored file")
    return Manifest(told["made_at"], told["migrations"], told["tables"], told["files"])


def _check_schema(manifest: Manifest) -> None:
    here = {tuple(each) for each in migrations()}
    there = {tuple(each) for each in manifest.migrations}
    if not here:
        raise Conflict("There are no tables here yet: run `manage.py migrate` first.")
    if here != there:
        other = sorted(here ^ there)[:5]
        named = ", ".join(f"{app} {name}" for app, name in other)
        raise Conflict(
            "The backup was made by another release. Restore it with that one, then update. "
            f"Migrations that only one side has: {named}."
        )


def _check_empty(here: Mapping[str, Table]) -> None:
    """What migrations fill by themselves may be there, and is replaced."""
    full = []
    with raw_cursor() as cursor:
        for name in here:
            cursor.execute(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(name)))
            if cursor.fetchone()[0] and name not in MADE_BY_MIGRATE:
                full.append(name)
    if full:
        raise Conflict(
            f"The database is not empty: there are rows in {', '.join(full[:5])}. "
            "Restore into a new one, so that nothing is overwritten."
        )


def _fill(archive: tarfile.TarFile, here: Mapping[str, Table], manifest: Manifest) -> None:
    with raw_cursor() as cursor:
        named = sql.SQL(", ").join(map(sql.Identifier, here))
        for name in here:  # the rows are as they were; no trigger has to say so
            _alter(cursor, name, "DISABLE")
        cursor.execute(sql.SQL("TRUNCATE {} CASCADE").format(named))
        for name, told in manifest.tables.items():
            with _table(archive, name) as source:
                cursor.copy_expert(here[name].copy_in(tuple(told["columns"])), source)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # every reference leads somewhere
        for name in here:
            _alter(cursor, name, "ENABLE")
        for name, table in here.items():
            _continue_numbers(cursor, name, table.columns)


def _alter(cursor: Any, name: str, how: str) -> None:
    cursor.execute(
        sql.SQL("ALTER TABLE {} {} TRIGGER USER").format(sql.Identifier(name), sql.SQL(how))
    )


def _continue_numbers(cursor: Any, name: str, columns: tuple[str, ...]) -> None:
    """New rows get numbers behind the largest."""
    for column in columns:
        cursor.execute("SELECT pg_get_serial_sequence(quote_ident(%s), %s)", [name, column])
        (sequence,) = cursor.fetchone()
        if sequence:
            largest = sql.SQL("(SELECT max({}) FROM {})").format(
                sql.Identifier(column), sql.Identifier(name)
            )
            cursor.execute(
                sql.SQL("SELECT setval(%s, COALESCE({}, 1), {} IS NOT NULL)").format(
                    largest, largest
                ),
                [sequence],
            )


def _check_filled(here: Mapping[str, Table], manifest: Manifest) -> None:
    for name, told in manifest.tables.items():
        counted = copied(here[name])
        if (counted.rows, counted.sha256) != (told["rows"], told["sha256"]):
            raise Conflict(f"Table {name} is not what the backup holds; nothing was restored.")


def _restore_file(archive: tarfile.TarFile, name: str) -> None:
    if default_storage.exists(name):
        return  # of an attempt before; names are never used twice
    with _part(archive, f"files/{name}") as source:
        kept = default_storage.save(name, File(source, name))
    if kept != name:
        raise Conflict(f"The file {name} cannot be put where it was.")


def _part(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    found = archive.extractfile(name)
    if found is None:
        raise ValueError(f"{name} is no file")
    return found


def _table(archive: tarfile.TarFile, name: str) -> gzip.GzipFile:
    return gzip.GzipFile(fileobj=_part(archive, f"tables/{name}.copy.gz"))


def _digest(source: IO[bytes] | gzip.GzipFile) -> str:
    digest = hashlib.sha256()
    while chunk := source.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _same(what: str, told: str, found: str) -> None:
    if told != found:
        raise ValueError(f"{what} is damaged")
