import datetime as dt
from typing import Any

from django.test import Client

from apps.accounts.models import ApiToken
from apps.accounts.roles import Scope
from apps.common.models import IdempotencyRecord
from tests.api.conftest import Api, as_pipeline, as_user, problem_fields
from tests.conftest import People
from tests.factories import make_ci_token, make_item, make_system, make_team, make_token


def test_me_tells_who_asks_and_what_that_one_may_do(people: People) -> None:
    viewer = as_user(people.viewer).get("/me").json()
    assert (viewer["kind"], viewer["name"]) == ("token", "Vera Viewer")
    assert viewer["permissions"] == ["guidance.discuss", "guidance.view"]
    (grant,) = viewer["systems"]
    assert (grant["key"], "system.view" in grant["permissions"]) == ("payments", True)
    pipeline = as_pipeline(people.system).get("/me").json()
    assert (pipeline["name"], pipeline["email"], pipeline["permissions"]) == (None, None, [])
    assert [each["permissions"] for each in pipeline["systems"]] == [
        ["advice.view", "report.upload", "report.view"]
    ]
    admin = as_user(people.admin).get("/me").json()
    assert {"system.manage", "audit.view"} <= set(admin["permissions"])
    assert "people.manage" not in admin["permissions"]  # it asks with a token


def test_a_system_is_made_by_admins_and_seen_by_its_members(people: People) -> None:
    make_team("Money").__class__.objects.update(key="money")
    admin = as_user(people.admin)
    body = {
        "key": "ledger",
        "name": "Ledger",
        "criticality": 4,
        "owner": "money",
        "repositories": ["https://git.example.org/ledger"],
    }
    made = admin.post("/systems", body)
    assert (made.status_code, made["Location"]) == (201, "/api/v1/systems/ledger")
    assert made.json()["owner"] == {"key": "money", "name": "Money"}
    assert made.json()["criticality"] == 4
    assert problem_fields(admin.post("/systems", body)) == {"key"}
    assert (
        as_user(people.system_admin).post("/systems", {"key": "x", "name": "x"}).status_code == 403
    )
    assert as_user(people.viewer).get("/systems/ledger").status_code == 404
    keys = [each["key"] for each in as_user(people.viewer).get("/systems").json()["results"]]
    assert keys == ["payments"]


def test_a_system_is_changed_by_its_admins(people: People) -> None:
    api = as_user(people.system_admin)
    changed = api.edit("/systems/payments", {"description": "Pays invoices.", "owner": None})
    assert (changed.status_code, changed["ETag"]) == (200, '"2"')
    assert api.get("/systems/payments").json()["description"] == "Pays invoices."
    assert api.patch("/systems/payments", {"name": "x"}, if_match='"1"').status_code == 412
    assert problem_fields(api.edit("/systems/payments", {"key": "payroll"})) == {"key"}
    assert problem_fields(api.edit("/systems/payments", {"owner": "nobody"})) == {"owner"}
    assert problem_fields(api.edit("/systems/payments", {"criticality": 9})) == {"criticality"}
    assert as_user(people.security).edit("/systems/payments", {"name": "x"}).status_code == 403


def test_components_and_environments(people: People) -> None:
    api = as_user(people.system_admin)
    for path, body in (
        ("components", {"key": "intake", "name": "Intake", "kind": "service"}),
        ("environments", {"key": "prod", "name": "Production", "is_production": True}),
    ):
        made = api.post(f"/systems/payments/{path}", body)
        assert made.status_code == 201
        (listed,) = as_user(people.viewer).get(f"/systems/payments/{path}").json()["results"]
        assert listed == made.json()
        assert body.items() <= listed.items()
        again = api.post(f"/systems/payments/{path}", body)
        assert again.status_code in {400, 409}
        assert as_user(people.architect).post(f"/systems/payments/{path}", body).status_code == 403
        assert as_user(people.outsider).get(f"/systems/payments/{path}").status_code == 404


def test_a_pipelines_token_is_shown_once_and_works(people: People) -> None:
    api = Api()
    api.client.force_login(people.system_admin)
    made = api.post("/systems/payments/tokens", {"name": "build", "days": 30})
    assert made.status_code == 201
    text = made.json()["text"]
    assert Api(text).get("/me").json()["label"].startswith("build")
    listed = api.get("/systems/payments/tokens").json()["results"]
    assert [each["name"] for each in listed] == ["build"]
    assert "text" not in listed[0]
    lived = dt.datetime.fromisoformat(listed[0]["expires_at"]) - dt.datetime.fromisoformat(
        listed[0]["created_at"]
    )
    assert round(lived / dt.timedelta(days=1)) == 30
    assert api.delete(f"/tokens/{listed[0]['id']}").status_code == 204
    assert Api(text).get("/me").status_code == 401
    assert problem_fields(api.post("/systems/payments/tokens", {"name": "b", "days": 91})) == {
        "days"
    }


def test_who_may_manage_a_systems_tokens(people: People) -> None:
    token = make_ci_token(people.system).token
    for person, status in ((people.viewer, 403), (people.security, 403), (people.outsider, 404)):
        api = Api()
        api.client.force_login(person)
        assert api.get("/systems/payments/tokens").status_code == status
        assert api.post("/systems/payments/tokens", {"name": "x"}).status_code == status
        assert api.delete(f"/tokens/{token.pk}").status_code == 404
    # Tokens do not make tokens, whatever their person may do.
    assert (
        as_user(people.system_admin).post("/systems/payments/tokens", {"name": "x"}).status_code
        == 403
    )
    assert ApiToken.objects.get(pk=token.pk).revoked_at is None


def test_tokens_of_ones_own(people: People) -> None:
    api = Api()
    api.client.force_login(people.viewer)
    make_token(people.security)
    made = api.post("/tokens", {"name": "notebook", "scope": "read"}).json()
    assert [each["name"] for each in api.get("/tokens").json()["results"]] == ["notebook"]
    own = Api(made["text"])
    assert own.get("/systems/payments").status_code == 200
    assert own.post("/tokens", {"name": "child"}).status_code == 403
    other = make_token(people.security).token
    assert api.delete(f"/tokens/{other.pk}").status_code == 404
    assert api.delete(f"/tokens/{made['token']['id']}").status_code == 204
    assert own.get("/systems/payments").status_code == 401
    assert problem_fields(api.post("/tokens", {"name": "x", "scope": "report:upload"})) == {"scope"}


def test_a_read_token_reads_only(people: People) -> None:
    item = make_item(people.system)
    api = Api(make_token(people.security, Scope.READ).text)
    assert api.get(f"/items/{item.key}").status_code == 200
    assert api.edit(f"/items/{item.key}", {"title": "x"}).status_code == 403


def test_a_kept_answer_holds_no_token(people: People) -> None:
    api = Api()
    api.client.force_login(people.viewer)
    first = api.post("/tokens", {"name": "notebook"}, idempotency_key="a")
    again = api.post("/tokens", {"name": "notebook"}, idempotency_key="a")
    assert again.json() == {"token": first.json()["token"]}
    assert first.json()["text"] not in str(IdempotencyRecord.objects.values_list("body", flat=True))
    assert ApiToken.objects.count() == 1


def test_the_session_needs_its_csrf_token(people: People) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(people.architect)
    body = {"system": "payments", "title": "x"}

    def send(**headers: str) -> Any:
        return browser.post(
            "/api/v1/items", body, content_type="application/json", headers=headers or None
        )

    assert send().json()["code"] == "csrf-failed"
    browser.cookies["csrftoken"] = "a" * 32
    assert send().status_code == 403
    assert send(**{"X-CSRFToken": "a" * 32}).status_code == 201


def test_the_audit_trail_is_read_by_admins_of_what_they_administer(people: People) -> None:
    item = make_item(people.system)
    make_item(people.other_system)
    make_system("third")
    api = as_user(people.system_admin)
    rows = api.get("/audit", object_type="planningitem").json()["results"]
    assert [(row["action"], row["object_id"]) for row in rows] == [("item.create", str(item.pk))]
    everything = as_user(people.admin).get("/audit", limit=200).json()["results"]
    assert len(everything) > len(api.get("/audit", limit=200).json()["results"]) > 0
    (one,) = as_user(people.admin).get("/audit", system="third").json()["results"]
    assert one["action"] == "system.create"
    assert api.get("/audit", system="payroll").status_code == 404
    assert as_user(people.security).get("/audit").status_code == 403
    assert as_user(people.nobody).get("/audit").status_code == 403
