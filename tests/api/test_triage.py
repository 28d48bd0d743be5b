"""Triage over the API."""

import pytest

from apps.scans.models import Finding, Triage
from tests.api.conftest import as_pipeline, as_user, problem_fields
from tests.conftest import People
from tests.factories import make_finding

pytestmark = pytest.mark.django_db
SAID = {"verdict": "not_affected", "reason": "Not built in."}


def test_one_finding(people: People) -> None:
    finding, api = make_finding(people.system), as_user(people.security)
    path = f"/findings/{finding.pk}/triage"
    made = api.post(path, SAID | {"justification": "component_not_present"})
    assert made.status_code == 201
    assert made.json()["state"] == "done"
    assert api.get(made["Location"]).json() == made.json()
    assert api.get(f"/findings/{finding.pk}").json()["state"] == "not_affected"
    (told,) = as_user(people.viewer).get(path).json()["results"]
    assert (told["before"], told["after"], told["undone"]) == ("open", "not_affected", False)
    assert told["by"].startswith("Sec Urity")
    undone = api.post(f"{made['Location']}/undo")
    assert (undone.status_code, undone.json()["state"]) == (202, "undone")
    assert api.post(f"{made['Location']}/undo").status_code == 409
    assert api.get(f"/findings/{finding.pk}").json()["state"] == "open"


def test_many_by_filter_tried_first(people: People) -> None:
    for severity in (1, 3, 4):
        make_finding(people.system, severity=severity)
    api = as_user(people.security)
    body = SAID | {"filter": {"system": "payments", "severity": "high"}}
    tried = api.post("/triage", body | {"dry_run": True})
    assert tried.json() == {"total": 2}
    assert Triage.objects.count() == 0
    made = api.post("/triage", body)
    assert (made.status_code, made.json()["changed"]) == (202, 2)
    assert Finding.objects.filter(state="open").count() == 1
    assert len(api.get("/triage").json()["results"]) == 1
    assert as_user(people.outsider).get("/triage").json()["results"] == []
    assert as_user(people.chief).get(made["Location"]).status_code == 200
    assert as_user(people.outsider).get(made["Location"]).status_code == 404


def test_refusals_name_the_field(people: People) -> None:
    finding, api = make_finding(people.system), as_user(people.security)
    bodies = [
        ({"verdict": "fixed"}, "verdict"),
        ({"verdict": "accepted", "findings": [finding.pk]}, "reason"),
        (SAID, "findings"),
        (SAID | {"findings": [finding.pk], "filter": {}}, "findings"),
        (SAID | {"findings": []}, "findings"),
        (SAID | {"findings": [1] * 1001}, "findings"),
        (SAID | {"filter": {"unknown": 1}}, "filter.unknown"),
    ]
    for body, named in bodies:
        assert problem_fields(api.post("/triage", body)) == {named}, body
    assert Finding.objects.get().state == "open"


def test_who_may_not(people: People) -> None:
    finding = make_finding(people.system)
    body = SAID | {"findings": [finding.pk]}
    for person in (people.viewer, people.architect):
        assert as_user(person).post("/triage", body).status_code == 403
        assert as_user(person).post(f"/findings/{finding.pk}/triage", SAID).status_code == 403
    assert as_user(people.outsider).post(f"/findings/{finding.pk}/triage", SAID).status_code == 404
    assert as_pipeline(people.system).post("/triage", body).status_code == 403
    assert Finding.objects.get().state == "open"
