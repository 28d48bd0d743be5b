"""What the settings page says of how risks are valued."""

from collections.abc import Iterable

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.actors import Actor
from apps.common.setting_lines import Facts, Group, Line, One, Stand, listed
from apps.risks.models import OrdinalScale, Tolerance


def lines(viewer: Actor) -> Iterable[Line]:
    if not viewer.writes_risks:
        return
    yield Line(
        Group.VALUES,
        _("Scale and currency"),
        _(
            "What the five levels of likelihood and impact mean here, in events a year and in money."
        ),
        "scale",
        reverse("settings-scale"),
        _scale,
        {"since": One(OrdinalScale.objects.order_by("-pk"), "created_at")},
        words=_("matrix likelihood impact levels money"),
    )
    yield Line(
        Group.VALUES,
        _("Tolerance"),
        _("The line that the losses of a year should stay below: on the portfolio's curve."),
        "wallet",
        reverse("portfolio"),
        _tolerance,
        {"points": One(Tolerance.objects.order_by("-pk"), "points")},
        words=_("appetite portfolio curve"),
    )


def _scale(facts: Facts) -> Stand:
    money = _("money in %(currency)s") % {"currency": settings.SECOPS_CURRENCY}
    if facts["since"] is None:
        return Stand(listed(_("The portal's own levels"), money))
    day = date_format(timezone.localtime(facts["since"]), "DATE_FORMAT")
    return Stand(listed(_("Your levels of %(day)s") % {"day": day}, money))


def _tolerance(facts: Facts) -> Stand:
    number = len(facts["points"] or ())
    if not number:
        return Stand(_("No line is drawn"))
    told = ngettext("A line by %(n)d point", "A line by %(n)d points", number)
    return Stand(told % {"n": number})
