"""What the five levels of likelihood and of impact mean: six bounds each, typed as people say them."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.common.entry.fields import FrequencyField, MoneyField
from apps.common.errors import Invalid
from apps.common.forms import apply_domain_errors
from apps.risks.services.scales import BOUNDS, Levels

KINDS: dict[str, type[forms.Field]] = {"likelihood": FrequencyField, "impact": MoneyField}


class ScaleForm(forms.Form):
    """Fields likelihood_0 to likelihood_5 and impact_0 to impact_5, the lowest bound first."""

    def __init__(self, data: Any = None, *, levels: Levels) -> None:
        super().__init__(data)
        for name, field in KINDS.items():
            ranges = getattr(levels, name)
            bounds = [ranges[0][0], *(high for _low, high in ranges)]
            for at, bound in enumerate(bounds):
                label = (
                    _("Level 1 begins at")
                    if at == 0
                    else _("Level %(level)d ends at") % {"level": at}
                )
                self.fields[f"{name}_{at}"] = field(label=label, initial=bound.normalize())

    def of(self, name: str) -> Iterator[forms.BoundField]:
        return (self[f"{name}_{at}"] for at in range(BOUNDS))

    def likelihood(self) -> Iterator[forms.BoundField]:
        return self.of("likelihood")

    def impact(self) -> Iterator[forms.BoundField]:
        return self.of("impact")

    def bounds(self) -> dict[str, list[Decimal]]:
        """The service's keywords. Only on a valid form."""
        return {name: [self.cleaned_data[f"{name}_{at}"] for at in range(BOUNDS)] for name in KINDS}

    def refuse(self, error: Invalid) -> None:
        """What is wrong with a row of bounds stands at its first one."""
        apply_domain_errors(
            self, Invalid({f"{name}_0": words for name, words in error.fields.items()})
        )
