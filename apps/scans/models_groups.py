"""What several tools see, kept so that a page need not group a million findings."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F

from apps.catalog.models import SystemOwned


class WeaknessGroup(SystemOwned):
    """One weakness that tools of two names or more see and that is open.

    Made anew by the sweeper; it holds for a system while all its series are `is_grouped`.
    """

    digest = models.UUIDField()  # of weakness and place, which are too long for an index
    weakness = models.TextField()  # CVE-2021-44228, CWE-89
    place = models.TextField()  # a package, or path:line
    severity = models.PositiveSmallIntegerField()  # the worst that a tool says
    tools = ArrayField(models.CharField(max_length=120))
    sightings = models.PositiveIntegerField()  # findings
    finding_id = models.BigIntegerField()  # the first that was seen; no key, since findings may go

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["system", "digest"], name="weakness_group_once_a_system"
            )
        ]
        indexes = [
            # As lists are ordered, so that the worst hundred are read and not all.
            models.Index(
                F("severity").desc(),
                F("tools__len").desc(),
                F("sightings").desc(),
                F("finding_id"),
                name="weakness_group_worst",
            )
        ]

    def __str__(self) -> str:
        return f"{self.weakness} {self.place}"
