"""Who waits for whom over the stored files: advisory locks of PostgreSQL, which end with their holder."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

FILES = 0x5EC1 << 48  # shared by those who copy stored files, alone for who takes them away


@contextmanager
def files_stay() -> Iterator[None]:
    """No stored file is taken away by the portal inside."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock_shared(%s)", [FILES])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock_shared(%s)", [FILES])
