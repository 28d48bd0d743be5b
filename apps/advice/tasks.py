import os
from typing import Any

from celery import shared_task

from apps.advice.portfolio import snapshot
from apps.advice.simulation import simulate_asked


@shared_task(name="advice.snapshot")
def take_snapshot() -> None:
    snapshot()


@shared_task(name="advice.simulate")
def simulate_portfolio(wanted: dict[str, Any], revision_ids: list[int]) -> None:
    simulate_asked(wanted, revision_ids, threads=os.cpu_count() or 1)
