"""After a kill -9: what was ours is found and ended, and nothing else is touched."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bin._local import postgres, process, room
from bin._local.process import RUN_MARK, Identity
from bin._local.room import Room, Running

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")

RUN_ID = "0123456789abcdef"
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(60)
"""
# Whoever runs the tests in the background has it ignored, and so would a child.
HEARS_INTERRUPT = """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_DFL)
print("hears", flush=True)
time.sleep(60)
"""
Sleeper = subprocess.Popen[bytes]


@pytest.fixture
def place(tmp_path: Path) -> Room:
    return Room(tmp_path, tmp_path, None)


@pytest.fixture
def bystander() -> Iterator[Sleeper]:
    """Give a process that has nothing to do with us."""
    with subprocess.Popen(SLEEP, start_new_session=True) as child:
        yield child
        child.kill()


@pytest.fixture
def ours() -> Iterator[Sleeper]:
    """Give a process that carries our mark, in a session of its own."""
    environment = {**os.environ, RUN_MARK: RUN_ID}
    with subprocess.Popen(SLEEP, start_new_session=True, env=environment) as child:
        assert process.wait_until(lambda: bool(process.session_members(child.pid, RUN_ID)), 10)
        yield child
        child.kill()


def identity(child: Sleeper) -> Identity:
    who = process.identify(child.pid)
    assert who is not None
    return who


def record(place: Room, children: dict[str, Identity]) -> None:
    gone = Identity(2**22 + 1, "0")
    room.write_record(place, Running(RUN_ID, gone, "http://127.0.0.1:8000", children))


def test_a_process_is_recognised_while_it_lives_and_not_afterwards(bystander: Sleeper) -> None:
    who = identity(bystander)
    assert process.is_alive(who)
    bystander.kill()
    bystander.wait()
    assert not process.is_alive(who)
    assert process.identify(bystander.pid) is None


def test_a_zombie_counts_as_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    who = process.identify(child.pid)
    assert process.wait_until(lambda: process.identify(child.pid) is None, 10)
    assert who is None or not process.is_alive(who)
    child.wait()


def test_a_recorded_process_is_ended(place: Room, ours: Sleeper) -> None:
    record(place, {"Web": identity(ours)})
    assert room.end_leftovers(place) == ["Web"]
    assert ours.wait(5) == -signal.SIGTERM
    assert room.read_record(place) is None


def test_a_process_that_got_the_same_number_later_is_left_alone(
    place: Room, bystander: Sleeper
) -> None:
    record(place, {"Web": Identity(bystander.pid, "1")})
    assert room.end_leftovers(place) == []
    assert bystander.poll() is None


def test_children_of_a_dead_leader_are_known_by_their_mark(place: Room) -> None:
    # The leader starts a sleeper in its session and ends, as gunicorn does under kill -9.
    start = f"import subprocess; p = subprocess.Popen({SLEEP!r}); print(p.pid, flush=True)"
    leader = subprocess.Popen(
        [sys.executable, "-c", start],
        stdout=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, RUN_MARK: RUN_ID},
    )
    assert leader.stdout is not None
    orphan = int(leader.stdout.readline())
    leader.wait(10)
    leader.stdout.close()
    record(place, {"Web": Identity(leader.pid, "1")})
    assert room.end_leftovers(place) == ["Web"]
    assert process.wait_until(lambda: process.identify(orphan) is None, 5)


def test_a_process_that_ignores_the_request_is_killed(place: Room) -> None:
    command = [sys.executable, "-c", DEAF]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"deaf\n"
        process.end_stranger(identity(child), signal.SIGTERM, patience=0.3)
        assert child.wait(5) == -signal.SIGKILL


def test_a_stale_pid_file_that_names_a_bystander_is_dropped(
    tmp_path: Path, bystander: Sleeper
) -> None:
    file = tmp_path / "postmaster.pid"
    file.write_text(f"{bystander.pid}\n{tmp_path}\n")
    postgres.recover(tmp_path)
    assert not file.exists()
    assert bystander.poll() is None


def test_a_server_left_on_the_cluster_is_ended_fast(tmp_path: Path) -> None:
    # SIGINT is PostgreSQL's fast shutdown; a server works in its data folder.
    command = [sys.executable, "-c", HEARS_INTERRUPT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=tmp_path) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"hears\n"
        file = tmp_path / "postmaster.pid"
        file.write_text(f"{child.pid}\n{tmp_path}\n")
        postgres.recover(tmp_path)
        assert child.wait(5) == -signal.SIGINT
    assert not file.exists()


def test_the_pid_file_stays_while_anyone_works_in_the_cluster(
    tmp_path: Path, bystander: Sleeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "wait_until", lambda ready, _seconds: ready())
    with subprocess.Popen(["sleep", "60"], cwd=tmp_path) as backend:
        file = tmp_path / "postmaster.pid"
        file.write_text(f"{bystander.pid}\n{tmp_path}\n")
        postgres.recover(tmp_path)
        assert file.exists()
        assert backend.poll() is None
        backend.kill()


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"run_id": 1}', '{"children": {"Web": 1}}'])
def test_a_damaged_record_is_no_record(place: Room, damage: str) -> None:
    place.record.write_text(damage)
    assert room.read_record(place) is None
    assert room.end_leftovers(place) == []
