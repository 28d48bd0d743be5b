"""An estimate as a form, in any of its kinds; which fields count depends on the kind chosen."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from apps.common.entry.fields import ChanceField, FrequencyField, MoneyField
from apps.common.errors import Invalid
from apps.common.forms import with_any
from apps.common.ui.money import amount_short
from apps.risks.quant import FORMS_OF_LOSS
from apps.risks.services.estimates import ENDS, FAIR, LEVEL, PERT, RANGES
from apps.risks.services.scales import Level, current_scale
from apps.risks.text import frequency_words

KEPT = "kept"  # taken apart over the API in a way that this form has no fields for
KINDS = [
    (RANGES, lazy("Two ranges")),
    (PERT, lazy("Least, most likely, most")),
    (LEVEL, lazy("5x5 matrix")),
    (FAIR, lazy("Open FAIR")),
]
LOSSES = {
    "productivity": lazy("Productivity"),
    "response": lazy("Response"),
    "replacement": lazy("Replacement"),
    "competitive_advantage": lazy("Competitive advantage"),
    "fines_and_judgments": lazy("Fines and judgments"),
    "reputation": lazy("Reputation"),
}
assert set(LOSSES) == set(FORMS_OF_LOSS)  # noqa: S101  # the words belong to the engine's forms
Bounds = Mapping[str, Any]
# Where the engine finds the parts of an Open FAIR estimate, and what their fields are called here.
_SHORT = {
    "frequency.threat_events": "threats",
    "frequency.vulnerability": "vulnerability",
    "magnitude.primary": "primary",
    "magnitude.secondary.0.probability": "secondary",
    "magnitude.secondary.0.forms": "secondary",
}
_PLACES = re.compile("|".join(map(re.escape, _SHORT)))


class EstimateForm(forms.Form):
    kind = forms.ChoiceField(
        label=lazy("How to say it"),
        choices=KINDS,
        initial=RANGES,
        required=False,
        widget=forms.RadioSelect,
    )
    frequency_low = FrequencyField(label=lazy("At least"), required=False)
    frequency_mode = FrequencyField(label=lazy("Most likely"), required=False)
    frequency_high = FrequencyField(label=lazy("At most"), required=False)
    magnitude_low = MoneyField(label=lazy("At least"), required=False)
    magnitude_mode = MoneyField(label=lazy("Most likely"), required=False)
    magnitude_high = MoneyField(label=lazy("At most"), required=False)
    likelihood = forms.TypedChoiceField(
        label=lazy("Likelihood"), required=False, coerce=int, empty_value=None
    )
    impact = forms.TypedChoiceField(
        label=lazy("Impact"), required=False, coerce=int, empty_value=None
    )
    threats_low = FrequencyField(label=lazy("At least"), required=False)
    threats_high = FrequencyField(label=lazy("At most"), required=False)
    vulnerability_low = ChanceField(label=lazy("At least"), required=False)
    vulnerability_mode = ChanceField(label=lazy("Most likely"), required=False)
    vulnerability_high = ChanceField(label=lazy("At most"), required=False)
    secondary_low = ChanceField(label=lazy("At least"), required=False)
    secondary_mode = ChanceField(label=lazy("Most likely"), required=False)
    secondary_high = ChanceField(label=lazy("At most"), required=False)
    variance_ratio = forms.DecimalField(
        label=lazy("Clustering"),
        required=False,
        max_digits=6,
        decimal_places=3,
        help_text=lazy(
            "Empty: events come one by one. 3: their number in a year varies three times as much."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.of_estimate = set(EstimateForm.base_fields)
        scale = current_scale()
        self._levels("likelihood", scale.likelihood, _often)
        self._levels("impact", scale.impact, _much)
        for group in ("primary", "secondary"):
            for name, label in LOSSES.items():
                for end in ("low", "high"):
                    key = f"{group}_{name}_{end}"
                    self.fields[key] = MoneyField(label=label, required=False)
                    self.of_estimate.add(key)
        legends = {"frequency": _("How often"), "magnitude": _("How much")}
        legends |= {"threats": _("Threat events a year"), "vulnerability": _("Vulnerability")}
        for name, field in self.fields.items():  # "At least" says little away from its legend
            if legend := legends.get(name.rpartition("_")[0]):
                field.said_of = f"{legend}: {field.label}"  # type: ignore[attr-defined]
        self.initial = {**self.initial, **_initial(self.initial.get("estimate") or {})}
        if self.initial.get("kind") == KEPT:
            choices = [*KINDS, (KEPT, _("As sent over the API"))]
            self.fields["kind"].choices = choices  # type: ignore[attr-defined]

    def _levels(self, name: str, levels: tuple[Level, ...], say: Any) -> None:
        named = _named(levels, say)
        self.fields[name].choices = with_any(named, _("Choose ..."))  # type: ignore[attr-defined]

    @property
    def chosen(self) -> str:
        """The kind that counts, also before anything was sent."""
        given = self.data.get("kind") if self.is_bound else self.initial.get("kind")
        return str(given or RANGES)

    def losses(self, group: str) -> Iterator[tuple[Any, forms.BoundField, forms.BoundField]]:
        """(form of loss, low, high) of the primary or the secondary loss."""
        for name, label in LOSSES.items():
            yield label, self[f"{group}_{name}_low"], self[f"{group}_{name}_high"]

    def primary_losses(self) -> list[tuple[Any, forms.BoundField, forms.BoundField]]:
        return list(self.losses("primary"))

    def secondary_losses(self) -> list[tuple[Any, forms.BoundField, forms.BoundField]]:
        return list(self.losses("secondary"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in _needed(cleaned.get("kind") or RANGES):
            if cleaned.get(name) is None and name not in self.errors:
                self.add_error(name, _("This is needed."))
        return cleaned

    @property
    def has_estimate(self) -> bool:
        """Whether the estimate is there and can be read, whatever the form's other fields say."""
        self.is_valid()
        return not set(self.errors) & self.of_estimate

    def named(self, error: Invalid) -> Invalid:
        """What the service refused, with the names of this form's fields."""
        return Invalid({self._field(path): texts for path, texts in error.fields.items()})

    def _field(self, path: str) -> str:
        known = _PLACES.sub(lambda match: _SHORT[match[0]], path.removeprefix("estimate."))
        name = known.replace(".", "_").removesuffix("_value")
        candidates = (name, f"{name}_low", f"{name}_mode")
        return next((each for each in candidates if each in self.fields), path)

    def ends(self) -> dict[str, Decimal | None]:
        """The four ends of the two ranges, where they are what counts. Only on a valid form."""
        if self.chosen != RANGES:
            return dict.fromkeys(ENDS)
        return {name: self.cleaned_data[name] for name in ENDS}

    def detail(self) -> dict[str, Any]:
        """What the service takes for the kind. Only on a valid form."""
        given, kind = self.cleaned_data, self.chosen
        if kind == KEPT:
            return dict(self.initial["estimate"])
        made: dict[str, Any] = {"kind": kind, **_MAKERS[kind](given)}
        if given["variance_ratio"] is not None:
            made["variance_ratio"] = str(given["variance_ratio"])
        return {} if made == {"kind": RANGES} else made


def _needed(kind: str) -> tuple[str, ...]:
    return {
        RANGES: ENDS,
        PERT: (*ENDS, "frequency_mode", "magnitude_mode"),
        LEVEL: ("likelihood", "impact"),
        FAIR: ("threats_low", "threats_high", "vulnerability_mode"),
    }.get(kind, ())


def _three(given: Bounds, name: str) -> dict[str, str]:
    return {end: str(given[f"{name}_{end}"]) for end in ("low", "mode", "high")}


def _pert(given: Bounds) -> dict[str, Any]:
    return {name: _three(given, name) for name in ("frequency", "magnitude")}


def _level(given: Bounds) -> dict[str, Any]:
    return {name: given[name] for name in ("likelihood", "impact")}


def _chance(given: Bounds, name: str) -> Any:
    """One number where only the likely value is known, else least, likely, most."""
    low, mode, high = (given[f"{name}_{end}"] for end in ("low", "mode", "high"))
    low, high = mode if low is None else low, mode if high is None else high
    if low == high:
        return {"kind": "point", "value": str(mode)}
    return {"kind": "pert", "low": str(low), "mode": str(mode), "high": str(high)}


def _forms(given: Bounds, group: str) -> dict[str, Any]:
    """The forms of loss that were filled in; one end alone is a known amount."""
    found: dict[str, Any] = {}
    for name in LOSSES:
        low, high = given[f"{group}_{name}_low"], given[f"{group}_{name}_high"]
        known = [each for each in (low, high) if each is not None]
        if not known:
            continue
        if len(known) == 1 or low == high:
            found[name] = {"kind": "point", "value": str(known[0])}
        else:
            found[name] = {"kind": "interval90", "low": str(low), "high": str(high)}
    return found


def _fair(given: Bounds) -> dict[str, Any]:
    threats = {
        "kind": "interval90",
        "low": str(given["threats_low"]),
        "high": str(given["threats_high"]),
    }
    magnitude: dict[str, Any] = {"kind": "forms", "primary": _forms(given, "primary")}
    secondary = _forms(given, "secondary")
    if secondary:
        chance = _chance(given, "secondary") if given["secondary_mode"] is not None else None
        magnitude["secondary"] = [{"probability": chance or "1", "forms": secondary}]
    return {
        "frequency": {
            "kind": "threat",
            "threat_events": threats,
            "vulnerability": _chance(given, "vulnerability"),
        },
        "magnitude": magnitude,
    }


_MAKERS: dict[str, Any] = {RANGES: lambda _given: {}, PERT: _pert, LEVEL: _level, FAIR: _fair}


def _initial(detail: Bounds) -> dict[str, Any]:
    """The fields' values from a stored estimate; KEPT where the form has no fields for it."""
    kind = detail.get("kind", RANGES)
    values: dict[str, Any] = {"kind": kind}
    if ratio := detail.get("variance_ratio"):
        values["variance_ratio"] = Decimal(ratio)
    if kind == PERT:
        if any("confidence" in detail[name] for name in ("frequency", "magnitude")):
            return {"kind": KEPT}
        for name in ("frequency", "magnitude"):
            for end in ("low", "mode", "high"):
                values[f"{name}_{end}"] = Decimal(detail[name][end])
    if kind == LEVEL:
        values |= _level(detail)
    if kind == FAIR:
        try:
            values |= _fair_initial(detail)
        except (KeyError, TypeError, ValueError):
            return {"kind": KEPT}
    return values


def _fair_initial(detail: Bounds) -> dict[str, Any]:
    """Raises: KeyError, TypeError, ValueError for a decomposition of another shape."""
    frequency, magnitude = detail["frequency"], detail["magnitude"]
    if frequency["threat_events"]["kind"] != "interval90":
        raise ValueError
    values = {f"threats_{end}": Decimal(frequency["threat_events"][end]) for end in ("low", "high")}
    values |= _chance_initial(frequency["vulnerability"], "vulnerability")
    values |= _forms_initial(magnitude["primary"], "primary")
    for secondary in magnitude.get("secondary", [])[:2]:
        if "secondary_mode" in values:
            raise ValueError
        values |= _chance_initial(secondary["probability"], "secondary")
        values |= _forms_initial(secondary["forms"], "secondary")
    return values


def _chance_initial(part: Any, name: str) -> dict[str, Any]:
    if isinstance(part, str):
        return {f"{name}_mode": Decimal(part)}
    if part["kind"] == "point":
        return {f"{name}_mode": Decimal(part["value"])}
    if part["kind"] != "pert" or "confidence" in part:
        raise ValueError
    return {f"{name}_{end}": Decimal(part[end]) for end in ("low", "mode", "high")}


def _forms_initial(forms_of_loss: Bounds, group: str) -> dict[str, Any]:
    values = {}
    for name, part in forms_of_loss.items():
        if part["kind"] == "point":
            values[f"{group}_{name}_low"] = Decimal(part["value"])
        elif part["kind"] == "interval90":
            for end in ("low", "high"):
                values[f"{group}_{name}_{end}"] = Decimal(part[end])
        else:
            raise ValueError
    return values


def _often(low: Decimal, high: Decimal) -> str:
    return f"{frequency_words(low)} - {frequency_words(high)}"


def _much(low: Decimal, high: Decimal) -> str:
    return f"{amount_short(low)} - {amount_short(high)}"


def level_choices() -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """The five levels of likelihood and of impact, as a select shows them."""
    scale = current_scale()
    return _named(scale.likelihood, _often), _named(scale.impact, _much)


def _named(levels: tuple[Level, ...], say: Any) -> list[tuple[int, str]]:
    return [(number, f"{number}: {say(*each)}") for number, each in enumerate(levels, start=1)]
