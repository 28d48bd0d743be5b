"""Quantiles, distribution functions and moments against SciPy, which the engine does not use."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from scipy import special, stats

from apps.risks.quant import (
    Beta,
    Complement,
    Distribution,
    EstimateError,
    Gamma,
    Interval90,
    MeanOf,
    Pert,
    Point,
    probability_exceeding,
    probability_interval,
)
from apps.risks.quant.normal import normal_cdfs, normal_scores
from apps.risks.quant.special import digamma, trigamma, trigamma_inverse

SCORES = np.linspace(-6, 6, 1201)
BELOW, ABOVE = stats.norm.cdf(SCORES), stats.norm.sf(SCORES)


def reference(law: stats.rv_continuous) -> npt.NDArray[np.float64]:
    """The quantile at each score, from whichever tail keeps its digits."""
    return np.asarray(np.where(SCORES < 0, law.ppf(BELOW), law.isf(ABOVE)), dtype=np.float64)


def test_normal_scores_to_the_last_digits() -> None:
    below = np.geomspace(2.0**-53, 0.5, 5000)
    assert normal_scores(below) == pytest.approx(stats.norm.ppf(below), rel=2e-15, abs=1e-16)
    assert normal_scores(1 - below) == pytest.approx(
        stats.norm.ppf(1 - below), rel=2e-15, abs=1e-16
    )


def test_normal_distribution_function() -> None:
    assert normal_cdfs(SCORES) == pytest.approx(BELOW, abs=1e-6)


@pytest.mark.parametrize("a", [0.05, 0.5, 1.0, 1.3, 5.0, 400.0])
@pytest.mark.parametrize("b", [0.3, 1.0, 3.8, 9000.0])
def test_beta_quantiles(a: float, b: float) -> None:
    ours = Beta(a, b)
    assert ours.at_scores(SCORES) == pytest.approx(
        reference(stats.beta(a, b)), rel=1e-3, abs=1e-3 * math.sqrt(ours.variance)
    )


@pytest.mark.parametrize("shape", [0.05, 0.5, 1.0, 2.0, 7.5, 100.0, 1e5])
def test_gamma_quantiles(shape: float) -> None:
    wanted = reference(stats.gamma(shape, scale=1 / 3))
    inside = wanted > 1e-200  # below, SciPy's own digits end
    assert Gamma(shape, 3).at_scores(SCORES)[inside] == pytest.approx(wanted[inside], rel=2e-3)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 4.0, 50.0])
def test_pert_is_a_stretched_beta(confidence: float) -> None:
    ours = Pert(20, 100, 900, confidence)
    a, b = 1 + confidence * 80 / 880, 1 + confidence * 800 / 880
    law = stats.beta(a, b, loc=20, scale=880)
    assert ours.at_scores(SCORES) == pytest.approx(reference(law), abs=3e-6 * 880)
    assert (ours.mean, ours.variance) == pytest.approx((law.mean(), law.var()), rel=1e-12)
    values = np.linspace(0, 1000, 101)
    assert ours.cdf(values) == pytest.approx(law.cdf(values), abs=1e-5)


def test_interval_ends_are_its_5th_and_95th_percentile() -> None:
    interval = Interval90(7, 300)
    assert interval.quantile(0.05) == pytest.approx(7, rel=1e-12)
    assert interval.quantile(0.95) == pytest.approx(300, rel=1e-12)
    law = stats.lognorm(interval.sigma, scale=math.exp(interval.mu))
    assert (interval.mean, interval.variance) == pytest.approx((law.mean(), law.var()), rel=1e-12)


def test_interval_of_equal_ends_is_a_point() -> None:
    interval = Interval90(5, 5)
    assert interval.mean == pytest.approx(5)
    assert interval.variance == 0
    assert interval.cdf(np.array([4.9, 5.0])).tolist() == [0, 1]


@pytest.mark.parametrize(("low", "high"), [(0.05, 0.2), (0.001, 0.01), (0.3, 0.95), (0.49, 0.51)])
def test_probability_interval_has_its_ends(low: float, high: float) -> None:
    fitted = probability_interval(low, high)
    law = stats.beta(fitted.a, fitted.b)
    assert law.ppf([0.05, 0.95]) == pytest.approx([low, high], rel=1e-3)


def test_complement() -> None:
    left = Complement(Beta(2, 7))
    assert left.quantile(0.05) == pytest.approx(1 - Beta(2, 7).quantile(0.95), abs=1e-9)
    assert left.mean == pytest.approx(7 / 9)
    assert left.support == (0.0, 1.0)


CONTESTS: list[tuple[Distribution, Distribution, float]] = [
    (Pert(0, 0.5, 1, 0), Pert(0, 0.5, 1, 0), 0.5),  # two uniforms
    (Pert(0, 1, 2, 0), Pert(1, 2, 3, 0), 0.125),  # the corner triangle where they overlap
    (Point(0.3), Pert(0, 0.5, 1, 0), 0.3),
    (Pert(0, 0.5, 1, 0), Point(0.3), 0.7),
    (Point(2), Point(2), 0.0),  # equal strength holds
    (Point(3), Point(2), 1.0),
    (
        Interval90(1, 4),
        Interval90(2, 8),
        stats.norm.cdf(-math.log(2) / (math.sqrt(2) * math.log(4) / 3.2897072539029444)),
    ),
]


@pytest.mark.parametrize(("attack", "strength", "wanted"), CONTESTS)
def test_probability_that_capability_exceeds_strength(
    attack: Distribution, strength: Distribution, wanted: float
) -> None:
    assert probability_exceeding(attack, strength) == pytest.approx(wanted, abs=1e-5)


def test_mean_of_several_is_their_convolution() -> None:
    parts = (Pert(0.7, 0.85, 0.98), Pert(0.2, 0.3, 0.5), Pert(0, 0.1, 0.3, 1), Point(0.4))
    ours = MeanOf(parts)
    luck = np.random.default_rng(3)
    drawn = np.mean([part.at_scores(luck.standard_normal(400_000)) for part in parts], axis=0)
    assert ours.at_scores(luck.standard_normal(400_000)).mean() == pytest.approx(
        ours.mean, abs=3e-4
    )
    for probability in (0.01, 0.25, 0.5, 0.75, 0.99):
        assert ours.quantile(probability) == pytest.approx(
            np.quantile(drawn, probability), abs=1e-3
        )


def test_mean_of_two_uniforms_is_a_triangle() -> None:
    ours = MeanOf((Pert(0, 0.5, 1, 0), Pert(0, 0.5, 1, 0)))
    values = np.linspace(0, 1, 41)
    wanted = np.where(values < 0.5, 2 * values**2, 1 - 2 * (1 - values) ** 2)
    assert ours.cdf(values) == pytest.approx(wanted, abs=1e-3)


@pytest.mark.parametrize("x", [0.01, 0.3, 1.0, 2.5, 11.9, 50.0, 1e4])
def test_digamma_and_trigamma(x: float) -> None:
    assert digamma(x) == pytest.approx(special.psi(x), rel=1e-11, abs=1e-12)
    assert trigamma(x) == pytest.approx(special.polygamma(1, x), rel=1e-11)
    assert trigamma_inverse(trigamma(x)) == pytest.approx(x, rel=1e-9)


def test_quantile_outside_is_refused() -> None:
    for probability in (0.0, 1.0, -0.1, float("nan")):
        with pytest.raises(EstimateError, match="probability"):
            Point(1).quantile(probability)
