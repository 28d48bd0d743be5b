"""bin/dev-services: throwaway PostgreSQL and Valkey for someone at work on the code."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence

from . import setup, throwaway
from .paths import TOP
from .say import line

USAGE = """usage:
  bin/dev-services run COMMAND...   run a command with throwaway PostgreSQL and Valkey
  bin/dev-services                  start both, print the variables to export, stop on Ctrl-C
"""


def main(arguments: Sequence[str]) -> int:
    """Serve until the command, or the person at the keyboard, is done. Raises Failure."""
    if arguments and arguments[0] in {"-h", "--help"}:
        line(USAGE)
        return 0
    with contextlib.redirect_stdout(sys.stderr):  # standard output is for the variables
        setup.everything(setup.LOCAL, setup.DEV, assets=False)
    with throwaway.servers("dev") as servers:
        variables = {**servers.environment(), "SECOPS_ENV": "test"}
        if arguments:
            command = list(arguments[1:] if arguments[0] == "run" else arguments)
            return subprocess.run(
                command, cwd=TOP, env={**os.environ, **variables}, check=False
            ).returncode
        for name, value in variables.items():
            line(f"export {name}={shlex.quote(value)}")
        _until_stopped()
    return 0


def _until_stopped() -> None:
    try:
        signal.pause()
    except KeyboardInterrupt:
        line("# stopped")
