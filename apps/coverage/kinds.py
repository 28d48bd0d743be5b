"""Kinds of evidence, and which one a tool's reports are.

Teams expect "a dependency check at Build", not a product's name; so an expectation names a kind, and
whichever tool gives that kind meets it.
"""

import functools
from collections.abc import Mapping
from types import MappingProxyType

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.catalog.stages import Stage


class EvidenceKind(models.TextChoices):
    THREAT_MODEL = "threat-model", _("Threat model")
    STATIC_ANALYSIS = "static-analysis", _("Static analysis")
    SECRETS = "secrets", _("Secret scan")
    DEPENDENCIES = "dependencies", _("Dependency check")
    SBOM = "sbom", _("Software bill of materials")
    INFRASTRUCTURE_CODE = "infrastructure-code", _("Infrastructure code check")
    TESTS = "tests", _("Automated tests")
    DYNAMIC = "dynamic", _("Dynamic test")
    PROVENANCE = "provenance", _("Provenance and supply chain check")
    VEX = "vex", _("Exploitability statement")
    CONFIGURATION = "configuration", _("Configuration check")
    HOSTS = "hosts", _("Host and network scan")
    RESILIENCE = "resilience", _("Recovery experiment")
    ALERTS = "alerts", _("Alerts")
    OTHER = "other", _("Other evidence")


_K, _S = EvidenceKind, Stage

# What can sensibly be expected where; a profile's form offers these.
SENSIBLE: Mapping[Stage, tuple[EvidenceKind, ...]] = MappingProxyType(
    {
        _S.PLAN: (_K.THREAT_MODEL,),
        _S.CODE: (_K.STATIC_ANALYSIS, _K.SECRETS, _K.DEPENDENCIES, _K.INFRASTRUCTURE_CODE),
        _S.BUILD: (_K.DEPENDENCIES, _K.SBOM, _K.SECRETS, _K.INFRASTRUCTURE_CODE, _K.PROVENANCE),
        _S.TEST: (_K.TESTS, _K.DYNAMIC, _K.HOSTS, _K.RESILIENCE),
        _S.RELEASE: (_K.PROVENANCE, _K.SBOM, _K.VEX, _K.DEPENDENCIES),
        _S.DEPLOY: (_K.CONFIGURATION, _K.INFRASTRUCTURE_CODE, _K.TESTS),
        _S.OPERATE: (_K.HOSTS, _K.CONFIGURATION, _K.RESILIENCE, _K.DEPENDENCIES),
        _S.MONITOR: (_K.ALERTS,),
    }
)

# The weaknesses (CWE) that a kind of evidence is about, for the guidance on it. A kind that sees all sorts of
# weaknesses, such as a static analysis, is about none of them: nothing is better than the wrong piece.
ABOUT: Mapping[EvidenceKind, frozenset[int]] = MappingProxyType(
    {
        _K.THREAT_MODEL: frozenset({1053, 1059}),
        _K.SECRETS: frozenset({259, 321, 540, 798}),
        _K.DEPENDENCIES: frozenset({937, 1035, 1104, 1395}),
        _K.SBOM: frozenset({1104, 1395}),
        _K.PROVENANCE: frozenset({345, 494}),
    }
)

# Formats that one kind of tool writes, by their slug.
_BY_FORMAT: dict[EvidenceKind, str] = {
    _K.THREAT_MODEL: "threat-dragon threagile-risks otm tm-bom threat-composer pytm-json",
    _K.STATIC_ANALYSIS: "semgrep sonarqube-issues bandit",
    _K.SECRETS: "gitleaks detect-secrets trufflehog",
    _K.DEPENDENCIES: (
        "grype osv-scanner dependency-check npm-audit pip-audit dependency-track-fpf snyk govulncheck trivy"
    ),
    _K.SBOM: "cyclonedx-json cyclonedx-xml spdx-2.3-json spdx-3.0-json",
    _K.INFRASTRUCTURE_CODE: "checkov kics tfsec hadolint",
    _K.TESTS: "junit-xml",
    _K.DYNAMIC: "zap-json zap-xml burp-xml nuclei wapiti schemathesis-ndjson",
    _K.PROVENANCE: "slsa-provenance scorecard",
    _K.VEX: "openvex csaf",
    _K.CONFIGURATION: (
        "prowler-ocsf kube-bench kubescape inspec-json asff xccdf scoutsuite lynis docker-bench"
        " testssl-json testssl-csv sslyze"
    ),
    _K.HOSTS: "nmap-xml nessus openvas-xml wazuh-vulns",
    _K.RESILIENCE: "chaostoolkit",
    _K.ALERTS: "alertmanager-webhook alertmanager-api falco suricata-eve wazuh-alerts zeek-notice",
}
KIND_OF_FORMAT = {slug: kind for kind, slugs in _BY_FORMAT.items() for slug in slugs.split()}

# Formats that many kinds of tools write; what they are is told by the tool's name.
SHARED_FORMATS = frozenset(
    {"sarif", "gitlab-security-report", "ocsf-detection", "generic-json", "generic-csv"}
)

# Beginnings of tools' names, lower case, without anything but letters and digits.
_BY_TOOL: dict[EvidenceKind, str] = {
    _K.STATIC_ANALYSIS: (
        "codeql semgrep bandit gosec eslint brakeman spotbugs findsecbugs psalm phpstan pmd sonar"
        " flawfinder cppcheck njsscan mobsf devskim fortify checkmarx coverity veracode sobelow"
        " securitycodescan roslyn ruff clippy shellcheck opengrep snykcode staticanalysis sast"
        " clang infer phpcs nodejsscan"
    ),
    _K.SECRETS: "gitleaks trufflehog detectsecrets gitguardian ggshield secret talisman kingfisher",
    _K.DEPENDENCIES: (
        "trivy grype osvscanner osv dependencycheck owaspdependencycheck pipaudit npmaudit snyk"
        " govulncheck cargoaudit cargodeny bundleraudit gemnasium dependabot retire clair anchore"
        " dependencyscanning containerscanning safety dockerscout mend whitesource blackduck jfrog"
        " nancy auditjs sca"
    ),
    _K.INFRASTRUCTURE_CODE: (
        "checkov kics tfsec terrascan hadolint kubelinter kubesec kubescore polaris conftest cfnlint"
        " cfnnag tflint regula snykiac templateanalyzer ansiblelint iac"
    ),
    _K.DYNAMIC: (
        "zap owaspzap nuclei burp wapiti nikto arachni schemathesis stackhawk dastardly acunetix"
        " invicti netsparker sqlmap dast apifuzzing restler"
    ),
    _K.PROVENANCE: "scorecard slsa cosign intoto guac legitify zizmor actionlint poutine",
    _K.CONFIGURATION: (
        "kubebench kubescape prowler scoutsuite inspec cinc openscap lynis dockerbench cloudsploit"
        " steampipe powerpipe defender securityhub testssl sslyze"
    ),
    _K.HOSTS: "nmap nessus tenable openvas greenbone gvm qualys rapid7 nexpose masscan",
    _K.TESTS: "junit pytest jest playwright cypress",
    _K.RESILIENCE: "chaos litmus gremlin",
    _K.ALERTS: "alertmanager prometheus falco suricata wazuh zeek guardduty sentinel",
    _K.THREAT_MODEL: "threagile threatdragon threatcomposer pytm",
}
_BY_BEGINNING = sorted(
    ((name, kind) for kind, names in _BY_TOOL.items() for name in names.split()),
    key=lambda pair: len(pair[0]),
    reverse=True,  # "snykcode" before "snyk"
)


def kind_of(
    format_slug: str, tool: str, said: Mapping[str, EvidenceKind] | None = None
) -> EvidenceKind:
    """Which kind of evidence a series gives.

    format_slug: of its newest report; tool: the series' name of it; said: what the organisation says
    of tools, by plain_name. The organisation has the last word, then a format that only one kind of
    tool writes, then the tool's name.
    """
    name = plain_name(tool)
    if said and name in said:
        return said[name]
    if format_slug in KIND_OF_FORMAT:
        return KIND_OF_FORMAT[format_slug]
    return _kind_by_name(name)


@functools.lru_cache(maxsize=1024)  # an organisation has few tools and many series of each
def _kind_by_name(name: str) -> EvidenceKind:
    for beginning, kind in _BY_BEGINNING:
        if name.startswith(beginning):
            return kind
    return EvidenceKind.OTHER


@functools.lru_cache(maxsize=1024)
def plain_name(tool: str) -> str:
    """A tool's name as it is compared: "Trivy 0.58 (image)" and "trivy" begin alike."""
    return "".join(each for each in tool.lower() if each.isalnum())
