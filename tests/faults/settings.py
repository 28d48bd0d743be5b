"""The portal's settings with short waits, and a format whose parser can kill its process."""

from secops_portal.settings import *  # noqa: F403
from secops_portal.settings import CELERY_BEAT_SCHEDULE as _SCHEDULE
from secops_portal.settings import SECOPS_FORMATS as _FORMATS

SECOPS_FORMATS = [*_FORMATS, "tests.scans.fish.Fish"]
SECOPS_LEASE_SECONDS = 1
SECOPS_SWEEP_SECONDS = 1
_SWEEPS = ("sweep-reports", "sweep-sources", "deliver-events")
CELERY_BEAT_SCHEDULE = {
    **_SCHEDULE,
    **{name: {**_SCHEDULE[name], "schedule": 1.0} for name in _SWEEPS},
}
