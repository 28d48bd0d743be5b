"""Where our number of findings differs from the corpus's own, and where content tells no format."""

# File -> (our number, why). docs/formats.md shows it.
DIFFERENT_COUNTS: dict[str, tuple[int, str]] = {
    "sarif/so-kics.sarif": (
        2,
        'Counted 3: one of the results has the kind "pass": no problem (SARIF 2.1.0, 3.27.9).',
    ),
    "asff/dd-config_many_findings.json": (0, "Counted 3: their Compliance.Status is PASSED."),
    "asff/dd-config_one_finding.json": (0, "Counted 1: its Compliance.Status is PASSED."),
    "asff/dd-prowler-output.asff.json": (
        286,
        "Counted 731: the Compliance.Status of 441 is PASSED, of 4 INFOED.",
    ),
}
# File -> why it is refused.
REFUSED: dict[str, str] = {
    "csaf/govex-openvex.json": "An OpenVEX document, not CSAF: refused, and found to be OpenVEX.",
}
# File -> why its content belongs to no format, or to several.
AMBIGUOUS: dict[str, str] = {
    "csaf/govex-openvex.json": "OpenVEX",
    "trivy/dd-legacy_no_vuln.json": "`null`",
    "alertmanager-api/live-alertmanager-api-empty.json": "`[]`",
    "prowler-ocsf/dd-no_vuln.ocsf.json": "`[]`",
    "threagile-risks/dd-empty_file_no_risks.json": "`[]`",
    "threagile-risks/dd-bad_formatted_risks_file.json": "`{}`",
    "osv-scanner/dd-no_findings.json": "0 bytes",
    "nuclei/dd-empty.jsonl": "0 bytes",
    "ocsf-detection/so-other_finding.json": "written by Prowler: prowler-ocsf has it too",
}
