"""Which sightings are of the same weakness: its identity over time within one series.

An identity is sha256(version, tool family, kind, rule, place, discriminator, ordinal). It survives
moved lines, reordered results, another build machine's paths, a package's new version, a rating
that changed and a reworded description. Never in it: severity, CWE, description, time, line
numbers. The system is not in it either: series belong to one system.
"""

import functools
import hashlib
import operator
import re

import msgspec

from apps.scans.domain.paths import (
    package_name,
    path_of_package,
    repository_path,
    target,
    url_template,
)
from apps.scans.formats.types import Kind, ParsedFinding

VERSION = "1"
_NUMBER = re.compile(r"(?:0x[0-9a-f]+|\d+(?:[.,:]\d+)*)", re.IGNORECASE)
_SEPARATOR = "\x1f"
_FAMILY_NOISE = re.compile(
    r"(?<![a-z])(?:v?\d+(?:\.\d+)+\S*|oss|pro|ce|ee|cli|community|enterprise|edition|command-line|toolchain|scanner)(?![a-z])",
    re.IGNORECASE,
)
_encode = msgspec.msgpack.Encoder().encode
_shown = operator.attrgetter(
    *(n for n in ParsedFinding.__struct_fields__ if n not in {"raw", "tool_fingerprint"})
)


@functools.lru_cache(maxsize=1000)
def tool_family(name: str) -> str:
    """A tool's name without version and edition, so that an upgrade does not make all findings new.

    >>> tool_family("Semgrep OSS 1.90.0")
    'semgrep'
    """
    text = " ".join(_FAMILY_NOISE.sub(" ", name).lower().split())
    return text or " ".join(name.lower().split())


def without_numbers(message: str) -> str:
    """A message as a discriminator: its words, whatever it counts."""
    return " ".join(_NUMBER.sub("#", message).split())


class Identity:
    """Who a finding is, and two weaker keys by which a "moved" finding can be suggested.

    digest: 32 bytes, unique within the report. line_key: 16 bytes, the same rule at the same line
    of the same place (the code changed). pathless_key: 16 bytes, the same rule and code anywhere
    (the file was renamed). The weak keys are not unique and only worked out when asked for.
    """

    __slots__ = ("_discriminator", "_finding", "_place", "digest")

    def __init__(
        self, digest: bytes, finding: ParsedFinding, place: str, discriminator: str
    ) -> None:
        self.digest = digest
        self._finding = finding
        self._place = place
        self._discriminator = discriminator

    @property
    def line_key(self) -> bytes:
        line = str(self._finding.location.line or "")
        return self._weak("line", self._place, line)

    @property
    def pathless_key(self) -> bytes:
        return self._weak("pathless", self._discriminator)

    def _weak(self, *parts: str) -> bytes:
        text = _SEPARATOR.join([VERSION, self._finding.kind, self._finding.rule_id, *parts])
        return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()


class Fingerprinter:
    """Makes the identities of one report's findings, in the order of the report.

    Findings whose keys are equal (the same code twice in a file) are told apart by an ordinal;
    which of them gets which does not matter, since all their digests are in the report either way.
    Memory: about 80 bytes a finding.
    """

    def __init__(self, family: str) -> None:
        """family: see `tool_family`; an empty one is fine where reports do not name their tool."""
        self._prefix = VERSION + _SEPARATOR + family + _SEPARATOR
        self._seen: set[int] = set()
        self._repeated: dict[int, int] = {}

    def identify(self, finding: ParsedFinding) -> Identity:
        place, discriminator = _PARTS.get(finding.kind, _anywhere)(finding)
        text = f"{self._prefix}{finding.kind}\x1f{finding.rule_id}\x1f{place}\x1f{discriminator}"
        digest = hashlib.sha256(text.encode("utf-8", "replace")).digest()
        key = int.from_bytes(digest[:8], "little")
        if key in self._seen:
            ordinal = self._repeated.get(key, 0) + 1
            self._repeated[key] = ordinal
            digest = hashlib.sha256(digest + ordinal.to_bytes(8, "little")).digest()
        else:
            self._seen.add(key)
        return Identity(digest, finding, place, discriminator)


def content_hash(finding: ParsedFinding) -> bytes:
    """16 bytes over everything that pages show of a finding, so that only rows that differ are
    rewritten.

    Not in it: the raw record and the tool's fingerprint (run ids and time stamps in them change
    always).
    """
    return hashlib.blake2b(_encode(_shown(finding)), digest_size=16).digest()


def _code(finding: ParsedFinding) -> tuple[str, str]:
    location = finding.location
    place = repository_path(location.path)
    if finding.tool_fingerprint:
        return place, "t:" + finding.tool_fingerprint
    if location.snippet:
        return place, "s:" + " ".join(location.snippet.split())
    return place, f"m:{location.logical}:{without_numbers(finding.title)}"


def _secret(finding: ParsedFinding) -> tuple[str, str]:
    return repository_path(finding.location.path), "t:" + (
        finding.tool_fingerprint or without_numbers(finding.title)
    )


def _package(finding: ParsedFinding) -> tuple[str, str]:
    location = finding.location
    path = path_of_package(location.path, location.purl)
    place = _SEPARATOR.join([package_name(location.purl), target(location.resource), path])
    canonical = finding.vulnerabilities[0] if finding.vulnerabilities else finding.rule_id
    return place, canonical if location.purl else f"{canonical}:{without_numbers(finding.title)}"


def _web(finding: ParsedFinding) -> tuple[str, str]:
    location = finding.location
    if finding.tool_fingerprint:
        return "", "t:" + finding.tool_fingerprint
    return url_template(location.url), location.parameter


def _host(finding: ParsedFinding) -> tuple[str, str]:
    location = finding.location
    return f"{location.host}:{location.port or ''}/{location.protocol}", (
        f"{location.resource}:{finding.tool_fingerprint}"
    )


def _resource(finding: ParsedFinding) -> tuple[str, str]:
    location = finding.location
    place = _SEPARATOR.join([target(location.resource), repository_path(location.path)])
    return place, finding.tool_fingerprint or f"{location.logical}:{location.host}"


def _test(finding: ParsedFinding) -> tuple[str, str]:
    location = finding.location
    return repository_path(location.path), f"{location.logical}:{location.resource}"


def _alert(finding: ParsedFinding) -> tuple[str, str]:
    location = finding.location
    if finding.tool_fingerprint:
        return "", "t:" + finding.tool_fingerprint
    return f"{location.host}:{location.port or ''}", _SEPARATOR.join(
        [location.resource, location.logical, location.path, without_numbers(finding.title)]
    )


def _threat(finding: ParsedFinding) -> tuple[str, str]:
    location = finding.location
    return location.resource, finding.tool_fingerprint or without_numbers(finding.title)


def _anywhere(finding: ParsedFinding) -> tuple[str, str]:
    return finding.location.resource, without_numbers(finding.title)


_PARTS = {
    Kind.CODE: _code,
    Kind.SECRET: _secret,
    Kind.PACKAGE: _package,
    Kind.WEB: _web,
    Kind.HOST: _host,
    Kind.RESOURCE: _resource,
    Kind.TEST: _test,
    Kind.ALERT: _alert,
    Kind.THREAT: _threat,
}
