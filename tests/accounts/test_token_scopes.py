"""A token that reads changes nothing, its owner's own things neither; one for people touches people alone."""

from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import Client

from apps.accounts.roles import Scope
from tests.accounts.test_routes import address, cells, things
from tests.api.conftest import Api
from tests.conftest import People
from tests.factories import make_token
from tests.written import BESIDE, asked, examples, written

pytestmark = pytest.mark.django_db

ITS_END = "api/v1/tokens/<number:token>"
# What each may send: a computation, and questions of a protocol that has no other way to ask.
SENDS = {
    Scope.READ: {ITS_END, "api/v1/valuations", "api/mcp"},
    Scope.PEOPLE: {ITS_END, "api/v1/people", "api/v1/people/<number:person>"},
}


def complaints(people: People, scope: Scope, text: str) -> Iterator[str]:
    bodies, there = examples(), things(people)
    told = {"Authorization": f"Bearer {text}", "If-Match": '"1"', "Idempotency-Key": "x"}
    for method in ("post", "put", "patch", "delete"):
        for route, word in cells(method):
            if word in {"-", "open"} or not route.startswith("api/"):
                continue
            had, sent = written(), asked(method, route, bodies)
            with transaction.atomic():
                answer = getattr(Client(), method)(address(route, there), *sent, headers=told)
                wrote = {name for name, rows in written().items() if rows > had.get(name, 0)}
                transaction.set_rollback(True)
            wrote -= BESIDE
            if route in SENDS[scope]:
                if scope == Scope.READ and wrote:
                    yield f"{method} {route} wrote {sorted(wrote)}"
            elif wrote or answer.status_code != 403:
                yield f"{method} {route}: {answer.status_code}, {sorted(wrote)}"


@pytest.mark.parametrize("scope", [Scope.READ, Scope.PEOPLE])
def test_it_sends_nothing_else(people: People, scope: Scope) -> None:
    """The admin of the system owns what is a person's own there: notices, filters, an opinion."""
    user = people.system_admin if scope == Scope.READ else people.admin
    wrong = list(complaints(people, scope, make_token(user, scope).text))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("scope", [Scope.READ, Scope.PEOPLE])
def test_it_ends_itself_and_no_other(people: People, scope: Scope) -> None:
    made, other = make_token(people.admin, scope), make_token(people.admin)
    assert Api(made.text).delete(f"/tokens/{other.token.pk}").status_code == 403
    assert Api(made.text).delete(f"/tokens/{made.token.pk}").status_code == 204
    assert Api(made.text).get("/tokens").status_code == 401


def test_it_says_what_to_do(people: People) -> None:
    answer = Api(make_token(people.viewer, Scope.READ).text).post("/notices/read", {})
    assert (answer.status_code, answer.json()["code"]) == (403, "not-permitted")
    assert "make one that may write" in answer.json()["detail"]
