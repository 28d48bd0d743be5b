"""Where requests may go: schemes, ports, host names and networks, as the operator set them."""

import fnmatch
import ipaddress
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from django.conf import settings

from apps.common.outgoing import errors
from apps.common.outgoing.addresses import IpAddress, IpNetwork, is_listed, is_public
from apps.common.outgoing.errors import OutgoingFailed

DEFAULT_PORTS = {"https": 443, "http": 80}
MAX_URL = 4000
# Kept as they are in a path and query; all else is percent-encoded.
_SAFE = "/%:@!$&'()*+,;=~-._?[]"


@dataclass(frozen=True)
class Limits:
    """Bounds of one request, redirects included: seconds and bytes."""

    connect: float = 10.0
    idle: float = 30.0  # without a single byte
    total: float = 900.0  # however steadily it drips
    max_bytes: int = 256 * 1024 * 1024
    max_redirects: int = 5


@dataclass(frozen=True)
class Target:
    """A URL taken apart; `path` holds the query, too."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        """Scheme, host and, where it is not the usual one, port: where a secret may go."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = DEFAULT_PORTS.get(self.scheme) == self.port
        return f"{self.scheme}://{host}" + ("" if usual else f":{self.port}")

    @property
    def url(self) -> str:
        return self.origin + self.path

    @property
    def authority(self) -> str:
        """What the Host header says."""
        return self.origin.partition("://")[2]


@dataclass(frozen=True)
class Policy:
    """What the operator allows. Empty `hosts`: every name; `networks`: what is allowed beyond the Internet."""

    schemes: frozenset[str] = frozenset({"https"})
    ports: frozenset[int] = frozenset({443})
    hosts: tuple[str, ...] = ()
    networks: tuple[IpNetwork, ...] = field(default=())
    proxy: str = ""
    proxy_resolves: bool = False

    @classmethod
    def from_settings(cls) -> "Policy":
        return cls(
            schemes=frozenset(settings.SECOPS_OUTGOING_SCHEMES),
            ports=frozenset(settings.SECOPS_OUTGOING_PORTS),
            hosts=tuple(settings.SECOPS_OUTGOING_HOSTS),
            networks=tuple(ipaddress.ip_network(n) for n in settings.SECOPS_OUTGOING_NETWORKS),
            proxy=settings.SECOPS_OUTGOING_PROXY,
            proxy_resolves=settings.SECOPS_OUTGOING_PROXY_RESOLVES,
        )

    def check_url(self, url: str) -> Target:
        """Take a URL apart and refuse what may not be. Raises: OutgoingFailed. Nothing is resolved."""
        target = split(url)
        if target.scheme not in self.schemes:
            allowed = ", ".join(sorted(self.schemes))
            raise OutgoingFailed(
                errors.SCHEME,
                f"{target.scheme}:// is not allowed here; allowed: {allowed} (SECOPS_OUTGOING_SCHEMES).",
            )
        if target.port not in self.ports:
            allowed = ", ".join(map(str, sorted(self.ports)))
            raise OutgoingFailed(
                errors.PORT,
                f"Port {target.port} is not allowed here; allowed: {allowed} (SECOPS_OUTGOING_PORTS).",
            )
        if self.hosts and not any(fnmatch.fnmatchcase(target.host, one) for one in self.hosts):
            raise OutgoingFailed(
                errors.HOST, f"{target.host} is not among the hosts of SECOPS_OUTGOING_HOSTS."
            )
        return target

    def check_address(self, address: IpAddress, host: str) -> None:
        """Raises: OutgoingFailed for an address that is neither public nor listed by the operator."""
        if is_public(address) or is_listed(address, self.networks):
            return
        shown = f"{host} is {address}, which" if str(address) != host else host
        raise OutgoingFailed(
            errors.ADDRESS,
            f"{shown} is no address of the public Internet. The operator can list its network in "
            "SECOPS_OUTGOING_NETWORKS.",
        )


def split(url: str) -> Target:
    """Raises: OutgoingFailed for what is no plain http(s) URL.

    SECURITY: user names, backslashes, blanks and control characters are refused, since parsers
    differ in what host they read from them.
    """
    if len(url) > MAX_URL or any(c in url for c in "\\ ") or not url.isprintable():
        raise OutgoingFailed(
            errors.URL, "This is no URL: it has blanks, backslashes or is too long."
        )
    try:
        parts = urlsplit(url)
        port, host = parts.port, (parts.hostname or "").rstrip(".")
        host = host if host.isascii() else host.encode("idna").decode()
    except ValueError:
        raise OutgoingFailed(errors.URL, "This is no URL that can be read.") from None
    if not host or parts.scheme not in DEFAULT_PORTS:
        if parts.scheme and parts.scheme not in DEFAULT_PORTS:
            raise OutgoingFailed(
                errors.SCHEME, f"{parts.scheme}: is not a scheme of web addresses."
            )
        raise OutgoingFailed(
            errors.URL, "Give a whole URL, such as https://example.org/report.json."
        )
    if "@" in parts.netloc:
        raise OutgoingFailed(
            errors.URL, "A URL holds no user name or password here; use a credential."
        )
    path = quote(parts.path or "/", safe=_SAFE.replace("?", ""))
    query = f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""
    return Target(parts.scheme, host.lower(), port or DEFAULT_PORTS[parts.scheme], path + query)


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL, as a credential is bound to it. Raises: OutgoingFailed."""
    return split(url).origin
