"""`secops upload`: post files, and wait for what becomes of them."""

import hashlib
import shutil
import sys
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secops_cli.errors import Trouble, WrongUse
from secops_cli.portal import Portal
from secops_cli.progress import CHUNK, Bar, pieces, say

LONGEST_KEY = 200


@dataclass(frozen=True)
class Upload:
    """said: the parameters of POST /reports. named: each file's name is its category. wait: seconds, 0: not."""

    said: dict[str, str]
    run: str
    named: bool = False
    wait: float = 0.0


def files_of(names: Sequence[str], folder: Path) -> list[Path]:
    """Each as a file that can be read twice; `-` is standard input. Raises: WrongUse."""
    found = []
    for name in names:
        path = Path(name)
        if name == "-":
            path = folder / "stdin"
            with path.open("wb") as file:
                shutil.copyfileobj(sys.stdin.buffer, file)
        if not path.is_file():
            raise WrongUse(f"There is no file {name}. Did the tool write its report?")
        if path.stat().st_size == 0:
            raise WrongUse(f"{name} is empty. Did the tool end as it should?")
        found.append(path)
    return found


def upload_all(portal: Portal, upload: Upload, files: Sequence[Path]) -> list[dict[str, Any]]:
    """The reports, processed where the caller waits.

    Raises: Trouble; what was posted before stays posted, and a repeat posts it no second time.
    """
    reports = []
    for path in files:
        report = _post(portal, upload, path)
        say(f"{path.name} is report {report['uid']}.")
        reports.append(report)
    if not upload.wait:
        return reports
    done = [portal.processed(report, upload.wait) for report in reports]
    for path, report in zip(files, done, strict=True):
        say(f"{path.name}: {outcome(report)}")
    _warn_of_one_series(done)
    return done


def failures(reports: Sequence[dict[str, Any]]) -> Trouble | None:
    """What could not be read."""
    failed = [each for each in reports if each["state"] in {"failed", "quarantined"}]
    if not failed:
        return None
    return Trouble(f"{len(failed)} of {len(reports)} reports could not be processed; see above.")


def outcome(report: dict[str, Any]) -> str:
    """One line on a report."""
    if report["state"] == "processed":
        counts = ", ".join(
            f"{report[name]} {name}" for name in ("new", "unchanged", "fixed", "reopened")
        )
        warned = "".join(f" Note: {text}" for text in report["warnings"][:3])
        return f"{report['tool']}, {counts}.{warned}"
    error = report.get("error") or {}
    where = f" ({error['location']})" if error.get("location") else ""
    return f"{report['state']}: {error.get('message', 'no reason was given.')}{where}"


def _post(portal: Portal, upload: Upload, path: Path) -> dict[str, Any]:
    size = path.stat().st_size
    said = {**upload.said, "filename": path.name[:200]}
    if upload.named:
        said["category"] = path.stem[:120]
    key = key_of(upload.run, said, path)
    return portal.post_report(said, key, lambda: pieces(path, Bar(path.name, size)), size)


def key_of(run: str, said: dict[str, str], path: Path) -> str:
    """The same for the same file of the same job, so that a job that is tried again posts nothing twice."""
    digest = hashlib.sha256(repr(sorted(said.items())).encode())
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    end = digest.hexdigest()[:32]
    start = "".join(each if each.isprintable() else "-" for each in run) or str(uuid.uuid4())
    return f"{start[: LONGEST_KEY - len(end) - 1]}-{end}"


def _warn_of_one_series(reports: Sequence[dict[str, Any]]) -> None:
    """Two files of one tool count as two pictures of the same thing: the later one closes the earlier one's."""
    series = [each["series"]["id"] for each in reports if each.get("series") and each["full"]]
    if len(series) != len(set(series)):
        say(
            "Warning: two of these files counted as one after the other of the same scan, so that the last "
            "closed what only the others had. Tell them apart with --category-from-name."
        )
