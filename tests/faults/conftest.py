from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.scans import registry
from tests.common.brokers import broker_at
from tests.faults.web import Web, web_server
from tests.faults.workers import Site, site
from tests.scans.test_ingest import FISH


@pytest.fixture
def faulty_site(transactional_db: None, settings: Any, tmp_path: Path) -> Iterator[Site]:
    """A portal with short waits whose workers the test may kill."""
    settings.SECOPS_LEASE_SECONDS = settings.SECOPS_SWEEP_SECONDS = 1
    settings.SECOPS_FORMATS = [*settings.SECOPS_FORMATS, FISH]
    registry.registry.cache_clear()
    with site(tmp_path) as here, broker_at(here.broker):
        yield here
    registry.registry.cache_clear()


@pytest.fixture
def web(faulty_site: Site, tmp_path: Path) -> Iterator[Web]:
    with web_server(faulty_site, tmp_path) as server:
        yield server
