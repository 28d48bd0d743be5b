"""Finding, or where it may be done installing, the Chromium that browser tests drive."""

from __future__ import annotations

import os
import shutil
import subprocess

from .say import Failure, step, warn
from .setup import logged

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
VARIABLE = "SECOPS_TEST_CHROMIUM"
MISSING = (
    "No Chromium on this machine: browser tests are skipped. Install Debian's package chromium, "
    f"or set {VARIABLE} to the path of a Chromium."
)


def provide() -> str | None:
    """Return the path of a Chromium that runs, or None after saying that there is none.

    It is installed when it is missing, we are root and the machine has apt.
    Raises Failure in CI (CI=true), where a skipped browser test would go unseen.
    """
    with step("Chromium for browser tests") as now:
        found = _find()
        if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
            _install()
            found = _find()
            now.note("installed" if found else "not available")
        else:
            now.note("present" if found else "not available")
    if found is None and os.environ.get("CI") == "true":
        raise Failure("Browser tests need Chromium in CI, and it is neither there nor installable.")
    if found is None:
        warn(MISSING)
    return found


def _find() -> str | None:
    given = os.environ.get(VARIABLE)
    for name in [given] if given else NAMES:
        path = shutil.which(name)
        if path is not None and _runs(path):
            return path
    return None


def _runs(path: str) -> bool:
    """Tell whether it is a browser: Ubuntu's package is a stub that only points to a snap."""
    try:
        asked = subprocess.run([path, "--version"], capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


def _install() -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    wait = ("-o", "DPkg::Lock::Timeout=300")
    packages = ("chromium", "fonts-liberation")
    try:
        logged(["apt-get", *wait, "-q", "update"], "apt-update", environment)
        logged(
            ["apt-get", *wait, "-qy", "install", "--no-install-recommends", *packages],
            "apt-install",
            environment,
        )
    except Failure as failure:
        warn(str(failure))
