"""What a report format gives: values in, values out; no Django, no database.

A format is one module with one subclass of :class:`Format`. It is told to detect and to parse, gets
bytes, and yields findings one at a time, so that memory grows with a batch and not with the file.
"""

import datetime as dt
import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import msgspec


class Severity(enum.IntEnum):
    """How bad a tool says it is. Stored as this number; ordered, so that `>=` means "at least"."""

    NONE = 0  # informational
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class Kind(enum.StrEnum):
    """What sort of place a finding is at; decides how domain/fingerprints.py identifies it."""

    CODE = "code"  # a place in a file of a repository
    PACKAGE = "package"  # a component with a known vulnerability
    SECRET = "secret"  # noqa: S105  # a credential in a file
    WEB = "web"  # an URL of a running application
    HOST = "host"  # host:port/protocol
    RESOURCE = "resource"  # a configured thing: cloud resource, manifest, image, account
    TEST = "test"  # a test or experiment that did not hold
    ALERT = "alert"  # something a running system noticed
    THREAT = "threat"  # from a threat model


class ScanStatus(enum.StrEnum):
    """Whether the tool finished. "Empty is not clean": only COMPLETE may close findings."""

    COMPLETE = "complete"
    FAILED = "failed"  # the tool says that it failed; nothing may be closed
    UNKNOWN = "unknown"  # the report does not say: empty in a way that some tools use for errors


class Location(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """Where. Fill what the tool knows; leave the rest empty. Lines and columns are 1-based.

    A msgspec struct, like ParsedFinding: ten times cheaper to make than a frozen dataclass, and
    there is one for every finding. msgspec.structs has `replace`, `asdict` and `astuple` for it.
    """

    path: str = ""  # as the tool gave it, with / and without file://; normalised in domain/
    line: int | None = None
    end_line: int | None = None
    column: int | None = None
    snippet: str = ""  # the code itself, for the fingerprint (Kind.SECRET: always empty)
    logical: str = ""  # function, class, test case
    url: str = ""
    parameter: str = ""  # of a request
    host: str = ""
    port: int | None = None
    protocol: str = ""
    resource: str = ""  # resource id, image, target, alert labels, threat-model element
    purl: str = ""  # package URL with version, normalised


NOWHERE = Location()


class ParsedFinding(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """One finding as a tool reported it. Texts are plain and without NUL, not yet cut to size."""

    kind: Kind
    rule_id: str  # stable id of the rule, check, plug-in or vulnerability
    title: str  # one line a person reads in a list
    severity: Severity
    location: Location = NOWHERE
    rule_name: str = ""
    severity_source: str = ""  # the tool's own word or number ("error", "7.5", "Informational")
    description: str = ""  # what is wrong here and why it matters
    remediation: str = ""  # what the tool says to do
    cwes: tuple[int, ...] = ()  # ascending, distinct
    vulnerabilities: tuple[
        str, ...
    ] = ()  # CVE-, GHSA-, OSV ids; the canonical one (CVE if any) first
    cvss_vector: str = ""  # the highest version's vector, as printed, only if valid
    cvss_score: float | None = None  # 0.0 to 10.0
    fixed_version: str = ""
    also_affects: tuple[
        str, ...
    ] = ()  # further package URLs, where a tool lists several in one record
    vex_status: str = ""  # OpenVEX's words: affected, not_affected, fixed, under_investigation
    references: tuple[str, ...] = ()  # http(s) URLs only
    tags: tuple[str, ...] = ()
    tool_fingerprint: str = ""  # only if it can be trusted (docs/formats.md)
    occurred_at: dt.datetime | None = None  # alerts and test runs; aware
    resolved_at: dt.datetime | None = None  # alerts that say that they are over: no longer present
    suppressed: str = ""  # the tool's own justification where the tool says it is suppressed
    passed: bool | None = None  # Kind.TEST: False; what passed is counted in ParsedReport.outcomes
    raw: bytes = b""  # the finding's own record as in the report (JSON or XML), secrets masked


@dataclass(slots=True)
class ParsedReport:
    """A report being read. `findings` may be walked once; the fields below it are complete only
    after that."""

    findings: Iterator[ParsedFinding]
    tool_name: str = ""
    tool_version: str = ""
    scanned_at: dt.datetime | None = None  # aware, when the tool says
    commit: str = ""  # revision the tool says that it looked at
    category: str = ""  # which of several runs of the tool it is, where the tool says
    status: ScanStatus = ScanStatus.COMPLETE
    status_reason: str = ""
    partial: bool = False  # events and notifications: what is missing here is not gone
    outcomes: Mapping[str, int] = field(
        default_factory=dict
    )  # e.g. {"passed": 12, "skipped": 1}: evidence
    warnings: list[str] = field(
        default_factory=list
    )  # readable; "results[3]: no ruleId, used its index"


class FormatError(Exception):
    """The bytes are not a readable report of this format.

    reason: a stable machine word (also a metric's label); message: a sentence that says what and
    where; location: JSON pointer, line or byte offset where one is known.
    """

    def __init__(self, reason: str, message: str, location: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.location = location


@dataclass(frozen=True, slots=True)
class Head:
    """What detection sees: never the whole file. Made by head.read_head."""

    prefix: bytes  # up to 64 KiB from the start, as UTF-8, byte order mark removed
    size: int  # bytes in the whole file
    filename: str = ""  # a hint only, never trusted alone
    root: str = ""  # "{", "[", "<", or "" for text
    keys: frozenset[str] = (
        frozenset()
    )  # root object's keys, or the first element's keys for an array
    # Dotted path -> first scalar there as text ("" for objects and arrays), arrays being
    # transparent: {"runs": [{"tool": {"name": "x"}}]} gives runs, runs.tool, runs.tool.name. At
    # most four deep.
    values: Mapping[str, str] = field(default_factory=dict)
    empty: bool = False  # nothing inside: 0 bytes, white space, null, {} or []
    many: bool = False  # a second value follows the first one (JSON lines, concatenated JSON)
    complete: bool = True  # the keys are all there are, not only those of the prefix
    xml_root: str = ""  # local name of the root element
    xml_namespace: str = ""

    def has(self, *paths: str) -> bool:
        """Whether all these dotted paths were seen."""
        return all(path in self.values for path in paths)


class Format:
    """One report format. Subclass, set the class attributes, implement `detect` and `parse`."""

    slug: ClassVar[str]  # what callers give as format=
    name: ClassVar[str]  # what people read
    stages: ClassVar[tuple[str, ...]]  # where it belongs; the first is the default
    mapping: ClassVar[
        Mapping[str, str]
    ]  # our field -> where it is in the report; docs/formats.md is made of it
    notes: ClassVar[str] = ""  # what a reader should know: choices, limits, traps
    tool_name: ClassVar[str] = ""  # for formats of a single tool
    empty_roots: ClassVar[
        tuple[str, ...]
    ] = ()  # "[]", "{}", "null", "": what a clean or failed run writes

    def __init__(self, salt: bytes = b"") -> None:
        """salt: secret of the installation; hashes of masked secrets are keyed with it."""
        self.salt = salt

    def detect(self, head: Head) -> bool:
        """Whether the content can only be this format. Two formats that both say yes are ambiguous.

        Not asked for empty content; that is decided by `empty_roots`.
        """
        raise NotImplementedError

    def parse(self, data: memoryview) -> ParsedReport:
        """Read a report. `data` is the whole file, usually a memory map: do not copy it whole.

        Raises FormatError at once, or from the iterator, with what and where.
        """
        raise NotImplementedError
