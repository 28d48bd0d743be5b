"""What the database role may do that serves, where another one migrates (docs/operations.md, "Two database roles").

It reads and writes rows. It changes no table, and of the trail it may write entries and no more: whoever takes
the web server over neither edits the trail nor takes its triggers away.
"""

from django.db import connection, transaction
from psycopg2 import sql

TRAIL = ("audit_auditentry", "audit_auditseal", "audit_auditcut")
MAINTAIN_SINCE = 170_000  # PostgreSQL's version; before, LOCK TABLE ... IN SHARE MODE asks for a right to change rows
_GRANTS = """
GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {role};
GRANT USAGE ON SCHEMA {schema} TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role};
REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role};
REVOKE UPDATE, DELETE ON {trail} FROM {role};
GRANT {lock} ON audit_auditentry TO {role};
"""


@transaction.atomic
def serving_role_grant(role: str) -> None:
    """Let a role that exists serve, and no more. Again after each migration: new tables are nobody's but the owner's.

    Raises: django.db.ProgrammingError where there is no such role, or ours may not give what it does not own.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database(), current_schema()")
        database, schema = cursor.fetchone()
        # Sealing waits for writers; on older servers the right to do so is that to change rows, which triggers refuse.
        lock = "MAINTAIN" if connection.connection.server_version >= MAINTAIN_SINCE else "UPDATE"
        cursor.execute(
            sql.SQL(_GRANTS).format(
                role=sql.Identifier(role),
                database=sql.Identifier(database),
                schema=sql.Identifier(schema),
                trail=sql.SQL(", ").join(map(sql.Identifier, TRAIL)),
                lock=sql.SQL(lock),
            )
        )
