"""Controls: what could be done about risks, what it costs, and what it takes away of each."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Team
from apps.accounts.policy import ScopedQuerySet
from apps.catalog.models import SystemOwned
from apps.common.models import Timestamped, Versioned
from apps.risks.models import LARGEST, RiskStatement

PERSON = settings.AUTH_USER_MODEL


class ControlStatus(models.TextChoices):
    """Only what is in place earns credit (apps/risks/quant/controls.py)."""

    IN_PLACE = "in_place", _("In place")
    PLANNED = "planned", _("Planned")
    WAIVED = "waived", _("Waived")
    RETIRED = "retired", _("Retired")


class Control(SystemOwned, Versioned):
    """A control of a system. Money is the organisation's currency."""

    name = models.CharField(max_length=160)
    description = models.TextField(blank=True, default="")  # Markdown
    status = models.CharField(
        max_length=8, choices=ControlStatus.choices, default=ControlStatus.PLANNED
    )
    owner = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="controls"
    )
    guidance = models.ForeignKey(  # that recommends it
        "guidance.Guidance",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="carried_out_by",
    )
    cost_once = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    years = models.DecimalField(
        max_digits=4, decimal_places=1, default=3
    )  # that the purchase lasts
    # A calibrated 90 % interval of what it takes to run, a year.
    cost_yearly_low = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    cost_yearly_high = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    created_by = models.ForeignKey(PERSON, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    cost_once__gte=0,
                    cost_once__lte=LARGEST,
                    cost_yearly_low__gte=0,
                    cost_yearly_high__gte=F("cost_yearly_low"),
                    cost_yearly_high__lte=LARGEST,
                    years__gte=1,
                    years__lte=100,
                ),
                name="control_cost_sane",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        return f"C-{self.pk}"


class EffectQuerySet(ScopedQuerySet):
    system_path = "control__system_id"


class ControlEffect(Timestamped):
    """What a control takes away of one risk: least, most likely and most, as shares from 0 to 1."""

    control = models.ForeignKey(Control, on_delete=models.CASCADE, related_name="effects")
    statement = models.ForeignKey(
        RiskStatement, on_delete=models.CASCADE, related_name="control_effects"
    )
    frequency_low = models.DecimalField(max_digits=7, decimal_places=6, default=0)
    frequency_mode = models.DecimalField(max_digits=7, decimal_places=6, default=0)
    frequency_high = models.DecimalField(max_digits=7, decimal_places=6, default=0)
    loss_low = models.DecimalField(max_digits=7, decimal_places=6, default=0)
    loss_mode = models.DecimalField(max_digits=7, decimal_places=6, default=0)
    loss_high = models.DecimalField(max_digits=7, decimal_places=6, default=0)
    rationale = models.CharField(max_length=500, blank=True, default="")  # why these shares

    objects = EffectQuerySet.as_manager()

    class Meta:
        ordering = ["control", "statement"]
        constraints = [
            models.UniqueConstraint(fields=["control", "statement"], name="control_effect_once"),
            models.CheckConstraint(
                condition=Q(
                    frequency_low__gte=0,
                    frequency_mode__gte=F("frequency_low"),
                    frequency_high__gte=F("frequency_mode"),
                    frequency_high__lte=1,
                    loss_low__gte=0,
                    loss_mode__gte=F("loss_low"),
                    loss_high__gte=F("loss_mode"),
                    loss_high__lte=1,
                ),
                name="control_effect_sane",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.control_id} on RS-{self.statement_id}"

    @property
    def access_system_id(self) -> int:
        return self.control.system_id

    @property
    def frequency(self) -> list[str]:
        """Least, likely and most of the events that it prevents, as exact text."""
        return _exact(self.frequency_low, self.frequency_mode, self.frequency_high)

    @property
    def loss(self) -> list[str]:
        """The same of the loss of an event."""
        return _exact(self.loss_low, self.loss_mode, self.loss_high)


def _exact(*ends: object) -> list[str]:
    return [f"{Decimal(str(end)).normalize():f}" for end in ends]
