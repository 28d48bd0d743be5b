"""Choosing TCP ports on this machine."""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"
SPAN = 20


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether a server could listen on ``host:port`` now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do: a connection in TIME_WAIT from the last run does not make a port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def any_free(host: str = LOOPBACK) -> int:
    """Return a port that nobody listens on; the kernel chooses it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port


def near(wanted: int, host: str = LOOPBACK) -> int:
    """Return ``wanted`` if it is free, else the next free one above it, else any."""
    last = min(wanted + SPAN, 65536)
    for port in range(wanted, last):
        if is_free(port, host):
            return port
    return any_free(host)
