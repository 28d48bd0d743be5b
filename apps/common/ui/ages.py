"""How long ago, in one unit: "3 days ago", "in 2 weeks"."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

_MOMENT = timedelta(minutes=1)


def age_of(moment: datetime, now: datetime | None = None) -> str:
    """The distance of an aware moment from now in its greatest unit; "just now" within a minute."""
    now = now or timezone.now()
    if abs(now - moment) < _MOMENT:
        return _("just now")
    if moment > now:
        return _("in %(age)s") % {"age": timesince(now, moment, depth=1)}
    return _("%(age)s ago") % {"age": timesince(moment, now, depth=1)}
