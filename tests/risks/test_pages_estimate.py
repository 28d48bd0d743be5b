"""The form of a statement in each kind of estimate: written, shown, edited without a loss."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.risks.models import RiskStatement
from tests.api.conftest import as_user
from tests.conftest import People
from tests.factories import make_item, make_statement
from tests.risks.test_estimate_kinds import FAIR, NO_RANGES, PERT, lognormal_mean, pert_mean

pytestmark = pytest.mark.django_db
TEXT = {"condition": "If you open it", "consequence": "then it is read"}
PERT_TYPED = {
    "kind": "pert",
    "frequency_low": "once in 10 years",
    "frequency_mode": "0.5",
    "frequency_high": "2 per year",
    "magnitude_low": "1k",
    "magnitude_mode": "20,000.50",
    "magnitude_high": "90k",
}
FAIR_TYPED = {
    "kind": "fair",
    "threats_low": "10",
    "threats_high": "200",
    "vulnerability_low": "1 %",
    "vulnerability_mode": "3 %",
    "vulnerability_high": "1 in 10",
    "primary_response_low": "5k",
    "primary_response_high": "40k",
    "primary_replacement_low": "2,500",
    "secondary_mode": "20 %",
    "secondary_fines_and_judgments_low": "20k",
    "secondary_fines_and_judgments_high": "900k",
}


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def written(people: People, typed: dict[str, str]) -> RiskStatement:
    item = make_item(people.system)
    answer = browser(people.security).post(f"/risks/new/?item={item.key}", TEXT | typed)
    assert answer.status_code == 302, answer.context["form"].errors
    return RiskStatement.objects.get()


def test_pert(people: People) -> None:
    statement = written(people, PERT_TYPED)
    by_hand = pert_mean(0.1, 0.5, 2) * pert_mean(1000, 20000.50, 90000)
    assert float(statement.valuation.expected_annual_loss) == pytest.approx(by_hand, abs=0.006)
    page = browser(people.viewer).get(f"/risks/{statement.key}/").content.decode()
    assert "0.1 to 2, most likely 0.5" in page


def test_open_fair(people: People) -> None:
    statement = written(people, FAIR_TYPED)
    often = lognormal_mean(10, 200) * pert_mean(0.01, 0.03, 0.1)
    much = lognormal_mean(5000, 40000) + 2500 + 0.2 * lognormal_mean(20000, 900000)
    assert float(statement.valuation.expected_annual_loss) == pytest.approx(often * much, rel=1e-6)
    page = browser(people.viewer).get(f"/risks/{statement.key}/").content.decode()
    assert "Secondary loss, Fines and judgments" in page


def test_a_cell_and_clusters(people: People) -> None:
    statement = written(
        people, {"kind": "level", "likelihood": "3", "impact": "2", "variance_ratio": "3"}
    )
    assert statement.estimate == {
        "kind": "level",
        "likelihood": 3,
        "impact": 2,
        "variance_ratio": "3",
    }
    assert (statement.frequency_low, statement.magnitude_high) == (Decimal("0.2"), Decimal(100_000))


@pytest.mark.parametrize(
    "detail",
    [
        PERT,
        FAIR,
        {"kind": "level", "likelihood": 2, "impact": 4},
        {"kind": "ranges", "variance_ratio": "2.5"},
        PERT | {"frequency": {"low": "1", "mode": "2", "high": "3", "confidence": "9"}},
        FAIR | {"magnitude": {"kind": "gamma", "shape": "2", "rate": "0.001"}},
    ],
    ids=["pert", "fair", "level", "clustered", "confident", "of the API alone"],
)
def test_an_edit_of_the_words_alone_leaves_the_numbers(
    people: People, detail: dict[str, Any]
) -> None:
    """Whatever the form shows of an estimate, sent back as it is, it is the same estimate."""
    ranges: dict[str, Any] = {} if detail["kind"] == "ranges" else NO_RANGES
    statement = make_statement(make_item(people.system), estimate=detail, **ranges)
    valuation = statement.valuation_id
    client, path = browser(people.security), f"/risks/{statement.key}/edit/"
    form = client.get(path).context["form"]
    sent = {bound.html_name: bound.value() for bound in form if bound.value() is not None}
    shown = {
        name: form.fields[name].prepare_value(value) if value is not None else ""
        for name, value in sent.items()
    }
    answer = client.post(path, shown | {"consequence": "then other words"})
    assert answer.status_code == 302, answer.context["form"].errors
    statement.refresh_from_db()
    assert statement.consequence == "then other words"
    assert statement.estimate == detail
    assert statement.valuation_id == valuation


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ({"kind": "pert"}, "frequency_mode"),
        (PERT_TYPED | {"frequency_mode": ""}, "frequency_mode"),
        ({"kind": "level", "likelihood": "3"}, "impact"),
        ({"kind": "level", "likelihood": "9", "impact": "1"}, "likelihood"),
        (FAIR_TYPED | {"vulnerability_mode": "130 %"}, "vulnerability_mode"),
        (FAIR_TYPED | {"vulnerability_mode": "1 in 0"}, "vulnerability_mode"),
        (FAIR_TYPED | {"primary_response_low": "much"}, "primary_response_low"),
        ({"kind": "ranges", "frequency_low": "1"}, "frequency_high"),
        ({"kind": "nonsense"}, "kind"),
    ],
)
def test_what_is_missing_or_wrong_is_marked(
    people: People, typed: dict[str, str], named: str
) -> None:
    item = make_item(people.system)
    answer = browser(people.security).post(f"/risks/new/?item={item.key}", TEXT | typed)
    assert answer.status_code == 422
    assert named in answer.context["form"].errors
    assert RiskStatement.objects.count() == 0


def test_what_the_engine_refuses_stands_on_the_page(people: People) -> None:
    item = make_item(people.system)
    upside_down = PERT_TYPED | {"frequency_low": "5", "frequency_mode": "1"}
    answer = browser(people.security).post(f"/risks/new/?item={item.key}", TEXT | upside_down)
    assert answer.status_code == 422
    assert answer.context["form"].errors == {"frequency_low": ["Must not be above high."]}


@pytest.mark.parametrize("typed", [PERT_TYPED, FAIR_TYPED, {"kind": "level", "likelihood": "1"}])
def test_the_preview_follows_every_kind(people: People, typed: dict[str, str]) -> None:
    answer = browser(people.security).post("/risks/preview/", typed)
    assert answer.status_code == 200
    is_complete = "impact" in typed or typed["kind"] != "level"
    assert (b"a year on average" in answer.content) == is_complete


def test_what_to_learn_next(people: People) -> None:
    """At the ends of one lognormal range, the expected loss is that end times the other's mean."""
    statement = make_statement(make_item(people.system), published=True)
    low, high = 0.1 * lognormal_mean(10_000, 500_000), 1 * lognormal_mean(10_000, 500_000)
    api = as_user(people.viewer).get(f"/statements/{statement.key}/sensitivity").json()
    of_frequency = next(each for each in api if each["path"] == "frequency")
    assert float(of_frequency["at_low"]) == pytest.approx(low, abs=0.01)
    assert float(of_frequency["at_high"]) == pytest.approx(high, abs=0.01)
    assert [each["path"] for each in api] == ["magnitude", "frequency"]  # the wider range first
    page = browser(people.viewer).get(f"/risks/{statement.key}/").content.decode()
    assert "What to learn next" in page
    assert page.index("Loss of one event", page.index("What to learn next")) < page.index(
        "Loss events a year", page.index("What to learn next")
    )
    assert (
        as_user(people.outsider).get(f"/statements/{statement.key}/sensitivity").status_code == 404
    )
    fair = make_statement(make_item(people.system), estimate=FAIR, **NO_RANGES)
    names = [
        each["name"]
        for each in as_user(people.viewer).get(f"/statements/{fair.key}/sensitivity").json()
    ]
    assert "Secondary loss, Fines and judgments" in names
    assert "Chance that a threat event becomes a loss" in names
