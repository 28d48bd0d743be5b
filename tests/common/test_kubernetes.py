"""The manifests are what Kubernetes takes, and say what docker-compose.yml says."""

import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from django.conf import settings as live

TOP = Path(live.BASE_DIR)
FOLDER = TOP / "deploy/kubernetes"
BASE = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
Document = dict[str, Any]


def documents() -> list[Document]:
    files = [FOLDER / name for name in (*BASE["resources"], "secret.example.yaml")]
    return [each for file in files for each in yaml.safe_load_all(file.read_text())]


def named(document: Document) -> str:
    return f"{document['kind']}/{document['metadata']['name']}"


def workloads() -> dict[str, Document]:
    """{component: pod's spec} of everything that runs."""
    return {
        each["metadata"]["name"]: each["spec"]["template"]["spec"]
        for each in documents()
        if each["kind"] in {"Deployment", "Job"}
    }


def test_every_file_is_in_the_base() -> None:
    apart = {"kustomization.yaml", "secret.example.yaml"}
    assert {file.name for file in FOLDER.glob("*.yaml")} - apart == set(BASE["resources"])


@pytest.mark.parametrize("document", documents(), ids=named)
def test_it_fits_the_published_schema(document: Document) -> None:
    kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)


def test_the_same_programs_as_under_compose() -> None:
    services = yaml.safe_load((TOP / "docker-compose.yml").read_text())["services"]
    for name, pod in workloads().items():
        (container,) = pod["containers"]
        assert container["image"] == BASE["images"][0]["name"]
        command = [
            re.sub(r"\$\{\w+:-(\w+)\}", r"\1", word) for word in services[name].get("command", [])
        ]
        assert container.get("command", []) == command, name


@pytest.mark.parametrize("component", workloads())
def test_nothing_runs_with_rights(component: str) -> None:
    """Pod Security Standards, "restricted"."""
    pod = workloads()[component]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in (*pod.get("initContainers", []), *pod["containers"]):
        rights = container["securityContext"]
        assert rights["allowPrivilegeEscalation"] is False
        assert rights["readOnlyRootFilesystem"] is True
        assert rights["capabilities"] == {"drop": ["ALL"]}
        assert "memory" in container["resources"]["limits"]


def test_every_variable_is_one_that_the_portal_reads() -> None:
    documented = (TOP / "docs/operations.md").read_text()
    held = {each["metadata"]["name"] + each["kind"]: each for each in documents()}
    names = [
        *held["secops-portalConfigMap"]["data"],
        *held["secops-portalSecret"]["stringData"],
    ]
    assert all(f"`{name}`" in documented for name in names)


def reached_by(component: str) -> set[int]:
    """The ports that a component's pods may connect to, by all policies that select them."""
    labels = {"app.kubernetes.io/name": "secops-portal", "app.kubernetes.io/component": component}
    return {
        port["port"]
        for each in documents()
        if each["kind"] == "NetworkPolicy"
        and each["spec"]["podSelector"].get("matchLabels", {}).items() <= labels.items()
        for rule in each["spec"].get("egress", [])
        for port in rule["ports"]
    }


def test_only_who_must_speaks_to_the_outside() -> None:
    stores = {53, 5432, 6379}
    outside = {"web": {443}, "worker": {443, 465, 587}}
    for component in workloads():
        assert reached_by(component) == stores | outside.get(component, set()), component


def test_nothing_is_let_in_but_to_web_from_ingress_and_monitoring() -> None:
    policies = {
        each["metadata"]["name"]: each["spec"]
        for each in documents()
        if each["kind"] == "NetworkPolicy"
    }
    assert policies["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert [name for name, spec in policies.items() if spec.get("ingress")] == ["web"]
    (rule,) = policies["web"]["ingress"]
    (source,) = rule["from"]
    (names,) = source["namespaceSelector"]["matchExpressions"]
    assert set(names["values"]) == {"ingress-nginx", "monitoring"}
    assert rule["ports"] == [{"port": "http", "protocol": "TCP"}]
