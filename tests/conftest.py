"""What every test may ask for: a system with people of each role, another one with strangers."""

import gc
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.catalog.models import System
from tests.factories import make_member, make_system, make_user
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


@pytest.fixture(autouse=True)
def data_folder(settings: Any, tmp_path: Path) -> Path:
    """Raw reports of a test go to a folder of its own."""
    settings.DATA_DIR = settings.MEDIA_ROOT = tmp_path / "files"
    return tmp_path / "files"


@pytest.fixture
def people(db: None) -> People:
    system = make_system("payments", "Payments")
    other = make_system("payroll", "Payroll")
    return People(
        system=system,
        other_system=other,
        viewer=make_member(system, Role.VIEWER, "Vera Viewer"),
        architect=make_member(system, Role.ARCHITECT, "Ari Architect"),
        security=make_member(system, Role.SECURITY, "Sec Urity"),
        system_admin=make_member(system, Role.ADMIN, "Sys Admin"),
        outsider=make_member(other, Role.SECURITY, "Outi Outsider"),
        nobody=make_user("No Body"),
        chief=make_user("Chief Security", role=Role.SECURITY),
        admin=make_user("Ada Admin", role=Role.ADMIN),
    )


@pytest.fixture
def system(people: People) -> System:
    return people.system
