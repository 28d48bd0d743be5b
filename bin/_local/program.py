"""One long-running program: how it is started, when it is ready, how it is asked to stop."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from . import process
from .process import Account
from .say import Failure

Child = subprocess.Popen[bytes]


def _nothing() -> None:
    return


def _at_once(_pid: int) -> bool:
    return True


@dataclass(frozen=True)
class Program:
    """What is needed to run it, and to run it again after it has crashed."""

    name: str
    command: tuple[str | Path, ...]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    account: Account | None = None
    # What it is sent when the launcher dies, however that happens.
    farewell: signal.Signals = signal.SIGTERM
    # How it is asked to stop: each signal with the seconds it is given, and a kill at the end.
    stops: tuple[tuple[signal.Signals, float], ...] = ((signal.SIGTERM, 10.0),)
    typed: bytes = field(default=b"", repr=False)
    prepare: Callable[[], None] = _nothing
    is_ready: Callable[[int], bool] = _at_once
    ready_within: float = 60.0

    def start(self, mark: Mapping[str, str] | None = None) -> Child:
        """Start it, with ``mark`` added to its environment, and return at once."""
        self.prepare()
        with self.log.open("ab") as output:
            child = process.spawn(
                self.command,
                environment={**self.environment, **(mark or {})},
                folder=self.folder,
                output=output,
                account=self.account,
                farewell=self.farewell,
                stdin=subprocess.PIPE if self.typed else subprocess.DEVNULL,
            )
        if child.stdin is not None:
            child.stdin.write(self.typed)
            child.stdin.close()
        return child

    def wait_ready(self, child: Child, unless: Callable[[], bool] = lambda: False) -> None:
        """Wait until it is ready, or ``unless`` is true.

        Raises Failure with the end of its log, having stopped it.
        """
        process.wait_until(lambda: unless() or self._settled(child), self.ready_within)
        if unless() or (child.poll() is None and self.is_ready(child.pid)):
            return
        self.stop(child)
        raise Failure(f"{self.name} did not start; the end of {self.log}:\n{tail(self.log)}")

    def _settled(self, child: Child) -> bool:
        return child.poll() is not None or self.is_ready(child.pid)

    def stop(self, child: Child, *, hurry: bool = False) -> bool:
        """Ask it to stop in its own way, and kill it when that does not help.

        Returns whether it stopped when asked.
        """
        for how, patience in self.stops:
            if process.ask_to_end(child, how, min(patience, 2.0) if hurry else patience):
                return True
        process.kill_session(child.pid)
        child.wait()
        return False


def tail(log: Path, lines: int = 15) -> str:
    """Return the last ``lines`` lines of a log, for a person to read."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"
