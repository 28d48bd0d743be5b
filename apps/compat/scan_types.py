"""DefectDojo's names of scan types, and the format that each is read as. Pure data.

An empty format is found out from the content, which is how most are best read: one name of
DefectDojo's often stands for several shapes of a tool's reports.
Source: the names of DefectDojo's parsers, as its documentation "Supported reports" lists them.
"""

import zlib

SCAN_TYPES: dict[str, str] = {
    "AWS Prowler V3": "",
    "AWS Prowler V3+": "",
    "AWS Scout2 Scan": "",
    "AWS Security Finding Format (ASFF) Scan": "asff",
    "Anchore Grype": "",
    "Anchore Grype detailed": "",
    "Bandit Scan": "bandit",
    "Burp Scan": "burp",
    "Checkov Scan": "",
    "CycloneDX Scan": "",
    "Dependency Check Scan": "",
    "Dependency Track Finding Packaging Format (FPF) Export": "",
    "Detect-secrets Scan": "",
    "Generic Findings Import": "",
    "GitLab API Fuzzing Report Scan": "",
    "GitLab Container Scan": "",
    "GitLab DAST Report": "",
    "GitLab Dependency Scanning Report": "",
    "GitLab SAST Report": "",
    "GitLab Secret Detection Report": "",
    "Gitleaks Scan": "",
    "Govulncheck Scanner": "",
    "Hadolint Dockerfile check": "",
    "JUnit": "",
    "KICS Scan": "",
    "Kubescape JSON Importer": "",
    "Kubehunter Scan": "",
    "NPM Audit Scan": "",
    "NPM Audit v7+ Scan": "",
    "Nessus Scan": "",
    "Nmap Scan": "",
    "Nuclei Scan": "",
    "OSV Scan": "",
    "OpenVAS CSV": "",
    "OpenVAS Parser": "",
    "OpenVAS Parser v2": "",
    "OpenVEX": "",
    "SARIF": "sarif",
    "SSLyze Scan (JSON)": "",
    "Scout Suite Scan": "",
    "Semgrep JSON Report": "",
    "Snyk Code Scan": "",
    "Snyk Scan": "",
    "SonarQube Scan": "",
    "SonarQube Scan detailed": "",
    "Suricata": "",
    "TFSec Scan": "",
    "Tenable Scan": "",
    "Testssl Scan": "",
    "Threagile risks report": "",
    "Threat Composer Scan": "",
    "Trivy Operator Scan": "",
    "Trivy Scan": "",
    "Trufflehog Scan": "",
    "Wapiti Scan": "",
    "Wazuh": "",
    "ZAP Scan": "",
    "docker-bench-security Scan": "",
    "kube-bench Scan": "",
    "pip-audit Scan": "",
}
IDS = {name: number for number, name in enumerate(SCAN_TYPES, start=1)}
NAMES = {number: name for name, number in IDS.items()}
UNLISTED_FROM = 1_000_000


def format_of(scan_type: str) -> str:
    """The format's slug; empty where the content says it, also for a name that is not listed."""
    return SCAN_TYPES.get(scan_type, "")


def id_of(scan_type: str) -> int:
    """A number that stays the same for a name; a name that is not listed gets one, too.

    Clients look a type up by name before they post. What decides is the content, so none is refused.
    """
    return IDS.get(scan_type) or UNLISTED_FROM + zlib.crc32(scan_type.encode())
