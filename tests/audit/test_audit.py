"""Who did what, and that nobody can say otherwise afterwards."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, models, transaction

from apps.accounts.actors import Actor, portal_actor
from apps.audit.models import AuditEntry
from apps.audit.rows import gone, made
from apps.audit.services import record
from apps.catalog.selectors import audit_entries
from apps.common.middleware import address_var, request_id_var
from apps.guidance.models import GuidanceVersion
from apps.risks.models import RiskRevision
from tests.conftest import People
from tests.factories import (
    actor_of,
    make_ci_token,
    make_guidance,
    make_item,
    make_statement,
    make_token,
)

pytestmark = pytest.mark.django_db


def entry_by(actor: Actor, people: People, **fields: Any) -> AuditEntry:
    record(actor=actor, action="tests.act", target=people.system, **fields)
    return AuditEntry.objects.latest("id")


def test_an_entry_says_who_and_what(people: People) -> None:
    token, came_from = request_id_var.set("request-17"), address_var.set("2001:db8::7")
    try:
        entry = entry_by(
            actor_of(people.security), people, system_id=people.system.pk, changes={"a": [1, 2]}
        )
    finally:
        request_id_var.reset(token)
        address_var.reset(came_from)
    assert (entry.actor_kind, entry.actor_label) == ("user", "Sec Urity")
    assert (entry.user_id, entry.token_id) == (people.security.pk, None)
    assert (entry.object_type, entry.object_id) == ("system", str(people.system.pk))
    assert (entry.object_label, entry.changes) == ("Payments", {"a": [1, 2]})
    assert (entry.request_id, entry.system_id) == ("request-17", people.system.pk)
    assert entry.address == "2001:db8::7"
    assert entry_by(portal_actor("ingest"), people).address == ""  # of no request


def test_what_a_row_holds_without_its_secrets(people: People) -> None:
    token = make_token(people.security)
    told = made(token.token)
    assert told["name"] == [None, "test"]
    assert told["scope"][1] == token.token.scope
    assert gone(token.token)["name"] == ["test", None]
    assert "digest" not in told
    assert people.security.password
    assert people.security.password not in str(made(people.security))


def test_a_token_and_the_portal_are_told_apart_from_people(people: People) -> None:
    own = make_token(people.security).token
    entry = entry_by(Actor(user=people.security, token=own), people)
    assert (entry.actor_kind, entry.user_id, entry.token_id) == (
        "token",
        people.security.pk,
        own.pk,
    )
    assert "Sec Urity" in entry.actor_label
    pipeline = make_ci_token(people.system).token
    entry = entry_by(Actor(token=pipeline), people)
    assert (entry.actor_kind, entry.user_id, entry.token_id) == ("token", None, pipeline.pk)
    entry = entry_by(portal_actor("ingest"), people)
    assert (entry.actor_kind, entry.actor_label) == ("portal", "portal: ingest")


def test_values_that_json_does_not_know(people: People) -> None:
    changes = {"cost": [None, Decimal("12.50")], "until": dt.date(2026, 5, 1)}
    entry = entry_by(portal_actor("tests"), people, changes=changes)
    entry.refresh_from_db()
    assert entry.changes == {"cost": [None, "12.50"], "until": "2026-05-01"}


def test_an_entry_outlives_whom_and_what_it_tells_of(people: People) -> None:
    item = make_item(people.system)
    label = str(item)
    record(actor=actor_of(people.viewer), action="tests.act", target=item)
    item.delete()
    people.viewer.delete()
    entry = AuditEntry.objects.get(action="tests.act")
    assert (entry.actor_label, entry.object_label) == ("Vera Viewer", label)


def test_an_entry_goes_with_the_change_that_it_tells_of(people: People) -> None:
    with transaction.atomic():
        entry_by(portal_actor("tests"), people)
        transaction.set_rollback(True)
    assert not AuditEntry.objects.filter(action="tests.act").exists()


# --- nothing is said otherwise afterwards --------------------------------------------------------


def a_row_of(model: type[models.Model]) -> models.Model:
    if model is RiskRevision:
        make_statement(published=True)
    elif model is GuidanceVersion:
        make_guidance(published=True)
    else:
        make_item()
    return model._default_manager.latest("pk")


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (AuditEntry, {"actor_label": "Somebody else"}),
        (AuditEntry, {"at": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}),
        (RiskRevision, {"frequency_high": Decimal(2)}),
        (RiskRevision, {"number": 9}),
        (RiskRevision, {"published_at": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}),
        (GuidanceVersion, {"body": "Something else"}),
        (GuidanceVersion, {"published_by": None}),
    ],
)
def test_what_is_written_for_ever_cannot_be_changed(
    model: type[models.Model], values: dict[str, Any]
) -> None:
    row = a_row_of(model)
    with pytest.raises(DatabaseError), transaction.atomic():
        model._default_manager.filter(pk=row.pk).update(**values)
    for name, value in values.items():
        setattr(row, name, value)
    with pytest.raises(DatabaseError), transaction.atomic():
        row.save()
    kept = model._default_manager.get(pk=row.pk)
    assert all(getattr(kept, name) != value or value is None for name, value in values.items())


def test_an_entry_cannot_be_deleted(people: People) -> None:
    entry = entry_by(portal_actor("tests"), people)
    with pytest.raises(DatabaseError), transaction.atomic():
        entry.delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEntry.objects.all()._raw_delete("default")
    assert AuditEntry.objects.filter(pk=entry.pk).exists()


# --- who may read them ---------------------------------------------------------------------------


def test_who_reads_the_audit_of_what(people: People) -> None:
    tests = portal_actor("tests")
    own = entry_by(tests, people, system_id=people.system.pk)
    foreign = entry_by(tests, people, system_id=people.other_system.pk)
    organisation = entry_by(tests, people)
    mine = AuditEntry.objects.filter(action="tests.act")
    assert mine.count() == 3

    def seen(actor: Actor) -> set[AuditEntry]:
        return set(audit_entries(actor).filter(action="tests.act"))

    for person in (people.viewer, people.architect, people.security, people.outsider):
        assert seen(actor_of(person)) == set()
    assert seen(actor_of(people.nobody)) == seen(actor_of(people.chief)) == set()
    assert seen(Actor(token=make_ci_token(people.system).token)) == set()
    assert seen(actor_of(people.system_admin)) == {own}
    assert seen(actor_of(people.admin)) == {own, foreign, organisation}
