"""What tools' reports count as: by the format, by the tool's name, by the organisation's word."""

import pytest

from apps.coverage.kinds import KIND_OF_FORMAT, SENSIBLE, SHARED_FORMATS, EvidenceKind, kind_of
from apps.scans.formats.builtin import BUILTIN
from apps.scans.formats.registry import load


def test_every_built_in_format_is_placed_once() -> None:
    slugs = set(load(BUILTIN).formats)
    assert set(KIND_OF_FORMAT) | SHARED_FORMATS == slugs
    assert not set(KIND_OF_FORMAT) & SHARED_FORMATS


def test_every_kind_can_be_expected_somewhere() -> None:
    offered = {kind for kinds in SENSIBLE.values() for kind in kinds}
    assert offered == set(EvidenceKind) - {EvidenceKind.OTHER}


@pytest.mark.parametrize(
    ("fmt", "tool", "kind"),
    [
        # What each tool is, its own page says.
        ("sarif", "CodeQL", "static-analysis"),
        ("sarif", "Semgrep OSS", "static-analysis"),
        ("sarif", "Bandit", "static-analysis"),
        ("sarif", "gitleaks", "secrets"),
        ("sarif", "Trivy", "dependencies"),
        ("sarif", "Grype", "dependencies"),
        ("sarif", "OSV-Scanner", "dependencies"),
        ("sarif", "Snyk Open Source", "dependencies"),
        ("sarif", "SnykCode", "static-analysis"),
        ("sarif", "Snyk IaC", "infrastructure-code"),
        ("sarif", "checkov", "infrastructure-code"),
        ("sarif", "KICS", "infrastructure-code"),
        ("sarif", "Scorecard", "provenance"),
        ("sarif", "kubescape", "configuration"),
        ("sarif", "Our own linter", "other"),
        ("gitlab-security-report", "Gemnasium", "dependencies"),
        ("generic-json", "Nessus Professional", "hosts"),
        # A format that one kind of tool writes says more than a name.
        ("zap-json", "whatever", "dynamic"),
        ("junit-xml", "Trivy", "tests"),
        ("cyclonedx-json", "trivy", "sbom"),
        ("chaostoolkit", "chaos", "resilience"),
        ("", "", "other"),
    ],
)
def test_a_tool_counts_as(fmt: str, tool: str, kind: str) -> None:
    assert kind_of(fmt, tool) == kind


def test_the_organisation_has_the_last_word() -> None:
    said = {"trivyk8s": EvidenceKind.CONFIGURATION}
    assert kind_of("trivy", "Trivy (k8s)", said) == "configuration"
    assert kind_of("trivy", "Trivy", said) == "dependencies"
