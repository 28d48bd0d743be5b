"""SARIF 2.1.0, the common language of code analysers (and of many other scanners).

Source: OASIS Static Analysis Results Interchange Format 2.1.0; sections are named where they
decide.
"""

import re
from collections.abc import Iterator
from itertools import islice

import msgspec
from msgspec import Raw

from apps.scans.formats import ids, masking, tooltrust
from apps.scans.formats import sarif_model as model
from apps.scans.formats.decode import Shape, document, loose, read_all
from apps.scans.formats.sarif_rules import (
    LEVELS,
    KnownRule,
    Places,
    Rules,
    Taxonomies,
    message_text,
    rating,
    read_part,
    status_of,
)
from apps.scans.formats.text import TITLE_LENGTH, clean, links, moment, named, positive, tags
from apps.scans.formats.types import (
    NOWHERE,
    Format,
    FormatError,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
    ScanStatus,
    Severity,
)

NOT_FINDINGS = {"pass": "passed", "notApplicable": "not applicable"}
MAX_FLOW_STEPS = 12

_LOG = Shape(model.Log)
_RESULT = Shape(model.Result)
_FINGERPRINTS = Shape(model.Fingerprints)
_MARKS = Shape(model.Marks)
_TOOL = Shape(model.Tool)
_AUTOMATION = Shape(model.AutomationDetails)
_INVOCATIONS = Shape(list[model.Invocation])
_COMPONENTS = Shape(list[model.ToolComponent])
_LOGICAL = Shape(list[model.LogicalLocation])
_REVISIONS = Shape(list[model.Revision])


class Sarif(Format):
    """SARIF 2.1.0."""

    slug = "sarif"
    name = "SARIF 2.1.0"
    stages = ("code", "build", "test", "deploy")
    empty_roots = ()
    mapping = {
        "kind": (
            "code; secret for secret scanners and rules about credentials (CWE-259, 321, 798); "
            "package if the rule's id holds a vulnerability id; web if the location is a URL"
        ),
        "rule_id": "result.ruleId, result.rule.id, or the id of the rule at ruleIndex",
        "rule_name": "rule.name",
        "title": (
            "first line of result.message (template and arguments filled in), else the rule's "
            "short description"
        ),
        "description": "result.message, rule.fullDescription, the steps of codeFlows",
        "remediation": "result.fixes[].description, rule.help",
        "severity": (
            "properties.security-severity of result or rule (CVSS scale), else result.level, "
            "ruleConfigurationOverrides, rule.defaultConfiguration.level, else warning: "
            "error = high, warning = medium, note = low, none = informational"
        ),
        "severity_source": "the security-severity or the level",
        "cvss_score": "security-severity, of packages only",
        "fixed_version": (
            "rule.properties.fixed_version, the line `Fixed Version: ...` of Trivy's and Grype's texts"
        ),
        "location.resource": "of packages: the line `Package: ...` of Trivy's and Grype's texts",
        "location.path": (
            "locations[0]: artifactLocation.uri or artifacts[index], below uriBaseId where that "
            "base is relative"
        ),
        "location.line": "region.startLine, endLine, startColumn",
        "location.snippet": "region.snippet.text",
        "location.logical": "logicalLocations[0].fullyQualifiedName or name, also by index",
        "location.purl": "a logical location that is a package URL, else rule.properties.purls of one",
        "also_affects": "rule.properties.purls of several",
        "cwes": (
            "tags (external/cwe/cwe-79, CWE-79: ...), properties.cwe, relationships and taxa that "
            "point into CWE, else the message"
        ),
        "vulnerabilities": "CVE, GHSA and similar ids in the rule's id",
        "references": "rule.helpUri, result.hostedViewerUri, workItemUris",
        "tags": "rule and result properties.tags; `tool:NAME` if the runs are of several tools",
        "tool_fingerprint": "fingerprints and partialFingerprints, if trusted (see notes)",
        "suppressed": "suppressions[] that are accepted: justification, else kind",
        "tool_name": "tool.driver.name of every run with another name, joined by +",
        "tool_version": "tool.driver.semanticVersion or version",
        "scanned_at": "invocations[].endTimeUtc or startTimeUtc",
        "commit": "versionControlProvenance[0].revisionId",
        "category": "automationDetails.id up to its last slash, if the sender named none",
        "status": (
            "failed if an invocation has executionSuccessful false; unknown if a run has no "
            "results array"
        ),
        "outcomes": "results of kind pass and notApplicable, and of baselineState absent",
    }
    notes = (
        'A result of kind "pass" or "notApplicable" says that there is no problem (3.27.9), one of '
        'baselineState "absent" that it is gone (3.27.24): both are counted as outcomes. '
        "With a kind other than fail the default level is none (3.27.10).\n"
        "A tool's fingerprint is trusted if it is a text, no placeholder, and tells more than half "
        "of the run's locations apart. The line hashes of the upload action are used only where "
        "there is no snippet."
    )

    def detect(self, head: Head) -> bool:
        schema = head.values.get("$schema", "").lower()
        return head.root == "{" and "runs" in head.keys and (
            "sarif" in schema
            or head.values.get("version", "").startswith("2.1")
            or head.has("runs.tool")
            or head.has("runs.results")
        )  # fmt: skip

    def parse(self, data: memoryview) -> ParsedReport:
        warnings: list[str] = []
        log = document(data, _LOG, warnings)
        if log.version and not log.version.startswith("2.1"):
            warnings.append(f"SARIF version {log.version[:20]} is read as 2.1.0.")
        runs = [_Run(run, index, warnings, self.salt) for index, run in enumerate(log.runs or [])]
        names = list(dict.fromkeys(run.tool_name for run in runs if run.tool_name))
        outcomes: dict[str, int] = {}
        status, reason = _worst(runs)
        return ParsedReport(
            findings=_findings(runs, outcomes, warnings),
            tool_name=" + ".join(names)[:120],
            tool_version=next((run.tool_version for run in runs if run.tool_version), ""),
            scanned_at=next((run.scanned_at for run in runs if run.scanned_at), None),
            commit=next((run.commit for run in runs if run.commit), ""),
            category=" + ".join(sorted({run.category for run in runs if run.category}))[:120],
            status=status,
            status_reason=reason,
            outcomes=outcomes,
            warnings=warnings,
        )


def _worst(runs: list["_Run"]) -> tuple[ScanStatus, str]:
    if not runs:
        return ScanStatus.UNKNOWN, "The log holds no run."
    for status in (ScanStatus.FAILED, ScanStatus.UNKNOWN):
        for run in runs:
            if run.status is status:
                return status, run.status_reason
    return ScanStatus.COMPLETE, ""


def _findings(
    runs: list["_Run"],
    outcomes: dict[str, int],
    warnings: list[str],
) -> Iterator[ParsedFinding]:
    tagged = len({run.tool_name for run in runs}) > 1
    for run in runs:
        run.extra_tags = (f"tool:{run.tool_name}",) if tagged and run.tool_name else ()
        where = f"{run.where}/results"
        for result, record in read_all(run.results, _RESULT, warnings, where):
            if gone := _is_no_finding(result):
                outcomes[gone] = outcomes.get(gone, 0) + 1
            else:
                yield run.finding(result, record)


def _category(details: Raw, where: str, warnings: list[str]) -> str:
    """The part of the run's id that stays from run to run; the last one names this run (3.17.3).

    One analyser is often run once a language, each with an id of its own: `/language:python/`.
    """
    read = read_part(details, _AUTOMATION, f"{where}/automationDetails", warnings)
    return clean((read.id or "") if read else "").rpartition("/")[0]


def _is_no_finding(result: model.Result) -> str:
    if result.baseline_state == "absent":
        return "gone since the baseline"
    return NOT_FINDINGS.get(result.kind, "") if result.kind else ""


class _Run:
    """One run: what it says once, and how its results become findings."""

    def __init__(self, run: model.Run, index: int, warnings: list[str], salt: bytes) -> None:
        self.where = f"/runs/{index}"
        self.results: list[Raw] = run.results or []
        self.extra_tags: tuple[str, ...] = ()
        self._salt = salt
        tool = read_part(run.tool, _TOOL, f"{self.where}/tool", warnings) or model.Tool()
        driver = tool.driver or model.ToolComponent()
        self.tool_name = clean(driver.name or driver.full_name)[:120]
        self.tool_version = clean(
            driver.semantic_version or driver.version or driver.dotted_quad_file_version
        )[:120]
        self.category = _category(run.automation_details, self.where, warnings)
        taxonomies = read_part(run.taxonomies, _COMPONENTS, f"{self.where}/taxonomies", warnings)
        self._taxonomies = Taxonomies(taxonomies or [])
        self._rules = Rules(tool, self._taxonomies)
        self._places = Places(run, self.where, warnings)
        logical = read_part(
            run.logical_locations, _LOGICAL, f"{self.where}/logicalLocations", warnings
        )
        self._logical = logical or []
        self._read_invocations(run, warnings)
        revisions = read_part(
            run.version_control_provenance,
            _REVISIONS,
            f"{self.where}/versionControlProvenance",
            warnings,
        )
        self.commit = next((clean(item.revision_id)[:64] for item in revisions or []), "")
        self._trusted = tooltrust.trusted_keys(self._marks())

    def _read_invocations(self, run: model.Run, warnings: list[str]) -> None:
        where = f"{self.where}/invocations"
        invocations = read_part(run.invocations, _INVOCATIONS, where, warnings) or []
        self.status, self.status_reason = status_of(invocations, warnings)
        if self.status is ScanStatus.COMPLETE and run.results is None:
            self.status, self.status_reason = (
                ScanStatus.UNKNOWN,
                f"{self.where} has no results array.",
            )
        times = [text for item in invocations for text in (item.end_time_utc, item.start_time_utc)]
        self.scanned_at = next((time for text in times if (time := moment(text))), None)
        overrides = [o for item in invocations for o in item.rule_configuration_overrides or []]
        self._levels = self._rules.override(overrides)

    def _marks(self) -> Iterator[tuple[str, str, object]]:
        ignored: list[str] = []
        for raw in islice(self.results, tooltrust.SAMPLE):
            try:
                if _has_own_marks(_FINGERPRINTS.read(raw, "", ignored)):
                    yield from _sightings(_MARKS.read(raw, "", ignored))
            except FormatError:
                continue

    def finding(self, result: model.Result, raw: bytes) -> ParsedFinding:
        rule = self._rules.find(result)
        message = message_text(result.message, rule.messages, self._rules.globals)
        severity, source, score = self._severity(result, rule)
        fixed = ""
        location = self._location(result)
        kind = _kind(rule, location)
        is_short = message and len(message) <= TITLE_LENGTH and "\n" not in message
        title = message if is_short else named(message, rule.title, rule.id)
        fingerprint = self._fingerprint(result, has_snippet=bool(location.snippet))
        if kind is Kind.SECRET:
            location, fingerprint, raw = self._without_secret(location, fingerprint, raw)
        elif kind is Kind.WEB:
            location = Location(url=location.path, logical=location.logical)
        elif kind is Kind.PACKAGE:
            title = rule.title or title
            location, fixed = _package(location, rule, message)
        if kind is not Kind.PACKAGE:
            score = None  # a rating of the rule, not of a vulnerability
        return ParsedFinding(
            kind=kind,
            rule_id=rule.id or named(result.rule_id, rule.title),
            rule_name=rule.name or rule.title,
            title=title,
            severity=severity,
            severity_source=source,
            location=location,
            description=_description(message, title, rule, result, self._places),
            remediation=_remediation(result, rule),
            cwes=self._cwes(result, rule, message),
            vulnerabilities=rule.vulnerabilities,
            also_affects=rule.purls if len(rule.purls) > 1 else (),
            cvss_score=score,
            fixed_version=fixed,
            references=_references(result, rule),
            tags=self._tags(result, rule),
            tool_fingerprint=fingerprint,
            suppressed=_suppressed(result.suppressions) if result.suppressions else "",
            raw=raw,
        )

    def _severity(
        self, result: model.Result, rule: KnownRule
    ) -> tuple[Severity, str, float | None]:
        if result.properties is not None:
            own, source, score = rating(result.properties)
            if own is not None:
                return own, source, score
        if rule.rating is not None:
            return rule.rating, rule.rating_source, rule.score
        level = result.level
        if not level:
            is_failure = result.kind in {None, "fail"}
            level = (self._levels.get(rule.id) or rule.level or "warning") if is_failure else "none"
        return LEVELS.get(level, Severity.MEDIUM), level if level in LEVELS else clean(level), None

    def _location(self, result: model.Result) -> Location:
        if not result.locations:
            return NOWHERE
        first = result.locations[0]
        logical, purl = self._logical_name(first.logical_locations)
        physical = first.physical_location
        if physical is None:
            return Location(logical=logical, purl=purl)
        artifact, region = physical.artifact_location, physical.region
        path = self._places.path(artifact) if artifact is not None else ""
        if region is None:
            return Location(path=path, logical=logical, purl=purl)
        snippet = region.snippet
        return Location(
            path=path,
            line=positive(region.start_line),
            end_line=positive(region.end_line),
            column=positive(region.start_column),
            snippet=clean(snippet.text) if snippet is not None else "",
            logical=logical,
            purl=purl,
        )

    def _logical_name(self, found: list[model.LogicalLocation] | None) -> tuple[str, str]:
        """Name of the function or the like, and the package URL where a tool puts one there."""
        if not found:
            return "", ""
        first = found[0]
        if first.index is not None and 0 <= first.index < len(self._logical):
            known = self._logical[first.index]
            first = model.LogicalLocation(
                fully_qualified_name=first.fully_qualified_name or known.fully_qualified_name,
                name=first.name or known.name,
            )
        name = clean(first.fully_qualified_name or first.name)
        return (name, ids.purl(name)) if name.startswith("pkg:") else (name, "")

    def _fingerprint(self, result: model.Result, *, has_snippet: bool) -> str:
        for found in (result.fingerprints, result.partial_fingerprints):
            for key in sorted(found) if found else ():
                if key in self._trusted and tooltrust.is_plausible(found[key]):  # type: ignore[index]
                    return f"{key}:{found[key]}"  # type: ignore[index]
        partial = result.partial_fingerprints
        if partial and not has_snippet and (value := partial.get("primaryLocationLineHash")):
            return f"primaryLocationLineHash:{value}" if tooltrust.is_plausible(value) else ""
        return ""

    def _without_secret(
        self, location: Location, fingerprint: str, raw: bytes
    ) -> tuple[Location, str, bytes]:
        """The snippet of a secret is the secret: only its keyed hash stays, as the fingerprint."""
        record = loose(raw)
        snippets = list(_snippets(record))
        if location.snippet:
            fingerprint = masking.digest(" ".join(location.snippet.split()), self._salt)
        place = Location(
            path=location.path,
            line=location.line,
            end_line=location.end_line,
            column=location.column,
            logical=location.logical,
        )
        hidden = frozenset({"snippet", "contextRegion"})
        return place, fingerprint, masking.concealed_json(record, snippets, hidden)

    def _cwes(self, result: model.Result, rule: KnownRule, message: str) -> tuple[int, ...]:
        extra: tuple[int, ...] = ()
        if result.taxa:
            extra = self._taxonomies.cwes(result.taxa)
        if result.properties is not None:
            extra += ids.cwes(result.properties.cwe)
            extra += ids.cwes_in(" ".join(result.properties.tags or []))
        if not extra and not rule.cwes and "CWE" in message:
            extra = ids.cwes_in(message)
        return tuple(sorted({*rule.cwes, *extra})) if extra else rule.cwes

    def _tags(self, result: model.Result, rule: KnownRule) -> tuple[str, ...]:
        own = result.properties.tags if result.properties is not None else None
        if own:
            return tags(rule.tags, own[:20], self.extra_tags)
        return rule.tags + self.extra_tags if self.extra_tags else rule.tags


def _has_own_marks(found: model.Fingerprints) -> bool:
    """Whether there are fingerprints besides the line hashes of the upload action."""
    own, partial = found.fingerprints or {}, found.partial_fingerprints or {}
    return not tooltrust.LINE_HASHES.issuperset(own) or not tooltrust.LINE_HASHES.issuperset(
        partial
    )


def _sightings(marks: model.Marks) -> Iterator[tuple[str, str, object]]:
    place = _place_key(marks.locations)
    for found in (marks.fingerprints, marks.partial_fingerprints):
        for key, value in (found or {}).items():
            if key not in tooltrust.LINE_HASHES:
                yield key, value, place


def _place_key(locations: list[model.Location] | None) -> object:
    physical = locations[0].physical_location if locations else None
    if physical is None:
        return None
    artifact, region = physical.artifact_location, physical.region
    return (
        (artifact.uri or artifact.index) if artifact else None,
        (region.start_line, region.start_column) if region else None,
    )


def _kind(rule: KnownRule, location: Location) -> Kind:
    if rule.is_secret:
        return Kind.SECRET
    if rule.vulnerabilities or location.purl:
        return Kind.PACKAGE
    if location.path.startswith(("http://", "https://")):
        return Kind.WEB
    return Kind.CODE


_PACKAGE_WORD = re.compile(
    r"^(Package|Installed Version|Version|Fixed Version|Fix Version|Type): *(\S.*)$", re.MULTILINE
)


def _package(location: Location, rule: KnownRule, message: str) -> tuple[Location, str]:
    """The location with the package that the rule's properties, or Trivy's and Grype's running text,
    name, and the fix."""
    words: dict[str, str] = {}
    for text in (message, rule.remediation):
        for name, value in _PACKAGE_WORD.findall(text):
            words.setdefault(name, value.strip())
    name = words.get("Package", "")
    version = words.get("Installed Version") or words.get("Version", "")
    made = ids.make_purl(words.get("Type", ""), name, version)
    purl = location.purl or (rule.purls[0] if len(rule.purls) == 1 else made)
    fixed = rule.fixed_version or words.get("Fixed Version") or words.get("Fix Version", "")
    return msgspec.structs.replace(location, purl=purl, resource=name), fixed


def _description(
    message: str, title: str, rule: KnownRule, result: model.Result, places: Places
) -> str:
    text = "" if message == title else message
    if rule.full and rule.full not in {title, message}:
        text = f"{text}\n\n{rule.full}" if text else rule.full
    if result.code_flows and (flow := _flow(result.code_flows, places)):
        text = f"{text}\n\n{flow}" if text else flow
    return text


def _flow(flows: list[model.CodeFlow], places: Places) -> str:
    """The first path by which data reaches the place, as one line a step."""
    threads = flows[0].thread_flows or []
    steps = [step for thread in threads for step in _steps(thread, places)]
    distinct = list(dict.fromkeys(steps))
    if len(distinct) < 2:
        return ""
    shown = distinct[:MAX_FLOW_STEPS]
    more = f" and {len(distinct) - len(shown)} more" if len(distinct) > len(shown) else ""
    return f"Data flow: {' → '.join(shown)}{more}"


def _steps(thread: model.ThreadFlow, places: Places) -> Iterator[str]:
    for step in thread.locations or []:
        physical = step.location.physical_location if step.location else None
        if physical is not None and physical.artifact_location is not None:
            line = positive(physical.region.start_line) if physical.region else None
            path = places.path(physical.artifact_location)
            yield f"{path}:{line}" if line else path


def _remediation(result: model.Result, rule: KnownRule) -> str:
    if not result.fixes:
        return rule.remediation
    fixes = [text for fix in result.fixes if (text := message_text(fix.description))]
    return "\n\n".join(filter(None, [*fixes[:5], rule.remediation]))


def _references(result: model.Result, rule: KnownRule) -> tuple[str, ...]:
    if result.hosted_viewer_uri or result.work_item_uris:
        return links(rule.references, result.hosted_viewer_uri, result.work_item_uris)
    return rule.references


def _suppressed(suppressions: list[model.Suppression]) -> str:
    """Why the tool's users suppressed it (3.27.23); empty while a review is open or was
    rejected."""
    if any(item.status in {"underReview", "rejected"} for item in suppressions):
        return ""
    reasons = [
        clean(item.justification) or clean(item.kind) or "suppressed" for item in suppressions
    ]
    return "; ".join(dict.fromkeys(reasons))


def _snippets(value: object) -> Iterator[str]:
    """All snippet texts in a decoded record."""
    if isinstance(value, dict):
        snippet = value.get("snippet")
        if isinstance(snippet, dict):
            yield from (text for text in snippet.values() if isinstance(text, str))
        for item in value.values():
            yield from _snippets(item)
    elif isinstance(value, list):
        for item in value:
            yield from _snippets(item)
