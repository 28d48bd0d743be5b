"""Random numbers by name: the published generator, and digits that nothing but the seed changes."""

import numpy as np
import pytest
from scipy import stats

from apps.risks.quant import Clustered, Estimate, Interval90, LossForms, Pert, Point, SecondaryLoss
from apps.risks.quant import simulate as engine
from apps.risks.quant.simulate import Simulator, compile_estimate, simulate
from apps.risks.quant.streams import stream_key, threshold_word, uniforms, words_at

RISK = Estimate(
    Interval90(0.5, 9),
    LossForms(
        {"response": Interval90(1e3, 1e5)},
        (SecondaryLoss(Point(0.3), {"reputation": Pert(0, 1, 9)}),),
    ),
    Clustered(2.0),
    kept_loss={"backup": Pert(0.1, 0.5, 0.9)},
)
TRIALS = 40_000


def test_published_outputs_of_splitmix64() -> None:
    # The first five outputs for the seed 1234567: Rosetta Code, "Pseudo-random numbers/Splitmix64".
    wanted = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    assert words_at(np.uint64(1234567), np.arange(1, 6, dtype=np.uint64)).tolist() == wanted


def test_uniforms_stay_strictly_between_0_and_1() -> None:
    ends = uniforms(np.array([0, 2**64 - 1], dtype=np.uint64))
    assert 0 < ends[0] < ends[1] < 1


def test_threshold_agrees_with_the_uniform_number() -> None:
    words = words_at(np.uint64(5), np.arange(5000, dtype=np.uint64))
    for chance in (0.0, 1e-9, 0.3, 0.999, 1.0, float(uniforms(words)[7])):
        by_word = words >> np.uint64(12) >= threshold_word(chance)
        assert (by_word == (uniforms(words) > chance)).all()


def test_names_of_streams_do_not_run_together() -> None:
    assert stream_key("a", "bc") != stream_key("ab", "c")
    assert stream_key(1, "x") != stream_key(2, "x")


def test_events_of_a_year_and_of_years_are_independent() -> None:
    years = np.arange(50_000, dtype=np.uint64)
    words = engine._Events(years, np.full(years.size, 3)).words(stream_key(3, "magnitude"), None)
    events = uniforms(words).reshape(-1, 3).T
    for row in events:
        assert stats.kstest(row, "uniform").pvalue > 1e-3
        assert abs(np.corrcoef(row[:-1], row[1:])[0, 1]) < 4 / np.sqrt(years.size)
    correlations = np.atleast_2d(np.corrcoef(events))[np.triu_indices(3, 1)]
    assert np.abs(correlations).max() < 4 / np.sqrt(years.size)


@pytest.mark.parametrize("block", [1, 777, 40_000])
@pytest.mark.parametrize("at_once", [1, 1000])
def test_chunks_change_no_digit(monkeypatch: pytest.MonkeyPatch, block: int, at_once: int) -> None:
    trials = 1500 if block == 1 or at_once == 1 else TRIALS
    simulator = Simulator(compile_estimate(RISK), 42, "risk")
    whole = simulate(simulator, trials)
    monkeypatch.setattr(engine, "EVENTS_AT_ONCE", at_once)
    assert (simulate(simulator, trials, block=block) == whole).all()


def test_workers_change_no_digit() -> None:
    simulator = Simulator(compile_estimate(RISK), 42, "risk")
    assert (simulate(simulator, TRIALS, workers=3, block=1000) == simulate(simulator, TRIALS)).all()


def test_any_year_can_be_drawn_by_its_number() -> None:
    simulator = Simulator(compile_estimate(RISK), 42, "risk")
    some = np.array([31_007, 5, 39_999, 12], dtype=np.uint64)
    assert (simulator.losses(some) == simulate(simulator, TRIALS)[some.astype(int)]).all()


def test_more_trials_continue_the_same_years() -> None:
    simulator = Simulator(compile_estimate(RISK), 42, "risk")
    assert (simulate(simulator, TRIALS)[:999] == simulate(simulator, 999)).all()


def test_seed_and_name_choose_the_years() -> None:
    model = compile_estimate(RISK)
    first = simulate(Simulator(model, 1, "risk"), 2000)
    for other in (Simulator(model, 2, "risk"), Simulator(model, 1, "other")):
        again = simulate(other, 2000)
        assert abs(np.corrcoef(first, again)[0, 1]) < 0.1
        assert (first != again).any()
