"""Connecting to an address that was checked, and reading under a deadline.

SECURITY: a name is resolved once; every answer is checked; the socket goes to the checked address
and no other, while TLS still checks the name. So a name that changes between check and connect
(DNS rebinding) changes nothing.
"""

import base64
import io
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from apps.common.outgoing import errors
from apps.common.outgoing.addresses import parse
from apps.common.outgoing.errors import OutgoingFailed
from apps.common.outgoing.policy import Limits, Policy, Target

Resolve = Callable[[str, int], Sequence[str]]
Connect = Callable[[tuple[str, int], float], socket.socket]


def resolve(host: str, port: int) -> list[str]:
    """Every address of a name, as the machine's resolver has them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def connect(address: tuple[str, int], timeout: float) -> socket.socket:
    return socket.create_connection(address, timeout)


class Deadline:
    """The moment at which a request has to be over."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._ends = time.monotonic() + limits.total

    def left(self, at_most: float) -> float:
        """Seconds that the next step may take. Raises: OutgoingFailed when none are left."""
        left = min(at_most, self._ends - time.monotonic())
        if left <= 0:
            raise OutgoingFailed(
                errors.TIME, f"It was not over after {self.limits.total:g} seconds."
            )
        return left


class _Reader(io.RawIOBase):
    """Reads a socket; each read gets what is left of the time, so that a slow drip ends, too."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        # Python's own view of the socket keeps it open when http.client lets go of it.
        self._raw = sock.makefile("rb", buffering=0)
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._deadline.left(self._deadline.limits.idle))
        return int(self._raw.readinto(buffer) or 0)

    def close(self) -> None:
        self._raw.close()
        super().close()


class TimedSocket:
    """As much of a socket as http.client uses."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(self._deadline.left(self._deadline.limits.idle))
        self._sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:  # http.client asks for "rb"
        return io.BufferedReader(_Reader(self._sock, self._deadline))

    def close(self) -> None:
        self._sock.close()


def checked_addresses(target: Target, policy: Policy, resolver: Resolve) -> list[str]:
    """The addresses of a host, each of them allowed. Raises: OutgoingFailed if one of them is not."""
    try:
        found = resolver(target.host, target.port)
    except (OSError, UnicodeError) as error:
        raise OutgoingFailed(errors.NAME, f"The name {target.host} is not known.") from error
    if not found:
        raise OutgoingFailed(errors.NAME, f"The name {target.host} has no address.")
    for text in found:
        try:
            address = parse(text)
        except ValueError:
            raise OutgoingFailed(errors.ADDRESS, f"{text} is no address.") from None
        policy.check_address(address, target.host)
    return list(found)


def opened(
    target: Target, policy: Policy, deadline: Deadline, resolver: Resolve, connector: Connect
) -> TimedSocket:
    """A connection to the target, through the proxy where there is one, with TLS where asked for."""
    if policy.proxy:
        sock = _through_proxy(target, policy, deadline, resolver, connector)
    else:
        addresses = checked_addresses(target, policy, resolver)
        sock = _first(addresses, target.port, target.host, deadline, connector)
    if target.scheme == "https":
        sock = _with_tls(sock, target.host, deadline)
    return TimedSocket(sock, deadline)


def _first(
    addresses: Sequence[str], port: int, host: str, deadline: Deadline, connector: Connect
) -> socket.socket:
    """The first address that takes the connection."""
    failure: OSError | None = None
    for address in addresses[:4]:
        try:
            return connector((address, port), deadline.left(deadline.limits.connect))
        except OSError as error:
            failure = error
    if isinstance(failure, TimeoutError):
        raise OutgoingFailed(errors.TIME, f"{host} did not answer on port {port}.") from failure
    reason = failure.strerror if failure and failure.strerror else "no connection"
    raise OutgoingFailed(errors.CONNECT, f"{host} refuses on port {port}: {reason}.") from failure


def _with_tls(sock: socket.socket, host: str, deadline: Deadline) -> socket.socket:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        sock.settimeout(deadline.left(deadline.limits.connect))
        return context.wrap_socket(sock, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        sock.close()
        text = f"The certificate of {host} is not valid: {error.verify_message}."
        raise OutgoingFailed(errors.TLS, text) from error
    except OSError as error:
        sock.close()
        raise OutgoingFailed(errors.TLS, f"{host} does not speak TLS there.") from error


def _through_proxy(
    target: Target, policy: Policy, deadline: Deadline, resolver: Resolve, connector: Connect
) -> socket.socket:
    """A tunnel (CONNECT) through the operator's proxy, to an address that we checked.

    Where only the proxy knows names it gets the name, and has to refuse inner addresses itself;
    hosts written as numbers are checked all the same.
    """
    proxy = urlsplit(policy.proxy)
    if policy.proxy_resolves and not _is_address(target.host):
        goal = target.host
    else:
        goal = checked_addresses(target, policy, resolver)[0]
    where = (proxy.hostname or "", proxy.port or 3128)
    try:
        sock = connector(where, deadline.left(deadline.limits.connect))
    except OSError as error:
        raise OutgoingFailed(errors.CONNECT, "The proxy does not answer.") from error
    authority = f"[{goal}]:{target.port}" if ":" in goal else f"{goal}:{target.port}"
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
    if proxy.username:
        pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(pair.encode()).decode()}")
    timed = TimedSocket(sock, deadline)
    try:
        timed.sendall("\r\n".join([*lines, "", ""]).encode())
        status = _proxy_status(sock, deadline)
    except OSError as error:
        sock.close()
        raise OutgoingFailed(errors.CONNECT, "The proxy broke off.") from error
    if status != 200:
        sock.close()
        raise OutgoingFailed(errors.CONNECT, f"The proxy answers {status} for {target.host}.")
    return sock


def _proxy_status(sock: socket.socket, deadline: Deadline) -> int:
    """The status of the answer to CONNECT; byte by byte, since what follows belongs to TLS."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        sock.settimeout(deadline.left(deadline.limits.connect))
        byte = sock.recv(1)
        if not byte or len(head) > 8192:
            break
        head += byte
    words = head.split(None, 2)
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0


def _is_address(host: str) -> bool:
    """Also the short and odd forms (127.1, 0x7f000001) that resolvers read as numbers."""
    try:
        socket.inet_aton(host)
    except OSError:
        return ":" in host
    return True
