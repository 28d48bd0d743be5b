"""Identifiers that several tools share: CWE, CVE and its like, package URLs."""

import functools
import re
from collections.abc import Iterable
from typing import Any

from packageurl import PackageURL

_CWE = re.compile(r"(?<![a-z])cwe[-_:/ ]{0,2}0*([1-9]\d{0,4})(?!\d)", re.IGNORECASE)
_NUMBER = re.compile(r"0*([1-9]\d{0,4})")
_CVE = re.compile(r"CVE-\d{4}-\d{4,19}", re.IGNORECASE | re.ASCII)
_GHSA = re.compile(r"GHSA(?:-[0-9a-z]{4}){3}", re.IGNORECASE)
_IDS = re.compile(
    r"\b(?:CVE-\d{4}-\d{4,19}|GHSA(?:-[0-9a-z]{4}){3}|(?:PYSEC|GO|RUSTSEC|OSV|GSD)-\d{4}-\d{1,10})\b",
    re.IGNORECASE,
)


def cwes(*values: Any) -> tuple[int, ...]:
    """Weakness numbers in these values, ascending and distinct.

    Numbers and digit strings are taken as they are; texts are searched for "CWE-79" in its
    spellings.
    """
    found: set[int] = set()
    for value in values:
        _collect_cwes(value, found)
    return tuple(sorted(found)) if found else ()


def _collect_cwes(value: Any, found: set[int]) -> None:
    if isinstance(value, str):
        found.update(int(number) for number in _CWE.findall(value))
        if bare := _NUMBER.fullmatch(value.strip()):
            found.add(int(bare[1]))
    elif isinstance(value, int) and not isinstance(value, bool) and 0 < value < 100_000:
        found.add(value)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            _collect_cwes(item, found)


def cwes_in(text: str) -> tuple[int, ...]:
    """Like `cwes`, for running text: a bare number is not taken for a weakness."""
    return tuple(sorted({int(number) for number in _CWE.findall(text)}))


def vulnerabilities(*values: str | Iterable[str | None] | None) -> tuple[str, ...]:
    """Vulnerability ids in their usual spelling, distinct; CVEs first (ascending), then GHSAs, then
    the rest."""
    found: dict[str, None] = {}
    for value in values:
        for item in (value,) if isinstance(value, str) else value or ():
            if isinstance(item, str) and (name := _spelled(item.strip())):
                found.setdefault(name)
    return tuple(sorted(found, key=_rank))


def vulnerabilities_in(*texts: str | None) -> tuple[str, ...]:
    """Vulnerability ids inside running texts."""
    return vulnerabilities(match for text in texts if text for match in _IDS.findall(text))


def _spelled(name: str) -> str:
    if _CVE.fullmatch(name):
        return name.upper()
    if _GHSA.fullmatch(name):
        return "GHSA" + name[4:].lower()
    return name[:100].replace("\0", "")


def _rank(name: str) -> tuple[int, int, int, str]:
    if _CVE.fullmatch(name):
        _, year, number = name.split("-")
        return (0, int(year), int(number), name)
    return (1 if name.startswith("GHSA-") else 2, 0, 0, name)


@functools.lru_cache(maxsize=5_000)
def purl(text: str) -> str:
    """A package URL in its canonical spelling, qualifiers included; empty if it is none."""
    try:
        return PackageURL.from_string(text.strip()).to_string().replace("\0", "")
    except (ValueError, TypeError, AttributeError):
        return ""


# Our package URL type <- what tools call the ecosystem, lower case.
_ALIASES = {
    "pypi": "python pip pipenv poetry python-pkg uv",
    "npm": "javascript node node-pkg yarn pnpm nodejs",
    "golang": "go gomod gobinary go-module",
    "maven": "java jar pom gradle java-archive mvn",
    "gem": "ruby rubygems bundler gemspec gem_rubygems",
    "cargo": "rust rust-crate crates.io rustbinary crates",
    "composer": "packagist php php-composer composer-vendor",
    "nuget": "dotnet dotnet-core",
    "hex": "mix",
    "pub": "dart",
    "deb": "debian ubuntu dpkg",
    "apk": "alpine wolfi chainguard",
    "rpm": "redhat centos rocky alma almalinux amazon oracle photon fedora suse opensuse sles "
    "cbl-mariner",
}
_TYPES = {alias: kind for kind, names in _ALIASES.items() for alias in names.split()}
_DISTRIBUTIONS = frozenset(f"debian ubuntu {_ALIASES['apk']} {_ALIASES['rpm']}".split())
_KNOWN = frozenset(_ALIASES) | frozenset(
    [
        "conan",
        "swift",
        "cocoapods",
        "github",
        "oci",
        "docker",
        "conda",
        "hackage",
        "cran",
        "generic",
    ]
)


@functools.lru_cache(maxsize=5_000)
def make_purl(ecosystem: str, name: str, version: str = "") -> str:
    """The package URL of a name in an ecosystem as tools call it ("PyPI", "gomod", "debian:12").

    Empty if the ecosystem is none that package URLs know, or the name is missing.
    """
    family = ecosystem.strip().lower().split(":")[0].split(" ")[0]
    kind = _TYPES.get(family, family)
    if kind not in _KNOWN or not name:
        return ""
    namespace, short = _split_name(kind, name.strip())
    if family in _DISTRIBUTIONS:
        namespace = family
    try:
        return PackageURL(kind, namespace or None, short, version or None).to_string()
    except ValueError:
        return ""


def _split_name(kind: str, name: str) -> tuple[str, str]:
    separator = ":" if kind == "maven" and ":" in name else "/"
    namespace, _, short = name.rpartition(separator)
    return namespace.replace(":", "/") if kind != "maven" else namespace, short


@functools.lru_cache(maxsize=5_000)
def purl_name(text: str) -> str:
    """What a person calls the package of a package URL: "org.x/core 1.2", "@babel/core 7.0"."""
    try:
        found = PackageURL.from_string(text)
    except ValueError:
        return text
    name = f"{found.namespace}/{found.name}" if found.namespace else found.name
    return f"{name} {found.version}" if found.version else name
