"""How long ago, in one unit: "3 days ago", "in 2 weeks"."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import npgettext_lazy

_MOMENT = timedelta(minutes=1)
# Django's own words stand alone ("3 Tage"); after "vor" and "in" German has others ("vor 3 Tagen").
_UNITS: Any = {  # the stubs of timesince know no lazy texts
    "year": npgettext_lazy("ago or in", "%(num)d year", "%(num)d years", "num"),
    "month": npgettext_lazy("ago or in", "%(num)d month", "%(num)d months", "num"),
    "week": npgettext_lazy("ago or in", "%(num)d week", "%(num)d weeks", "num"),
    "day": npgettext_lazy("ago or in", "%(num)d day", "%(num)d days", "num"),
    "hour": npgettext_lazy("ago or in", "%(num)d hour", "%(num)d hours", "num"),
    "minute": npgettext_lazy("ago or in", "%(num)d minute", "%(num)d minutes", "num"),
}


def age_of(moment: datetime, now: datetime | None = None) -> str:
    """The distance of an aware moment from now in its greatest unit; "just now" within a minute."""
    now = now or timezone.now()
    if abs(now - moment) < _MOMENT:
        return _("just now")
    if moment > now:
        return _("in %(age)s") % {"age": timesince(now, moment, time_strings=_UNITS, depth=1)}
    return _("%(age)s ago") % {"age": timesince(moment, now, time_strings=_UNITS, depth=1)}
