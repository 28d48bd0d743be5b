"""Many risks simulated together: at once where it is quick, else by a worker while the reader waits.

A result is plain values under the name of what it was made from: the published revisions, which never change,
how they hang together, and the line that they are held against. Nothing here can be lost: a result that is
missing is made again when somebody looks.
"""

from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import QuerySet

from apps.common.dispatch import send
from apps.common.kept import claim, keep, kept, key_for, let_go
from apps.risks.models import RiskRevision
from apps.risks.quant import ENGINE, PortfolioRisk, SharedCause, value_portfolio
from apps.risks.services.estimates import estimate_of
from apps.risks.services.valuations import EVENTS, SEED, money, years_for

# Simulated risk-years. A thousand risks in 100 000 years take a worker some seconds (bin/bench valuation),
# what is quick (fifty risks) takes a page a quarter of one.
QUICK, MUCH = 5_000_000, 200_000_000
FEWEST, MOST = 5_000, 100_000  # simulated years
HURRIED = 500  # years at least, where no worker can be asked
CONTRIBUTORS = 10  # kept of a result
PATIENCE = 180  # seconds after which a worker that gave no answer is asked again


@dataclass(frozen=True)
class Wanted:
    """So many risks, a digest of which ones, and how they are held together and against what.

    correlation: of the cause that all share, 0 for none; line: amounts (as text) with the chance allowed.
    """

    risks: int
    digest: str
    correlation: float = 0.0
    line: tuple[tuple[str, float], ...] = ()

    @property
    def trials(self) -> int:
        """Years to simulate: fewer, the more risks."""
        return min(max(MUCH // self.risks, FEWEST), MOST)

    @property
    def is_quick(self) -> bool:
        return self.risks * self.trials <= QUICK

    @property
    def key(self) -> str:
        """What the result is kept under."""
        return key_for("portfolio", ENGINE, self.trials, asdict(self))


def simulated(wanted: Wanted, revisions: QuerySet[RiskRevision]) -> dict[str, Any] | None:
    """The result as plain values; None while a worker makes it.

    `revisions` are the risks that `wanted` speaks of; they are read only where nothing is kept.
    """
    found: dict[str, Any] | None = kept(wanted.key)
    if found is not None:
        return found
    if wanted.is_quick:
        return _made(wanted, revisions)
    if _asked(wanted, revisions):
        return None
    # No worker can be reached: an answer from few years is better than none, and is not kept.
    return _simulate(wanted, revisions, trials=max(QUICK // wanted.risks, HURRIED), events=EVENTS)


def simulated_here(
    wanted: Wanted, revisions: QuerySet[RiskRevision], *, threads: int = 1
) -> dict[str, Any]:
    """The result, made by this process however long it takes, and kept for a day."""
    found: dict[str, Any] | None = kept(wanted.key)
    return _made(wanted, revisions, threads) if found is None else found


def _made(wanted: Wanted, revisions: QuerySet[RiskRevision], threads: int = 1) -> dict[str, Any]:
    """Simulated now, and kept."""
    events = EVENTS if wanted.is_quick else MUCH
    found = _simulate(wanted, revisions, trials=wanted.trials, events=events, threads=threads)
    keep(wanted.key, found)
    return found


def simulate_asked(wanted: dict[str, Any], revision_ids: list[int], *, threads: int) -> None:
    """What a worker does of a message: `wanted` as plain values, and which published revisions."""
    line = tuple((loss, allowed) for loss, allowed in wanted["line"])
    revisions = RiskRevision.objects.filter(pk__in=revision_ids)
    simulated_here(Wanted(**wanted | {"line": line}), revisions, threads=threads)


def _asked(wanted: Wanted, revisions: QuerySet[RiskRevision]) -> bool:
    """Whether a worker is at it, asked now or before."""
    claimed = claim(wanted.key, PATIENCE)
    if claimed is None:
        return False
    ids = list(revisions.values_list("pk", flat=True)) if claimed else []
    if claimed and not send("advice.simulate", asdict(wanted), ids):
        let_go(wanted.key)
        return False
    return True


def _simulate(
    wanted: Wanted,
    revisions: QuerySet[RiskRevision],
    *,
    trials: int,
    events: int,
    threads: int = 1,
) -> dict[str, Any]:
    """At most so many years and about so many loss events.

    Money as text, probabilities 0 to 1, the largest contributors by the number of their statement.
    """
    cause = SharedCause("all", wanted.correlation) if wanted.correlation else None
    # The name of a risk's luck is its statement's, as on the statement's own page.
    statements = {f"RS-{each.statement_id}": each.statement_id for each in revisions}
    risks = [
        PortfolioRisk(f"RS-{each.statement_id}", estimate_of(each), cause) for each in revisions
    ]
    valued = value_portfolio(
        risks,
        seed=SEED,
        trials=years_for((each.estimate for each in risks), trials, events),
        tolerance={float(loss): allowed for loss, allowed in wanted.line},
        workers=threads,
    )
    loss = valued.loss
    return {
        "trials": loss.trials,
        "error": str(money(loss.standard_error)),
        "probability": loss.probability_of_loss,
        "percentiles": {
            name.removeprefix("p"): str(money(amount)) for name, amount in loss.percentiles.items()
        },
        "shortfall": str(money(loss.expected_shortfall["p95"])),
        "curve": [
            [round(at, 2), chance]
            for at, chance in zip(loss.curve_thresholds, loss.curve_probabilities, strict=True)
        ],
        "contributors": [
            [
                statements[each.name],
                str(money(each.expected_annual_loss)),
                str(money(each.in_bad_years)),
            ]
            for each in valued.contributions[:CONTRIBUTORS]
        ],
        "tolerance": [each.actual for each in valued.tolerance],
    }
