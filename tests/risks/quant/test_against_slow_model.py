"""The engine and an independent slow model draw from one distribution, however a risk is stated."""

import numpy as np
import pytest
from scipy import stats

from apps.risks.quant import (
    Beta,
    Clustered,
    Contact,
    Contest,
    Estimate,
    Gamma,
    Interval90,
    LossForms,
    Pert,
    Point,
    SecondaryLoss,
    ThreatFrequency,
)
from tests.risks.quant.models import years
from tests.risks.quant.slow import slow_years

FORMS = LossForms(
    primary={"response": Interval90(1e3, 1e4), "productivity": Pert(100, 500, 5000)},
    secondary=(
        SecondaryLoss(Pert(0.1, 0.3, 0.6), {"fines_and_judgments": Interval90(1e4, 1e5)}),
        SecondaryLoss(Point(0.5), {"reputation": Point(700.0)}),
    ),
)
MODELS = {
    "known rate": Estimate(Point(0.7), Interval90(1e3, 1e5)),
    "unsure rate": Estimate(Interval90(0.3, 4), Interval90(1e3, 1e4)),
    "pert both": Estimate(Pert(0, 1, 5), Pert(1e3, 2e3, 9e3, 2)),
    "gamma rate": Estimate(Gamma(0.7, 0.5), Interval90(1e3, 1e4)),
    "clusters": Estimate(Interval90(0.5, 3), Interval90(1e3, 1e4), Clustered(4.0)),
    "contact and chance": Estimate(
        ThreatFrequency(Contact(Interval90(3, 30), Pert(0.02, 0.1, 0.4)), Beta(2, 5)),
        Interval90(1e3, 1e4),
    ),
    "contest": Estimate(
        ThreatFrequency(Pert(1, 4, 12), Contest(Pert(0.2, 0.5, 0.9), Pert(0.3, 0.6, 0.8, 8))),
        Interval90(1e3, 1e4),
    ),
    "six forms": Estimate(Point(1.2), FORMS),
}


@pytest.mark.parametrize("name", MODELS)
def test_same_distribution_as_the_slow_model(name: str) -> None:
    ours = years(MODELS[name], 100_000, seed=11)
    slow = np.array(slow_years(MODELS[name], 12_000, seed=5))

    # Zeros tie, so the two-sided test is run on the years with loss, and their share by itself.
    share, slow_share = (ours > 0).mean(), (slow > 0).mean()
    assert abs(share - slow_share) < 4 * np.sqrt(share * (1 - share) / slow.size) + 1e-9
    assert stats.ks_2samp(ours[ours > 0], slow[slow > 0]).pvalue > 1e-3
    assert abs(ours.mean() - slow.mean()) < 4.5 * ours.std() / np.sqrt(slow.size)
