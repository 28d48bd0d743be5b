"""Since when a finding counts as new: whole days of whoever asks."""

import datetime as dt

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.common.days import start_of

WEEK = 7  # days
COUNTED = 1000  # findings; of more, a page says that there are more
NEW_IN = {"today": 0, "7d": WEEK, "30d": 30}  # days before today, by what an address says


def new_since(days: int) -> dt.datetime:
    """The beginning of the day that many days ago: the list and the number above it begin alike."""
    return start_of(timezone.localdate() - dt.timedelta(days=days))


def new_this_week(number: int) -> str:
    """What was counted up to COUNTED, in words."""
    if not number:
        return _("None new this week")
    if number >= COUNTED:
        return _("More than %(number)s new this week") % {"number": intcomma(COUNTED - 1)}
    return ngettext("%(number)s new this week", "%(number)s new this week", number) % {
        "number": number
    }
