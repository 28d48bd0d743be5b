"""In which language and time zone somebody reads: what was chosen, what the browser says, the default.

What machines read never depends on it: the API answers in English and UTC, and files are the same in
every language (`unplaced`), so that two people's exports can be compared.
"""

import contextlib
import functools
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone, translation

from apps.accounts.models import User
from apps.common.http import own_cookie

ZONE_COOKIE = "zone"  # assets/js/zone.js
# The zones that are named after places; the others ("EST", "Etc/GMT+5") are kept for old programs.
AREAS = (
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
)


@dataclass(frozen=True)
class Place:
    """language: one of settings.LANGUAGES. time_zone: a name of the IANA time zone database."""

    language: str
    time_zone: str

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Texts, numbers and times are those of this place inside."""
        zone = zoneinfo.ZoneInfo(self.time_zone)
        with translation.override(self.language), timezone.override(zone):
            yield


NOWHERE = Place(settings.LANGUAGE_CODE, settings.TIME_ZONE)


@contextlib.contextmanager
def unplaced() -> Iterator[None]:
    """Inside it is English and UTC: for what is read by machines, or by more people than one."""
    with NOWHERE.entered():
        yield


@functools.cache
def zones() -> frozenset[str]:
    """Every name that may be kept; browsers say old ones, too ("Asia/Calcutta")."""
    return frozenset(zoneinfo.available_timezones())


@functools.cache
def zones_offered() -> tuple[str, ...]:
    """Those that a person would look for, in order."""
    named = (zone for zone in zones() if zone.split("/")[0] in AREAS and "/" in zone)
    return ("UTC", *sorted(named))


def zone_meant(typed: str) -> str | None:
    """The zone that somebody typed: its name in any case and with spaces, or its city alone where there
    is one such: "berlin" is Europe/Berlin. None where that names none.
    """
    said = typed.strip().replace(" ", "_").lower()
    for zone in sorted(zones()):
        if zone.lower() == said:
            return zone
    cities = [zone for zone in zones_offered() if zone.lower().rsplit("/", 1)[-1] == said]
    return cities[0] if len(cities) == 1 else None


def place_of(request: HttpRequest) -> Place:
    """Of a page: what its reader has chosen, else what the browser says."""
    user = request.user if isinstance(request.user, User) else None
    return Place(
        _language(user) or _asked_language(request), _zone(user) or _clock_of_browser(request)
    )


def place_of_person(user: User) -> Place:
    """Of a mail: there is no browser to ask."""
    return Place(
        _language(user) or settings.SECOPS_LANGUAGE, _zone(user) or settings.SECOPS_TIME_ZONE
    )


def _language(user: User | None) -> str:
    """What was chosen, unless a later release has it no longer."""
    chosen = user.language if user else ""
    return chosen if chosen in dict(settings.LANGUAGES) else ""


def _zone(user: User | None) -> str:
    chosen = user.time_zone if user else ""
    return chosen if chosen in zones() else ""


def _asked_language(request: HttpRequest) -> str:
    """RFC 9110 section 12.5.4, as Django reads it."""
    if not request.headers.get("Accept-Language"):
        return str(settings.SECOPS_LANGUAGE)
    return translation.get_language_from_request(request)


def _clock_of_browser(request: HttpRequest) -> str:
    said = own_cookie(request, ZONE_COOKIE)
    return said if said in zones() else str(settings.SECOPS_TIME_ZONE)
