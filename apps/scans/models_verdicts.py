"""What a person may say of a finding, and why something is not affected."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Verdict(models.TextChoices):
    """What a person may say of a finding; that it is fixed, only a report says."""

    OPEN = "open", _("Open")
    FALSE_POSITIVE = "false_positive", _("False positive")
    ACCEPTED = "accepted", _("Accepted")
    NOT_AFFECTED = "not_affected", _("Not affected")


class Justification(models.TextChoices):
    """Why something is not affected: the words of OpenVEX 0.2.0, "Status Justifications"."""

    NO_COMPONENT = "component_not_present", _("The component is not there")
    NO_CODE = "vulnerable_code_not_present", _("The vulnerable code is not there")
    NOT_RUN = (
        "vulnerable_code_not_in_execute_path",
        _("The vulnerable code is never run"),
    )
    NOT_CONTROLLED = (
        "vulnerable_code_cannot_be_controlled_by_adversary",
        _("No attacker can reach the vulnerable code"),
    )
    MITIGATED = "inline_mitigations_already_exist", _("Mitigations are in place already")
