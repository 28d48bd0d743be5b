"""Issue trackers on loopback."""

from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.fernet import Fernet

from tests.servers import Server, serving
from tests.trackers.standins import KINDS, StandIn


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    with serving() as one:
        settings.SECOPS_OUTGOING_SCHEMES = ["http", "https"]
        settings.SECOPS_OUTGOING_PORTS = [443, one.port]
        settings.SECOPS_OUTGOING_NETWORKS = ["127.0.0.1/32"]
        settings.BASE_URL = "https://portal.example.org"
        settings.SECOPS_CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
        yield one


@pytest.fixture(params=sorted(KINDS))
def each(request: Any, server: Server) -> StandIn:
    return KINDS[request.param](server)


@pytest.fixture
def github(server: Server) -> StandIn:
    return KINDS["github"](server)
