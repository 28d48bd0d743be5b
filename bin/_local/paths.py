"""Where things lie in a checkout. All paths are absolute; spaces are no special case."""

from __future__ import annotations

import os
from pathlib import Path

from .say import Failure

TOP = Path(__file__).resolve().parent.parent.parent
VENV = TOP / ".venv"
PYTHON = VENV / "bin" / "python"
DATA = TOP / ".data"
LOGS = DATA / "logs"
MANAGE = TOP / "manage.py"


def manage(*arguments: str) -> list[str]:
    """Return the command line of one of Django's commands."""
    return [str(PYTHON), str(MANAGE), *arguments]


def private_folder(path: Path) -> Path:
    """Make ``path`` (and its parents) if missing, open to its owner alone."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def passable_folder(path: Path) -> Path:
    """Make ``path`` if missing; others may pass through it but not list it."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o711)
    return path


def data_folder() -> Path:
    """Make and return ``.data``. Raises Failure when it belongs to another account."""
    if DATA.exists() and DATA.stat().st_uid != os.geteuid():
        raise Failure(
            f"{DATA} belongs to another account (number {DATA.stat().st_uid}): the portal was "
            "first started by it here. Start it as that account, or remove the folder as that one."
        )
    return passable_folder(DATA)


def write_private(path: Path, text: str) -> None:
    """Write ``text`` so that nobody but the owner can ever have read it, and never half of it."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    draft.replace(path)


def site_packages() -> Path:
    """Return the folder of the virtual environment that holds the installed packages.

    Raises FileNotFoundError when there is no virtual environment.
    """
    for folder in sorted(VENV.glob("lib/python3*/site-packages")):
        return folder
    raise FileNotFoundError(f"{VENV} holds no site-packages folder")


def version_of(package: str) -> str:
    """Return the installed version of ``package`` (its name as in its dist-info folder)."""
    for folder in site_packages().glob(f"{package}-*.dist-info"):
        return folder.name.removeprefix(f"{package}-").removesuffix(".dist-info")
    return "unknown"
