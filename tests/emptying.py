"""How the database becomes empty again behind a test that commits."""

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.test import TransactionTestCase
from psycopg2.sql import SQL, Identifier, Literal

# What migrations and their signal wrote stays: Django's flush takes it away and writes it again each time.
KEPT = frozenset({"django_migrations", "django_content_type", "auth_permission"})

_flushed = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]  # missing in the stubs


def emptied(case: TransactionTestCase) -> None:
    """Empty the tables that hold a row, and look at no other; Django truncates all, which makes new files.

    Triggers and foreign keys are not asked, for which one has to be a superuser: else it is Django's way.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        superuser = _is_superuser(cursor)
        if superuser:
            cursor.execute("SET LOCAL session_replication_role = replica")
            for table in _filled(cursor):
                cursor.execute(SQL("DELETE FROM {}").format(Identifier(table)))
    if not superuser:
        _flushed(case)


def _is_superuser(cursor: CursorWrapper) -> bool:
    cursor.execute("SELECT current_setting('is_superuser') = 'on'")
    return bool(cursor.fetchone()[0])


def _filled(cursor: CursorWrapper) -> list[str]:
    """Return the tables that hold a row, in one question."""
    tables = set(connection.introspection.django_table_names(only_existing=True)) - KEPT
    holds = SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
    each = (holds.format(Literal(table), Identifier(table)) for table in sorted(tables))
    cursor.execute(SQL(" UNION ALL ").join(each))
    return [table for (table,) in cursor.fetchall()]
