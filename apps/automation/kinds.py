"""What automation there is, and how a run of it went."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class AutomationKind(models.TextChoices):
    SCRIPT = "script", _("Hardening script")
    POLICY = "policy", _("Policy")
    TEST = "test", _("Security test")
    IMAGE = "image", _("Image or build")
    EXPERIMENT = "experiment", _("Recovery experiment")
    CHANGE = "change", _("Scripted change")
    SIGNAL = "signal", _("Early-warning signal")


class SignalOf(models.TextChoices):
    """What an early-warning signal watches."""

    LATENCY = "latency", _("Latency")
    ERRORS = "errors", _("Error rate")
    EGRESS = "egress", _("Traffic to new hosts")
    SIGN_IN = "sign-in", _("Sign-in failures")
    OTHER = "other", _("Something else")


class Outcome(models.TextChoices):
    PASSED = "passed", _("Passed")
    FAILED = "failed", _("Failed")
    ERRORED = "errored", _("Did not finish")


class Drift(models.TextChoices):
    """What is declared against what last ran; the first that holds, in this order."""

    RETIRED = "retired", _("Retired")
    NEVER = "never", _("Never ran")
    FAILING = "failing", _("Failing")
    OVERDUE = "overdue", _("Overdue")
    REVISION = "revision", _("Another revision ran")
    GOOD = "good", _("As declared")


# Where each kind usually belongs, offered by the form.
USUAL_STAGE = {
    AutomationKind.SCRIPT: "build",
    AutomationKind.POLICY: "deploy",
    AutomationKind.TEST: "test",
    AutomationKind.IMAGE: "build",
    AutomationKind.EXPERIMENT: "operate",
    AutomationKind.CHANGE: "operate",
    AutomationKind.SIGNAL: "monitor",
}
