"""What processors did: it says the same on a machine that does other things besides."""

import os
import time
from pathlib import Path

from django.db import connection


def our_work() -> float:
    """Processor seconds so far of this process and its session of PostgreSQL."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        session = str(cursor.fetchone()[0])
    return time.process_time() + processor_seconds(session)


def processor_seconds(pid: str) -> float:
    """User and system time of a process, 0 of one that has ended. Source: proc_pid_stat(5), fields 14 and 15."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0  # a session that PostgreSQL named a moment ago
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
