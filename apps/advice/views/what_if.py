"""The controls of a risk on its page: with and without each, as ticked."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from apps.accounts.requests import PageRequest
from apps.common.addresses import whole_number
from apps.common.ui.curve import Curve
from apps.controls.models import ControlEffect
from apps.controls.words import taken_words
from apps.controls.worth import Side, picture_of
from apps.risks.models import RiskStatement


def what_if(
    request: PageRequest, statement: RiskStatement, named: Sequence[ControlEffect]
) -> dict[str, Any]:
    """`?what-if=1&on=3&on=5` asks what the value is with these controls; else those in place are on.

    named: what is named against the risk (effects_on_statement).
    """
    on = None
    if "what-if" in request.GET:
        on = [pk for text in request.GET.getlist("on") if (pk := whole_number(text)) is not None]
    picture = picture_of(request.actor, statement, on, named)
    if picture is None:
        origin = statement.origin
        return {"controls": None, "recommended": list(enumerate(origin.controls)) if origin else []}
    curves = [
        _curve(_("Without controls"), picture.without),
        _curve(_("With those ticked"), picture.treated),
    ]
    return {
        "controls": picture,
        "control_lines": [(line, taken_words(line.effect)) for line in picture.lines],
        "control_curves": [each for each in curves if each.points],
    }


def _curve(label: str, side: Side) -> Curve:
    return Curve(label, [(loss, chance) for loss, chance in side.curve])
