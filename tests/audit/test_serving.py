"""The database role that serves, on the real PostgreSQL: it does the work, no DDL, and no change of the trail."""

from collections.abc import Iterator

import pytest
from django.db import ProgrammingError, connection, transaction

from apps.accounts.actors import portal_actor
from apps.audit.models import AuditEntry
from apps.audit.sealing import entries_seal
from apps.audit.services import record
from apps.audit.serving import serving_role_grant
from apps.scans.models import Finding
from tests.factories import make_system, make_user
from tests.pages import signed_in
from tests.scans.reports import process, receive, sarif, weaknesses

pytestmark = pytest.mark.django_db
ROLE = 'secops "web"; --'


@pytest.fixture
def served() -> Iterator[None]:
    """This connection as the role, until the test's transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute('CREATE ROLE "secops ""web""; --" NOSUPERUSER')
    serving_role_grant(ROLE)
    with connection.cursor() as cursor:
        cursor.execute('SET LOCAL ROLE "secops ""web""; --"')
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


def refused(statement: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except ProgrammingError as error:
        return getattr(error.__cause__, "pgcode", "") == "42501"  # insufficient_privilege
    return False


def test_it_serves(served: None) -> None:
    system = make_system()
    record(actor=portal_actor("tests"), action="test", target=system)
    assert signed_in(make_user()).get("/").status_code == 200
    process(receive(system, sarif(weaknesses(1, 2))))
    assert Finding.objects.filter(series__system=system).count() == 2
    assert entries_seal() >= 1
    assert AuditEntry.objects.filter(action="test").exists()


def test_it_changes_neither_tables_nor_the_trail(served: None) -> None:
    record(actor=portal_actor("tests"), action="test", target=make_system())
    for statement in (
        "UPDATE audit_auditentry SET action = 'x'",
        "DELETE FROM audit_auditentry",
        "TRUNCATE audit_auditentry",
        "UPDATE audit_auditseal SET digest = digest",
        "DELETE FROM audit_auditcut",
        "ALTER TABLE audit_auditentry DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_auditentry_never_changes ON audit_auditentry",
        "SET session_replication_role = replica",
        "CREATE TABLE mine (id int)",
        "ALTER TABLE scans_finding ADD COLUMN mine int",
        "DROP TABLE scans_finding",
        "TRUNCATE scans_finding CASCADE",
        "CREATE OR REPLACE FUNCTION secops_refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "INSERT INTO django_migrations (app, name, applied) VALUES ('x', 'x', now())",
        "CREATE ROLE mine",
        "COPY scans_finding TO PROGRAM 'cat'",
    ):
        assert refused(statement), statement
