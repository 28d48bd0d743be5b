"""The value of a risk: estimates, simulation, comparison, evidence. Pure: NumPy and the standard
library only.

The names below are the front door; docs/quant.md explains the models and gives their sources.
"""

from apps.risks.quant.distributions import (
    Beta,
    Distribution,
    Gamma,
    Interval90,
    MeanOf,
    Pert,
    Point,
    lognormal_from_median,
    probability_interval,
)
from apps.risks.quant.errors import EstimateError
from apps.risks.quant.estimate import (
    FORMS_OF_LOSS,
    Clustered,
    Contact,
    Contest,
    Estimate,
    LossForms,
    Poisson,
    Rounded,
    SecondaryLoss,
    ThreatFrequency,
)
from apps.risks.quant.moments import annual_loss, event_count, event_loss
from apps.risks.quant.simulate import SharedCause
from apps.risks.quant.spec import estimate_from_dict, estimate_to_dict
from apps.risks.quant.valuation import ENGINE, Valuation, trials_for, value

__all__ = [
    "ENGINE",
    "FORMS_OF_LOSS",
    "Beta",
    "Clustered",
    "Contact",
    "Contest",
    "Distribution",
    "Estimate",
    "EstimateError",
    "Gamma",
    "Interval90",
    "LossForms",
    "MeanOf",
    "Pert",
    "Point",
    "Poisson",
    "Rounded",
    "SecondaryLoss",
    "SharedCause",
    "ThreatFrequency",
    "Valuation",
    "annual_loss",
    "estimate_from_dict",
    "estimate_to_dict",
    "event_count",
    "event_loss",
    "lognormal_from_median",
    "probability_interval",
    "trials_for",
    "value",
]
