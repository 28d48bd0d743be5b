"""A database with all migrations, made once in a run of the tests; others begin as its copies.

Migrating takes ten seconds and more, and each process of the tests needs a database, each of their
portals another one. PostgreSQL copies one in a fraction of a second. The server is that of this run
alone (bin/test), so that what is there is of this code.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg2.extensions
from psycopg2 import sql

from bin._local import paths

NAME = "migrated"
# Of the server that the tests have for themselves; nothing else there takes locks on databases' names.
LOCK = 7_342_001


def migrated() -> str:
    """The name of that database, on the server of DATABASE_URL; nobody may be connected to it.

    Whoever needs it first makes it, in a process of its own; others wait for that.
    """
    server = os.environ["DATABASE_URL"]
    with on_server(server) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (NAME,))
        if cursor.fetchone() is None:
            half = f"{NAME}_half"  # by this name until it is whole
            cursor.execute(_named("DROP DATABASE IF EXISTS {}", half))
            cursor.execute(_named("CREATE DATABASE {}", half))
            _migrate(address_of(server, half))
            cursor.execute(_named("ALTER DATABASE {} RENAME TO {}", half, NAME))
    return NAME


def copy_of_migrated(name: str) -> str:
    """Make a database of this name that has all migrations; give its address."""
    server, template = os.environ["DATABASE_URL"], migrated()
    with on_server(server) as connection, connection.cursor() as cursor:
        cursor.execute(_named("CREATE DATABASE {} TEMPLATE {}", name, template))
    return address_of(server, name)


def drop(name: str) -> None:
    """Drop a database, whoever is still connected to it."""
    with on_server(os.environ["DATABASE_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute(_named("DROP DATABASE {} WITH (FORCE)", name))


def address_of(server: str, name: str) -> str:
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


@contextmanager
def on_server(server: str) -> Iterator[psycopg2.extensions.connection]:
    """A connection without transactions, outside of which databases are made and dropped."""
    connection = psycopg2.connect(server)
    try:
        connection.autocommit = True
        yield connection
    finally:
        connection.close()


def _named(statement: str, *names: str) -> sql.Composed:
    return sql.SQL(statement).format(*map(sql.Identifier, names))


def _migrate(database: str) -> None:
    done = subprocess.run(
        paths.manage("migrate", "--noinput", "--verbosity=0"),
        env={**os.environ, "DATABASE_URL": database},
        cwd=paths.TOP,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"migrate failed:\n{done.stdout}{done.stderr}")
