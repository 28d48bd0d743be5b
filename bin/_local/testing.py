"""bin/test: everything set up, throwaway servers, then pytest."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from . import chromium, setup, throwaway
from .paths import DATA, PYTHON, TOP
from .say import line

WORKERS = 3  # for two cores, since some of the tests wait for browsers and servers


def main(arguments: Sequence[str]) -> int:
    """Run the tests with pytest's own ``arguments``; return pytest's exit code.

    Raises Failure when the set-up fails.
    """
    began = time.monotonic()
    setup.everything(setup.LOCAL, setup.DEV)
    browser = chromium.provide()
    with throwaway.servers("test") as servers:
        line(
            f"  PostgreSQL and Valkey for the tests: up; set up in {time.monotonic() - began:.1f} s"
        )
        return run_pytest(arguments, test_environment(servers, browser))


def test_environment(servers: throwaway.Servers, browser: str | None) -> dict[str, str]:
    """Return the environment that tests run in; everything else of the caller's is kept."""
    environment = {
        **os.environ,
        **servers.environment(),
        "SECOPS_ENV": "test",
        "SECRET_KEY": os.environ.get(
            "SECRET_KEY", "a key that only tests use, of full length 0123456789"
        ),
    }
    # Tests start hundreds of programs, and each would compile the portal's modules and rewrite the tests' again
    # where Python is told to keep nothing beside the sources.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(DATA / "compiled")
    environment.setdefault("SECOPS_CREDENTIAL_KEYS", "dGVzdHMgb25seTogdGhpcyBrZXkgaXMgbm8gc2VjcmU=")
    if browser is not None:
        environment[chromium.VARIABLE] = browser
    return environment


def run_pytest(arguments: Sequence[str], environment: dict[str, str]) -> int:
    """Run pytest in the foreground; Ctrl-C reaches it directly, and we wait for its summary."""
    command: list[str | Path] = [PYTHON, "-m", "pytest", *spread(arguments), *arguments]
    with subprocess.Popen(command, cwd=TOP, env=environment) as child:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            return child.wait()
        finally:
            signal.signal(signal.SIGINT, before)
            child.terminate()


def spread(arguments: Sequence[str]) -> list[str]:
    """Return xdist's flags for a whole run; a run of named paths starts faster without it."""
    named = any(not a.startswith("-") and (TOP / a.split("::")[0]).exists() for a in arguments)
    chosen = any(a.startswith(("-n", "--numprocesses", "--pdb")) for a in arguments)
    return (
        [] if named or chosen else ["-n", str(WORKERS), "--dist=loadfile", "--no-loadscope-reorder"]
    )
