"""What a person sees while the commands work: one line a step, with its seconds."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HEARTBEAT_SECONDS = 15.0


class Failure(Exception):
    """Something a person must know or do; its text is printed without a traceback."""


class Stopped(Exception):
    """Raised out of the start when a signal asks us to stop."""


def line(text: str = "") -> None:
    """Print one line at once, to standard output; nobody listening any more is no failure."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # As in `bin/serve | head`: what remains is to be stopped in order all the same.
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - for the rest of the process


def warn(text: str) -> None:
    """Print one line at once, to standard error."""
    print(text, file=sys.stderr, flush=True)


class Step:
    """A running step; ``note`` replaces the word at the end of its line."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.word = "done"
        self.began = time.monotonic()

    def note(self, word: str) -> None:
        """Say how the step ended, such as ``up to date``."""
        self.word = word

    def seconds(self) -> float:
        """Return the seconds since the step began."""
        return time.monotonic() - self.began


@contextmanager
def step(title: str) -> Iterator[Step]:
    """Show ``title`` while the body runs, and its seconds afterwards."""
    now = Step(title)
    ended = threading.Event()
    ticker = threading.Thread(target=_tick, args=(now, ended), daemon=True)
    ticker.start()
    try:
        yield now
    except (Stopped, KeyboardInterrupt):
        now.note("stopped")
        raise
    except BaseException:
        now.note("FAILED")
        raise
    finally:
        ended.set()
        ticker.join()
        _close(now)


def _tick(now: Step, ended: threading.Event) -> None:
    live = sys.stdout.isatty()
    pause = 0.5
    while not ended.wait(pause):
        if live:
            sys.stdout.write(f"\r  {now.title} ... {now.seconds():.0f} s\033[K")
            sys.stdout.flush()
        else:
            # In a log one line that it has begun, then a sign of life now and then.
            line(f"  {now.title} ..." + (f" {now.seconds():.0f} s" if pause > 1 else ""))
            pause = HEARTBEAT_SECONDS


def _close(now: Step) -> None:
    start = "\r\033[K" if sys.stdout.isatty() else ""
    line(f"{start}  {now.title}: {now.word} ({now.seconds():.1f} s)")
