"""The formats that come with the portal, as dotted paths, in the order in which docs list them."""

_CLASSES = """
sarif.Sarif
cyclonedx.CycloneDxJson
cyclonedx_xml.CycloneDxXml
trivy.Trivy
alertmanager.AlertmanagerWebhook
alertmanager.AlertmanagerApi
zap_json.ZapJson
zap_xml.ZapXml
junit_xml.JUnitXml
chaostoolkit.ChaosToolkit
gitleaks.Gitleaks
checkov.Checkov
prowler.ProwlerOcsf
grype.Grype
osv_scanner.OsvScanner
openvex.OpenVex
semgrep.Semgrep
gitlab.GitLab
nuclei.Nuclei
falco.Falco
threat_dragon.ThreatDragon
threagile.Threagile
csaf.Csaf
scorecard.Scorecard
kube_bench.KubeBench
kubescape.Kubescape
kics.Kics
inspec.Inspec
asff.Asff
ocsf.Ocsf
"""
BUILTIN = tuple(f"{__package__}.{name}" for name in _CLASSES.split())
