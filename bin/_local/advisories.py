"""Known weaknesses of what is pinned, from a folder of advisories: for machines that reach no advisory service.

    SECOPS_ADVISORIES=FOLDER bin/lint audit

FOLDER holds advisories in the OSV format (https://ossf.github.io/osv-schema/), one a file, JSON or YAML, at any
depth: a checkout of github.com/pypa/advisory-database, of github.com/github/advisory-database, or what
https://osv-vulnerabilities.storage.googleapis.com has as PyPI/all.zip and npm/all.zip. What is argued instead of
mended stands in requirements/argued.toml.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

TOP = Path(__file__).resolve().parents[2]
ARGUED = TOP / "requirements" / "argued.toml"
_PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
# Of a YAML file that names none of these packages, nothing but this is read: there are tens of thousands.
_NAMES = re.compile(r"""^\s*-?\s*["']?name["']?:\s*["']?(@?[\w./-]+)""", re.MULTILINE)

Pins = Mapping[tuple[str, str], Collection[str]]


@dataclass(frozen=True)
class Weakness:
    """One advisory that holds for a pin."""

    package: str
    version: str
    advisory: str
    also: tuple[str, ...]
    fixed: str

    def __str__(self) -> str:
        names = ", ".join((self.advisory, *self.also))
        mended = f", mended in {self.fixed}" if self.fixed else ", not mended yet"
        return f"{self.package} {self.version}: {names}{mended}"


def pins_of(top: Path) -> dict[tuple[str, str], set[str]]:
    """{(ecosystem, package): versions} of all lock files below the project's folder; npm may hold several of one."""
    pins: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for file in [top / "requirements.txt", *sorted((top / "requirements").glob("*.txt"))]:
        for name, version in _PINNED.findall(file.read_text()):
            pins["PyPI", canonicalize_name(name)].add(version)
    packages = json.loads((top / "package-lock.json").read_text())["packages"]
    for path, told in packages.items():
        if path:
            pins["npm", path.rpartition("node_modules/")[2]].add(told["version"])
    return dict(pins)


def advisories_in(folder: Path, pins: Pins) -> Iterator[dict[str, Any]]:
    """Those files that name one of the packages. Raises: ValueError for one that cannot be read, with its name."""
    wanted = {name for _ecosystem, name in pins}
    for file in sorted(folder.rglob("*")):
        if file.suffix not in {".json", ".yaml", ".yml"} or not file.is_file():
            continue
        text = file.read_text(encoding="utf-8")
        if file.suffix != ".json" and not _names_one(text, wanted):
            continue
        try:
            told = json.loads(text) if file.suffix == ".json" else yaml.safe_load(text)
        except (ValueError, yaml.YAMLError) as error:
            raise ValueError(f"{file}: {error}") from None
        if isinstance(told, dict) and "affected" in told and not told.get("withdrawn"):
            yield told


def _names_one(text: str, wanted: set[str]) -> bool:
    return any({name, canonicalize_name(name)} & wanted for name in _NAMES.findall(text))


def weaknesses(advisories: Iterable[Mapping[str, Any]], pins: Pins) -> list[Weakness]:
    """Which advisories hold for which pins."""
    found = set()
    for told in advisories:
        for affected in told["affected"]:
            package = affected.get("package", {})
            ecosystem = str(package.get("ecosystem", "")).partition(":")[0]
            name = str(package.get("name", ""))
            name = canonicalize_name(name) if ecosystem == "PyPI" else name
            also = tuple(sorted(told.get("aliases", ())))
            for version in pins.get((ecosystem, name), ()):
                if holds(affected, version):
                    found.add(Weakness(name, version, str(told["id"]), also, _mended(affected)))
    return sorted(found, key=str)


def holds(affected: Mapping[str, Any], version: str) -> bool:
    """The evaluation of the OSV schema: the version is listed, or lies in a range; without either, all do."""
    ranges = [each for each in affected.get("ranges", ()) if each.get("type") != "GIT"]
    if version in affected.get("versions", ()):
        return True
    if not ranges:
        return "versions" not in affected
    try:
        return any(_lies_in(each["events"], version) for each in ranges)
    except InvalidVersion:
        return True  # in doubt it is said


def _lies_in(events: Sequence[Mapping[str, str]], version: str) -> bool:
    """Events in the order of their versions; 0 is before all."""
    at = _order(version)
    is_in = False
    for kind, told in sorted(
        ((kind, told) for event in events for kind, told in event.items() if kind != "limit"),
        key=lambda pair: (_order(pair[1]), pair[0] != "introduced"),
    ):
        if kind == "introduced" and _order(told) <= at:
            is_in = True
        elif (kind == "fixed" and _order(told) <= at) or (
            kind == "last_affected" and _order(told) < at
        ):
            is_in = False
    return is_in


def _order(version: str) -> Version:
    """npm's versions are compared as Python's; a pre-release whose word Python does not know (1.0.0-canary.1) is
    before its release, too. Raises: InvalidVersion."""
    if version == "0":
        return Version("0.dev0")
    try:
        return Version(version)
    except InvalidVersion:
        release, hyphen, _word = version.partition("+")[0].partition("-")
        return Version(f"{release}.dev0" if hyphen else release)


def _mended(affected: Mapping[str, Any]) -> str:
    fixed = [
        event["fixed"]
        for each in affected.get("ranges", ())
        if each.get("type") != "GIT"
        for event in each["events"]
        if "fixed" in event
    ]
    try:
        return max(fixed, key=_order, default="")
    except InvalidVersion:
        return ", ".join(fixed)


def unargued(found: Iterable[Weakness], argued: Path, today: dt.date) -> list[str]:
    """What nobody argued, and arguments that have run out or hold for nothing any more."""
    told = tomllib.loads(argued.read_text()).get("argued", []) if argued.exists() else []
    reasons = {(each["package"], each["advisory"]): each for each in told}
    lines = []
    for each in found:
        names = (each.advisory, *each.also)
        reason = next(
            (reasons.pop(key) for key in ((each.package, n) for n in names) if key in reasons), None
        )
        if reason is None:
            lines.append(str(each))
        elif reason["until"] < today:
            lines.append(f"{each}: argued until {reason['until']}")
    lines += [f"{name} {advisory}: argued, and found no more" for name, advisory in reasons]
    return lines


def main(arguments: Sequence[str]) -> int:
    """Print what is wrong, a line each; 1 if anything is, 2 where the folder cannot be read or says nothing."""
    folder = Path(arguments[0])
    pins = pins_of(TOP)
    try:
        read = list(advisories_in(folder, pins))
    except (OSError, ValueError) as error:
        print(error)
        return 2
    if not read:
        print(f"{folder} holds no advisory for a package of ours")
        return 2
    wrong = unargued(weaknesses(read, pins), ARGUED, dt.datetime.now(dt.UTC).date())
    newest = max(str(each.get("modified", "")) for each in read)[:10]
    print(
        "\n".join(wrong)
        or f"{len(read)} advisories read, the newest of {newest}; {len(pins)} pins are clean"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
