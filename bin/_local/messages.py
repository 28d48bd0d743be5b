"""bin/messages: the catalogues of translations follow the texts of the code."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from . import setup
from .paths import PYTHON, TOP
from .say import Failure

USAGE = """usage:
  bin/messages            take new texts into locale/, compile, and say what is not translated yet
  bin/messages --check    change nothing; say the same, and fail where a translation cannot be right
"""


def main(arguments: Sequence[str]) -> int:
    """Run the catalogue's program in the virtual environment, which has Babel. Raises Failure."""
    if any(word != "--check" for word in arguments):
        raise Failure(USAGE)
    setup.everything(setup.LOCAL, setup.DEV, assets=False)
    command: list[str | Path] = [PYTHON, "-m", "bin._local.catalogue", *arguments]
    return subprocess.run(command, cwd=TOP, check=False).returncode
