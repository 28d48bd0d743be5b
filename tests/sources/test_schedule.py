"""When a source runs next. Expected times are read off a calendar."""

import datetime as dt

import pytest

from apps.sources.schedule import back_off, next_match, next_run, read_crontab


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("rule", "after", "expected"),
    [
        ("30 4 * * *", "2026-03-01 04:29:59", "2026-03-01 04:30"),
        ("30 4 * * *", "2026-03-01 04:30:00", "2026-03-02 04:30"),
        ("*/15 * * * *", "2026-03-01 04:31:07", "2026-03-01 04:45"),
        ("0 9 * * mon-fri", "2026-11-27 09:00", "2026-11-30 09:00"),  # a Friday
        ("0 0 * * 0", "2026-11-27 12:00", "2026-11-29 00:00"),  # Sunday is 0
        ("0 12 29 2 *", "2026-01-01 00:00", "2028-02-29 12:00"),
        ("59 23 31 12 *", "2026-12-31 23:59", "2027-12-31 23:59"),
    ],
)
def test_a_crontab_matches_as_the_calendar_says(rule: str, after: str, expected: str) -> None:
    assert next_match(read_crontab(rule), at(after)) == at(expected)


@pytest.mark.parametrize(
    "rule", ["", "* * * *", "* * * * * *", "61 * * * *", "x y z a b", "0 0 31 2 *", "*/0 * * * *",
             "0-70 * * * *", "-1 * * * *", "1e9 * * * *", "*" * 100]
)  # fmt: skip
def test_what_is_no_crontab_says_so(rule: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_crontab(rule)


def test_an_interval_is_kept_and_spread_by_a_tenth_at_most() -> None:
    now = at("2026-03-01 00:00")
    first = next_run(interval_minutes=60, rule="", after=now, luck=0.0)
    last = next_run(interval_minutes=60, rule="", after=now, luck=1.0)
    assert (first, last) == (at("2026-03-01 01:00"), at("2026-03-01 01:05"))
    assert next_run(interval_minutes=10, rule="", after=now, luck=1.0) == at("2026-03-01 00:11")
    daily = next_run(interval_minutes=None, rule="0 4 * * *", after=now, luck=1.0)
    assert daily == at("2026-03-01 04:05")
    assert next_run(interval_minutes=None, rule="", after=now, luck=0.5) is None


def test_the_back_off_doubles_up_to_six_hours() -> None:
    waits = [back_off(failures, 0.0) for failures in (1, 2, 3, 4, 10, 1000)]
    assert waits == [60, 120, 240, 480, 21600, 21600]
    assert back_off(1, 1.0) == 75
