"""The figures that docs/quant.md works out, from the closed forms that it quotes, and from the engine."""

import math
import re
from pathlib import Path

import pytest

from apps.risks.quant import (
    Beta,
    Clustered,
    Contact,
    Estimate,
    Interval90,
    LossForms,
    Pert,
    Point,
    Poisson,
    SecondaryLoss,
    ThreatFrequency,
    annual_loss,
    as_gamma,
    chance_of_some,
    update_frequency,
    update_vulnerability,
)
from apps.risks.services.scales import IMPACT, LIKELIHOOD

DOC = Path(__file__).parents[3] / "docs" / "quant.md"
RATE, LOSS = Interval90(0.1, 1), Interval90(10_000, 500_000)
Z = 3.289707253902945  # twice the 95th percentile of the normal distribution


@pytest.fixture(scope="module")
def section() -> str:
    """What the page says of the choice, in one line."""
    text = DOC.read_text(encoding="utf-8")
    found = text.partition("## Which kind of estimate")[2].partition("\n## ")[0]
    return re.sub(r"\s+", " ", found)


def grouped(amount: float) -> str:
    return f"{amount:,.0f}".replace(",", " ")


def lognormal_mean(low: float, high: float) -> float:
    sigma = (math.log(high) - math.log(low)) / Z
    return math.sqrt(low * high) * math.exp(sigma**2 / 2)


def pert_mean(low: float, mode: float, high: float) -> float:
    return (low + 4 * mode + high) / 6


def test_a_90_percent_range(section: str) -> None:
    rate, loss = lognormal_mean(0.1, 1), lognormal_mean(10_000, 500_000)
    estimate = Estimate(RATE, LOSS)
    assert annual_loss(estimate).mean == pytest.approx(rate * loss, rel=1e-9)
    assert f"the mean exp(mu + sigma^2 / 2) = {rate:.3f}" in section
    assert f"sigma = (ln 1 - ln 0.1) / 3.2897 = {math.log(10) / Z:.3f}" in section
    assert f"= {grouped(math.sqrt(5e9))}, the mean {grouped(loss)}" in section
    assert (
        f"Expected annual loss = {rate:.3f} x {grouped(loss)} = **{grouped(rate * loss)}**"
        in section
    )
    assert (
        f"Some loss in a year: {chance_of_some(estimate, years=1):.1%}".replace("%", " %")
        in section
    )
    assert f"1 - exp(-0.404) = {1 - math.exp(-rate):.1%}".replace("%", " %") in section


def test_least_most_likely_most(section: str) -> None:
    rate, loss = pert_mean(0.1, 0.3, 1), pert_mean(10_000, 60_000, 500_000)
    estimate = Estimate(Pert(0.1, 0.3, 1), Pert(10_000, 60_000, 500_000))
    assert annual_loss(estimate).mean == pytest.approx(rate * loss, rel=1e-9)
    assert f"(0.1 + 4 x 0.3 + 1) / 6 = {rate:.3f}" in section
    assert f"/ 6 = {grouped(loss)}." in section
    assert f"{rate:.4f} x {grouped(loss)} = **{grouped(rate * loss)}**" in section


def test_open_fair(section: str) -> None:
    contacts, acts, through = (20, 40, 60), (0.02, 0.05, 0.2), (0.05, 0.1, 0.4)
    response, work = (5_000, 20_000, 60_000), (2_000, 15_000, 40_000)
    fined, fine = (0.05, 0.2, 0.5), (50_000, 300_000, 1_000_000)
    estimate = Estimate(
        ThreatFrequency(Contact(Pert(*contacts), Pert(*acts)), Pert(*through)),
        LossForms(
            {"response": Pert(*response), "productivity": Pert(*work)},
            (SecondaryLoss(Pert(*fined), {"fines_and_judgments": Pert(*fine)}),),
        ),
    )
    rate = pert_mean(*contacts) * pert_mean(*acts) * pert_mean(*through)
    loss = pert_mean(*response) + pert_mean(*work) + pert_mean(*fined) * pert_mean(*fine)
    assert annual_loss(estimate).mean == pytest.approx(rate * loss, rel=1e-9)
    assert f"40 x {pert_mean(*acts):.2f} x {pert_mean(*through):.4f} = {rate:.3f}" in section
    assert f"= {grouped(loss)}. - Expected" in section
    assert f"{rate:.4f} x {grouped(loss)} = **{grouped(rate * loss)}**" in section


def test_a_cell_of_the_matrix(section: str) -> None:
    likelihood, impact = ([float(each) for each in bounds] for bounds in (LIKELIHOOD, IMPACT))
    rate = lognormal_mean(likelihood[2], likelihood[3])
    for level in (2, 3):
        loss = lognormal_mean(impact[level - 1], impact[level])
        assert f"**{grouped(rate * loss)}**" in section


def test_one_by_one_or_in_clusters(section: str) -> None:
    """Poisson(2); negative binomial of mean 2 and variance 6 is geometric: P(N >= n) = (2/3)^n."""
    single = Estimate(Point(2), Point(10_000), Poisson())
    clusters = Estimate(Point(2), Point(10_000), Clustered(3))
    assert chance_of_some(single, years=1) == pytest.approx(1 - math.exp(-2), rel=1e-6)
    assert chance_of_some(clusters, years=1) == pytest.approx(2 / 3, rel=1e-6)
    five = 1 - math.exp(-2) * sum(2**n / math.factorial(n) for n in range(5))
    none, many = f"{math.exp(-2):.1%}", f"{five:.1%}"
    assert f"exp(-2) = {none} | 3^-1 = {1 / 3:.1%}".replace("%", " %") in section
    assert f"{many} | (2/3)^5 = {(2 / 3) ** 5:.1%}".replace("%", " %") in section
    deviations = [math.sqrt(annual_loss(each).variance) for each in (single, clusters)]
    assert deviations == pytest.approx([10_000 * math.sqrt(2), 10_000 * math.sqrt(6)], rel=1e-9)
    assert f"sqrt(2) = {grouped(deviations[0])}" in section
    assert f"sqrt(2 x 3) = {grouped(deviations[1])}" in section


@pytest.mark.parametrize(
    ("events", "years", "relevance"), [(0, 1, 1), (0, 5, 1), (2, 1, 1), (2, 1, 0.5), (4, 1, 1)]
)
def test_what_counting_does(section: str, events: int, years: int, relevance: float) -> None:
    """The posterior by conjugacy, added by hand to the prior that the page names."""
    prior = as_gamma(RATE)
    assert f"read as Gamma({prior.shape:.2f}, {prior.rate:.2f})" in section
    shape, rate = prior.shape + relevance * events, prior.rate + relevance * years
    update = update_frequency(RATE, events=events, years=years, relevance=relevance)
    loss = annual_loss(Estimate(update.posterior, LOSS)).mean
    assert loss == pytest.approx(shape / rate * lognormal_mean(10_000, 500_000), rel=1e-9)
    row = f"Gamma({shape:.2f}, {rate:.2f}) | {shape / rate:.3f} | {grouped(loss)}"
    assert row in section
    assert update.surprising == (events == 4)
    if update.surprising:
        assert f"a chance of {update.surprise:.1%}".replace("%", " %") in section


def test_what_tests_do(section: str) -> None:
    for relevance, words in ((1, "Beta(3, 27), mean 10 %"), (0.5, "Beta(2.5, 17.5), mean 12.5 %")):
        update = update_vulnerability(Beta(2, 8), successes=1, attempts=20, relevance=relevance)
        assert update.posterior == Beta(2 + relevance, 8 + relevance * 19)
        assert words in section
