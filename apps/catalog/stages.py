"""The eight stages of the DevOps loop, in order; Monitor feeds Plan."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Stage(models.TextChoices):
    PLAN = "plan", _("Plan")
    CODE = "code", _("Code")
    BUILD = "build", _("Build")
    TEST = "test", _("Test")
    RELEASE = "release", _("Release")
    DEPLOY = "deploy", _("Deploy")
    OPERATE = "operate", _("Operate")
    MONITOR = "monitor", _("Monitor")
