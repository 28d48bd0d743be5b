"""What several test modules need: the shared oracles, where present, and short names."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from apps.risks.quant import Estimate, Interval90, Point
from apps.risks.quant.simulate import Simulator, compile_estimate, simulate

ORACLES = Path(__file__).resolve().parents[4] / "shared" / "data" / "quant"
HUNDRED_THOUSAND_TO_A_MILLION = Interval90(1e5, 1e6)


def oracle(name: str) -> Any:
    """The decoded JSON of one shared oracle; skips the test where the folder is absent."""
    path = ORACLES / name
    if not path.exists():
        pytest.skip(f"{path.name} is not here")
    return json.loads(path.read_text())


def known_rate(rate: float, low: float = 1e5, high: float = 1e6) -> Estimate:
    return Estimate(Point(rate), Interval90(low, high))


def years(
    estimate: Estimate, trials: int, seed: int = 1, name: str = "a"
) -> npt.NDArray[np.float64]:
    return simulate(Simulator(compile_estimate(estimate), seed, name), trials)


def off_by(simulated: float, wanted: float, deviation: float, trials: int) -> float:
    """How many standard errors a simulated mean is away from what it should be."""
    return abs(simulated - wanted) / (deviation / math.sqrt(trials))
