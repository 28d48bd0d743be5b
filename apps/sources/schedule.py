"""When a source runs next. Pure: times and numbers in, times out; all of them in UTC."""

import datetime as dt
import random
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from celery.schedules import ParseException, crontab

BACK_OFF_FIRST, BACK_OFF_LONGEST = 60.0, 6 * 3600.0  # seconds
BREAKS_AFTER = 5  # failures in a row; at once where only a person can mend it
PROBES_EVERY = 6 * 3600.0  # of a broken source
JITTER_SHARE, JITTER_LONGEST = 0.1, 300.0  # of the interval; seconds
_MINUTE = dt.timedelta(minutes=1)
_YEARS = 5


@dataclass(frozen=True)
class Rule:
    """What a crontab names; weekdays from Sunday, 0."""

    minutes: AbstractSet[int]
    hours: AbstractSet[int]
    days: AbstractSet[int]
    months: AbstractSet[int]
    weekdays: AbstractSet[int]


def read_crontab(text: str) -> Rule:
    """Minute, hour, day of month, month, day of week. Raises: ValueError with a sentence.

    Day of month and day of week must both match, unlike in some crons, where either does.
    """
    words = text.split()
    if len(words) != 5:
        raise ValueError("Give five fields: minute, hour, day of month, month, day of week.")
    try:
        read: Any = crontab(*(words[n] for n in (0, 1, 4, 2, 3)))
    except (ParseException, ValueError, KeyError, IndexError, TypeError):
        raise ValueError("This is no crontab; such as: 30 4 * * mon-fri") from None
    found = Rule(read.minute, read.hour, read.day_of_month, read.month_of_year, read.day_of_week)
    if next_match(found, dt.datetime(2024, 1, 1, tzinfo=dt.UTC)) is None:
        raise ValueError("No day ever matches this.")
    return found


def next_match(rule: Rule, after: dt.datetime) -> dt.datetime | None:
    """The first minute behind `after` that a crontab names; None if there is none in five years."""
    moment = (after + _MINUTE).replace(second=0, microsecond=0)
    end = moment + dt.timedelta(days=366 * _YEARS)
    while moment < end:
        weekday = moment.isoweekday() % 7  # cron counts from Sunday
        if (
            moment.month not in rule.months
            or moment.day not in rule.days
            or weekday not in rule.weekdays
        ):
            moment = (moment + dt.timedelta(days=1)).replace(hour=0, minute=0)
        elif moment.hour not in rule.hours:
            moment = (moment + dt.timedelta(hours=1)).replace(minute=0)
        elif moment.minute not in rule.minutes:
            moment += _MINUTE
        else:
            return moment
    return None


def next_run(
    *, interval_minutes: int | None, rule: str, after: dt.datetime, luck: float
) -> dt.datetime | None:
    """The next regular run; None for a source that runs by hand only.

    luck: 0 to 1, drawn by the caller. It spreads sources of one schedule: up to a tenth of the
    interval, at most 5 minutes, always later and never earlier.
    """
    if interval_minutes:
        length = interval_minutes * 60.0
        moment = after + dt.timedelta(seconds=length)
    elif rule:
        matched = read_crontab(rule)
        first = next_match(matched, after)
        if first is None:
            return None
        second = next_match(matched, first)
        length = (second - first).total_seconds() if second else JITTER_LONGEST
        moment = first
    else:
        return None
    return moment + dt.timedelta(seconds=luck * min(length * JITTER_SHARE, JITTER_LONGEST))


def back_off(failures: int, luck: float) -> float:
    """Seconds to wait after so many failures in a row: 1, 2, 4 ... minutes up to 6 hours, a quarter
    more by luck, so that those that failed together do not come back together."""
    wait = min(BACK_OFF_FIRST * 2.0 ** min(failures - 1, 20), BACK_OFF_LONGEST)
    return wait * (1 + luck / 4)


def draw() -> float:
    """Luck for one decision."""
    return random.random()  # noqa: S311  # spreads load; nobody gains by guessing it
