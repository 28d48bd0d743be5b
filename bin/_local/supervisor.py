"""Starts the portal's programs, starts a crashed one again, and stops all of them in order."""

from __future__ import annotations

import os
import secrets
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from . import process
from .paths import TOP
from .process import RUN_MARK
from .program import Child, Program, tail
from .room import Room, Running, clear_record, write_record
from .say import Failure, Stopped, line

TICK_SECONDS = 0.2
LONGEST_PAUSE = 60.0
# A program that ran this long was healthy: its next crash counts as the first.
SETTLED_SECONDS = 60.0


def pause_before(crashes: int) -> float:
    """Return the seconds to wait before the start after the ``crashes``-th crash in a row."""
    return float(min(2.0 ** (crashes - 1), LONGEST_PAUSE))


@dataclass
class Watched:
    """A program under supervision."""

    program: Program
    child: Child
    since: float
    crashes: int = 0
    again_at: float | None = None


class Supervisor:
    """Keeps programs running; as a context manager it stops them at the end.

    ``stop_order`` names programs in the order in which they are to stop; others stop first.
    """

    def __init__(self, room: Room, stop_order: Sequence[str]) -> None:
        self.room = room
        self.stop_order = stop_order
        self.watched: dict[str, Watched] = {}
        self.run_id = secrets.token_hex(16)
        self.url = ""
        self.crashes = 0
        self._signals = 0

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._hear)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1

    @property
    def stopping(self) -> bool:
        """Tell whether somebody has asked us to stop."""
        return self._signals > 0

    @property
    def mark(self) -> dict[str, str]:
        """Return the variable by which a later start recognises this run's processes."""
        return {RUN_MARK: self.run_id}

    def launch(self, *programs: Program) -> None:
        """Start ``programs`` together, and wait until all are ready. Raises Failure, Stopped."""
        for program in programs:
            child = program.start(self.mark)
            self.watched[program.name] = Watched(program, child, time.monotonic())
            self.keep_record()
        for program in programs:
            program.wait_ready(self.watched[program.name].child, unless=lambda: self.stopping)
        self.check_stop()

    def check_stop(self) -> None:
        """Raise Stopped if somebody has asked us to stop."""
        if self.stopping:
            raise Stopped

    def keep_record(self) -> None:
        """Write down who runs, so that a start after a kill -9 finds what we leave."""
        me = process.identify(os.getpid())
        if me is None:
            raise Failure("This process cannot see itself; is /proc mounted?")
        children = {
            name: who
            for name, kept in self.watched.items()
            if (who := process.identify(kept.child.pid)) is not None
        }
        write_record(self.room, Running(self.run_id, me, self.url, children))

    def watch(self) -> None:
        """Keep everything running until somebody asks us to stop."""
        while not self.stopping:
            self.look()
            time.sleep(TICK_SECONDS)

    def look(self) -> None:
        """See to every program once."""
        for kept in self.watched.values():
            if kept.again_at is not None:
                if time.monotonic() >= kept.again_at:
                    self._again(kept)
            elif kept.child.poll() is not None:
                self._crashed(kept)

    def _crashed(self, kept: Watched) -> None:
        now = time.monotonic()
        self.crashes += 1
        kept.crashes = 1 if now - kept.since > SETTLED_SECONDS else kept.crashes + 1
        pause = pause_before(kept.crashes)
        kept.again_at = now + pause
        process.kill_members(kept.child.pid, self.run_id)
        line(
            f"{kept.program.name} ended by itself ({_how(kept.child.returncode)}); starting it "
            f"again in {pause:.0f} s. Its log: {kept.program.log}"
        )

    def _again(self, kept: Watched) -> None:
        kept.child = kept.program.start(self.mark)
        kept.since, kept.again_at = time.monotonic(), None
        self.keep_record()
        line(f"{kept.program.name} is started again (process {kept.child.pid}).")

    def run(
        self,
        command: Sequence[str | Path],
        environment: Mapping[str, str],
        name: str,
        hear: Callable[[str], None] = lambda _text: None,
    ) -> None:
        """Run a command to its end while watching the programs; ``hear`` gets its output by line.

        Raises Failure when it fails, Stopped when somebody asks us to stop meanwhile.
        """
        log = self.room.logs / f"{name}.log"
        child = process.spawn(
            command,
            environment={**environment, **self.mark},
            folder=TOP,
            output=subprocess.PIPE,
        )
        try:
            self._follow(child, log, hear)
            process.wait_until(lambda: self.stopping or child.poll() is not None, 10.0)
        finally:
            if not process.ask_to_end(child, signal.SIGTERM, 5.0):
                process.kill_session(child.pid)
        self.check_stop()
        if child.wait() != 0:
            raise Failure(f"{name} failed ({_how(child.returncode)}):\n{tail(log, 30)}")

    def _follow(self, child: Child, log: Path, hear: Callable[[str], None]) -> None:
        assert child.stdout is not None  # noqa: S101 - for the type checker: it was asked for
        with log.open("wb") as kept, selectors.DefaultSelector() as ready, child.stdout as pipe:
            ready.register(pipe, selectors.EVENT_READ)
            rest = b""
            while not self.stopping:
                self.look()
                if not ready.select(TICK_SECONDS):
                    continue
                part = os.read(pipe.fileno(), 65536)
                if not part:
                    return
                kept.write(part)
                kept.flush()
                *lines, rest = (rest + part).split(b"\n")
                for text in lines:
                    hear(text.decode(errors="replace"))

    def stop(self) -> None:
        """Stop everything in order. A further signal meanwhile makes it brief."""
        before = max(self._signals, 1)
        for name in self._order():
            kept = self.watched.pop(name)
            if kept.child.poll() is None:
                began = time.monotonic()
                clean = kept.program.stop(kept.child, hurry=self._signals > before)
                process.kill_members(kept.child.pid, self.run_id)
                word = "stopped" if clean else "killed, as it did not stop when asked"
                line(f"  {name}: {word} ({time.monotonic() - began:.1f} s)")
        clear_record(self.room)

    def _order(self) -> list[str]:
        named = [name for name in self.stop_order if name in self.watched]
        return [*(name for name in reversed(self.watched) if name not in named), *named]


def _how(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"code {code}"
