"""The supervisor as a real process: it starts, starts again what crashed, and stops in order."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from bin._local import process, room
from bin._local.paths import TOP
from bin._local.room import Room, Running
from bin._local.supervisor import pause_before

SCRIPT = """
import sys
from pathlib import Path
from bin._local.program import Program
from bin._local.room import Room
from bin._local.supervisor import Supervisor

place = Path(sys.argv[1])
sleep = (sys.executable, "-c", "import time; time.sleep(60)")
ignore = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
deaf = (sys.executable, "-c", ignore + "print('deaf', flush=True); time.sleep(60)")

def program(name, command):
    environment = {"PATH": "/usr/bin:/bin"}
    log = place / f"{name}.log"
    return Program(name, command, environment, place, log, stops=((15, 0.5),))

with Supervisor(Room(place, place, None), ("First", "Second")) as supervisor:
    supervisor.launch(program("Second", sleep), program("First", sleep), program("Deaf", deaf))
    print("up", flush=True)
    supervisor.watch()
print("through", flush=True)
"""


@pytest.mark.parametrize(("crashes", "seconds"), [(1, 1), (2, 2), (4, 8), (7, 60), (500, 60)])
def test_the_pause_doubles_up_to_a_minute(crashes: int, seconds: int) -> None:
    assert pause_before(crashes) == seconds


class Watched:
    """A supervisor in a process of its own."""

    def __init__(self, place: Path) -> None:
        self.room = Room(place, place, None)
        (place / "logs").mkdir()
        self.child = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(place)],
            cwd=TOP,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.read_until("up")

    @property
    def output(self) -> IO[str]:
        assert self.child.stdout is not None
        return self.child.stdout

    def read_until(self, word: str) -> list[str]:
        lines = []
        for text in self.output:
            lines.append(text.strip())
            if word in text:
                return lines
        raise AssertionError(f"{word!r} was never said: {lines}")

    def wait_until_deaf(self) -> None:
        """Until the deaf one has stopped listening."""
        log = self.room.logs.parent / "Deaf.log"
        assert process.wait_until(lambda: "deaf" in log.read_text(), 60)

    def record(self) -> Running:
        running = room.read_record(self.room)
        assert running is not None
        return running


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Watched]:
    watched = Watched(tmp_path)
    yield watched
    watched.child.kill()
    watched.child.wait()
    room.end_leftovers(watched.room, patience=0.3)
    watched.output.close()


@pytest.mark.worker
def test_a_killed_child_is_started_again(supervisor: Watched) -> None:
    before = supervisor.record().children["First"]
    os.kill(before.pid, signal.SIGKILL)
    assert "signal SIGKILL" in supervisor.read_until("ended by itself")[-1]
    supervisor.read_until("started again")
    after = supervisor.record().children["First"]
    assert after.pid != before.pid
    assert process.is_alive(after)


@pytest.mark.worker
def test_all_stop_in_order_and_the_one_that_does_not_is_killed(supervisor: Watched) -> None:
    children = supervisor.record().children
    supervisor.wait_until_deaf()
    supervisor.child.send_signal(signal.SIGTERM)
    said = supervisor.read_until("through")
    assert [text.split(":")[0] for text in said[:-1]] == ["Deaf", "First", "Second"]
    assert "killed" in said[0]
    assert not any(process.is_alive(who) for who in children.values())
    assert supervisor.child.wait(5) == 0
    assert room.read_record(supervisor.room) is None


@pytest.mark.worker
@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's farewell is Linux's")
def test_after_kill_9_children_go_by_themselves_or_are_found(supervisor: Watched) -> None:
    children = supervisor.record().children
    supervisor.wait_until_deaf()
    supervisor.child.kill()
    supervisor.child.wait()
    heard = [children["First"], children["Second"]]
    assert process.wait_until(lambda: not any(map(process.is_alive, heard)), 5)
    assert process.is_alive(children["Deaf"])
    with room.occupied(supervisor.room) as ours:
        assert ours
        assert room.end_leftovers(supervisor.room, patience=0.3) == ["Deaf"]
    assert not process.is_alive(children["Deaf"])


def test_a_reader_that_went_away_does_not_end_the_command() -> None:
    say = "from bin._local.say import line; import sys; "
    script = say + "line('one'); sys.stdin.readline(); line('two'); line('three')"
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=TOP,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline() == b"one\n"
        child.stdout.close()
        child.stdin.close()  # now it goes on
        assert child.wait(60) == 0
        assert child.stderr.read() == b""
