"""How long values take: one risk against NumPy drawing the same numbers, and a portfolio.

The floor of a statement is what any simulation of it in plain NumPy has to draw, with NumPy's
default generator: a yearly rate where the rate is uncertain, a count for every year, and a
lognormal loss for every event. It adds nothing up, sorts nothing and makes no curve; the measured
value does all of it.

With FAIR_PYTHON naming a Python that has the package pyfair, that package is timed in the same run
as the floor of a case of its own: the same two PERT ranges and as many trials. Its model is simpler
(rate times loss instead of single events), which is in its favour.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np

from apps.risks.quant import (
    Estimate,
    Interval90,
    Option,
    Pert,
    Point,
    PortfolioRisk,
    SharedCause,
    compare,
    value,
    value_portfolio,
)
from tests.bench.report import Case, as_object, measured, show

YEARS = 1_000_000
PORTFOLIO_RISKS, PORTFOLIO_YEARS = 1_000, 100_000
RUNS = 5
LOSS = Interval90(100_000, 1_000_000)
STATEMENTS: dict[str, Point | Interval90] = {
    "statement-1000000": Interval90(0.2, 2),
    "statement-1000000-known-rate": Point(1.0),
    "statement-1000000-rare": Point(0.1),
    "statement-1000000-often": Interval90(1, 10),
}
PYFAIR = """
import sys, time, warnings
warnings.simplefilter("ignore")
from pyfair import FairModel
for _ in range(int(sys.argv[2])):
    began = time.perf_counter()
    model = FairModel(name="bench", n_simulations=int(sys.argv[1]))
    model.input_data("Loss Event Frequency", low=0.1, mode=0.5, high=3)
    model.input_data("Loss Magnitude", low=10_000, mode=50_000, high=900_000)
    model.calculate_all()
    model.export_results()["Risk"].quantile([0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99])
    print(time.perf_counter() - began)
"""


def seconds(work: Callable[[], object], runs: int = RUNS) -> list[float]:
    """Return how long each of ``runs`` calls took, after one to warm up, in seconds."""
    work()
    return [_timed(work) for _ in range(runs)]


def in_turn(work: Callable[[], object], floor: Callable[[], object]) -> tuple[list[float], ...]:
    """Return the seconds of both, run in turn, so that a busy machine slows both alike."""
    work()
    floor()
    pairs = [(_timed(work), _timed(floor)) for _ in range(2 * RUNS)]
    return [one for one, _ in pairs], [other for _, other in pairs]


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def peak_rss_mib() -> float:
    """Return the most memory this process ever held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def draw_with_numpy(frequency: Point | Interval90) -> None:
    """Draw the random numbers of one statement's years with NumPy's default generator."""
    generator = np.random.default_rng(1)
    if isinstance(frequency, Point):
        counts = generator.poisson(frequency.value, YEARS)
    else:
        counts = generator.poisson(generator.lognormal(frequency.mu, frequency.sigma, YEARS))
    generator.lognormal(LOSS.mu, LOSS.sigma, int(counts.sum()))


def statement(name: str, frequency: Point | Interval90) -> Case:
    """Return the case of one statement: a whole valuation over the floor."""
    estimate = Estimate(frequency, LOSS)
    values, floors = in_turn(
        lambda: value(estimate, seed=1, trials=YEARS), lambda: draw_with_numpy(frequency)
    )
    return measured(name, "s", values, floors)


def register(cause: SharedCause | None = None) -> list[PortfolioRisk]:
    """Return 1 000 made-up statements, from once in a hundred years to three times a year."""
    luck = np.random.default_rng(2026)
    rates, losses = (
        10 ** luck.uniform(-2, 0.5, PORTFOLIO_RISKS),
        10 ** luck.uniform(4, 6, PORTFOLIO_RISKS),
    )
    return [
        PortfolioRisk(f"risk {number}", _estimate(number, float(rate), float(loss)), cause)
        for number, (rate, loss) in enumerate(zip(rates, losses, strict=True))
    ]


def _estimate(number: int, rate: float, loss: float) -> Estimate:
    often = Interval90(rate / 3, rate * 3) if number % 2 else Pert(rate / 3, rate, rate * 3)
    much = Interval90(loss / 3, loss * 4) if number % 3 else Pert(loss / 3, loss, loss * 5)
    return Estimate(often, much)


def portfolio(name: str, risks: Sequence[PortfolioRisk]) -> Case:
    """Return the case of a portfolio with its curve and contributions, in as many threads as a
    worker uses; its memory is the process's so far.
    """
    threads = os.cpu_count() or 1
    times = seconds(
        lambda: value_portfolio(risks, seed=1, trials=PORTFOLIO_YEARS, workers=threads), runs=3
    )
    return measured(name, "s", times, peak_rss_mib=peak_rss_mib())


def options() -> Case:
    """Return the case of three options side by side on 100 000 common years."""
    risks = [one.estimate for one in register()[:6]]
    choices = {
        name: Option(
            {f"risk {number}": risk for number, risk in enumerate(risks[skip:])},
            Point(1000.0 * skip),
        )
        for skip, name in enumerate(("baseline", "second", "third"))
    }
    return measured(
        "options-3x100000", "s", seconds(lambda: compare(choices, seed=1, trials=100_000))
    )


def against_pyfair(python: str) -> Case:
    """Return the case of the same two PERT ranges and trials, with pyfair's time as the floor."""
    command = [python, "-c", PYFAIR, str(YEARS), str(RUNS)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    estimate = Estimate(Pert(0.1, 0.5, 3), Pert(10_000, 50_000, 900_000))
    return measured(
        "pert-1000000-over-pyfair",
        "s",
        seconds(lambda: value(estimate, seed=1, trials=YEARS)),
        [float(line) for line in printed.split()],
    )


def cases() -> list[Case]:
    """Return every case; the portfolio comes first, so that its memory is its own."""
    found = [portfolio(f"portfolio-{PORTFOLIO_RISKS}x{PORTFOLIO_YEARS}", register())]
    found.append(
        portfolio(
            f"portfolio-{PORTFOLIO_RISKS}x{PORTFOLIO_YEARS}-shared-cause",
            register(SharedCause("vendor", 0.3)),
        )
    )
    found += [statement(name, frequency) for name, frequency in STATEMENTS.items()]
    found.append(options())
    other = os.environ.get("FAIR_PYTHON")
    return [*found, against_pyfair(other)] if other else found


def main(argv: Sequence[str]) -> dict[str, object]:
    """Measure, print a table or (with ``--json``) one object, and return that object."""
    found = cases()
    show("valuation", found, as_json="--json" in argv)
    return as_object("valuation", found)


if __name__ == "__main__":
    main(sys.argv[1:])
