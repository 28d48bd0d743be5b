import datetime as dt

from django.utils import timezone

from apps.planning.models import PlanningItem
from tests.api.conftest import Api, as_pipeline, as_user, problem_fields
from tests.conftest import People
from tests.factories import make_item, make_option, make_question, make_statement


def test_an_item_is_made_read_and_listed(people: People) -> None:
    api = as_user(people.architect)
    made = api.post("/items", {"system": "payments", "title": "Receive invoices", "kind": "epic"})
    assert made.status_code == 201
    key = made.json()["key"]
    assert made["Location"] == f"/api/v1/items/{key}"
    assert made["ETag"] == '"1"'
    read = api.get(f"/items/{key}").json()
    assert read["title"] == "Receive invoices"
    assert read["system"] == {"key": "payments", "name": "Payments"}
    assert read["created_by"]["name"] == "Ari Architect"
    assert (read["kind"], read["stage"], read["status"]) == ("epic", "plan", "open")
    assert [each["key"] for each in api.get("/items").json()["results"]] == [key]


def test_what_the_list_is_asked_for(people: People) -> None:
    api = as_user(people.viewer)
    upload = make_item(people.system, title="Receive invoices by upload", tracker_key="PAY-112")
    make_item(people.system, title="Rotate the signing key", stage="operate", kind="change")
    make_item(people.other_system, title="Receive payslips")

    def titles(**query: str) -> list[str]:
        return [each["title"] for each in api.get("/items", **query).json()["results"]]

    assert titles() == ["Rotate the signing key", "Receive invoices by upload"]
    assert titles(q="INVOICES") == titles(q="pay-112") == [upload.title]
    assert titles(stage="operate") == titles(kind="change") == ["Rotate the signing key"]
    assert titles(system="payroll") == []
    assert problem_fields(api.get("/items", stage="later")) == {"stage"}
    assert problem_fields(api.get("/items", colour="red")) == {"colour"}


def test_an_edit_names_what_it_was_made_on(people: People) -> None:
    api = as_user(people.architect)
    item = make_item(people.system)
    path = f"/items/{item.key}"
    blind = api.patch(path, {"title": "Blind"})
    assert (blind.status_code, blind.json()["code"]) == (428, "precondition-needed")
    first = api.patch(path, {"title": "First"}, if_match='"1"')
    assert (first.status_code, first["ETag"], first.json()["title"]) == (200, '"2"', "First")
    late = api.patch(path, {"title": "Late"}, if_match='"1"')
    assert (late.status_code, late.json()["current_version"]) == (412, 2)
    assert api.get(path).json()["title"] == "First"
    assert problem_fields(api.patch(path, {"title": "x"}, if_match="yesterday")) == {"If-Match"}


def test_who_may_do_what_to_an_item(people: People) -> None:
    item = make_item(people.system)
    path = f"/items/{item.key}"
    assert as_user(people.viewer).get(path).status_code == 200
    assert as_user(people.viewer).edit(path, {"title": "x"}).status_code == 403
    assert as_user(people.outsider).get(path).status_code == 404
    assert as_user(people.outsider).patch(path, {}, if_match='"1"').status_code == 404
    assert as_user(people.nobody).get(path).status_code == 404
    assert as_pipeline(people.system).get(path).status_code == 403
    assert Api().get(path).status_code == 401
    for person in (people.architect, people.security, people.system_admin, people.admin):
        assert as_user(person).edit(path, {"title": f"by {person}"}).status_code == 200


def test_options_with_their_costs_and_the_baseline(people: People) -> None:
    api = as_user(people.architect)
    item = make_item(people.system)
    path = f"/items/{item.key}/options"
    first = api.post(path, {"title": "Public bucket", "cost_once": "0", "is_do_nothing": True})
    second = api.post(path, {"title": "Signed URLs", "cost_once": "4000.50", "cost_yearly": None})
    assert first.json()["is_baseline"] is True
    assert second.json()["cost_once"] == "4000.50"
    own = f"/options/{second.json()['id']}"
    moved = api.edit(own, {"is_baseline": True})
    assert moved.json()["is_baseline"] is True
    assert [each["is_baseline"] for each in api.get(path).json()["results"]] == [False, True]
    assert problem_fields(api.post(path, {"title": "Signed URLs"})) == {"title"}
    assert problem_fields(api.post(path, {"title": "x", "cost_once": "-1"})) == {"cost_once"}
    assert api.delete(own).status_code == 409  # it is the baseline
    assert api.delete(f"/options/{first.json()['id']}").status_code == 204


def test_a_question_its_answers_and_the_accepted_one(people: People) -> None:
    asker, answerer = as_user(people.viewer), as_user(people.security)
    item = make_item(people.system)
    asked = asker.post(f"/items/{item.key}/questions", {"body": "Who may read it?"}).json()
    assert (asked["item"], asked["answers"], asked["guidance"]) == (item.key, [], None)
    assert [each["id"] for each in asker.get("/questions", waiting="true").json()["results"]] == [
        asked["id"]
    ]
    assert asker.post(f"/questions/{asked['id']}/answers", {"body": "I"}).status_code == 403
    answer = answerer.post(f"/questions/{asked['id']}/answers", {"body": "Only the payer."}).json()
    assert asker.get("/questions", waiting="true").json()["results"] == []
    accepted = asker.post(f"/answers/{answer['id']}/accept")
    assert accepted.status_code == 200
    assert accepted.json()["accepted_at"]
    stranger = as_user(people.outsider)
    assert stranger.post(f"/answers/{answer['id']}/accept").status_code == 404
    assert stranger.delete(f"/answers/{answer['id']}/accept").status_code == 404
    assert asker.delete(f"/answers/{answer['id']}/accept").json()["accepted_at"] is None
    assert stranger.post(f"/questions/{asked['id']}/answers", {"body": "x"}).status_code == 404
    assert stranger.get("/questions").json()["results"] == []


def test_a_recommendation_is_securitys_and_a_decision_the_owners(people: People) -> None:
    option = make_option(make_item(people.system), title="Signed URLs")
    item = option.item
    statement = make_statement(option=option, published=True)
    path = f"/items/{item.key}/recommendation"
    architect, security = as_user(people.architect), as_user(people.security)
    assert architect.get(path).status_code == 404
    assert architect.post(path, {"reason": "x"}).status_code == 403
    made = security.post(path, {"option": option.pk, "reason": "A tenth of the risk."})
    assert made.status_code == 201
    assert architect.get(path).json()["option"] == {"id": option.pk, "title": "Signed URLs"}

    until = (timezone.localdate() + dt.timedelta(days=90)).isoformat()
    body = {
        "option": option.pk,
        "reason": "Cheap enough.",
        "valid_until": until,
        "treatments": {statement.key: "mitigate"},
    }
    decided = architect.post(f"/items/{item.key}/decisions", body)
    assert decided.status_code == 201
    (treatment,) = decided.json()["treatments"]
    assert treatment == {
        "statement": statement.key,
        "treatment": "mitigate",
        "revision_number": 1,
        "expected_annual_loss": str(statement.valuation.expected_annual_loss),
    }
    assert architect.get(f"/items/{item.key}").json()["status"] == "decided"
    assert as_user(people.viewer).post(f"/items/{item.key}/decisions", body).status_code == 403

    again = architect.post(f"/items/{item.key}/revisit")
    assert (again.status_code, again.json()["status"]) == (200, "open")
    (kept,) = architect.get(f"/items/{item.key}/decisions").json()["results"]
    assert kept["end"] == "revisited"
    assert architect.post(f"/items/{item.key}/revisit").status_code == 409


def test_a_decision_names_what_it_cannot_stand_on(people: People) -> None:
    item = make_item(people.system)
    option = make_option(item)
    foreign = make_option(make_item(people.other_system))
    draft = make_statement(option=option)
    api = as_user(people.architect)
    path = f"/items/{item.key}/decisions"
    assert problem_fields(api.post(path, {"option": foreign.pk, "reason": "x"})) == {"option"}
    assert problem_fields(api.post(path, {"option": option.pk, "reason": " "})) == {"reason"}
    given = {"option": option.pk, "reason": "x", "treatments": {"RS1": "mitigate"}}
    assert problem_fields(api.post(path, given)) == {"treatments.RS1"}
    given["treatments"] = {draft.key: "mitigate"}
    assert api.post(path, given).status_code == 400
    given["treatments"] = {draft.key: "pray"}
    assert problem_fields(api.post(path, given)) == {f"treatments.{draft.key}"}
    past = given | {"treatments": {}, "valid_until": "2020-01-01"}
    assert problem_fields(api.post(path, past)) == {"valid_until"}
    assert api.get(path).json()["results"] == []


def test_questions_of_others_items_are_not_found(people: People) -> None:
    question = make_question(make_item(people.other_system))
    api = as_user(people.security)
    assert api.post(f"/questions/{question.pk}/answers", {"body": "x"}).status_code == 404


def test_only_a_decision_makes_an_item_decided(people: People) -> None:
    item = make_item(people.system)
    architect = as_user(people.architect)
    refused = architect.edit(f"/items/{item.key}", {"status": "decided"})
    assert refused.status_code == 400
    assert problem_fields(refused) == {"status"}
    new = {"system": people.system.key, "title": "Decided?", "status": "decided"}
    refused = architect.post("/items", new)
    assert refused.status_code == 400
    assert problem_fields(refused) == {"status"}
    assert [each.status for each in PlanningItem.objects.all()] == ["open"]


def test_filters_are_kept_under_a_name(people: People) -> None:
    api = as_user(people.architect)
    made = api.post("/item-filters", {"name": "Mine", "filter": {"status": "open", "q": "a b"}})
    assert made.status_code == 201
    assert made.json()["address"].endswith("/planning/?q=a+b&status=open")
    again = api.post("/item-filters", {"name": "Mine", "filter": {"system": "payments"}}).json()
    assert again["id"] == made.json()["id"]
    (kept,) = api.get("/item-filters").json()["results"]
    assert (kept["name"], kept["filter"]) == ("Mine", {"system": "payments"})
    for wrong in ({}, {"status": "later"}, {"colour": "red"}):
        refused = api.post("/item-filters", {"name": "x", "filter": wrong})
        assert refused.status_code == 400, wrong
    stranger = as_user(people.security)
    assert stranger.get("/item-filters").json()["results"] == []
    assert stranger.delete(f"/item-filters/{kept['id']}").status_code == 404
    assert api.delete(f"/item-filters/{kept['id']}").status_code == 204
