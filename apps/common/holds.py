"""Who waits for whom: advisory locks of PostgreSQL, which end with their holder."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

# All of the portal's, so that no two mean the same number. A row's own number is added to those of rows.
REPORTS = 0x5EC0 << 48  # of a report, while it is read
SOURCES = 0x5EC1 << 48  # of a source, while it is pulled; rows begin at 1
FILES = 0x5EC1 << 48  # shared by those who copy stored files, alone for who takes them away
PICTURES = 0x5EC2 << 48  # alone for who adds pictures or takes them away: rows may share a file
GROUPS = 0x5EC3 << 48  # of a system, while what its tools see in common is grouped
MIRRORS = 0x5EC4 << 48  # alone for who makes planning items of a tracker's issues
CLAIMS = 0x5EC5 << 48  # alone for who lists repositories at a system


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
