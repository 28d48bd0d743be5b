"""The common first and last step of every command in bin/."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import NoReturn

from .say import Failure, warn


def run(main: Callable[[Sequence[str]], int]) -> None:
    """Run ``main`` with the arguments and exit with its code; a Failure is one plain text."""
    for number in (signal.SIGTERM, signal.SIGHUP):  # end as Ctrl-C does: with everything cleaned up
        signal.signal(number, _stop)
    try:
        code = main(sys.argv[1:])
    except Failure as failure:
        warn(f"\n{failure}")
        code = 1
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)
