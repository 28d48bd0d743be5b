"""What every test may ask for: a system with people of each role, another one with strangers."""

import gc
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import TransactionTestCase

from apps.accounts.models import Membership, User
from apps.accounts.roles import Role
from apps.catalog.models import System
from tests.emptying import emptied
from tests.factories import make_system, make_users
from tests.migrated import migrated
from tests.spreading import Spreading, waiting_first


@dataclass(frozen=True)
class People:
    """Everyone around `system`; `outsider` is security of another system and nothing here."""

    system: System
    other_system: System
    viewer: User
    architect: User
    security: User
    system_admin: User
    outsider: User
    nobody: User  # signs in and holds no role anywhere
    chief: User  # security of the whole organisation
    admin: User  # admin of the whole organisation


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Spreading:
    """xdist's hook, asked in the process that hands the tests out."""
    return Spreading(config, log)


@pytest.hookimpl(trylast=True)  # after pytest-django's, which puts transactions last
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        waiting_first(items)


def pytest_collection_finish() -> None:
    """Thousands of tests and all modules stay until the end: the collector need not walk them each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """pytest-django's hook: of several processes one migrates, and all begin with a copy.

    One process alone migrates its own sooner.
    """
    if "PYTEST_XDIST_WORKER" in os.environ:
        default: dict[str, Any] = django_settings.DATABASES["default"]
        default.setdefault("TEST", {})["TEMPLATE"] = migrated()


@pytest.fixture(scope="session", autouse=True)
def quickly_emptied() -> Iterator[None]:
    """Behind a test that commits: in a tenth of the time that Django's own way takes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", emptied)
        yield


@pytest.fixture(autouse=True)
def data_folder(settings: Any, tmp_path: Path) -> Path:
    """Raw reports of a test go to a folder of its own."""
    settings.DATA_DIR = settings.MEDIA_ROOT = tmp_path / "files"
    return tmp_path / "files"


@pytest.fixture
def people(db: None) -> People:
    """Not made one by one by the services: a quarter of all tests begin with them."""
    system = make_system("payments", "Payments")
    other = make_system("payroll", "Payroll")
    viewer, architect, security, system_admin, outsider, nobody, chief, admin = make_users(
        ("Vera Viewer", None),
        ("Ari Architect", None),
        ("Sec Urity", None),
        ("Sys Admin", None),
        ("Outi Outsider", None),
        ("No Body", None),
        ("Chief Security", Role.SECURITY),
        ("Ada Admin", Role.ADMIN),
    )
    roles = (
        (system, viewer, Role.VIEWER),
        (system, architect, Role.ARCHITECT),
        (system, security, Role.SECURITY),
        (system, system_admin, Role.ADMIN),
        (other, outsider, Role.SECURITY),
    )
    Membership.objects.bulk_create(
        Membership(system=where, user=user, role=role.value) for where, user, role in roles
    )
    return People(
        system=system,
        other_system=other,
        viewer=viewer,
        architect=architect,
        security=security,
        system_admin=system_admin,
        outsider=outsider,
        nobody=nobody,
        chief=chief,
        admin=admin,
    )


@pytest.fixture
def system(people: People) -> System:
    return people.system
