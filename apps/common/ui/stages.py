"""How each stage of the DevOps loop looks: name and icon; colours are in assets/css/tokens.css."""

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class StageLook:
    slug: str
    label: str | Promise
    icon: str


STAGES: Final = (
    StageLook("plan", _("Plan"), "compass"),
    StageLook("code", _("Code"), "code"),
    StageLook("build", _("Build"), "hammer"),
    StageLook("test", _("Test"), "flask-conical"),
    StageLook("release", _("Release"), "tag"),
    StageLook("deploy", _("Deploy"), "cloud-upload"),
    StageLook("operate", _("Operate"), "sliders-horizontal"),
    StageLook("monitor", _("Monitor"), "radar"),
)
_BY_SLUG: Final = {stage.slug: stage for stage in STAGES}


def stage_look(slug: str) -> StageLook:
    """The look of a stage. Raises KeyError for a word that is no stage."""
    return _BY_SLUG[slug]
