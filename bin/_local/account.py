"""Running the database servers as nobody special when we are root, without widening any folder.

PostgreSQL refuses to run as root. An account without privileges cannot pass through a folder that
belongs to root alone, so both the data and the programs may have to stand somewhere it can reach.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .paths import DATA, TOP, data_folder, passable_folder
from .process import Account
from .say import Failure

CANDIDATES = ("postgres", "nobody", "daemon")
SYSTEM_PLACE = Path("/var/lib/secops-portal")


def service_account() -> Account | None:
    """Return the account that servers run as, or None when we are not root and need no other.

    initdb looks the account up by number, so it must be one that the machine knows.
    Raises Failure when the machine has none of the usual ones.
    """
    if os.geteuid() != 0:
        return None
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise Failure(
        "PostgreSQL does not run as root and this machine has none of the accounts "
        f"{', '.join(CANDIDATES)}. Start as an ordinary user, or set DATABASE_URL and REDIS_URL."
    )


def can_use(account: Account | None, path: Path) -> bool:
    """Ask the kernel whether ``account`` may pass into (or run) ``path``."""
    if account is None:
        return os.access(path, os.X_OK)
    asked = subprocess.run(
        ["test", "-x", str(path)],
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        cwd="/",
        check=False,
    )
    return asked.returncode == 0


def project_mark(top: Path = TOP) -> str:
    """Return a short name that belongs to this checkout's path."""
    return hashlib.sha256(os.fsencode(top)).hexdigest()[:12]


def lasting_place(account: Account | None) -> Path:
    """Return the folder that holds the servers' data between runs.

    That is ``.data`` in the checkout, unless ``account`` cannot reach it there.
    """
    data_folder()
    if can_use(account, DATA):
        return DATA
    passable_folder(SYSTEM_PLACE)
    return passable_folder(SYSTEM_PLACE / project_mark())


def passing_place(account: Account | None, kind: str) -> Path:
    """Make a new temporary folder that ``account`` can reach; the caller removes it."""
    for base in (Path(tempfile.gettempdir()), Path("/var/tmp"), Path("/tmp")):  # noqa: S108 - only as parents of mkdtemp
        if base.is_dir() and can_use(account, base):
            return passable_folder(Path(tempfile.mkdtemp(prefix=f"secops-{kind}-", dir=base)))
    raise Failure("No temporary folder can be reached by the account that the servers run as.")


def own_folder(path: Path, account: Account | None) -> Path:
    """Make ``path`` the private folder of ``account`` (its parent must exist)."""
    path.mkdir(exist_ok=True, mode=0o700)
    if account is not None:
        os.chown(path, account.uid, account.gid)
    path.chmod(0o700)
    return path


def reachable(name: str, packages: Path, parts: Sequence[str], account: Account | None) -> Path:
    """Return ``packages``, or a folder with copies of its ``parts``, where ``account`` can go.

    ``name`` holds the version, so a copy is made once for each version and shared by checkouts.
    The parts keep their places to each other: programs find their libraries relative to themselves.
    """
    if can_use(account, packages / parts[0]):
        return packages
    target = passable_folder(SYSTEM_PLACE) / name
    if not target.is_dir():
        # Copied beside it and renamed: a copy that was interrupted is never taken for a whole one.
        draft = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=SYSTEM_PLACE))
        for part in parts:
            if (packages / part).exists():
                shutil.copytree(packages / part, draft / part, symlinks=True)
        _publish(draft, target)
    return target


def _publish(draft: Path, target: Path) -> None:
    """Open ``draft`` for reading, and make it ``target`` unless another start was faster."""
    for path in [draft, *draft.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
    try:
        draft.rename(target)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        if not target.is_dir():
            raise
