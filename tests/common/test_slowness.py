"""What a sender may cost in time: a budget for the head, another one for the body that its bytes extend."""

import socket
import time
from collections.abc import Iterator
from threading import Thread, Timer

import pytest

from apps.common.slowness import RATE, Clocked, TooSlow

SHORT = 0.3  # seconds


@pytest.fixture
def pair() -> Iterator[tuple[Clocked, socket.socket]]:
    here, there = socket.socketpair()
    yield Clocked(here, head=SHORT, body=SHORT), there
    here.close()
    there.close()


def test_what_is_there_is_read_at_once(pair: tuple[Clocked, socket.socket]) -> None:
    line, sender = pair
    sender.sendall(b"GET / HTTP/1.1")
    assert line.recv(3) == b"GET"
    assert line.recv(100) == b" / HTTP/1.1"


def test_silence_ends_the_waiting_and_for_good(pair: tuple[Clocked, socket.socket]) -> None:
    line, sender = pair
    with pytest.raises(TooSlow):
        line.recv(1)
    sender.sendall(b"late")
    with pytest.raises(TooSlow):
        line.recv(4)
    line.begin_head()  # the next request has its own
    assert line.recv(4) == b"late"


def test_steady_trickling_does_not_extend_a_head(pair: tuple[Clocked, socket.socket]) -> None:
    line, sender = pair

    def trickle() -> None:
        for _ in range(100):
            try:
                sender.sendall(b"a")
            except OSError:
                return
            time.sleep(SHORT / 10)

    thread = Thread(target=trickle)
    thread.start()
    taken: list[bytes] = []
    with pytest.raises(TooSlow):
        taken.extend(iter(lambda: line.recv(1), b""))
    sender.shutdown(socket.SHUT_RDWR)
    thread.join()
    assert 0 < len(taken) < 100


def test_bytes_of_a_body_buy_time_and_our_own_time_is_free(
    pair: tuple[Clocked, socket.socket],
) -> None:
    line, sender = pair
    line.begin_body()
    sender.sendall(b"a" * RATE * 4)
    assert len(line.recv(RATE * 4)) == RATE * 4  # four seconds more
    time.sleep(SHORT * 2)  # what the portal does meanwhile
    late = Timer(SHORT * 2, sender.sendall, [b"b"])
    late.start()
    assert line.recv(1) == b"b"
    late.join()


def test_what_is_left_after_the_answer_is_hardly_waited_for() -> None:
    here, sender = socket.socketpair()
    with here, sender:
        line = Clocked(here, head=60, body=60, rest=SHORT)
        line.begin_body()
        sender.sendall(b"rest")
        line.end_body()
        assert line.recv(4) == b"rest"
        began = time.monotonic()
        with pytest.raises(TooSlow):
            line.recv(1)
        assert time.monotonic() - began < 30  # and not the 60 that a body has


def test_the_end_of_a_body_is_the_end(pair: tuple[Clocked, socket.socket]) -> None:
    line, sender = pair
    sender.shutdown(socket.SHUT_WR)
    assert line.recv(10) == b""


def test_it_is_the_socket_otherwise(pair: tuple[Clocked, socket.socket]) -> None:
    line, sender = pair
    line.sendall(b"200 OK")
    assert sender.recv(10) == b"200 OK"
    assert line.fileno() > 0
