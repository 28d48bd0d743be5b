"""Half an hour of questions makes an item with options and drafts, or nothing."""

from decimal import Decimal

import pytest
from django.test import Client

from apps.planning.models import PlanningItem
from apps.risks.models import RiskStatement
from tests.api.conftest import as_user
from tests.conftest import People

pytestmark = pytest.mark.django_db
GIVEN = {
    "title": "Guest check-in",
    "information": "Names and passport numbers.",
    "happening_1": "Guests read the bookings of others.",
    "likelihood_1": "4",
    "impact_1": "2",
    "happening_3": "The desk stands still",
    "actions": "Check the owner\n\nAsk for a code\nCheck the owner",
}


def test_drafts_on_the_levels_that_were_chosen(client: Client, people: People) -> None:
    client.force_login(people.security)
    url = f"/systems/{people.system.key}/rapid-assessment/"
    assert client.get(url).status_code == 200
    assert client.post(url, GIVEN, follow=True).status_code == 200
    item = PlanningItem.objects.get()
    titles = list(item.options.values_list("title", flat=True))
    assert titles == ["Go ahead without doing more", "Check the owner", "Ask for a code"]
    first, second = RiskStatement.objects.order_by("pk")
    assert first.consequence == "Guests read the bookings of others"
    # the scale that the portal comes with: once to six times a year; 10 000 to 100 000
    assert (first.frequency_low, first.frequency_high) == (1, 6)
    assert (first.magnitude_low, first.magnitude_high) == (10_000, 100_000)
    # the middle, where nothing was chosen
    assert (second.frequency_low, second.frequency_high) == (Decimal("0.2"), 1)
    assert {first.state, second.state} == {"draft"}


@pytest.mark.parametrize(
    "change",
    [
        {"title": ""},
        {"happening_1": "", "happening_3": " "},
        {"likelihood_1": "6"},
        {"actions": "a\nb\nc\nd\ne\nf"},
        {"actions": "Go ahead without doing more"},
    ],
)
def test_what_cannot_be(client: Client, people: People, change: dict[str, str]) -> None:
    client.force_login(people.security)
    url = f"/systems/{people.system.key}/rapid-assessment/"
    assert client.post(url, GIVEN | change).status_code == 422
    assert not PlanningItem.objects.exists()


def test_who_may(client: Client, people: People) -> None:
    url = f"/systems/{people.system.key}/rapid-assessment/"
    for person, status in ((people.outsider, 404), (people.viewer, 403)):
        client.force_login(person)
        assert client.post(url, GIVEN).status_code == status
    assert not PlanningItem.objects.exists()


OVER_API: dict[str, object] = {
    "title": "Guest check-in",
    "information": "Names and passport numbers.",
    "happenings": [
        {"text": "Guests read the bookings of others.", "likelihood": 4, "impact": 2},
        {"text": "The desk stands still"},
    ],
    "actions": ["Check the owner", "Ask for a code"],
}


def test_the_same_over_the_api(people: People) -> None:
    path = f"/systems/{people.system.key}/rapid-assessments"
    answer = as_user(people.security).post(path, OVER_API)
    assert answer.status_code == 201, answer.content
    item = PlanningItem.objects.get()
    assert answer["Location"] == f"/api/v1/items/{item.key}"
    assert item.options.count() == 3
    first, second = RiskStatement.objects.order_by("pk")
    assert (first.frequency_low, first.frequency_high) == (1, 6)
    assert (second.frequency_low, second.frequency_high) == (Decimal("0.2"), 1)
    assert as_user(people.viewer).post(path, OVER_API).status_code == 403
    assert as_user(people.outsider).post(path, OVER_API).status_code == 404
    wrongs: tuple[dict[str, object], ...] = (
        {"happenings": []},
        {"happenings": [{"text": "x", "likelihood": 6}]},
        {"happenings": [{"text": "x", "colour": "red"}]},
        {"actions": ["Go ahead without doing more"]},
    )
    for wrong in wrongs:
        assert as_user(people.security).post(path, OVER_API | wrong).status_code == 400
    assert PlanningItem.objects.count() == 1
