"""What the levels of the organisation's own scale mean, on a page."""

from decimal import Decimal

import pytest

from apps.risks.services.scales import current_scale
from tests.conftest import People
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db
PATH = "/settings/scale/"
LIKELIHOOD = ("once in 100 years", "0.1", "0.5", "2", "12", "100")
IMPACT = ("1k", "10k", "100k", "1M", "5M", "50 M")


def typed(**changes: str) -> dict[str, str]:
    named = {f"likelihood_{at}": text for at, text in enumerate(LIKELIHOOD)}
    return named | {f"impact_{at}": text for at, text in enumerate(IMPACT)} | changes


def test_the_levels_are_set_as_people_say_them(people: People) -> None:
    client = signed_in(people.chief)
    assert 'value="0.01"' in text_of(client, PATH)
    assert client.post(PATH, typed()).status_code == 302
    levels = current_scale()
    assert levels.likelihood[0] == (Decimal("0.01"), Decimal("0.1"))
    assert levels.impact[4] == (Decimal(5_000_000), Decimal(50_000_000))
    assert PATH in text_of(client, "/planning/")


def test_what_cannot_be_is_refused_at_its_row(people: People) -> None:
    before = current_scale()
    for wrong in ({"likelihood_3": "0.2"}, {"impact_5": ""}, {"impact_0": "-1"}):
        answer = signed_in(people.chief).post(PATH, typed(**wrong))
        assert answer.status_code == 422
        assert "once in 100 years" in answer.content.decode()  # what was typed stays
    assert current_scale() == before


def test_for_those_who_write_risks_everywhere(people: People) -> None:
    for person in (people.viewer, people.architect, people.security, people.nobody):
        client = signed_in(person)
        assert client.get(PATH).status_code == 403
        assert client.post(PATH, typed()).status_code == 403
        assert PATH not in text_of(client, "/planning/")
