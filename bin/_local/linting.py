"""bin/lint: every check that reads the code without running the tests."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import setup
from .paths import PYTHON, TOP, VENV, manage
from .say import Failure, line

SOURCES = ("apps", "secops_portal", "bin", "cli", "deploy", "tests", "manage.py")
SCHEMA = TOP / "docs" / "openapi.yaml"
# Nothing listens there: these checks must not need a database.
NOWHERE = {
    "DATABASE_URL": "postgresql://nobody:nothing@127.0.0.1:9/none",
    "REDIS_URL": "redis://127.0.0.1:9/0",
}


@dataclass(frozen=True)
class Outcome:
    """How a check ended; ``text`` is what it printed."""

    passed: bool
    text: str
    skipped: bool = False


def ruff() -> Outcome:
    """Check the rules of pyproject.toml."""
    return _run([PYTHON, "-m", "ruff", "check", "."])


def format_() -> Outcome:
    """Check the layout."""
    return _run([PYTHON, "-m", "ruff", "format", "--check", "."])


def mypy() -> Outcome:
    """Check the types."""
    present = [name for name in SOURCES if (TOP / name).exists()]
    # tests/ has no __init__.py files: a module is named by its path from the top.
    return _run([PYTHON, "-m", "mypy", "--explicit-package-bases", *present])


def imports() -> Outcome:
    """Check who imports whom."""
    return _run([PYTHON, VENV / "bin" / "lint-imports"])


def djlint() -> Outcome:
    """Check the templates' HTML."""
    return _run([PYTHON, "-m", "djlint", "--lint", "--quiet", "templates"])


def djade() -> Outcome:
    """Check the templates' Django style."""
    templates = sorted(str(path.relative_to(TOP)) for path in TOP.glob("templates/**/*.html"))
    return _run([VENV / "bin" / "djade", "--check", "--target-version=5.2", *templates])


def migrations() -> Outcome:
    """Check that no model has changed without a migration."""
    quiet = ["-W", "ignore:Got an error checking a consistent migration history"]
    command = manage("makemigrations", "--check", "--dry-run")
    return _run([command[0], *quiet, *command[1:]])


def locks() -> Outcome:
    """Check that each migration leaves the release before it running (locks.py)."""
    return _run([PYTHON, "-m", "bin._local.locks"])


def dangers() -> Outcome:
    """Check our own rules of security (dangers.py)."""
    return _run([PYTHON, "-m", "bin._local.dangers"])


def deploy() -> Outcome:
    """Check the settings as production has them."""
    return _run(manage("check", "--deploy", "--fail-level=WARNING"), production())


def schema() -> Outcome:
    """Check the API's description: valid, and the one that is committed."""
    with tempfile.TemporaryDirectory() as folder:
        now = Path(folder) / "openapi.yaml"
        made = _run(manage("spectacular", "--validate", "--fail-on-warn", "--file", str(now)))
        if not made.passed:
            return made
        if not SCHEMA.exists():
            return Outcome(passed=False, text=f"{SCHEMA.relative_to(TOP)} is missing.")
        compared = _run(["diff", "-u", SCHEMA, now])
    hint = "Take the new one with: bin/lint --write-schema\n"
    return Outcome(compared.passed, compared.text and hint + compared.text)


def compose() -> Outcome:
    """Check docker-compose.yml where Docker's compose is present."""
    asked = ["docker", "compose", "version"]
    if shutil.which("docker") is None or not _run(asked).passed:
        return Outcome(passed=True, text="no docker compose on this machine", skipped=True)
    examples = {"SECRET_KEY": "x", "POSTGRES_PASSWORD": "x", "REDIS_PASSWORD": "x"}
    examples |= {"SECOPS_BASE_URL": "https://portal.example.org", "SECOPS_ALLOWED_HOSTS": "x"}
    return _run(["docker", "compose", "config", "--quiet"], examples)


def audit() -> Outcome:
    """Say whether a pinned package has a known weakness: by a folder of advisories, else by the registries.

    The registries only where they can be asked: what they do not answer is said and fails nothing.
    """
    folder = os.environ.get("SECOPS_ADVISORIES", "")
    if folder:  # advisories.py
        return _run([PYTHON, "-m", "bin._local.advisories", Path(folder).resolve()])
    return together([_audit_python(), _audit_npm()])


def together(outcomes: Sequence[Outcome]) -> Outcome:
    """One of several; skipped only where all were, since what was answered counts."""
    failed = [each for each in outcomes if not each.passed]
    told = failed or [each for each in outcomes if each.text]
    text = "; ".join(each.text.strip() for each in told)
    return Outcome(not failed, text, skipped=not failed and any(each.skipped for each in outcomes))


def _audit_python() -> Outcome:
    """pip-audit over the pinned files: nothing is resolved or installed."""
    files = [TOP / "requirements.txt", *sorted((TOP / "requirements").glob("*.txt"))]
    named = [part for file in files for part in ("--requirement", file)]
    flags = ["--disable-pip", "--require-hashes", "--vulnerability-service=pypi", "--format=json"]
    quiet = ["--progress-spinner=off", "--timeout=10"]
    done = _run([PYTHON, "-m", "pip_audit", *flags, *quiet, *named], {"PYTHONWARNINGS": "ignore"})
    return python_verdict(done.text)


def python_verdict(text: str) -> Outcome:
    """Read what pip-audit printed: its JSON is a line of its own, behind what it says besides."""
    told = next((each for each in text.splitlines() if each.startswith('{"dependencies"')), "")
    if not told:
        said = text.strip().splitlines() or ["it said nothing"]
        reason = f"Python's advisories cannot be read here: {said[-1][:200]}"
        return Outcome(passed=True, text=reason, skipped=True)
    packages = json.loads(told)["dependencies"]
    weak = [
        f"{each['name']} {each['version']}: {weakness['id']}"
        for each in packages
        for weakness in each.get("vulns", ())
    ]
    unasked = sum("skip_reason" in each for each in packages)
    if unasked and not weak:  # a registry that knows the files and not their weaknesses
        reason = f"of {unasked} of {len(packages)} Python packages the registry says nothing"
        return Outcome(passed=True, text=reason, skipped=True)
    return Outcome(passed=not weak, text="\n".join(weak))


def _audit_npm() -> Outcome:
    node, npm = setup.find_node()
    done = _run([node, npm, "audit", "--package-lock-only", "--json"])
    return npm_verdict(done.text)


def npm_verdict(text: str) -> Outcome:
    """Read what npm audit printed; an error of its own is no verdict."""
    try:
        told = json.loads(text[text.index("{") : text.rindex("}") + 1])
        counts = told["metadata"]["vulnerabilities"]
    except (ValueError, KeyError, TypeError):
        return Outcome(passed=True, text="npm's advisories cannot be read here", skipped=True)
    weak = [f"{name}: {each['severity']}" for name, each in told["vulnerabilities"].items()]
    return Outcome(passed=counts["total"] == 0, text="\n".join(weak))


CHECKS: dict[str, Callable[[], Outcome]] = {
    "ruff": ruff,
    "format": format_,
    "mypy": mypy,
    "imports": imports,
    "djlint": djlint,
    "djade": djade,
    "migrations": migrations,
    "locks": locks,
    "dangers": dangers,
    "deploy": deploy,
    "schema": schema,
    "compose": compose,
}
# Those that ask somebody else; run by name, and by .ci/run.
ASKING: dict[str, Callable[[], Outcome]] = {"audit": audit}


def main(arguments: Sequence[str]) -> int:
    """Run all checks, or those named, to the end; return 1 when any fails. Raises Failure."""
    if any(word not in {*CHECKS, *ASKING, "--write-schema"} for word in arguments):
        raise Failure(f"usage: bin/lint [--write-schema] [{' | '.join([*CHECKS, *ASKING])}] ...")
    setup.everything(setup.LOCAL, setup.DEV)
    if "--write-schema" in arguments:
        return _write_schema()
    failed = [name for name in arguments or CHECKS if not _report(name)]
    line(f"{'FAILED: ' + ', '.join(failed) if failed else 'All checks pass.'}")
    return 1 if failed else 0


def _report(name: str) -> bool:
    began = time.monotonic()
    outcome = (CHECKS | ASKING)[name]()
    word = "skipped: " + outcome.text if outcome.skipped else "ok" if outcome.passed else "FAILED"
    line(f"  {name}: {word} ({time.monotonic() - began:.1f} s)")
    if not outcome.passed or (outcome.text.strip() and name in ASKING and not outcome.skipped):
        line(outcome.text.strip() + "\n")
    return outcome.passed


def _write_schema() -> int:
    made = _run(manage("spectacular", "--validate", "--fail-on-warn", "--file", str(SCHEMA)))
    line(made.text or f"Wrote {SCHEMA.relative_to(TOP)}")
    return 0 if made.passed else 1


def production() -> dict[str, str]:
    """Return the smallest environment of a production server."""
    return {
        "SECOPS_ENV": "production",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "SECOPS_BASE_URL": "https://portal.example.org",
        "SECOPS_ALLOWED_HOSTS": "portal.example.org",
    }


def _run(command: Sequence[str | Path], extra: dict[str, str] | None = None) -> Outcome:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("SECOPS_")}
    testing = {"SECOPS_ENV": "test", "SECRET_KEY": secrets.token_urlsafe(64)}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=TOP,
        env={**inherited, **NOWHERE, **testing, **(extra or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return Outcome(done.returncode == 0, done.stdout)
