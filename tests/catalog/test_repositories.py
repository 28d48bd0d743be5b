"""Who may say that a repository is a system's: uploads by tokens of no single system go where it is listed."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.catalog.models import System
from apps.catalog.services import membership_set, system_create, system_edit
from apps.common.errors import Conflict, DomainError, Invalid
from apps.compat.selectors import system_of_repository
from tests.conftest import People
from tests.factories import actor_of, make_member, make_system
from tests.factories.people import TESTS
from tests.pages import signed_in

OURS = "https://git.example.org/alderhaven/pay"


def lists(user: User, system: System, *urls: str) -> System:
    return system_edit(actor=actor_of(user), system=system, version=None, repositories=list(urls))


@pytest.fixture
def rival(people: People) -> User:
    """Admin of another system, and nothing here."""
    return make_member(people.other_system, Role.ADMIN, "Rita Rival")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "url",
    [
        OURS,
        "https://GIT.example.org/Alderhaven/Pay.git",
        "https://elsewhere.example.com/mirror/alderhaven/pay/",
        "https://git.example.org/alderhaven/payments",  # by its key
    ],
)
def test_nobody_claims_what_another_system_has(people: People, rival: User, url: str) -> None:
    lists(people.system_admin, people.system, OURS)
    with pytest.raises(Invalid) as refused:
        lists(rival, people.other_system, "https://git.example.org/own/one", url)
    (said,) = refused.value.fields["repositories"]
    assert said.startswith("Another system has the repository alderhaven/pay")
    assert "Payments" not in said
    people.other_system.refresh_from_db()
    assert people.other_system.repositories == []
    assert system_of_repository(actor_of(people.chief), "alderhaven", "pay") == people.system


@pytest.mark.django_db
def test_who_manages_both_shares_it_and_uploads_say_so(people: People, rival: User) -> None:
    lists(people.system_admin, people.system, OURS)
    membership_set(actor=TESTS, system=people.system, role=Role.ADMIN, user=rival)
    shared = lists(rival, people.other_system, OURS)
    with pytest.raises(Conflict, match=r"payments, payroll\): use a token of one of them"):
        system_of_repository(actor_of(people.chief), "alderhaven", "pay")
    # What it has already is no new claim, whoever edits it.
    membership_set(actor=TESTS, system=people.system, role=Role.VIEWER, user=rival)
    again = lists(rival, shared, OURS, "https://git.example.org/own/one")
    assert len(again.repositories) == 2


@pytest.mark.django_db
def test_an_admin_of_the_organisation_decides(people: People) -> None:
    lists(people.system_admin, people.system, OURS)
    assert lists(people.admin, people.other_system, OURS).repositories == [OURS]
    lists(people.admin, people.system)
    assert system_of_repository(actor_of(people.chief), "alderhaven", "pay") == people.other_system


@pytest.mark.django_db
def test_the_page_keeps_what_was_typed(people: People, rival: User) -> None:
    lists(people.system_admin, people.system, OURS)
    other = people.other_system
    answer = signed_in(rival).post(
        f"/systems/{other.key}/edit/",
        {
            "version": other.version,
            "name": other.name,
            "key": other.key,
            "criticality": "2",
            "default_branch": "main",
            "repositories": OURS,
        },
    )
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Another system has the repository alderhaven/pay already." in page
    assert OURS in page


@pytest.mark.django_db
def test_keys_differ_by_more_than_their_case(people: People, rival: User) -> None:
    """Two of one spelling would both be meant by a repository's name, and its uploads refused."""
    with pytest.raises(Invalid):
        system_edit(actor=actor_of(rival), system=people.other_system, version=None, key="Payments")
    with pytest.raises(Invalid):
        system_create(actor=actor_of(people.admin), key="PAYMENTS", name="Payments 2")
    own = system_edit(
        actor=actor_of(people.system_admin), system=people.system, version=None, key="Payments"
    )
    assert own.key == "Payments"


@pytest.mark.django_db(transaction=True)
def test_of_two_who_come_at_once_one_has_it() -> None:
    systems = [make_system(key, key.title()) for key in ("crane", "gull")]
    admins = [make_member(system, Role.ADMIN) for system in systems]
    start = threading.Barrier(2)

    def claim(number: int) -> bool:
        try:
            start.wait(10)
            lists(admins[number], systems[number], OURS)
        except DomainError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(claim, range(2))) == [False, True]
