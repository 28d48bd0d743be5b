"""VEX documents: what they say of findings that are there and that come, and taking it back."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.common.errors import Conflict, Missing, NotPermitted, ReportRejected
from apps.scans.models import Finding, Series, Triage, VexDocument
from apps.scans.services.ingest import report_ingest
from apps.scans.services.triage import finding_triage, triage_undo
from apps.scans.services.vex import (
    VexOutcome,
    vex_apply_to_report,
    vex_restore,
    vex_take_in,
    vex_withdraw,
)
from tests.api.conftest import as_pipeline, as_user
from tests.conftest import People
from tests.factories import actor_of, make_finding, make_report
from tests.pages import signed_in

pytestmark = pytest.mark.django_db
LOG4J = "pkg:maven/org.apache.logging.log4j/log4j-core"


def document(*statements: tuple[str, str, str], author: str = "Apache") -> bytes:
    """(vulnerability, package URL, impact statement): not affected."""
    return json.dumps(
        {
            "@context": "https://openvex.dev/ns/v0.2.0",
            "author": author,
            "statements": [
                {
                    "vulnerability": {"name": name},
                    "products": [{"@id": purl}],
                    "status": "not_affected",
                    "justification": "vulnerable_code_not_in_execute_path",
                    "impact_statement": why,
                }
                for name, purl, why in statements
            ],
        }
    ).encode()


def take_in(people: People, data: bytes, **more: Any) -> VexOutcome:
    return vex_take_in(actor=actor_of(people.security), system=people.system, chunks=[data], **more)


def state(finding: Finding) -> str:
    return Finding.objects.get(pk=finding.pk).state


def vulnerable(people: People, purl: str, *names: str, **more: Any) -> Finding:
    fields = {"kind": "package", "purl": purl, "vulnerabilities": list(names)} | more
    return make_finding(fields.pop("system", people.system), **fields)


ONE = document(("CVE-2021-44228", f"{LOG4J}@2.14.1", "JNDI is off."))


def test_it_sets_the_state_with_its_justification(people: People) -> None:
    finding = vulnerable(
        people, f"{LOG4J}@2.14.1?type=jar", "CVE-2021-44228", "GHSA-jfh8-c2jp-5v3q"
    )
    outcome = take_in(people, ONE, name="log4j.vex.json")
    assert outcome.counts == {"not_affected": 1}
    assert state(finding) == "not_affected"
    change = finding.verdicts.get()
    assert change.triage.reason == "JNDI is off."
    assert change.triage.justification == "vulnerable_code_not_in_execute_path"
    assert "log4j.vex.json" in change.triage.actor_label
    assert Series.objects.get(pk=finding.series_id).open_counts == [0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("purl", "names", "is_meant"),
    [
        (f"{LOG4J}@2.14.1", ["CVE-2021-44228"], True),
        (f"{LOG4J}@2.14.1?type=jar#x", ["CVE-2021-44228"], True),
        (f"{LOG4J}@2.14.10", ["CVE-2021-44228"], False),
        (f"{LOG4J}@2.14.1", ["CVE-2021-45046"], False),
        (f"{LOG4J}@2.14.1", [], False),
        (LOG4J, ["CVE-2021-44228"], False),
        ("", ["CVE-2021-44228"], False),
    ],
)
def test_which_findings_are_meant(
    people: People, purl: str, names: list[str], is_meant: bool
) -> None:
    finding = vulnerable(people, purl, *names)
    take_in(people, ONE)
    assert (state(finding) == "not_affected") == is_meant


def test_without_a_version_all_versions_are_meant(people: People) -> None:
    found = [vulnerable(people, f"{LOG4J}@{each}", "CVE-2021-44228") for each in ("2.14.1", "2.0")]
    other = vulnerable(people, f"{LOG4J}-extra@2.0", "CVE-2021-44228")
    take_in(people, document(("CVE-2021-44228", LOG4J, "Why.")))
    assert [state(each) for each in (*found, other)] == ["not_affected", "not_affected", "open"]


def test_what_people_said_and_other_systems_are_left_alone(people: People) -> None:
    accepted = vulnerable(people, f"{LOG4J}@2.14.1", "CVE-2021-44228", state="accepted")
    fixed = vulnerable(people, f"{LOG4J}@2.14.1", "CVE-2021-44228", state="fixed")
    foreign = vulnerable(people, f"{LOG4J}@2.14.1", "CVE-2021-44228", system=people.other_system)
    assert take_in(people, ONE).total == 0
    assert [state(each) for each in (accepted, fixed, foreign)] == ["accepted", "fixed", "open"]


def test_trying_changes_nothing(people: People) -> None:
    finding = vulnerable(people, f"{LOG4J}@2.14.1", "CVE-2021-44228")
    tried = take_in(people, ONE, dry_run=True)
    assert (tried.document, tried.counts, tried.sample) == (
        None,
        {"not_affected": 1},
        [finding.pk],
    )
    assert state(finding) == "open"
    assert VexDocument.objects.count() == Triage.objects.count() == 0
    assert take_in(people, ONE).document is not None


def test_the_same_document_twice(people: People) -> None:
    take_in(people, ONE)
    with pytest.raises(Conflict):
        take_in(people, ONE)


def test_withdrawn_all_is_as_it_was_and_it_may_come_again(people: People) -> None:
    first, second = (vulnerable(people, f"{LOG4J}@2.14.1", "CVE-2021-44228") for _ in range(2))
    kept = take_in(people, ONE).document
    assert kept is not None
    actor = actor_of(people.security)
    finding_triage(actor=actor, finding=second, verdict="false_positive", reason="Looked at it.")
    vex_withdraw(actor=actor, document=kept)
    assert [state(first), state(second)] == ["open", "false_positive"]
    with pytest.raises(Conflict):
        vex_withdraw(actor=actor, document=kept)
    assert take_in(people, ONE).counts == {"not_affected": 1}


def test_what_was_withdrawn_holds_again(people: People) -> None:
    first, second, reopened = (
        vulnerable(people, f"{LOG4J}@2.14.1", "CVE-2021-44228") for _ in range(3)
    )
    kept = take_in(people, ONE).document
    assert kept is not None
    actor, client = actor_of(people.security), signed_in(people.security)
    finding_triage(actor=actor, finding=second, verdict="false_positive", reason="Looked at it.")
    for verdict in ("accepted", "open"):
        finding_triage(actor=actor, finding=reopened, verdict=verdict, reason="Looked at it.")
    path = f"/findings/vex/{kept.uid}/"
    with pytest.raises(Conflict):
        vex_restore(actor=actor, document=kept)
    for _ in range(2):
        undo = client.post(f"{path}withdraw/", follow=True).content.decode()
        assert undo.count(f'action="{path}restore/"') == 2  # where it was done, and on the page
        assert state(first) == "open"
        assert "It holds again." in client.post(f"{path}restore/", follow=True).content.decode()
        assert [state(each) for each in (first, second, reopened)] == [
            "not_affected",
            "false_positive",
            "open",
        ]
    assert as_user(people.viewer).post(f"/vex/{kept.uid}/restore").status_code == 403
    assert as_user(people.security).post(f"/vex/{kept.uid}/restore").status_code == 409
    vex_withdraw(actor=actor, document=kept)
    assert as_user(people.security).post(f"/vex/{kept.uid}/restore").json()["is_on"] is True
    vex_withdraw(actor=actor, document=kept)
    take_in(people, ONE)
    with pytest.raises(Conflict, match="taken in again"):
        vex_restore(actor=actor, document=kept)


def test_many_statements_with_one_reason_are_one_act(people: People) -> None:
    for number in range(5):
        vulnerable(people, f"pkg:npm/a@{number}", f"CVE-2024-{1000 + number}")
    statements = [
        (f"CVE-2024-{1000 + n}", f"pkg:npm/a@{n}", "Not used." if n < 4 else "Patched.")
        for n in range(5)
    ]
    take_in(people, document(*statements))
    assert sorted(Triage.objects.values_list("reason", "changed")) == [
        ("Not used.", 4),
        ("Patched.", 1),
    ]


# --- findings that arrive ------------------------------------------------------------------------


def osv(*packages: tuple[str, str, str]) -> bytes:
    """An OSV-Scanner report: (name, version, vulnerability)."""
    return json.dumps(
        {
            "results": [
                {
                    "source": {"path": "/app/package-lock.json", "type": "lockfile"},
                    "packages": [
                        {
                            "package": {"name": name, "version": version, "ecosystem": "npm"},
                            "vulnerabilities": [{"id": vulnerability, "summary": "Bad."}],
                        }
                        for name, version, vulnerability in packages
                    ],
                }
            ]
        }
    ).encode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("no_worker")
def test_it_speaks_of_what_arrives_once_and_survives_the_next_reports(people: People) -> None:
    def post(*packages: tuple[str, str, str]) -> int:
        report = make_report(people.system, content=osv(*packages), format="osv-scanner")
        report_ingest(report.pk)
        report.refresh_from_db()
        assert report.state == "processed", report.error_message
        vex_apply_to_report(report_id=report.pk)
        return vex_apply_to_report(report_id=report.pk)  # delivered twice

    take_in(people, document(("CVE-2024-1000", "pkg:npm/left-pad", "Not used.")))
    left, right = ("left-pad", "1.0.0", "CVE-2024-1000"), ("right-pad", "1.0.0", "CVE-2024-1001")
    assert post(left, right) == 0
    told = dict(Finding.objects.values_list("rule_id", "state"))
    assert told == {"CVE-2024-1000": "not_affected", "CVE-2024-1001": "open"}
    (series,) = Series.objects.all()
    assert sum(series.open_counts) == 1
    triage = Triage.objects.get()
    assert (triage.changed, triage.reason, triage.user) == (1, "Not used.", None)
    post(right)
    post(left, right)
    assert Finding.objects.get(rule_id="CVE-2024-1000").state == "not_affected"
    # A person who takes it back has the last word.
    triage_undo(actor=actor_of(people.security), triage=triage)
    post(left)
    post(left, right)
    assert Finding.objects.get(rule_id="CVE-2024-1000").state == "open"
    assert Triage.objects.count() == 1


def test_a_withdrawn_document_says_nothing_of_what_arrives(people: People) -> None:
    kept = take_in(people, ONE).document
    assert kept is not None
    vex_withdraw(actor=actor_of(people.security), document=kept)
    report = make_report(people.system)
    finding = vulnerable(people, f"{LOG4J}@2.14.1", "CVE-2021-44228", since=report)
    report.series = finding.series
    report.save()
    assert vex_apply_to_report(report_id=report.pk) == 0
    assert state(finding) == "open"


# --- who, and the doors --------------------------------------------------------------------------


def test_who_may_not(people: People) -> None:
    for person, refusal in (
        (people.viewer, NotPermitted),
        (people.architect, NotPermitted),
        (people.outsider, Missing),
    ):
        with pytest.raises(refusal):
            vex_take_in(actor=actor_of(person), system=people.system, chunks=[ONE])
    kept = take_in(people, ONE).document
    assert kept is not None
    with pytest.raises(Missing):
        vex_withdraw(actor=actor_of(people.outsider), document=kept)
    assert as_user(people.outsider).get(f"/vex/{kept.uid}").status_code == 404
    assert as_user(people.outsider).get("/vex").json()["results"] == []
    assert as_pipeline(people.system).get("/vex").status_code == 403


def test_what_is_no_vex_is_refused(people: People, settings: Any) -> None:
    settings.SECOPS_MAX_VEX_BYTES = 10_000
    for data in (b"", b"{", b"x" * 10_001):
        with pytest.raises(ReportRejected):
            take_in(people, data)
    assert VexDocument.objects.count() == 0


def test_over_the_api(people: People) -> None:
    vulnerable(people, f"{LOG4J}@2.14.1", "CVE-2021-44228")
    api = as_user(people.security)
    tried = api.raw("/vex?system=payments&dry_run=true", ONE, "application/json")
    assert (tried.status_code, tried.json()["findings"]) == (200, {"not_affected": 1})
    assert tried.json()["document"] is None
    made = api.raw(
        "/vex?system=payments&filename=a.json", ONE, "application/json", Idempotency_Key="k"
    )
    assert made.status_code == 201
    assert made.json()["document"]["findings"] == 1
    again = api.raw(
        "/vex?system=payments&filename=a.json", ONE, "application/json", Idempotency_Key="k"
    )
    assert again["Idempotency-Replayed"] == "true"
    assert api.raw("/vex?system=payments", ONE, "application/json").status_code == 409
    assert api.raw("/vex?system=payments", b"{}", "application/json").status_code == 400
    assert api.raw("/vex?system=payroll", ONE, "application/json").status_code == 404
    assert api.raw("/vex", ONE, "application/json").status_code == 400
    done = api.post(f"{made['Location']}/withdraw")
    assert (done.status_code, done.json()["is_on"], done.json()["findings"]) == (202, False, 0)


def test_on_the_pages(people: People) -> None:
    finding = vulnerable(people, f"{LOG4J}@2.14.1", "CVE-2021-44228")
    client = Client()
    client.force_login(people.security)

    def send(data: bytes, **more: str) -> Any:
        file = SimpleUploadedFile("log4j.vex.json", data)
        return client.post("/findings/vex/", {"system": "payments", "file": file} | more)

    tried = send(ONE, **{"try": "1"})
    assert tried.status_code == 200
    assert finding.title in tried.content.decode()
    assert state(finding) == "open"
    assert send(b"nothing").status_code == 422
    made = send(ONE)
    assert made.status_code == 302
    page = client.get(made["Location"]).content.decode()
    assert "JNDI is off." in page
    assert "log4j.vex.json" in client.get("/findings/vex/").content.decode()
    assert client.post(made["Location"] + "withdraw/").status_code == 302
    assert state(finding) == "open"
    client.force_login(people.viewer)
    assert send(ONE).status_code == 403
    assert client.get(made["Location"]).status_code == 200


def test_our_own_export_comes_in_again(people: People) -> None:
    """What one system says can be handed to another one, by way of both formats."""
    purl = "pkg:npm/left-pad@1.0.0"
    here = vulnerable(people, purl, "CVE-2024-1000")
    actor = actor_of(people.security)
    finding_triage(
        actor=actor,
        finding=here,
        verdict="not_affected",
        reason="Not used.",
        justification="vulnerable_code_not_in_execute_path",
    )
    for kind in ("openvex", "cyclonedx"):
        answer: Any = as_user(people.security).get("/findings/export", format=kind, state="any")
        data = b"".join(answer.streaming_content)
        there = vulnerable(people, purl, "CVE-2024-1000", system=people.other_system)
        vex_take_in(actor=actor_of(people.outsider), system=people.other_system, chunks=[data])
        assert state(there) == "not_affected"
        triage = there.verdicts.get().triage
        assert triage.reason == "Not used."
        assert triage.justification == "vulnerable_code_not_in_execute_path"
