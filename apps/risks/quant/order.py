"""Order statistics of many amounts without sorting them all: a count over buckets says where each
one lies.

An amount's bucket is the top 16 bits of its place between the smallest and the largest (positive
floats are ordered as their bit patterns are), so only the few buckets that an answer lies in are
sorted. Every answer is exact.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from apps.risks.quant.streams import Counts, Floats, Words

_BITS = 16
_BUCKETS = 2**_BITS


class Order:
    """Amounts above zero, shape (n,), n at least 1, in any order; not changed."""

    def __init__(self, amounts: Floats) -> None:
        self.amounts = amounts
        self._lowest, highest = amounts.min().view(np.uint64), amounts.max().view(np.uint64)
        self._shift = np.uint64(max(int(highest - self._lowest).bit_length() - _BITS, 0))
        self._span = highest - self._lowest
        self._buckets = self._bucket(amounts)

    @cached_property
    def _below(self) -> Counts:
        """Amounts in all lower buckets, one entry more than buckets."""
        counts = np.bincount(self._buckets, minlength=_BUCKETS)
        return np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(counts)))

    def at(self, ranks: Counts) -> Floats:
        """The amounts number `ranks` from below, counted from 0; same shape."""
        buckets = np.searchsorted(self._below, ranks, side="right") - 1
        few, start = self._sorted(buckets)
        found: Floats = few[start + ranks - self._below[buckets]]
        return found

    def above(self, thresholds: Floats) -> Counts:
        """How many amounts are greater than each threshold (0 or more); same shape."""
        buckets = self._bucket(thresholds).astype(np.int64)
        few, start = self._sorted(buckets)
        ends = start + self._below[buckets + 1] - self._below[buckets]
        upto = np.clip(np.searchsorted(few, thresholds, side="right"), start, ends)
        return self.amounts.size - self._below[buckets] - (upto - start)

    def largest(self, count: int) -> Floats:
        """The `count` largest amounts (all, where there are fewer), ascending."""
        first = max(self.amounts.size - count, 0)
        bucket = np.searchsorted(self._below, first, side="right") - 1
        some = np.sort(self.amounts[self._buckets >= bucket])
        return some[first - self._below[bucket] :]

    def _bucket(self, amounts: Floats) -> npt.NDArray[np.uint16]:
        """0 for amounts below all, the last for amounts above all."""
        places: Words = amounts.view(np.uint64)
        inside = np.minimum(places - np.minimum(self._lowest, places), self._span)
        buckets: npt.NDArray[np.uint16] = (inside >> self._shift).astype(np.uint16)
        return buckets

    def _sorted(self, buckets: Counts) -> tuple[Floats, Counts]:
        """The amounts of these buckets, ascending, and where each bucket starts among them."""
        wanted = np.zeros(_BUCKETS, dtype=bool)
        wanted[buckets] = True
        sizes = np.where(wanted, np.diff(self._below), 0)
        starts = np.cumsum(sizes) - sizes
        return np.sort(self.amounts[wanted[self._buckets]]), starts[buckets]
