"""What a control does, in words."""

from django.utils.translation import gettext as _

from apps.controls.models import ControlEffect
from apps.risks.text import share_words


def taken_words(effect: ControlEffect) -> list[str]:
    """What it takes away of a risk, part by part: "50 to 95 % of the events, most likely 80 %"."""
    parts = ((_("of the events"), effect.frequency), (_("of the loss"), effect.loss))
    given = [(of_what, ends) for of_what, ends in parts if float(ends[2])]
    said = [f"{of_what}: {share_words(ends)}" for of_what, ends in given]
    if any(ends[0] == ends[2] for _of_what, ends in given):
        said.append(_("one number, so no doubt about it is counted"))
    return said
