"""Simulated years of one risk: pure functions of (estimate, seed, name of the risk, number of the
year).

Years are worked in blocks that fit a processor's cache, loss events in chunks that bound the
memory; neither changes a digit, because every random number is found by its name (streams.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from apps.risks.quant.counts import CountTable, count_table
from apps.risks.quant.distributions import Distribution, Point
from apps.risks.quant.errors import EstimateError
from apps.risks.quant.estimate import Estimate, LossForms
from apps.risks.quant.normal import normal_cdfs, normal_score, normal_scores
from apps.risks.quant.streams import (
    GAMMA,
    Counts,
    Floats,
    Words,
    mix,
    ramp,
    stream_key,
    threshold_word,
    uniforms,
    words_at,
)

BLOCK = 16_000  # years worked on at once: 125 KiB an array stays in cache and in the allocator
EVENTS_AT_ONCE = 15_000  # the same for loss events, unless one year alone has more
MOST_TRIALS = 10_000_000
MOST_EVENTS_DRAWN = 2e9
_SHIFT = np.uint64(12)
NEAR = 1e-5  # above the error of normal_cdfs


@dataclass(frozen=True)
class Part:
    """One uncertain amount of a loss event: `name` names its random numbers, `effect` its secondary
    loss or -1.
    """

    name: str
    amount: Distribution
    effect: int = -1


@dataclass(frozen=True, eq=False)
class Model:
    """An estimate made ready for drawing."""

    estimate: Estimate
    counts: CountTable
    parts: tuple[Part, ...]
    effects: tuple[float, ...]  # probability of each secondary loss, given a loss event

    @cached_property
    def no_loss(self) -> float:
        """P(a year without loss): no event, or only events that cost nothing."""
        if any(share.mean == 0 for share in self.estimate.kept_loss.values()):
            return 1.0
        costs = [part.amount.mean > 0 for part in self.parts if part.effect < 0]
        return self.counts.chance_of_none(0.0 if any(costs) else self._silent)

    @property
    def _silent(self) -> float:
        """P(no secondary loss follows an event)."""
        costly = {part.effect for part in self.parts if part.effect >= 0 and part.amount.mean > 0}
        return math.prod(1.0 - self.effects[number] for number in costly)

    @cached_property
    def threshold(self) -> np.uint64:
        """The smallest (shifted) word whose year has a loss event."""
        return threshold_word(self.counts.none)


@dataclass(frozen=True)
class SharedCause:
    """Years of one risk move with those of others of the same cause.

    `weight` (0 to 1, exclusive of 1) is the correlation of the normal scores of the yearly event
    counts of two risks with this cause: a one-factor Gaussian copula. Raises EstimateError.
    Source: Li, "On default correlation: a copula function approach", Journal of Fixed Income 9
    (2000).
    """

    name: str
    weight: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.weight < 1.0:
            raise EstimateError("weight", "must be at least 0 and below 1")


def compile_estimate(estimate: Estimate) -> Model:
    """Work out once what every year needs. Raises EstimateError (see counts.count_table)."""
    magnitude = estimate.magnitude
    if not isinstance(magnitude, LossForms):
        return Model(estimate, count_table(estimate), (Part("magnitude", magnitude),), ())
    parts = [Part(f"primary.{form}", amount) for form, amount in magnitude.primary.items()]
    for number, effect in enumerate(magnitude.secondary):
        parts += [
            Part(f"secondary.{number}.{form}", amount, number)
            for form, amount in effect.forms.items()
        ]
    shares = tuple(effect.probability.mean for effect in magnitude.secondary)
    return Model(estimate, count_table(estimate), tuple(parts), shares)


@dataclass(frozen=True, eq=False)
class Simulator:
    """The years of one risk. `seed` and `name` name its random numbers: the same name sees the same
    luck.
    """

    model: Model
    seed: int
    name: str = ""
    cause: SharedCause | None = None

    def losses(self, years: Words) -> Floats:
        """The loss of each of these years, in money. `years`: (n,) year numbers; result (n,)."""
        losses = np.zeros(years.size)
        index, sums = self.sparse_losses(years)
        losses[index] = sums
        return losses

    def sparse_losses(self, years: Words, shared: Floats | None = None) -> tuple[Counts, Floats]:
        """Positions in `years` that have loss events, and their losses.

        `shared`: this cause's scores in these years, where the caller has them already.
        """
        index, counts = self._years_with_events(years, shared)
        sums = [self._year_sums(years[index[chunk]], counts[chunk]) for chunk in _chunks(counts)]
        losses = np.concatenate(sums) if sums else np.zeros(0)
        for control, share in self.model.estimate.kept_loss.items():
            losses *= self._kept(control, share, years[index])
        return index, losses

    def _kept(self, control: str, share: Distribution, years: Words) -> Floats:
        key = stream_key(self.seed, self.name, "kept", control)
        return share.at_scores(normal_scores(uniforms(words_at(key, years))))

    def _years_with_events(self, years: Words, shared: Floats | None) -> tuple[Counts, Counts]:
        table = self.model.counts
        words = words_at(self._counts_key, years)
        if self.cause is not None and self.cause.weight > 0:
            common = cause_scores(self.seed, self.cause, years) if shared is None else shared
            return self._correlated(uniforms(words), common, self.cause.weight)
        index = np.flatnonzero(words >> _SHIFT >= self.model.threshold)
        return index, table.draw(uniforms(words[index]))

    def _correlated(self, own: Floats, common: Floats, weight: float) -> tuple[Counts, Counts]:
        """As above, with one normal score for the year's count made of an own and a common one."""
        table = self.model.counts
        alone, shared = math.sqrt(1.0 - weight), math.sqrt(weight)
        least = normal_score(min(max(table.none, 1e-300), 1 - 1e-16))
        # Most years are told apart by the table; the scores are exact for those near or above.
        index = np.flatnonzero(own > normal_cdfs((least - shared * common) / alone) - NEAR)
        scores = normal_scores(own[index]) * alone + common[index] * shared
        index, scores = index[scores > least], scores[scores > least]
        return index, np.maximum(table.draw(normal_cdfs(scores)), 1)

    @cached_property
    def _counts_key(self) -> np.uint64:
        return stream_key(self.seed, self.name, "count")

    def _year_sums(self, years: Words, counts: Counts) -> Floats:
        """The summed loss of years with at least one event each."""
        events = _Events(years, counts)
        losses = self._event_losses(events)
        if losses.size == years.size:
            return losses
        return np.bincount(events.owner, losses, years.size).astype(np.float64, copy=False)

    def _event_losses(self, events: _Events) -> Floats:
        first, *others = self.model.parts
        if not others and first.effect < 0:
            return self._amounts(first, events)
        total = np.zeros(events.size)
        hits = [
            np.flatnonzero(self._uniforms(f"secondary.{number}", events) < share)
            for number, share in enumerate(self.model.effects)
        ]
        for part in self.model.parts:
            chosen = None if part.effect < 0 else hits[part.effect]
            total[... if chosen is None else chosen] += self._amounts(part, events, chosen)
        return total

    def _amounts(self, part: Part, events: _Events, chosen: Counts | None = None) -> Floats:
        if isinstance(part.amount, Point):
            return np.full(events.size if chosen is None else chosen.size, part.amount.value)
        return part.amount.at_scores(normal_scores(self._uniforms(part.name, events, chosen)))

    def _uniforms(self, part: str, events: _Events, chosen: Counts | None = None) -> Floats:
        return uniforms(events.words(stream_key(self.seed, self.name, part), chosen))


def cause_scores(seed: int, cause: SharedCause, years: Words) -> Floats:
    """A cause's standard normal score in each of these years, the same for all its risks."""
    return normal_scores(uniforms(words_at(stream_key(seed, "cause", cause.name), years)))


class _Events:
    """The loss events of some years, numbered from 0 in each year."""

    def __init__(self, years: Words, counts: Counts) -> None:
        self.years, self.counts = years, counts
        self.first = np.cumsum(counts) - counts
        self.size = int(self.first[-1] + counts[-1])

    @cached_property
    def owner(self) -> Counts:
        """For each event the position of its year."""
        return np.repeat(np.arange(self.years.size), self.counts)

    def words(self, key: np.uint64, chosen: Counts | None) -> Words:
        """Each event's number from its year's own generator (of the chosen events, or of all)."""
        starts = words_at(key, self.years)
        starts -= self.first.astype(np.uint64) * GAMMA
        words = starts.take(self.owner)
        words += ramp(self.size)
        return mix(words if chosen is None else words[chosen])


def _chunks(counts: Counts) -> Iterator[slice]:
    """Slices of years with about EVENTS_AT_ONCE events together, at least one year each."""
    ends = np.cumsum(counts)
    start = 0
    while start < counts.size:
        before = ends[start - 1] if start else 0
        stop = max(int(np.searchsorted(ends, before + EVENTS_AT_ONCE, side="right")), start + 1)
        yield slice(start, stop)
        start = stop


def simulate(simulator: Simulator, trials: int, *, workers: int = 1, block: int = BLOCK) -> Floats:
    """The losses of years 0 .. trials - 1, shape (trials,), in money.

    `workers` threads share the work and `block` years are worked at once; neither changes a digit.
    Raises EstimateError where trials or the loss events to draw are too many.
    """
    check_trials(simulator.model, trials)
    losses = np.zeros(trials)

    def fill(start: int) -> None:
        index, sums = simulator.sparse_losses(_years(start, block, trials))
        losses[start : start + block][index] = sums

    over_blocks(fill, trials, workers, block)
    return losses


def simulate_years_with_loss(simulator: Simulator, trials: int, *, workers: int = 1) -> Floats:
    """As `simulate`, but only the losses of years that have a loss event, in the order of years."""
    check_trials(simulator.model, trials)
    found: dict[int, Floats] = {}

    def fill(start: int) -> None:
        found[start] = simulator.sparse_losses(_years(start, BLOCK, trials))[1]

    over_blocks(fill, trials, workers)
    return np.concatenate([found[start] for start in sorted(found)])


def _years(start: int, block: int, trials: int) -> Words:
    return np.arange(start, min(start + block, trials), dtype=np.uint64)


def over_blocks(work: Callable[[int], None], trials: int, workers: int, block: int = BLOCK) -> None:
    """Call `work` with the first year of every block, in `workers` threads (NumPy releases the
    interpreter's lock).
    """
    starts = range(0, trials, block)
    if workers <= 1:
        for start in starts:
            work(start)
        return
    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(work, starts):
            pass


def check_trials(model: Model, trials: int) -> None:
    """Raises EstimateError where a simulation would take more than memory or patience allow."""
    if isinstance(trials, bool) or not isinstance(trials, int) or not 1 <= trials <= MOST_TRIALS:
        raise EstimateError("trials", f"must be a whole number, 1 to {MOST_TRIALS:,}")
    if model.counts.mean * trials > MOST_EVENTS_DRAWN:
        raise EstimateError(
            "trials", "with this frequency would draw over 2 000 million loss events: ask for fewer"
        )
