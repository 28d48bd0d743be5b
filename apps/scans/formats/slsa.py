"""SLSA provenance: how an artifact was built. Evidence, no findings."""

import base64
import binascii
from collections.abc import Iterator

from apps.scans.formats.decode import loose, values
from apps.scans.formats.node import Node, value_nodes
from apps.scans.formats.text import moment
from apps.scans.formats.types import Format, FormatError, Head, ParsedFinding, ParsedReport

PREDICATE = "https://slsa.dev/provenance/"
MAX_PAYLOAD = 8 * 1024 * 1024


class SlsaProvenance(Format):
    """DSSE envelopes with in-toto statements: lines, a bundle of Sigstore, or a bare statement."""

    slug = "slsa-provenance"
    name = "SLSA provenance"
    stages = ("build", "release")
    mapping = {
        "rule_id": "none: it is kept as evidence of the build",
        "title": "none",
        "severity": "none",
        "outcomes": "subjects, the number of artifacts that were built",
        "tool_name": "the last part of predicate.builder.id or runDetails.builder.id",
        "commit": "predicate.invocation.configSource.digest.sha1 and the like",
        "scanned_at": "predicate.metadata.buildFinishedOn, runDetails.metadata.finishedOn",
    }
    notes = (
        "There are no findings in it. Signatures are not checked here: only what is said is read."
    )

    def detect(self, head: Head) -> bool:
        envelope = {"payload", "payloadType", "signatures"} <= head.keys
        bundle = "dsseEnvelope" in head.keys
        statement = "predicateType" in head.keys and head.values.get(
            "predicateType", ""
        ).startswith(PREDICATE)
        return envelope or bundle or statement

    def parse(self, data: memoryview) -> ParsedReport:
        report = ParsedReport(iter(()), outcomes={})
        needed = ("payload", "dsseEnvelope", "predicateType")
        subjects = 0
        for record, _ in value_nodes(values(data), report.warnings, needed):
            statement = _statement(record)
            subjects += len(statement.objects("subject"))
            _read(statement, report)
        report.outcomes = {"subjects": subjects} if subjects else {}
        report.findings = _none()
        return report


def _none() -> Iterator[ParsedFinding]:
    yield from ()


def _statement(record: Node) -> Node:
    envelope = record.at("dsseEnvelope") or record
    payload = envelope.text("payload")
    if not payload:
        return record
    if len(payload) > MAX_PAYLOAD:
        raise FormatError("too-large", "The payload of an envelope is too large.", "/payload")
    try:
        text = base64.b64decode(payload, validate=True)
    except (binascii.Error, ValueError):
        raise FormatError("malformed", "The payload is not base64.", "/payload") from None
    return Node(loose(text, "/payload"))


def _read(statement: Node, report: ParsedReport) -> None:
    predicate = statement.at("predicate")
    details = predicate.at("runDetails")
    builder = predicate.text("builder", "id") or details.text("builder", "id")
    report.tool_name = report.tool_name or builder.partition("@")[0].rpartition("/")[2][:120]
    finished = predicate.text("metadata", "buildFinishedOn") or details.text(
        "metadata", "finishedOn"
    )
    report.scanned_at = report.scanned_at or moment(finished)
    digest = predicate.at("invocation", "configSource", "digest")
    material = predicate.at("buildDefinition", "resolvedDependencies", 0, "digest")
    commit = digest.first("sha1", "gitCommit") or material.first("gitCommit", "sha1")
    report.commit = report.commit or commit[:64]
