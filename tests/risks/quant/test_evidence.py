"""Learning from counts and tests: the conjugate rules, other priors, surprise, and the sentence."""

import json
import math

import pytest
from scipy import stats

from apps.risks.quant import (
    Beta,
    FindingFacts,
    Gamma,
    Interval90,
    Pert,
    SignalRules,
    as_beta,
    as_gamma,
    read_signals,
    update_frequency,
    update_vulnerability,
)


@pytest.mark.parametrize(("events", "years"), [(0, 1.0), (3, 2.0), (40, 0.5)])
def test_frequency_moves_between_prior_and_data(events: int, years: float) -> None:
    prior = Gamma(2, 20)
    posterior = update_frequency(prior, events=events, years=years).posterior
    assert posterior == Gamma(2 + events, 20 + years)
    low, high = sorted((prior.mean, events / years))
    assert low <= posterior.mean <= high


def test_two_updates_are_one() -> None:
    first = update_frequency(Gamma(2, 20), events=1, years=1).posterior
    assert update_frequency(first, events=2, years=1).posterior == Gamma(5, 22)


def test_weaker_data_moves_less() -> None:
    posterior = update_frequency(Gamma(2, 20), events=4, years=2, relevance=0.25).posterior
    assert posterior == Gamma(3, 20.5)


@pytest.mark.parametrize("high", [2.0, 10.0, 100.0])
def test_a_lognormal_prior_keeps_its_logarithm(high: float) -> None:
    prior = Interval90(1, high)
    law = stats.gamma(as_gamma(prior).shape, scale=1 / as_gamma(prior).rate)
    mean = law.expect(math.log, lb=1e-300)
    assert mean == pytest.approx(prior.mu, abs=1e-3)


def test_other_priors_keep_mean_and_variance() -> None:
    prior = Pert(0.1, 0.5, 2)
    gamma, beta = as_gamma(prior), as_beta(Pert(0.1, 0.2, 0.9))
    assert (gamma.mean, gamma.variance) == pytest.approx((prior.mean, prior.variance))
    assert (beta.mean, beta.variance) == pytest.approx(
        (Pert(0.1, 0.2, 0.9).mean, Pert(0.1, 0.2, 0.9).variance)
    )


def test_surprise_is_the_predictive_tail() -> None:
    # Negative binomial prediction of Gamma(2, 20) for 2 years: size 2, probability 20/22
    law = stats.nbinom(2, 20 / 22)
    assert update_frequency(Gamma(2, 20), events=3, years=2).surprise == pytest.approx(
        law.sf(2), rel=1e-3
    )
    assert update_frequency(Gamma(2, 0.2), events=1, years=2).surprise == pytest.approx(
        stats.nbinom(2, 0.2 / 2.2).cdf(1), rel=1e-3
    )
    assert update_vulnerability(Beta(2, 3), successes=6, attempts=7).surprise == pytest.approx(
        stats.betabinom(7, 2, 3).sf(5), rel=1e-9
    )


def test_the_sentence_says_why_it_moved() -> None:
    update = update_frequency(Gamma(2, 20), events=3, years=2)
    assert update.surprising
    assert update.sentence == (
        "3 events in 2 years, 0.2 expected: the yearly rate moves from 0.1 (0.0178 to 0.237) to "
        "0.227 (0.0896 to 0.416). The estimate gave this a chance of 0.28 %: review its "
        "assumptions."
    )
    quiet = update_vulnerability(Beta(1, 1), successes=1, attempts=1)
    assert not quiet.surprising
    assert quiet.sentence.startswith("1 of 1 attempt got through, 0.5 expected: the vulnerability")


def test_an_update_is_stored_whole() -> None:
    plain = update_frequency(Interval90(0.1, 1), events=2, years=1).to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["prior"] == {"kind": "interval90", "low": 0.1, "high": 1.0}
    assert plain["data"] == {"events": 2.0, "years": 1.0, "relevance": 1.0}
    assert plain["posterior"]["kind"] == "gamma"


FACTS = [FindingFacts("CVE-1", 0.1, known_exploited=True, cvss=9.8), FindingFacts("CVE-2", 0.4)]


def test_signals_propose_with_reasons() -> None:
    signal = read_signals(FACTS, exposed=True)
    assert signal.factor == pytest.approx((1 + (1 - 0.9 * 0.6)) * 2)
    assert len(signal.reasons) == 2
    assert "CVE-1" in signal.reasons[1]


def test_every_signal_can_be_switched_off() -> None:
    off = SignalRules(epss=1, known_exploited=1)
    assert read_signals(FACTS, exposed=True, rules=off).factor == 1
    assert read_signals(FACTS, exposed=True, rules=SignalRules(1, 1, 3)).factor == 3


def test_no_signal_without_exposure() -> None:
    signal = read_signals(FACTS, exposed=False)
    assert (signal.factor, len(signal.reasons)) == (1, 1)
    assert read_signals([], exposed=True).factor == 1
