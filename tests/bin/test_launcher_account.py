"""As root the servers run as somebody else, who must reach data and programs."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bin._local import account as accounts
from bin._local.process import Account

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes accounts")


@pytest.fixture
def nobody() -> Account:
    found = accounts.service_account()
    assert found is not None
    return found


@pytest.fixture
def passable() -> Iterator[Path]:
    """Give a folder that everyone can pass into: pytest's own belong to their owner alone."""
    place = accounts.passing_place(accounts.service_account(), "unit")
    yield place
    shutil.rmtree(place)


@pytest.mark.skipif(os.geteuid() == 0, reason="for ordinary users")
def test_an_ordinary_user_runs_the_servers_himself() -> None:
    assert accounts.service_account() is None


@as_root
def test_the_kernel_is_asked_who_may_pass(nobody: Account, passable: Path) -> None:
    closed = passable / "closed"
    closed.mkdir(mode=0o700)
    (closed / "open").mkdir(mode=0o755)
    assert accounts.can_use(nobody, passable)
    assert not accounts.can_use(nobody, closed / "open")


@as_root
def test_programs_behind_a_closed_folder_are_copied_once_with_their_libraries(
    nobody: Account, passable: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "SYSTEM_PLACE", passable / "system")
    packages = passable / "closed"
    (packages / "server" / "bin").mkdir(parents=True)
    (packages / "server" / "bin" / "run").write_text("#!/bin/sh\n")
    (packages / "server" / "bin" / "run").chmod(0o700)
    (packages / "server.libs").mkdir()
    (packages / "server.libs" / "lib.so").write_text("library")
    packages.chmod(0o700)
    parts = ("server", "server.libs", "absent.libs")
    found = accounts.reachable("server-1", packages, parts, nobody)
    assert found == passable / "system" / "server-1"
    assert accounts.can_use(nobody, found / "server" / "bin")
    assert (found / "server.libs" / "lib.so").read_text() == "library"
    assert packages.stat().st_mode & 0o777 == 0o700
    assert accounts.reachable("server-1", packages, parts, nobody) == found


@as_root
def test_programs_within_reach_stay_where_they_are(nobody: Account, passable: Path) -> None:
    (passable / "server").mkdir(mode=0o755)
    assert accounts.reachable("server-1", passable, ["server"], nobody) == passable


def test_two_checkouts_never_share_a_place(tmp_path: Path) -> None:
    one, two = accounts.project_mark(tmp_path / "a"), accounts.project_mark(tmp_path / "b")
    assert one != two
    assert accounts.project_mark(tmp_path / "a") == one
