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
    "sonarqube-issues/dd-issues.json": (
        3,
        "Not counted: the expression expects an object, the file is an array of issues.",
    ),
    "schemathesis-ndjson/live-schemathesis-ndjson.ndjson": (
        3,
        "Counted 43, the events of the run: 3 operations and kinds of failure are in them.",
    ),
    "spdx-2.3-json/dd-spdx_one_vuln.json": (1, "Counted 3 packages: see outcomes; 1 advisory."),
    "spdx-2.3-json/dd-spdx_no_vuln.json": (0, "Counted 3 packages: see outcomes; no advisory."),
    "spdx-2.3-json/so-multiple_observations.json": (
        16,
        "Counted 124 packages: see outcomes; 16 references to advisories.",
    ),
    "spdx-2.3-json/hd-SPDXJSONExample-v2.2.spdx.json": (0, "Counted 4 packages: see outcomes."),
    "spdx-3.0-json/spdxex-example6-bin.json": (0, "Counted 1 package: see outcomes."),
    "spdx-3.0-json/spdxex-appbomination.spdx3.json": (0, "Counted 7 packages: see outcomes."),
    "spdx-3.0-json/spdxex-examplemaven-0.0.1.spdx3.json": (0, "Counted 6 packages: see outcomes."),
    "slsa-provenance/slsa-binary-linux-amd64-push-v14.intoto.jsonl": (
        0,
        "Counted 1 subject: see outcomes.",
    ),
    "slsa-provenance/slsa-binary-linux-amd64-workflow_dispatch.intoto.jsonl": (
        0,
        "Counted 1 subject: see outcomes.",
    ),
    "slsa-provenance/slsa-binary-linux-amd64-push-v13.0.30.intoto.jsonl": (
        0,
        "Counted 1 subject: see outcomes.",
    ),
    "slsa-provenance/__slsa-binary-linux-amd64-push-v14.intoto.jsonl": (
        0,
        "Counted 1 subject: see outcomes.",
    ),
}
# Formats that count something else than findings: our outcome must be the number.
INVENTORIES = {
    "spdx-2.3-json": "packages",
    "spdx-3.0-json": "packages",
    "slsa-provenance": "subjects",
}
# File -> why it is refused.
REFUSED: dict[str, str] = {
    "csaf/govex-openvex.json": "An OpenVEX document, not CSAF: refused, and found to be OpenVEX.",
}
# File -> why its content belongs to no format, or to several.
AMBIGUOUS: dict[str, str] = {
    "csaf/govex-openvex.json": "OpenVEX",
    "spdx-2.3-json/dd-spdx_3_unsupported.json": "SPDX 3.0",
    "trivy/dd-legacy_no_vuln.json": "`null`",
    "alertmanager-api/live-alertmanager-api-empty.json": "`[]`",
    "prowler-ocsf/dd-no_vuln.ocsf.json": "`[]`",
    "threagile-risks/dd-empty_file_no_risks.json": "`[]`",
    "threagile-risks/dd-bad_formatted_risks_file.json": "`{}`",
    "osv-scanner/dd-no_findings.json": "0 bytes",
    "nuclei/dd-empty.jsonl": "0 bytes",
    "ocsf-detection/so-other_finding.json": "written by Prowler: prowler-ocsf has it too",
}
