"""bin/lock: makes the requirements files again from their .in files."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from . import setup
from .paths import PYTHON, TOP
from .say import Failure, step

# In this order: each layer is held to the versions that the earlier ones chose.
LAYERS = {"base.in": "../requirements.txt", "local.in": "local.txt", "dev.in": "dev.txt"}
HEADER = "# Made from the .in file of the same layer by bin/lock; do not edit by hand.\n"
FLAGS = (
    # An index of one's own stays one's own: the files name none.
    *("--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host"),
    *("--strip-extras", "--generate-hashes", "--allow-unsafe", "--no-header", "--quiet"),
    "--annotation-style=line",
)
USAGE = "usage: bin/lock [--upgrade | --upgrade-package NAME]"


def main(arguments: Sequence[str]) -> int:
    """Make all three files; ``arguments`` go to pip-compile. Raises Failure."""
    if any(word in {"-h", "--help"} for word in arguments):
        raise Failure(USAGE)
    setup.everything(setup.LOCAL, setup.DEV, assets=False)
    for source, target in LAYERS.items():
        with step(f"requirements/{target}".replace("requirements/../", "")):
            _compile(source, target, arguments)
    return 0


def _compile(source: str, target: str, arguments: Sequence[str]) -> None:
    folder = TOP / "requirements"
    command: list[str | Path] = [PYTHON, "-m", "piptools", "compile", *FLAGS, *arguments]
    done = subprocess.run(
        [*command, "--output-file", target, source],
        cwd=folder,
        env={**os.environ, "CUSTOM_COMPILE_COMMAND": "bin/lock"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Failure(f"pip-compile {source} failed:\n{done.stderr[-3000:]}")
    file = folder / target
    file.write_text(HEADER + file.read_text().removeprefix(HEADER))
