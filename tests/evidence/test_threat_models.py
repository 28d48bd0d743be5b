"""Threat models become drafts: whole, once, and with ranges of the organisation's own scale."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from apps.audit.models import AuditEntry
from apps.common.errors import Invalid
from apps.evidence.models import ImportedThreat
from apps.evidence.threat_models import read_model
from apps.planning.models import ItemStatus, PlanningItem
from apps.risks.models import OrdinalScale, RiskStatement
from apps.risks.services.statements import statement_create
from tests.api.conftest import as_pipeline, as_user, problem_fields
from tests.conftest import People

pytestmark = pytest.mark.django_db
SAMPLES = Path(__file__).parents[1] / "scans/formats/samples"


def sample(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text())


@pytest.fixture(autouse=True)
def scale(db: None) -> None:
    """Other bounds than those that the portal comes with."""
    OrdinalScale.objects.create(
        likelihood=list(map(Decimal, ("0.1", "0.2", "0.5", "1", "2", "4"))),
        impact=list(map(Decimal, ("100", "200", "500", "1000", "2000", "4000"))),
    )


def address(people: People) -> str:
    return f"/systems/{people.system.key}/imports/threat-model"


def ranges(statement: RiskStatement) -> list[Decimal]:
    row = statement
    return [row.frequency_low, row.frequency_high, row.magnitude_low, row.magnitude_high]


@pytest.mark.parametrize(
    ("name", "condition", "consequence", "expected"),
    [
        # likelihood 80 and impact 90 of 100: the fourth and the fifth level
        (
            "otm/shop.json",
            "If you run Orders without what the model asks for: Check the owner",
            "Orders can be changed",
            ("1", "2", "2000", "4000"),
        ),
        # High, the fourth of five levels of loss; nothing says how often: levels 2 to 4
        (
            "threat-dragon/version2.json",
            "If you run Orders / Order service without what the model asks for: Check the owner",
            "Orders can be changed",
            ("0.2", "2", "1000", "2000"),
        ),
        (
            "threat-composer/shop.json",
            "If you run orders, bills without what the model asks for: Check the owner of each order",
            "A buyer can change orders of others, which leads to wrong bills",
            ("0.2", "2", "1000", "2000"),
        ),
        # likely and severe: the fourth of five likelihoods and the fifth of five impacts
        (
            "tm-bom/shop.json",
            "If you run Orders without what the model asks for: Check the owner",
            "Orders can be changed",
            ("1", "2", "2000", "4000"),
        ),
        # likely and high: the second of four likelihoods and the third of four impacts
        (
            "threagile-risks/risks.json",
            "If you run orders as it is modelled, and name no mitigation",
            "SQL injection risk at Orders",
            ("0.5", "1", "1000", "2000"),
        ),
    ],
)
def test_each_tool(
    people: People, name: str, condition: str, consequence: str, expected: tuple[str, ...]
) -> None:
    answer = as_user(people.security).post(address(people), {"document": sample(name)})
    assert answer.status_code == 200, answer.content
    [statement] = RiskStatement.objects.all()
    assert answer.json()["statements"] == [statement.key]
    assert answer.json()["settled"] == 1
    assert (statement.condition, statement.consequence) == (condition, consequence)
    assert ranges(statement) == list(map(Decimal, expected))
    assert statement.state == "draft"
    item = statement.item
    assert (item.system, item.created_by) == (people.system, people.security)
    assert statement.option is not None
    assert statement.option.is_do_nothing
    assert AuditEntry.objects.filter(action="threat-model.import").count() == 1


def test_no_rating_is_a_wide_range(people: People) -> None:
    document = {"otmVersion": "0.2.0", "threats": [{"id": "t", "name": "Read by all"}]}
    answer = as_user(people.security).post(address(people), {"document": document})
    assert answer.json()["drafts"][0]["rated"] is False
    assert ranges(RiskStatement.objects.get()) == list(map(Decimal, ("0.2", "2", "200", "2000")))


def test_a_preview_writes_nothing(people: People) -> None:
    given = {"document": sample("otm/shop.json"), "preview": True}
    told = as_user(people.security).post(address(people), given).json()
    assert (told["title"], told["item"], len(told["drafts"])) == ("Shop", None, 1)
    assert not RiskStatement.objects.exists()
    assert not PlanningItem.objects.exists()


def test_the_same_file_again_makes_nothing(people: People) -> None:
    api, given = as_user(people.security), {"document": sample("otm/shop.json")}
    api.post(address(people), given)
    again = api.post(address(people), given).json()
    assert (again["item"], again["statements"], again["known"]) == (None, [], 1)
    assert RiskStatement.objects.count() == ImportedThreat.objects.count() == 1
    assert PlanningItem.objects.get().options.count() == 2


def test_what_is_new_joins_the_open_item_and_not_a_decided_one(people: People) -> None:
    api, document = as_user(people.security), sample("otm/shop.json")
    first = api.post(address(people), {"document": document}).json()["item"]
    document["threats"].append({"id": "t3", "name": "Nobody knows who ordered"})
    document["threats"][0]["name"] = "Worded anew"
    second = api.post(address(people), {"document": document}).json()
    assert (second["item"], second["known"], len(second["statements"])) == (first, 1, 1)
    PlanningItem.objects.update(status=ItemStatus.DECIDED)
    document["threats"].append({"id": "t4", "name": "Orders are lost"})
    assert api.post(address(people), {"document": document}).json()["item"] != first


def test_all_or_nothing(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    document = {
        "otmVersion": "0.2.0",
        "threats": [{"id": f"t{n}", "name": f"Threat {n}"} for n in range(3)],
    }
    calls = list[int]()

    def fails_late(**given: Any) -> RiskStatement:
        calls.append(1)
        if len(calls) == 3:
            raise Invalid({"condition": "No."})
        return statement_create(**given)

    monkeypatch.setattr("apps.evidence.services.imports.statement_create", fails_late)
    answer = as_user(people.security).post(address(people), {"document": document})
    assert problem_fields(answer) == {"condition"}
    assert not RiskStatement.objects.exists()
    assert not PlanningItem.objects.exists()


def test_who_may(people: People) -> None:
    given = {"document": sample("otm/shop.json"), "preview": True}
    assert as_user(people.outsider).post(address(people), given).status_code == 404
    assert as_user(people.viewer).post(address(people), given).status_code == 403
    assert as_pipeline(people.system).post(address(people), given).status_code == 403


@pytest.mark.parametrize(
    "document",
    [
        "text",
        7,
        {"a": 1},
        {"runs": [], "version": "2.1.0"},
        {"otmVersion": "1", "threats": [{"id": f"{n}", "name": "x"} for n in range(101)]},
    ],
)
def test_what_is_no_model(people: People, document: Any) -> None:
    answer = as_user(people.security).post(address(people), {"document": document})
    assert answer.status_code == 400
    assert problem_fields(answer) == {"document"}
    assert not RiskStatement.objects.exists()


@pytest.mark.parametrize("wrong", [{"id": "T1"}, "T1", 7, True])
@pytest.mark.parametrize("name", ["otm/shop.json", "tm-bom/shop.json", "threat-composer/shop.json"])
def test_threats_of_a_wrong_type_are_refused_by_their_place(
    people: People, name: str, wrong: Any
) -> None:
    document = sample(name) | {"threats": wrong}
    answer = as_user(people.security).post(address(people), {"document": document})
    assert answer.status_code == 400
    assert problem_fields(answer) == {"document"}
    assert "/threats" in answer.content.decode()


MODELS = [
    "otm/shop.json",
    "threat-dragon/version2.json",
    "threat-composer/shop.json",
    "tm-bom/shop.json",
    "threagile-risks/risks.json",
]
WRONG: list[Any] = [None, True, -1, 1e300, "", "\x00", "\ud800", [], [[]], [None], {}, {"a": {}}]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each container of a document with each of its keys or indices."""
    keys = value.keys() if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places(value[key])


@pytest.mark.parametrize("name", MODELS)
def test_any_value_of_any_type_gives_drafts_or_a_reason(name: str) -> None:
    document, slug = sample(name), name.partition("/")[0]
    for inside, key in list(places(document)):
        kept = inside[key]
        for wrong in WRONG:
            inside[key] = wrong
            try:
                model = read_model(json.dumps(document).encode(), slug)
            except Invalid as error:
                assert set(error.fields) == {"document"}  # noqa: PT017  # no error is fine, too
                continue
            text = repr([model.title, *(vars(each) for each in model.statements)])
            assert "\\x00" not in text, (inside, key, wrong)
            assert "\\ud800" not in text, (inside, key, wrong)
        inside[key] = kept


def test_an_unknown_format(people: People) -> None:
    with pytest.raises(Invalid) as caught:
        read_model(b"{}", "sarif")
    assert set(caught.value.fields) == {"format"}


def test_the_page(client: Client, people: People) -> None:
    client.force_login(people.security)
    url = f"/systems/{people.system.key}/imports/threat-model/"
    text = (SAMPLES / "otm/shop.json").read_text()
    assert client.get(url).status_code == 200
    shown = client.post(url, {"text": text})
    assert "Orders can be changed" in shown.content.decode()
    assert not RiskStatement.objects.exists()
    made = client.post(url, {"text": text, "confirm": "1"}, follow=True)
    assert "Orders can be changed" in made.content.decode()
    assert made.redirect_chain[0][0] == f"/planning/PI-{PlanningItem.objects.get().pk}/"
    assert client.post(url, {"text": "no model"}).status_code == 422
    assert client.post(url, {}).status_code == 422
    client.force_login(people.outsider)
    assert client.get(url).status_code == 404
    client.force_login(people.viewer)
    assert client.get(url).status_code == 403


def test_the_sample_of_a_tm_bom_is_one() -> None:
    """Against the schema of OWASP's Threat Model Library, where it is at hand."""
    path = Path(__file__).parents[3] / "shared/schemas/threat-dragon/threat-model.schema.json"
    if not path.exists():
        pytest.skip("the schema of the Threat Model Library is not here")
    validators = pytest.importorskip("jsonschema.validators")
    schema = json.loads(path.read_text())
    validators.validator_for(schema)(schema).validate(sample("tm-bom/shop.json"))
