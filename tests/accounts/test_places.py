"""Each person's language and time zone: chosen, as the browser says, or the organisation's."""

import datetime as dt
import zoneinfo
from typing import Any

import pytest
from django.test import Client

from apps.accounts.places import place_of_person, zone_meant
from apps.audit.models import AuditEntry
from tests.conftest import People
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db
PAGE = "/settings/place/"


def _html(client: Client, path: str = PAGE, **headers: str) -> str:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_person_chooses_both_and_it_is_on_record(people: People) -> None:
    client = signed_in(people.viewer)
    answer = client.post(PAGE, {"language": "de", "time_zone": "tokyo"})
    assert answer["Location"] == PAGE
    people.viewer.refresh_from_db()
    assert (people.viewer.language, people.viewer.time_zone) == ("de", "Asia/Tokyo")
    page = _html(client, **{"accept-language": "en"})
    assert '<html lang="de"' in page
    assert "Asia/Tokyo" in page
    entry = AuditEntry.objects.latest("pk")
    assert entry.action == "person.place"
    assert entry.changes == {"language": "de", "time_zone": "Asia/Tokyo"}


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [({"language": "tlh"}, "language"), ({"time_zone": "Europe/Atlantis"}, "time_zone")],
)
def test_what_is_not_there_is_refused_at_its_field(
    people: People, typed: dict[str, str], wrong: str
) -> None:
    answer = signed_in(people.viewer).post(PAGE, {"language": "", "time_zone": ""} | typed)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [wrong]
    people.viewer.refresh_from_db()
    assert (people.viewer.language, people.viewer.time_zone) == ("", "")


def test_strangers_read_as_their_browser_says(client: Client, settings: Any) -> None:
    assert '<html lang="de"' in _html(client, "/sign-in/", **{"accept-language": "de-AT,en;q=0.5"})
    assert '<html lang="en"' in _html(client, "/sign-in/", **{"accept-language": "tlh"})
    assert "Accept-Language" in client.get("/sign-in/")["Vary"]
    settings.SECOPS_LANGUAGE = "de"
    assert '<html lang="de"' in _html(client, "/sign-in/")


def test_the_clock_is_the_chosen_one_then_the_browsers_then_the_organisations(
    people: People, settings: Any
) -> None:
    settings.SECOPS_TIME_ZONE = "Europe/Lisbon"
    client = signed_in(people.viewer)
    assert "in Europe/Lisbon." in text_of(client, PAGE)
    client.cookies["zone"] = "Asia/Calcutta"
    assert "in Asia/Calcutta." in text_of(client, PAGE)
    # Over https by the name that no neighbouring host can write, and by no other.
    secure = client.get(PAGE, secure=True).content.decode()
    assert "in Europe/Lisbon." in secure
    client.cookies["__Host-zone"] = "Asia/Tokyo"
    assert "in Asia/Tokyo." in client.get(PAGE, secure=True).content.decode()
    client.cookies["zone"] = "../../etc/passwd"
    assert "in Europe/Lisbon." in text_of(client, PAGE)
    people.viewer.time_zone = "America/Bogota"
    people.viewer.save()
    assert "in America/Bogota." in text_of(client, PAGE)


def test_machines_read_the_same_whoever_asks(people: People) -> None:
    people.viewer.language, people.viewer.time_zone = "de", "Asia/Tokyo"
    people.viewer.save()
    client = signed_in(people.viewer)
    answer = client.get("/api/v1/tokens", headers={"accept-language": "de"})
    assert answer.status_code == 200
    made = client.get("/api/v1/systems").json()["results"][0]["created_at"]
    assert dt.datetime.fromisoformat(made).utcoffset() == dt.timedelta(0)
    problem = client.get("/api/v1/nowhere", headers={"accept-language": "de"}).json()
    assert problem["code"] == "not-found"
    assert problem["detail"] == "There is no such address; /api/docs lists them all."


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("New York", "America/New_York"),
        (" utc ", "UTC"),
        ("Asia/Calcutta", "Asia/Calcutta"),
        ("nowhere", None),
        ("", None),
    ],
)
def test_a_zone_is_found_as_people_type_it(typed: str, zone: str | None) -> None:
    assert zone_meant(typed) == zone


def test_a_language_that_a_release_no_longer_has_is_nobodys(people: People) -> None:
    people.viewer.language, people.viewer.time_zone = "eo", "Mars/Olympus"
    place = place_of_person(people.viewer)
    assert (place.language, place.time_zone) == ("en", "UTC")
    assert zoneinfo.ZoneInfo(place.time_zone)
