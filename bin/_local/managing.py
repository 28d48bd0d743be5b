"""bin/manage: Django's commands against the portal that bin/serve runs here."""

from __future__ import annotations

import os
from collections.abc import Sequence

from . import paths, room
from .say import Failure


def main(arguments: Sequence[str]) -> int:
    """Become ``manage.py`` with the running portal's environment. Raises Failure if none runs."""
    variables = room.read_environment(paths.DATA)
    if variables is None:
        raise Failure("The portal is not running here. Start it in another window: bin/serve")
    command = paths.manage(*arguments)
    os.execve(command[0], command, {**os.environ, **variables})  # noqa: S606 - no shell is wanted
