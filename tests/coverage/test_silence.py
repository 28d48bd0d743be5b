"""Who fell silent: by the rhythm of its own reports, told once, ended by the next report."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.actors import portal_actor
from apps.common.errors import Conflict, Missing, NotPermitted
from apps.common.models import OutboxEvent
from apps.coverage.models import Silence
from apps.coverage.rhythm import limit_of
from apps.coverage.services.silence import silence_answer, silences_sweep
from apps.coverage.words import silence_sentence
from apps.scans.models import Series
from tests.api.conftest import as_user
from tests.conftest import People
from tests.factories import actor_of, make_arrived, make_series

TESTS = portal_actor("tests")


def days(number: float) -> dt.timedelta:
    return dt.timedelta(days=number)


@pytest.mark.parametrize(
    ("gaps", "usual", "longest", "expected", "limit"),
    [
        (0, None, None, None, None),  # one report, nothing expected: nobody can say
        (3, 1, 2, 14, 14),  # too few for a rhythm
        (3, 1, 2, None, None),
        (4, 7, 8, 5, 21),  # three times the usual gap
        (20, 1, 10, 14, 15),  # half more than the longest pause that there was
        (20, 0.01, 0.1, 14, 3),  # a weekend is no silence
        (4, 90, 100, None, 180),  # half a year is one
    ],
)
def test_from_when_on_it_is_silence(
    gaps: int,
    usual: float | None,
    longest: float | None,
    expected: float | None,
    limit: float | None,
) -> None:
    given = [None if each is None else days(each) for each in (usual, longest, expected)]
    assert limit_of(gaps, *given) == (None if limit is None else days(limit))


def series_with(people: People, *days_ago: float, **fields: Any) -> Series:
    series = make_series(people.system, tool="Semgrep", stage="test", **fields)
    for each in days_ago:
        make_arrived(series, days_ago=each)
    return series


DAILY_UNTIL = (10, 9, 8, 7, 6)  # days ago: usual gap 1, longest 1, so silent after 3


@pytest.mark.django_db
def test_noticed_once_and_ended_by_the_next_report(people: People) -> None:
    series = series_with(people, *DAILY_UNTIL)
    assert silences_sweep() == 1
    assert silences_sweep() == 0
    silence = Silence.objects.get()
    assert silence.rhythm == pytest.approx(days(1), abs=dt.timedelta(seconds=5))
    assert silence.limit == pytest.approx(days(3), abs=dt.timedelta(seconds=15))
    assert silence_sentence(silence) == (
        f"Semgrep reported about every 24 hours and is silent since {silence.since:%-d %b %Y}."
    )
    make_arrived(series, days_ago=0)
    assert silences_sweep() == 0
    silence.refresh_from_db()
    assert silence.ended_at is not None
    told = OutboxEvent.objects.filter(name__startswith="series.").order_by("id")
    assert [event.name for event in told] == ["series.silent", "series.spoke"]
    assert told[0].payload["tool"] == "Semgrep"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("days_ago", "fields"),
    [
        ((4, 3, 2, 1), {}),  # reports as ever
        ((40,), {}),  # one report long ago, of a kind that nothing expects here
        ((10, 9, 8, 7, 6), {"is_preview": True}),
    ],
)
def test_who_is_not_silent(people: People, days_ago: Any, fields: dict[str, Any]) -> None:
    series_with(people, *days_ago, **fields)
    assert silences_sweep() == 0


@pytest.mark.django_db
def test_alerts_have_no_rhythm(people: People) -> None:
    series = make_series(people.system, tool="alertmanager", stage="monitor")
    for days_ago in DAILY_UNTIL:
        make_arrived(
            series, days_ago=days_ago, detected_format="alertmanager-webhook", is_full=False
        )
    assert silences_sweep() == 0


@pytest.mark.django_db
def test_a_person_says_that_it_has_ended(people: People) -> None:
    series_with(people, *DAILY_UNTIL)
    silences_sweep()
    silence = Silence.objects.get()
    with pytest.raises(Missing):
        silence_answer(actor=actor_of(people.outsider), silence=silence, answer="ended")
    with pytest.raises(NotPermitted):
        silence_answer(actor=actor_of(people.architect), silence=silence, answer="ended")
    api = as_user(people.security)
    assert len(api.get("/silences").json()["results"]) == 1
    path = f"/silences/{silence.pk}/answer"
    assert api.post(path, {"answer": "ended"}).json()["answer"] == "ended"
    assert api.get("/silences").json()["results"] == []
    assert api.post(path, {"answer": ""}).json()["answer"] == ""
    assert len(api.get("/silences").json()["results"]) == 1
    assert api.post(path, {"answer": "tired"}).status_code == 400
    Silence.objects.update(ended_at=timezone.now())
    with pytest.raises(Conflict):
        silence_answer(actor=TESTS, silence=silence, answer="ended")


@pytest.mark.django_db
def test_home_tells_those_who_can_do_something(people: People) -> None:
    series_with(people, *DAILY_UNTIL)
    silences_sweep()
    for person, told in ((people.security, True), (people.viewer, False), (people.outsider, False)):
        client = Client()
        client.force_login(person)
        assert ("Tools that fell silent" in client.get("/").content.decode()) == told
