"""Random numbers that can be asked for by name: any number of any stream, in any order, at any
time.

The generator is SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
generators", OOPSLA 2014), whose n-th output is a function of its seed and n alone. Every assumption
of every risk has one generator; its outputs seed one generator for each simulated year, which gives
one number for each loss event of that year. So

- neither the size of a chunk, nor the number of workers, nor the order of the work changes a digit;
- two options with the same assumption see the same luck (common random numbers), event by event;
- the digits do not depend on which generator a release of NumPy prefers.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Words: TypeAlias = npt.NDArray[np.uint64]
Counts: TypeAlias = npt.NDArray[np.int64]

GAMMA = np.uint64(0x9E3779B97F4A7C15)
_M1, _M2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S12 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(12)
_STEP = 2.0**-52


def stream_key(*parts: object) -> np.uint64:
    """The seed of the stream with this name, e.g. (seed, "statement 7", "magnitude").

    Names are joined with their lengths, so ("a", "bc") and ("ab", "c") are different streams.
    """
    name = "".join(f"{len(text)}:{text}" for text in map(str, parts))
    return np.uint64(int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big"))


def mix(words: Words) -> Words:
    """SplitMix64's finaliser, in place. `words`: any shape; returned for chaining.

    Source: Steele et al. 2014, figure 16 (mix64, variant 13 of Stafford).
    """
    shifted = words >> _S30
    words ^= shifted
    words *= _M1
    np.right_shift(words, _S27, out=shifted)
    words ^= shifted
    words *= _M2
    np.right_shift(words, _S31, out=shifted)
    words ^= shifted
    return words


def words_at(key: np.uint64, positions: Words) -> Words:
    """Outputs number `positions` of the generator seeded with `key`; same shape as `positions`."""
    words = positions * GAMMA
    words += key
    return mix(words)


@lru_cache(maxsize=1)
def _ramp() -> Words:
    return np.arange(2**15, dtype=np.uint64) * GAMMA


def ramp(size: int) -> Words:
    """0, GAMMA, 2 GAMMA, ...: the states of `size` outputs of a generator, less its seed."""
    known = _ramp()
    return known[:size] if size <= known.size else np.arange(size, dtype=np.uint64) * GAMMA


def uniforms(words: Words) -> Floats:
    """Words as numbers strictly between 0 and 1 (multiples of 2**-52 plus one half step); same
    shape.
    """
    numbers = (words >> _S12).astype(np.float64)
    numbers += 0.5
    numbers *= _STEP
    return numbers


def threshold_word(probability: float) -> np.uint64:
    """The word w such that uniforms(words) > probability holds exactly where words >> 12 >= w."""
    return np.uint64(min(max(int(np.floor(probability * 2.0**52 - 0.5)) + 1, 0), 2**52))
