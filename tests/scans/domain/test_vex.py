"""VEX documents of strangers, read."""

import json
from pathlib import Path
from typing import Any

import pytest

from apps.scans.domain import vex
from apps.scans.formats.types import FormatError

CORPUS = Path(__file__).parents[4] / "shared" / "corpus"
GIT = "pkg:deb/debian/git@2.39.2"


def openvex(*statements: dict[str, Any], **more: Any) -> bytes:
    return json.dumps(
        {"@context": "https://openvex.dev/ns/v0.2.0", "author": "Wolfi", "statements": statements}
        | more
    ).encode()


def said(**fields: Any) -> dict[str, Any]:
    return {
        "vulnerability": {"name": "CVE-2023-12345"},
        "products": [{"@id": GIT}],
        "status": "not_affected",
        "justification": "inline_mitigations_already_exist",
    } | fields


def cyclonedx(analysis: dict[str, Any], **more: Any) -> bytes:
    return json.dumps(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.4",
            "components": [{"bom-ref": "c1", "name": "git", "purl": GIT + "?arch=amd64"}],
            "vulnerabilities": [
                {"id": "CVE-2023-12345", "analysis": analysis, "affects": [{"ref": "c1"}]} | more
            ],
        }
    ).encode()


def test_the_example_of_the_openvex_specification() -> None:
    """OpenVEX 0.2.0, "Example"; its product is an image with a subcomponent."""
    data = b"""{
      "@context": "https://openvex.dev/ns/v0.2.0",
      "@id": "https://openvex.dev/docs/example/vex-9fb3463de1b57",
      "author": "Wolfi J Inkinson", "role": "Document Creator",
      "timestamp": "2023-01-08T18:02:03.647787998-06:00", "version": 1,
      "statements": [{
        "vulnerability": {"name": "CVE-2023-12345"},
        "products": [{"@id": "pkg:apk/wolfi/git@2.39.0-r1?arch=armv7"},
                     {"@id": "pkg:apk/wolfi/git@2.39.0-r1?arch=x86_64"}],
        "status": "fixed"
      }]}"""
    told = vex.read(data, "payments")
    (statement,) = told.statements
    assert (told.format, told.author) == ("openvex", "Wolfi J Inkinson")
    assert statement.vulnerabilities == ("CVE-2023-12345",)
    assert statement.purls == ("pkg:apk/wolfi/git@2.39.0-r1",)
    assert (statement.verdict, statement.reason) == ("not_affected", "Fixed, says the document.")


@pytest.mark.parametrize(
    ("fields", "justification", "reason"),
    [
        ({}, "inline_mitigations_already_exist", "inline mitigations already exist"),
        ({"impact_statement": "Why."}, "inline_mitigations_already_exist", "Why."),
        ({"justification": "nonsense", "status_notes": "Note."}, "", "Note."),
        ({"justification": None}, "", "Not affected, says the document."),
        ({"impact_statement": "x" * 900, "justification": ""}, "", "x" * 500),
    ],
)
def test_justification_and_reason(fields: dict[str, Any], justification: str, reason: str) -> None:
    (statement,) = vex.read(openvex(said(**fields)), "payments").statements
    assert (statement.justification, statement.reason) == (justification, reason)


@pytest.mark.parametrize(
    ("fields", "purls"),
    [
        ({"products": [{"@id": "pkg:oci/web", "subcomponents": [{"@id": GIT}]}]}, (GIT,)),
        ({"products": [{"identifiers": {"purl": GIT}}]}, (GIT,)),
        ({"products": [GIT], "subcomponents": []}, (GIT,)),  # as version 0.0.1 writes it
        ({"products": [{"@id": "pkg:generic/payments"}]}, ()),
        (
            {"products": [{"@id": "pkg:generic/payments", "subcomponents": [{"@id": GIT}]}]},
            (GIT,),
        ),
    ],
)
def test_what_it_is_about(fields: dict[str, Any], purls: tuple[str, ...]) -> None:
    (statement,) = vex.read(openvex(said(**fields)), "payments").statements
    assert statement.purls == purls


@pytest.mark.parametrize(
    "fields",
    [
        {"products": [{"@id": "pkg:generic/payroll"}], "vulnerability": {"name": ""}},
        {"products": [{"@id": "https://example.org/product"}]},
        {"products": []},
        {"products": "x"},
        {"vulnerability": None},
        {"vulnerability": 7},
    ],
)
def test_what_is_about_nothing_known_says_nothing(fields: dict[str, Any]) -> None:
    told = vex.read(openvex(said(**fields)), "payments")
    assert (told.statements, told.unclear) == ([], 1)


def test_the_newest_statement_holds() -> None:
    """OpenVEX 0.2.0: a later statement supersedes an earlier one on the same product."""
    old = said(timestamp="2023-01-01T00:00:00Z", products=[{"@id": GIT}, {"@id": "pkg:npm/a@1"}])
    new = said(timestamp="2023-02-01T00:00:00Z", status="affected")
    for order in ([old, new], [new, old]):
        told = vex.read(openvex(*order), "payments")
        assert [each.purls for each in told.statements] == [("pkg:npm/a@1",)]
        assert told.undecided == 1


@pytest.mark.parametrize(
    ("analysis", "verdict", "justification", "reason"),
    [
        ({"state": "not_affected", "justification": "code_not_reachable", "detail": "Why."},
         "not_affected", "vulnerable_code_not_in_execute_path", "Why."),
        ({"state": "not_affected", "justification": "protected_at_perimeter"},
         "not_affected", "inline_mitigations_already_exist", "protected at perimeter"),
        ({"state": "false_positive"}, "false_positive", "", "False positive, says the document."),
        ({"state": "resolved"}, "not_affected", "vulnerable_code_not_present",
         "Fixed, says the document."),
        ({"state": "exploitable", "response": ["will_not_fix"], "detail": "Old."},
         "accepted", "", "Old."),
    ],
)  # fmt: skip
def test_cyclonedx(analysis: dict[str, Any], verdict: str, justification: str, reason: str) -> None:
    (statement,) = vex.read(cyclonedx(analysis), "payments").statements
    assert statement == vex.Statement(("CVE-2023-12345",), (GIT,), verdict, justification, reason)


@pytest.mark.parametrize(
    ("ref", "purls"),
    [
        ("c1", (GIT,)),
        ("urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#c1", (GIT,)),
        ("urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#pkg:npm/a@1", ("pkg:npm/a@1",)),
        ("pkg:npm/%40scope/a@1", ("pkg:npm/%40scope/a@1",)),
        ("pkg:generic/payments", ()),
    ],
)
def test_refs_of_cyclonedx(ref: str, purls: tuple[str, ...]) -> None:
    data = cyclonedx({"state": "not_affected"}, affects=[{"ref": ref}])
    (statement,) = vex.read(data, "payments").statements
    assert statement.purls == purls


def test_what_decides_nothing() -> None:
    for state in ("exploitable", "in_triage", "", None, 7):
        told = vex.read(cyclonedx({"state": state}), "payments")
        assert (told.statements, told.undecided) == ([], 1)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"null", "unknown-format"),
        (b"[]", "unknown-format"),
        (b"{}", "unknown-format"),
        (b'{"bomFormat": "SPDX"}', "unknown-format"),
        (b"\xff\xfe{", "encoding"),
        (b'{"a":' * 100_000, "too-deep"),
        (openvex(*[{}] * 20_001), "too-large"),
    ],
)
def test_what_is_no_vex(data: bytes, reason: str) -> None:
    with pytest.raises(FormatError) as refused:
        vex.read(data, "payments")
    assert refused.value.reason == reason


def test_hostile_texts_are_storable() -> None:
    data = openvex(said(impact_statement="a\0b\ud83d", vulnerability={"name": "X\0Y"}))
    (statement,) = vex.read(data, "payments").statements
    assert "\0" not in statement.reason + statement.vulnerabilities[0]
    statement.reason.encode()


def test_every_document_of_the_corpus_is_read() -> None:
    files = [*CORPUS.glob("openvex/*.json"), *CORPUS.glob("cyclonedx-json/*.json")]
    if not files:
        pytest.skip("the corpus is not here")
    for path in files:
        vex.read(path.read_bytes(), "payments")
