"""The context that clients of DefectDojo make before they post: nothing here holds a result.

A product is one of our systems; engagement and test only name which series a report belongs to.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from apps.accounts.policy import ScopedQuerySet
from apps.accounts.roles import Permission
from apps.catalog.models import SystemOwned


class ContextQuerySet(ScopedQuerySet):
    view_permission = Permission.REPORT_VIEW  # a pipeline's token sees what it posts into


class Engagement(SystemOwned):
    """DefectDojo's engagement: a line of runs, such as one pipeline."""

    name = models.CharField(max_length=300)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    # What clients write down of the newest build; they send it after the scan, so it is only kept.
    build_id = models.CharField(max_length=150, blank=True, default="")
    commit_hash = models.CharField(max_length=150, blank=True, default="")
    branch_tag = models.CharField(max_length=150, blank=True, default="")

    objects = ContextQuerySet.as_manager()  # type: ignore[misc]  # Django replaces managers so

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["system", "name"], name="engagement_once_a_system")
        ]

    def __str__(self) -> str:
        return self.name


class RunQuerySet(ContextQuerySet):
    system_path = "engagement__system_id"


class ScanRun(models.Model):
    """DefectDojo's test: one scanner's results in an engagement."""

    engagement = models.ForeignKey(Engagement, on_delete=models.CASCADE, related_name="runs")
    title = models.CharField(max_length=255)
    scan_type = models.CharField(
        max_length=200, blank=True, default=""
    )  # one of DefectDojo's names
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    # What the newest scan said of itself; clients find their test again by it.
    tags = ArrayField(models.CharField(max_length=100), default=list, db_default=[])
    version = models.CharField(max_length=100, blank=True, default="", db_default="")
    build_id = models.CharField(max_length=150, blank=True, default="", db_default="")
    commit_hash = models.CharField(max_length=150, blank=True, default="", db_default="")
    branch_tag = models.CharField(max_length=150, blank=True, default="", db_default="")
    # Its findings are one series with those of all engagements of the product.
    is_of_product = models.BooleanField(default=False, db_default=False)

    objects = RunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["engagement", "title"], name="run_once_an_engagement")
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def access_system_id(self) -> int:
        return self.engagement.system_id
