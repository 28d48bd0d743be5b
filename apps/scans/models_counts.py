"""How many findings a series has, kept so that filters can say it without counting a million."""

from django.db import models

from apps.accounts.policy import ScopedQuerySet


class FindingCountQuerySet(ScopedQuerySet):
    system_path = "series__system_id"


class FindingCount(models.Model):
    """Findings of one series that are of one state and severity; none has no row.

    Written with the series' `open_counts`, in the transaction of whatever changed a finding
    (services.counts).
    """

    series = models.ForeignKey(
        "scans.Series", on_delete=models.CASCADE, related_name="counts", db_index=False
    )
    state = models.CharField(max_length=14)
    severity = models.PositiveSmallIntegerField()
    number = models.PositiveIntegerField()

    objects = FindingCountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["series", "state", "severity"], name="finding_count_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.state} of severity {self.severity} in series {self.series_id}"

    @property
    def access_system_id(self) -> int:
        return self.series.system_id
