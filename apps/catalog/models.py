"""What is built and run. Every object of a system asks the system who may see it."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.accounts.policy import ScopedQuerySet
from apps.common.models import Versioned

MOST_BECAUSE = 500  # characters of why a system was archived


class Criticality(models.IntegerChoices):
    LOW = 1, _("Low")
    MEDIUM = 2, _("Medium")
    HIGH = 3, _("High")
    VITAL = 4, _("Vital")


class SystemQuerySet(ScopedQuerySet):
    system_path = "pk"


class System(Versioned):
    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, default="")
    owner = models.ForeignKey(
        "accounts.Team", null=True, blank=True, on_delete=models.SET_NULL, related_name="systems"
    )
    criticality = models.PositiveSmallIntegerField(
        choices=Criticality.choices, default=Criticality.MEDIUM
    )
    repositories = ArrayField(models.URLField(max_length=300), default=list, blank=True)
    default_branch = models.CharField(max_length=200, default="main")
    # Archived: read, and out of what is counted (docs/decisions/0009-an-archived-system-is-read.md).
    archived_at = models.DateTimeField(null=True, editable=False)
    archived_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    archived_because = models.CharField(
        max_length=MOST_BECAUSE, default="", db_default="", editable=False
    )

    objects = SystemQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def access_system_id(self) -> int:
        return self.pk

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None


class SystemOwned(models.Model):
    """Anything that belongs to one system and is seen by whoever sees the system."""

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="%(class)ss")
    objects = ScopedQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def access_system_id(self) -> int:
        return self.system_id


class Component(SystemOwned):
    key = models.SlugField(max_length=80)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=40, blank=True, default="")
    description = models.TextField(blank=True, default="")
    repository = models.URLField(max_length=300, blank=True, default="")
    path = models.CharField(max_length=300, blank=True, default="")  # folder in the repository

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["system", "key"], name="component_once_a_system")
        ]

    def __str__(self) -> str:
        return self.name


class Environment(SystemOwned):
    key = models.SlugField(max_length=60)
    name = models.CharField(max_length=120)
    is_production = models.BooleanField(default=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["system", "key"], name="environment_once_a_system")
        ]

    def __str__(self) -> str:
        return self.name
