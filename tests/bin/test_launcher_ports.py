"""Choosing ports: never one that somebody listens on."""

import socket
from collections.abc import Iterator

import pytest

from bin._local import ports


@pytest.fixture
def taken() -> Iterator[int]:
    """Give a port that a server of ours listens on."""
    with socket.create_server((ports.LOOPBACK, 0)) as server:
        yield server.getsockname()[1]


def test_a_port_with_a_listener_is_not_free(taken: int) -> None:
    assert not ports.is_free(taken)


def test_a_port_whose_listener_has_gone_is_free() -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
    assert ports.is_free(port)


def test_the_wanted_port_is_taken_if_it_is_free() -> None:
    wanted = ports.any_free()
    assert ports.near(wanted) == wanted


def test_beside_a_taken_port_another_one_is_found(taken: int) -> None:
    found = ports.near(taken)
    assert found != taken
    assert ports.is_free(found)


def test_the_last_port_of_all_does_not_lead_past_the_end() -> None:
    assert 0 < ports.near(65535) <= 65535
