"""The portal's settings with short waits, and a format whose parser can kill its process."""

from secops_portal.settings import *  # noqa: F403
from secops_portal.settings import SECOPS_FORMATS as _FORMATS

SECOPS_FORMATS = [*_FORMATS, "tests.scans.fish.Fish"]
SECOPS_LEASE_SECONDS = 1
SECOPS_SWEEP_SECONDS = 1
