"""bin/bench: measurements against throwaway servers that keep their data as production does."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Sequence

from . import setup, throwaway
from .paths import PYTHON, TOP
from .say import Failure, line
from .testing import test_environment

BENCHES = TOP / "tests" / "bench"


def names() -> list[str]:
    """Return the benches: the modules of tests/bench that define one."""
    return sorted(file.stem for file in BENCHES.glob("*.py") if "def main(" in file.read_text())


def main(arguments: Sequence[str]) -> int:
    """Run the bench named first with the other arguments; return its exit code. Raises Failure."""
    if not arguments or arguments[0] not in names():
        raise Failure(f"usage: bin/bench NAME [--json] ...   NAME is one of: {', '.join(names())}")
    quiet = "--json" in arguments
    _set_up(quiet=quiet)
    with throwaway.servers("bench", durable=True) as servers:
        environment = test_environment(servers, None) | {"SECOPS_ENV": "development"}
        if not quiet:
            line("PostgreSQL and Valkey are up, with fsync on.")
        command = [str(PYTHON), "-m", f"tests.bench.{arguments[0]}", *arguments[1:]]
        return subprocess.run(command, cwd=TOP, env=environment, check=False).returncode


def _set_up(*, quiet: bool) -> None:
    """Set up; with ``quiet`` standard output is left to the bench's one JSON object."""
    if not quiet:
        setup.everything(setup.LOCAL, setup.DEV)
        return
    with contextlib.redirect_stdout(sys.stderr):
        setup.everything(setup.LOCAL, setup.DEV)
