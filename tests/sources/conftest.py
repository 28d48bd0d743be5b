"""Sources that pull from real servers on loopback, as the operator's settings allow here."""

from collections.abc import Iterator
from typing import Any

import pytest

from apps.sources.models import Source, SourceRun, Trigger
from apps.sources.services.runs import run_perform
from tests.servers import Server, serving


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    """A server of the test's own; the operator allows it and nothing else."""
    with serving() as one:
        settings.SECOPS_OUTGOING_SCHEMES = ["http", "https"]
        settings.SECOPS_OUTGOING_PORTS = [443, one.port]
        settings.SECOPS_OUTGOING_NETWORKS = ["127.0.0.1/32"]
        yield one


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What a session would have slept."""
    slept: list[float] = []
    monkeypatch.setattr("apps.sources.session.pause", slept.append)
    return slept


def run(source: Source) -> SourceRun:
    """One run, as a worker does it."""
    made = SourceRun.objects.create(source=source, trigger=Trigger.HAND)
    run_perform(made.pk)
    made.refresh_from_db()
    source.refresh_from_db()
    return made
