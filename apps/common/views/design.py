"""/design/: every component in every state, from its real template. For the portal's makers."""

import datetime
import json
from decimal import Decimal
from functools import cache
from pathlib import Path

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET

from apps.common.errors import Missing, NotPermitted
from apps.common.templatetags.figures import LoopStage
from apps.common.ui.curve import Curve
from apps.common.ui.diff import diff_lines
from apps.common.ui.stages import STAGES
from apps.common.ui.states import SEVERITIES, STATES
from apps.common.ui.trend import Moment

# Each part is a page: templates/common/_design_PART.html. The first one is at /design/ itself.
PARTS = {
    "figures": lazy("Figures"),
    "marks": lazy("Marks and buttons"),
    "surfaces": lazy("Surfaces and tables"),
    "forms": lazy("Forms"),
    "threads": lazy("Statements and threads"),
    "tokens": lazy("Type, colour, icons"),
}
TONES = ("neutral", "accent", "good", "warn", "bad", "caution", "info")


class SpecimenForm(forms.Form):
    """One field of each kind."""

    title = forms.CharField(
        label=lazy("Title"), help_text=lazy("What is being decided, in one line.")
    )
    email = forms.EmailField(label=lazy("E-mail"), required=False)
    question = forms.CharField(label=lazy("Question"), widget=forms.Textarea)
    stage = forms.ChoiceField(
        label=lazy("Stage"), choices=[(look.slug, look.label) for look in STAGES]
    )
    cost = forms.DecimalField(label=lazy("Cost once"), required=False, min_value=0)
    attributes = forms.MultipleChoiceField(
        label=lazy("Attributes at stake"),
        choices=[
            ("c", lazy("Confidentiality")),
            ("i", lazy("Integrity")),
            ("a", lazy("Availability")),
        ],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    treatment = forms.ChoiceField(
        label=lazy("Treatment"),
        choices=[(slug, look.label) for slug, look in STATES["treatment"].items()],
        widget=forms.RadioSelect,
    )
    baseline = forms.BooleanField(
        label=lazy("This is the baseline"),
        help_text=lazy("The other options are compared with it."),
        required=False,
    )
    report = forms.FileField(label=lazy("Report"), required=False)


@cache
def icon_names() -> tuple[str, ...]:
    """The names in the sprite, as assets/icons.json lists them."""
    listing = json.loads(
        Path(settings.BASE_DIR, "assets", "icons.json").read_text(encoding="utf-8")
    )
    return tuple(listing["lucide"])


def _loop_stages() -> list[LoopStage]:
    shown = (
        (0.92, _("2 hours old"), 1_240_000, 4),
        (1.0, _("20 minutes old"), 310_000, 128),
        (0.67, _("1 day old"), 880_000, 61),
        (0.33, _("12 days old"), 45_000, 7),
        (0.67, _("3 days old"), 120_000, 2),
        (1.0, _("5 hours old"), 2_650_000, 33),
        (0.33, _("40 days old"), 75_000, 1),
        (0.0, "", None, 0),
    )
    return [
        LoopStage(look.slug, f"#{look.slug}", coverage, freshness, value, findings)
        for look, (coverage, freshness, value, findings) in zip(STAGES, shown, strict=True)
    ]


def _curves() -> list[Curve]:
    public = [
        (1e3, 0.62),
        (1e4, 0.6),
        (5e4, 0.5),
        (2e5, 0.33),
        (1e6, 0.14),
        (4e6, 0.03),
        (1e7, 0.004),
    ]
    signed = [(1e3, 0.31), (1e4, 0.27), (5e4, 0.15), (2e5, 0.06), (1e6, 0.012), (4e6, 0.001)]
    return [Curve(_("Public bucket"), public), Curve(_("Signed URLs"), signed)]


def _trend(now: datetime.datetime) -> list[Moment]:
    worth = (
        (400, 420_000, _("First estimate")),
        (260, 610_000, _("Two incidents counted")),
        (90, 310_000, _("Uploads are scanned")),
    )
    return [
        Moment(now - datetime.timedelta(days=days), Decimal(amount), words)
        for days, amount, words in worth
    ]


def _options() -> list[dict[str, object]]:
    return [
        {
            "title": _("Public bucket, unguessable names"),
            "low": 20_000,
            "point": 310_000,
            "high": 1_200_000,
            "cost": Decimal(4_000),
            "baseline": True,
            "recommended": False,
            "chosen": False,
        },
        {
            "title": _("Signed URLs, valid for ten minutes"),
            "low": 0,
            "point": 38_000,
            "high": 260_000,
            "cost": Decimal(31_500),
            "baseline": False,
            "recommended": True,
            "chosen": True,
        },
        {
            "title": _("Do nothing: attachments stay in the database"),
            "low": 9_000,
            "point": 64_000,
            "high": 190_000,
            "cost": None,
            "baseline": False,
            "recommended": False,
            "chosen": False,
        },
    ]


def _context() -> dict[str, object]:
    now = timezone.now()
    options = _options()
    before = (
        "If you put uploads into a public bucket,\nthen anyone can list them.\n\nUse long names."
    )
    after = "If you put uploads into a public bucket,\nthen anyone with a link keeps it forever.\n"
    return {
        "tones": TONES,
        "stages": STAGES,
        "severities": list(SEVERITIES),
        "states": [(kind, list(values)) for kind, values in STATES.items()],
        "icons": icon_names(),
        "surfaces": ("canvas", "surface", "sunken", "ink", "accent"),
        "loop_stages": _loop_stages(),
        "loop_left": ("EUR 2.4M", _("at risk a year, before release")),
        "loop_right": (_("6 of 8"), _("stages with fresh evidence")),
        "curves": _curves(),
        "one_curve": _curves()[:1],
        "trend": _trend(now),
        "options": options,
        "amounts": [option["high"] for option in options] + [9_000, 20_000],
        "counts": [12, 40, 33, 9, 2],
        "form": SpecimenForm(initial={"stage": "plan", "title": "Where do uploads live?"}),
        "bad_form": SpecimenForm({"email": "nobody", "stage": "plan", "cost": "-3"}),
        "diff": diff_lines(before, after),
        "now": now,
        "earlier": now - datetime.timedelta(days=3, hours=2),
        "soon": (now + datetime.timedelta(days=12)).date(),
        "past": (now - datetime.timedelta(days=4)).date(),
        "later": (now + datetime.timedelta(days=200)).date(),
        "markdown": _(
            "## When it applies\n\nUploads from customers that **others** may open. See "
            "[ASVS 5.2](https://owasp.org) and `Content-Disposition`.\n\n- sign each URL\n"
            "- let it expire\n\n> A link that never expires is a password that never changes.\n\n"
            "```python\nurl = client.generate_presigned_url(ExpiresIn=600)\n```\n"
        ),
    }


@require_GET
def design(request: HttpRequest, part: str = "figures") -> HttpResponse:
    """One part of the catalogue. Raises NotPermitted for whoever is not staff, Missing elsewhere."""
    if not getattr(request.user, "is_staff", False):
        raise NotPermitted(_("The catalogue is for the portal's staff."))
    if part not in PARTS:
        raise Missing(_("The catalogue has no such part."))
    context = _context() | {
        "parts": [(slug, name, slug == part) for slug, name in PARTS.items()],
        "part_template": f"common/_design_{part}.html",
    }
    return render(request, "common/design.html", context)
