"""Every route that changes something, asked by who may do everything, on a system that is archived."""

from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import Client

from apps.audit.models import AuditEntry
from apps.catalog.models import System
from tests.accounts.test_routes import OF_A_SYSTEM, address, caller, cells, things
from tests.api.conftest import as_user
from tests.catalog.test_archived import archive
from tests.conftest import People
from tests.written import BESIDE, asked, examples, written

pytestmark = pytest.mark.django_db

# SECURITY: what is written all the same: who gets in, that it comes back, and what is not the system's.
OPEN = {
    "systems/<slug:key>/restore/",
    "api/v1/systems/<slug:system>/restore",
    "systems/<slug:key>/trust/<number:pk>/delete/",
    "api/v1/systems/<slug:system>/trust-rules/<number:rule>",
    "tokens/<int:pk>/revoke/",
    "api/v1/tokens/<number:token>",
    "api/v1/systems/<slug:system>/roles/<number:role>",
    "answers/<int:pk>/guidance/",  # the library's: what an archived system taught
}


def routes_asked() -> Iterator[tuple[str, str, bool]]:
    """(method, route, whether its address names something of a system): those, and all of the API, whose bodies may."""
    for method in ("post", "put", "patch", "delete"):
        for route, word in cells(method):
            who = word.rstrip("?").partition("/")[0]
            if who in OF_A_SYSTEM or (route.startswith("api/") and who not in {"-", "open"}):
                yield method, route, who in OF_A_SYSTEM - {"own"}


def test_nothing_of_it_is_written(people: People) -> None:
    bodies, there = examples(), things(people)
    archive(people)
    wrong, of_it = [], {people.system.pk}
    for method, route, is_of_it in routes_asked():
        client, token = caller(people.admin)
        told = {**token, "If-Match": '"1"', "Idempotency-Key": "x"}
        sent = asked(method, route, bodies)
        trail = AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        had = written()
        with transaction.atomic():  # taken back, so that each meets the same portal
            answer = getattr(client, method)(
                address(route, there), *sent, headers=told if route.startswith("api/") else {}
            )
            wrote = {name for name, rows in written().items() if rows > had.get(name, 0)} - BESIDE
            noted = set(AuditEntry.objects.filter(pk__gt=trail).values_list("system_id", flat=True))
            transaction.set_rollback(True)
        kept = is_of_it and answer.status_code < 400 and wrote
        if route not in OPEN and (noted & of_it or kept):
            wrong.append(f"{method} {route}: {answer.status_code}, {sorted(wrote)}")
    assert not wrong, "\n".join(wrong)


def test_nor_its_own_words_parts_and_repositories(client: Client, people: People) -> None:
    """Who manages it still says who gets in, and no more: another's key or repositories would divert reports."""
    archive(people)
    api = as_user(people.system_admin)
    took = {"name": "Other", "repositories": ["https://github.com/acme/other"]}
    for answer in (
        api.patch("/systems/payments", took, if_match='"2"'),
        api.post("/systems/payments/components", {"key": "part", "name": "Part"}),
        api.post("/systems/payments/environments", {"key": "live", "name": "Live"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "system-archived")
    client.force_login(people.system_admin)
    assert client.get("/systems/payments/edit/").status_code == 409
    told = client.get("/systems/payments/").content.decode()
    assert "/systems/payments/edit/" not in told
    assert "/systems/payments/roles/" in told
    system = System.objects.get(pk=people.system.pk)
    assert (system.name, system.repositories, system.components.count()) == ("Payments", [], 0)


def test_a_catalogue_that_names_it_is_taken_over_without_it(people: People) -> None:
    archive(people)
    part = "apiVersion: backstage.io/v1alpha1\nkind: Component\n"
    text = "---\n".join(
        f"{part}metadata: {{name: {name}}}\nspec: {{type: service, system: {system}}}\n"
        for name, system in (("old", "payments"), ("new", "payroll"))
    )
    told = as_user(people.admin).post("/imports/backstage", {"text": text}).json()
    assert [each["key"] for each in told["components"]] == ["new"]
    assert told["left_out"] == ["old: the system 'payments' is archived."]
