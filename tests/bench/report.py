"""How every bench says what it measured: one JSON object, or the same as a table."""

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """One measured case: the median of ``runs`` runs in ``unit``.

    ``floor`` is the same unit's smallest possible cost, measured in the same run, and ``ratio`` is
    value / floor; both are None where there is no floor. ``peak_rss_mib`` is in MiB. ``rows_written``
    are rows of all tables that a run inserted or changed.
    """

    case: str
    value: float
    unit: str
    runs: int
    floor: float | None = None
    ratio: float | None = None
    peak_rss_mib: float | None = None
    rows_written: int | None = None


def measured(
    case: str,
    unit: str,
    values: Sequence[float],
    floors: Sequence[float] = (),
    *,
    peak_rss_mib: float | None = None,
    rows_written: int | None = None,
) -> Case:
    """Return the case of repeated measurements: medians, and their ratio if there is a floor."""
    value = statistics.median(values)
    floor = statistics.median(floors) if floors else None
    return Case(
        case=case,
        value=value,
        unit=unit,
        runs=len(values),
        floor=floor,
        ratio=value / floor if floor else None,
        peak_rss_mib=peak_rss_mib,
        rows_written=rows_written,
    )


def machine() -> dict[str, str | int | None]:
    """Return what the figures depend on and the reader cannot see: processor, memory, versions."""
    return {
        "processor": _field(Path("/proc/cpuinfo"), "model name") or platform.processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def _field(file: Path, name: str) -> str | None:
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return None
    found = (line.partition(":")[2].strip() for line in lines if line.startswith(name))
    return next(found, None)


def show(bench: str, cases: Sequence[Case], *, as_json: bool) -> None:
    """Print the result of a whole bench to standard output."""
    if as_json:
        print(json.dumps(as_object(bench, cases)))  # noqa: T201 - this is what the command is for
        return
    for row in table(cases):
        print(row)  # noqa: T201


def as_object(bench: str, cases: Sequence[Case]) -> dict[str, object]:
    """Return the JSON object; fields that do not apply to a case are left out of it."""
    rows = [{k: _rounded(v) for k, v in asdict(case).items() if v is not None} for case in cases]
    return {"bench": bench, "machine": machine(), "cases": rows}


def _rounded(value: object) -> object:
    """Four figures are more than the noise leaves."""
    return float(f"{value:.4g}") if isinstance(value, float) else value


def table(cases: Sequence[Case]) -> list[str]:
    """Return the rows of a table for a person."""
    head = f"{'case':<34} {'value':>12} {'unit':<12} {'floor':>10} {'ratio':>7} {'peak MiB':>9} {'rows':>8} runs"
    return [head, *(_row(case) for case in cases)]


def _row(case: Case) -> str:
    floor, ratio, peak = (
        f"{number:.4g}" if number is not None else "-"
        for number in (case.floor, case.ratio, case.peak_rss_mib)
    )
    rows = "-" if case.rows_written is None else str(case.rows_written)
    start = f"{case.case:<34} {case.value:>12.4g} {case.unit:<12}"
    return f"{start} {floor:>10} {ratio:>7} {peak:>9} {rows:>8} {case.runs:>4}"
