"""Sources and credentials over the API."""

from typing import Any

import pytest

from apps.sources.models import Credential, Source
from tests.api.conftest import Api, as_pipeline, as_user, problem_fields
from tests.conftest import People
from tests.factories import make_credential, make_source

SECRET = "api-secret-0123456789"
NEW: dict[str, Any] = {
    "system": "payments",
    "name": "Nightly",
    "connector": "https-url",
    "config": {"url": "https://ci.example.org/payments/trivy.json"},
    "stage": "build",
    "interval_minutes": 60,
}


@pytest.fixture
def api(people: People) -> Api:
    return as_user(people.security)


def test_the_life_of_a_source(api: Api) -> None:
    made = api.post("/sources", NEW)
    assert made.status_code == 201
    path = f"/sources/{made.json()['id']}"
    assert made.json()["health"] == "new"
    edited = api.edit(path, {"interval_minutes": None, "crontab": "0 4 * * *"})
    assert (edited.status_code, edited.json()["crontab"]) == (200, "0 4 * * *")
    assert edited.json()["name"] == "Nightly"
    assert edited.json()["next_run_at"] is not None
    assert api.post(f"{path}/runs", {}).status_code == 202
    assert api.post(f"{path}/runs", {}).status_code == 409
    assert api.get(f"{path}/runs").json()["results"][0]["state"] == "queued"
    assert api.post(f"{path}/pause", {}).json()["health"] == "paused"
    assert api.post(f"{path}/resume", {}).json()["is_paused"] is False
    assert [each["id"] for each in api.get("/sources", system="payments").json()["results"]]
    assert api.get("/sources", health="paused").json()["results"] == []
    assert api.delete(path).status_code == 204
    assert not Source.objects.exists()


def test_a_test_says_what_is_wrong(api: Api, people: People, settings: Any) -> None:
    source = make_source(people.system, url="https://127.0.0.1/x")
    found = api.post(f"/sources/{source.pk}/test", {}).json()
    assert found["is_good"] is False
    assert [step["is_good"] for step in found["steps"]] == [True, False]
    assert "no address of the public Internet" in found["steps"][1]["detail"]


def test_connectors_say_what_they_need(api: Api) -> None:
    found = {each["slug"]: each for each in api.get("/connectors").json()}
    url = found["https-url"]["fields"][0]
    assert (url["name"], url["kind"], url["required"]) == ("url", "url", True)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"system": "payroll"}, "system"),
        ({"system": "nowhere"}, "system"),
        ({"connector": "x"}, "connector"),
        ({"config": {"url": "http://x.org"}}, "config.url"),
        ({"config": {"url": ["x"]}}, "config.url"),
        ({"config": {"url": 10**30}}, "config.url"),
        ({"config": []}, "config"),
        ({"config": {"a" * 5000: "x", "url": "https://a.org"}}, "config." + "a" * 60),
        ({"credential": 10**17}, "credential"),
        ({"interval_minutes": 1}, "interval_minutes"),
        ({"crontab": "* * * * *"}, "crontab"),
        ({"stage": "nowhen"}, "stage"),
        ({"cursor": {}}, "cursor"),
    ],
)
def test_what_cannot_be_is_named(api: Api, change: dict[str, Any], field: str) -> None:
    answer = api.post("/sources", NEW | change)
    assert answer.status_code == 400
    assert problem_fields(answer) == {field}


def test_another_systems_credential_cannot_be_used(api: Api, people: People) -> None:
    foreign = make_credential(people.other_system)
    answer = api.post("/sources", NEW | {"credential": foreign.pk})
    assert problem_fields(answer) == {"credential"}
    source = make_source(people.system)
    answer = api.edit(f"/sources/{source.pk}", {"credential": foreign.pk})
    assert problem_fields(answer) == {"credential"}


def test_secrets_go_in_and_never_come_out(api: Api, people: People) -> None:
    body = {
        "system": "payments",
        "name": "Key",
        "kind": "bearer",
        "url": "https://api.example.org/v1",
        "secret": SECRET,
    }
    made = api.post("/credentials", body, Idempotency_Key="once")
    assert (made.status_code, made.json()["origin"]) == (201, "https://api.example.org")
    again = api.post("/credentials", body, Idempotency_Key="once")
    path = f"/credentials/{made.json()['id']}"
    changed = api.edit(path, {"secret": SECRET + "2"})
    answers = [made, again, changed, api.get(path), api.get("/credentials")]
    assert all(SECRET not in answer.content.decode() for answer in answers)
    assert Credential.objects.count() == 1
    assert problem_fields(api.post("/credentials", body | {"kind": "x", "name": "b"})) == {"kind"}
    assert api.delete(path).status_code == 204


def test_who_may(people: People) -> None:
    source, credential = make_source(people.system), make_credential(people.system)
    viewer, outsider = as_user(people.viewer), as_user(people.outsider)
    assert viewer.get(f"/sources/{source.pk}").status_code == 200
    assert viewer.get("/credentials").json()["results"] == []
    assert viewer.get(f"/credentials/{credential.pk}").status_code == 404
    assert viewer.post("/sources", NEW).status_code == 403
    assert outsider.get(f"/sources/{source.pk}").status_code == 404
    assert outsider.get("/sources").json()["results"] == []
    for action in ("runs", "test", "pause", "resume"):
        path = f"/sources/{source.pk}/{action}"
        assert viewer.post(path, {}).status_code == 403
        assert outsider.post(path, {}).status_code == 404
    assert as_pipeline(people.system).get("/sources").status_code == 403
