"""SSLyze: what a TLS server accepts."""

from collections.abc import Callable, Iterator

import msgspec
from msgspec import Raw

from apps.scans.formats import ids
from apps.scans.formats.decode import listing
from apps.scans.formats.node import Node, header, nodes
from apps.scans.formats.text import first_line, moment, named, positive, tags
from apps.scans.formats.types import (
    Format,
    Head,
    Kind,
    Location,
    ParsedFinding,
    ParsedReport,
    ScanStatus,
    Severity,
)

_PROTOCOLS = {
    "ssl_2_0_cipher_suites": ("SSL 2.0", Severity.CRITICAL),
    "ssl_3_0_cipher_suites": ("SSL 3.0", Severity.HIGH),
    "tls_1_0_cipher_suites": ("TLS 1.0", Severity.MEDIUM),
    "tls_1_1_cipher_suites": ("TLS 1.1", Severity.MEDIUM),
}
_Test = Callable[[Node], bool]
_CHECKS: dict[str, tuple[str, Severity, tuple[int, ...], _Test]] = {
    "heartbleed": (
        "Vulnerable to Heartbleed (CVE-2014-0160)", Severity.CRITICAL, (125,),
        lambda found: found.flag("is_vulnerable_to_heartbleed"),
    ),
    "openssl_ccs_injection": (
        "Vulnerable to CCS injection (CVE-2014-0224)", Severity.HIGH, (326,),
        lambda found: found.flag("is_vulnerable_to_ccs_injection"),
    ),
    "robot": (
        "Vulnerable to ROBOT", Severity.HIGH, (203,),
        lambda found: found.text("robot_result").startswith("VULNERABLE"),
    ),
    "tls_compression": (
        "TLS compression is on (CRIME, CVE-2012-4929)", Severity.MEDIUM, (310,),
        lambda found: found.flag("supports_compression"),
    ),
    "tls_fallback_scsv": (
        "No protection against downgrades (TLS_FALLBACK_SCSV)", Severity.LOW, (757,),
        lambda found: found.at("supports_fallback_scsv").value is False,
    ),
    "session_renegotiation": (
        "Renegotiation is insecure or can exhaust the server", Severity.MEDIUM, (310,),
        lambda found: found.at("supports_secure_renegotiation").value is False
        or found.flag("is_vulnerable_to_client_renegotiation_dos"),
    ),
}  # fmt: skip


class Sslyze(Format):
    """`sslyze --json_out`, of version 3 and newer."""

    slug = "sslyze"
    name = "SSLyze JSON"
    stages = ("operate", "test")
    tool_name = "SSLyze"
    mapping = {
        "kind": "host",
        "rule_id": "name of the scan command, or certificate-untrusted",
        "title": "what is wrong",
        "severity": (
            "ours: SSL 2.0 and Heartbleed critical; SSL 3.0, CCS and ROBOT high; TLS 1.0 and 1.1, "
            "compression, renegotiation and untrusted certificates medium; else low"
        ),
        "location.host": "server_location.hostname, port",
        "description": "accepted cipher suites; the validation error",
        "vulnerabilities": "the CVE that the check is named after",
        "outcomes": "servers, checks without a weakness",
        "tool_version": "sslyze_version",
        "scanned_at": "date_scans_completed",
        "status": "failed if a server could not be reached or scanned",
    }
    notes = (
        "SSLyze states facts and does not rate them. One finding per weakness of a server: an old "
        "protocol, "
        "a known attack, a certificate that no trust store accepts."
    )

    def detect(self, head: Head) -> bool:
        own = {"server_scan_results", "sslyze_version"} <= head.keys
        return own or any(
            head.has(f"server_scan_results.{name}")
            for name in ("server_location", "server_info", "scan_commands_results")
        )

    def parse(self, data: memoryview) -> ParsedReport:
        raws, members = listing(data, "server_scan_results", null=True)
        top = header(
            members, "sslyze_version", "date_scans_completed", "server_connectivity_errors"
        )
        report = ParsedReport(
            iter(()),
            self.tool_name,
            tool_version=top.text("sslyze_version")[:120],
            scanned_at=moment(top.text("date_scans_completed")),
            outcomes={},
        )
        for error in top.objects("server_connectivity_errors"):
            _fail(report, _place(error.at("server_info")).host, error.text("error_message"))
        report.findings = _findings(raws, report)
        return report


def _findings(raws: list[Raw], report: ParsedReport) -> Iterator[ParsedFinding]:
    outcomes = {"servers": 0, "passed": 0}
    for server, _ in nodes(raws, report.warnings, "/server_scan_results"):
        outcomes["servers"] += 1
        location = _place(server if "server_location" in server else server.at("server_info"))
        if old := server.members("scan_commands_results"):  # of the versions 3 and 4
            results = old
        else:
            results = {
                command: result.at("result")
                for command, result in server.members("scan_result").items()
                if result.text("status") == "COMPLETED"
            }
        if not results or (not old and server.text("scan_status") != "COMPLETED"):
            _fail(report, location.host, "")
        for command, result in results.items():
            found = _weakness(command, result, location)
            outcomes["passed"] += found is None
            if found is not None:
                yield found
    report.outcomes = {name: count for name, count in outcomes.items() if count}


def _place(server: Node) -> Location:
    place = server.at("server_location")
    return Location(
        host=place.first("hostname", "ip_address"),
        port=positive(place.at("port").value),
        protocol="tls",
    )


def _fail(report: ParsedReport, host: str, why: str) -> None:
    report.status = ScanStatus.FAILED
    report.status_reason = first_line(f"{host} could not be scanned. {why}")


def _weakness(command: str, result: Node, location: Location) -> ParsedFinding | None:
    if command in _PROTOCOLS and result.objects("accepted_cipher_suites"):
        protocol, rated = _PROTOCOLS[command]
        suites = [
            one.text("cipher_suite", "name") for one in result.objects("accepted_cipher_suites")
        ]
        text = f"Accepted: {', '.join(suites)}"
        return _finding(command, f"{protocol} is accepted", rated, (326, 327), text, location)
    if command == "certificate_info":
        return _certificate(result, location)
    if command in _CHECKS:
        title, rated, cwes, is_weak = _CHECKS[command]
        if is_weak(result):
            return _finding(command, title, rated, cwes, "", location)
    return None


def _certificate(result: Node, location: Location) -> ParsedFinding | None:
    """A certificate that no trust store accepts, of any of the chains that the server sends."""
    for chain in result.objects("certificate_deployments"):
        paths = chain.objects("path_validation_results")
        if paths and not any(path.flag("was_validation_successful") or path.at("verified_certificate_chain")
                             for path in paths):  # fmt: skip
            reasons = dict.fromkeys(
                first_line(path.first("validation_error", "openssl_error_string")) for path in paths
            )
            return _finding(
                "certificate-untrusted", "The certificate is not trusted", Severity.MEDIUM, (295,),
                "\n".join(filter(None, reasons)), location,
            )  # fmt: skip
    return None


def _finding(  # noqa: PLR0917  # the six facts that make one, in one place
    rule: str, title: str, rated: Severity, cwes: tuple[int, ...], text: str, location: Location
) -> ParsedFinding:
    return ParsedFinding(
        kind=Kind.HOST,
        rule_id=rule,
        title=named(title),
        severity=rated,
        location=location,
        description=text,
        cwes=cwes,
        vulnerabilities=ids.vulnerabilities_in(title),
        tags=tags("tls"),
        raw=msgspec.json.encode({"command": rule, "result": title, "details": text}),
    )
