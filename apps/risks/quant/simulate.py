"""Simulated years of one risk: pure functions of (estimate, seed, name of the risk, number of the
year).

Years are worked in blocks that fit a processor's cache, loss events in chunks that bound the
memory; neither changes a digit, because every random number is found by its name (streams.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from apps.risks.quant.counts import CountTable, count_table
from apps.risks.quant.distributions import Distribution, Point
from apps.risks.quant.errors import EstimateError
from apps.risks.quant.estimate import Estimate, LossForms
from apps.risks.quant.normal import normal_cdfs, normal_scores
from apps.risks.quant.streams import (
    Counts,
    Floats,
    Words,
    stream_key,
    threshold_word,
    uniforms,
    words_at,
    words_within,
)

BLOCK = 16_384  # years worked on at once: eight arrays of them fit a second-level cache
EVENTS_AT_ONCE = 65_536  # loss events worked on at once, unless one year alone has more
MOST_TRIALS = 10_000_000
MOST_EVENTS_DRAWN = 2e9
_SHIFT = np.uint64(12)


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

    def sparse_losses(self, years: Words) -> tuple[Counts, Floats]:
        """Positions in `years` that have loss events, and their losses."""
        index, counts = self._years_with_events(years)
        sums = [self._year_sums(years[index[chunk]], counts[chunk]) for chunk in _chunks(counts)]
        losses = np.concatenate(sums) if sums else np.zeros(0)
        for control, share in self.model.estimate.kept_loss.items():
            losses *= self._kept(control, share, years[index])
        return index, losses

    def _kept(self, control: str, share: Distribution, years: Words) -> Floats:
        key = stream_key(self.seed, self.name, "kept", control)
        return share.at_scores(normal_scores(uniforms(words_at(key, years))))

    def _years_with_events(self, years: Words) -> tuple[Counts, Counts]:
        table = self.model.counts
        if self.cause is not None and self.cause.weight > 0:
            chances = self._correlated(years, self.cause)
            index = np.flatnonzero(chances > table.none)
            return index, table.draw(chances[index])
        words = words_at(self._counts_key, years)
        index = np.flatnonzero(words >> _SHIFT >= self.model.threshold)
        return index, table.draw(uniforms(words[index]))

    @cached_property
    def _counts_key(self) -> np.uint64:
        return stream_key(self.seed, self.name, "count")

    def _correlated(self, years: Words, cause: SharedCause) -> Floats:
        own = normal_scores(uniforms(words_at(self._counts_key, years)))
        shared = normal_scores(
            uniforms(words_at(stream_key(self.seed, "cause", cause.name), years))
        )
        own *= np.sqrt(1.0 - cause.weight)
        own += shared * np.sqrt(cause.weight)
        return normal_cdfs(own)

    def _year_sums(self, years: Words, counts: Counts) -> Floats:
        """The summed loss of years with at least one event each."""
        owner = np.repeat(np.arange(years.size), counts)
        first = np.cumsum(counts) - counts
        rank = (np.arange(owner.size) - first[owner]).astype(np.uint64)
        total = self._event_losses(years, owner, rank)
        if owner.size == years.size:
            return total
        return np.bincount(owner, total, years.size).astype(np.float64, copy=False)

    def _event_losses(self, years: Words, owner: Counts, rank: Words) -> Floats:
        hit = [
            self._uniforms(f"secondary.{k}", years, owner, rank) < share
            for k, share in enumerate(self.model.effects)
        ]
        total = np.zeros(owner.size)
        for part in self.model.parts:
            if part.effect < 0:
                total += self._amounts(part, years, owner, rank)
            else:
                chosen = np.flatnonzero(hit[part.effect])
                total[chosen] += self._amounts(part, years, owner[chosen], rank[chosen])
        return total

    def _amounts(self, part: Part, years: Words, owner: Counts, rank: Words) -> Floats:
        if isinstance(part.amount, Point):
            return np.full(owner.size, part.amount.value)
        return part.amount.at_scores(normal_scores(self._uniforms(part.name, years, owner, rank)))

    def _uniforms(self, part: str, years: Words, owner: Counts, rank: Words) -> Floats:
        seeds = words_at(stream_key(self.seed, self.name, part), years)
        return uniforms(words_within(seeds, owner, rank))


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
    losses = np.empty(trials)

    def fill(start: int) -> None:
        stop = min(start + block, trials)
        losses[start:stop] = simulator.losses(np.arange(start, stop, dtype=np.uint64))

    over_blocks(fill, trials, workers, block)
    return losses


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
