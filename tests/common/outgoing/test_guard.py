"""What the guard refuses. Names and connections are stubs: nothing leaves this machine."""

import ipaddress
import socket
from typing import Any

import pytest

from apps.common.outgoing import Client, Limits, OutgoingFailed, Policy
from apps.common.outgoing.policy import split
from tests.servers import Says, serving


class Network:
    """Stubs of resolver and connect: `names` are known; every connection goes to `port` on loopback."""

    def __init__(self, port: int = 0, **names: Any) -> None:
        self.names = {name.replace("_", "."): found for name, found in names.items()}
        self.port = port
        self.connected: list[tuple[str, int]] = []

    def resolve(self, host: str, port: int) -> list[str]:
        try:
            socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
        except OSError:
            pass
        else:
            return [host]
        found = self.names.get(host)
        if found is None:
            raise socket.gaierror(-2, "Name or service not known")
        return [found.pop(0)] if isinstance(found, list) else list(found)

    def connect(self, address: tuple[str, int], timeout: float) -> socket.socket:
        self.connected.append(address)
        if not self.port:
            raise ConnectionRefusedError(111, "Connection refused")
        return socket.create_connection(("127.0.0.1", self.port), timeout)


OPEN = Policy(schemes=frozenset({"http", "https"}), ports=frozenset({80, 443, 8080}))


def get(network: Network, url: str, policy: Policy = OPEN, **limits: Any) -> bytes:
    client = Client(policy, Limits(**limits), network.resolve, network.connect)
    with client.send("GET", url) as answer:
        return answer.read()


def code_of(network: Network, url: str, policy: Policy = OPEN) -> str:
    with pytest.raises(OutgoingFailed) as caught:
        get(network, url, policy)
    assert network.connected == []
    return caught.value.code


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ftp://example.org/x", "scheme-refused"),
        ("file:///etc/passwd", "scheme-refused"),
        ("gopher://example.org:70/x", "scheme-refused"),
        ("http://example.org:22/", "port-refused"),
        ("https://example.org:6379/", "port-refused"),
        ("http://user:secret@example.org/", "url-refused"),
        ("http://example.org@evil.test/", "url-refused"),
        ("http://example.org\\@evil.test/", "url-refused"),
        ("http://exa mple.org/", "url-refused"),
        ("http://example.org/\r\nX: y", "url-refused"),
        ("http://example.org:99999/", "url-refused"),
        ("http:///nowhere", "url-refused"),
        ("example.org/report.json", "url-refused"),
        ("http://[::1", "url-refused"),
        ("http://" + "a" * 5000, "url-refused"),
        ("http://unknown.test/", "name-unknown"),
    ],
)
def test_what_never_leaves(url: str, code: str) -> None:
    assert code_of(Network(), url) == code


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "[::1]",
        "169.254.169.254",
        "10.0.0.5",
        "[::ffff:169.254.169.254]",
        "[fe80::1]",
        "[::7f00:1]",
        "192.168.1.1",
        "0.0.0.0",  # noqa: S104  # asked for, not bound
        "inner.test",
        "both.test",
    ],
)
def test_inner_addresses_are_refused_before_connecting(host: str) -> None:
    """Also behind a name, and when only one of a name's addresses is an inner one."""
    network = Network(inner_test=("10.1.2.3",), both_test=("93.184.216.34", "127.0.0.1"))
    assert code_of(network, f"http://{host}/") == "address-refused"


def test_numbers_that_resolvers_read_as_addresses_are_checked_as_such() -> None:
    """The machine's own resolver reads 127.1 and 0x7f000001 as loopback; it is asked for real."""
    for host in ("127.1", "0x7f000001", "2130706433", "0177.0.0.1"):
        network = Network()
        client = Client(OPEN, Limits(), connect=network.connect)
        with pytest.raises(OutgoingFailed) as caught, client.send("GET", f"http://{host}/"):
            pass
        assert caught.value.code == "address-refused"
        assert network.connected == []


def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    """Rebinding: the second look-up would give loopback, and there is no second look-up."""
    with serving({"/": Says(b"hello")}) as server:
        network = Network(server.port, public_test=["93.184.216.34", "127.0.0.1"])
        assert get(network, "http://public.test/") == b"hello"
        assert network.connected == [("93.184.216.34", 80)]
        assert network.names["public.test"] == ["127.0.0.1"]
        assert server.asked[0].headers["host"] == "public.test"


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("http://169.254.169.254/latest/meta-data/", "address-refused"),
        ("http://inner.test/", "address-refused"),
        ("http://public.test:25/", "port-refused"),
        ("file:///etc/passwd", "scheme-refused"),
        ("//[::1]/", "address-refused"),
        ("http://[bad", "url-refused"),
    ],
)
def test_redirects_pass_the_same_checks(place: str, code: str) -> None:
    with serving({"/": Says(b"", 302, {"Location": place})}) as server:
        network = Network(server.port, public_test=("93.184.216.34",), inner_test=("10.0.0.1",))
        with pytest.raises(OutgoingFailed) as caught:
            get(network, "http://public.test/")
    assert caught.value.code == code
    assert caught.value.permanent
    assert network.connected == [("93.184.216.34", 80)]


def test_a_name_that_turns_inner_between_two_hops_is_refused() -> None:
    with serving({"/": Says(b"", 302, {"Location": "/again"})}) as server:
        network = Network(server.port, public_test=["93.184.216.34", "127.0.0.1"])
        with pytest.raises(OutgoingFailed) as caught:
            get(network, "http://public.test/")
    assert caught.value.code == "address-refused"


def test_it_does_not_redirect_for_ever_nor_from_tls_to_plain() -> None:
    with serving({"/": Says(b"", 302, {"Location": "/"})}) as server:
        network = Network(server.port, public_test=("93.184.216.34",))
        with pytest.raises(OutgoingFailed) as caught:
            get(network, "http://public.test/", max_redirects=3)
        assert caught.value.code == "too-many-redirects"
        assert len(server.asked) == 4


def same_port(address: tuple[str, int], timeout: float) -> socket.socket:
    return socket.create_connection(("127.0.0.1", address[1]), timeout)


def test_secrets_stay_with_the_origin_that_they_were_for() -> None:
    other = {"/there": Says(b"ok")}
    with serving(other) as second:
        away = Says(b"", 302, {"Location": f"http://other.test:{second.port}/there"})
        with serving({"/": away, "/same": Says(b"", 302, {"Location": "/"})}) as first:
            ports = frozenset({first.port, second.port})
            policy = Policy(schemes=frozenset({"http"}), ports=ports)
            network = Network(one_test=("93.184.216.34",), other_test=("93.184.216.35",))
            client = Client(policy, Limits(), network.resolve, same_port)
            headers = {"Authorization": "Bearer s3cret", "X-Api-Key": "k3y", "Accept": "text/x"}
            with client.send(
                "GET",
                f"http://one.test:{first.port}/same",
                headers=headers,
                secret_headers=frozenset({"x-api-key"}),
            ) as answer:
                assert answer.read() == b"ok"
    assert [asked.headers.get("authorization") for asked in first.asked] == ["Bearer s3cret"] * 2
    got = second.asked[0].headers
    assert got["accept"] == "text/x"
    assert "authorization" not in got
    assert "x-api-key" not in got


def test_the_operator_lists_networks_and_hosts() -> None:
    with serving({"/": Says(b"inner")}) as server:
        network = Network(server.port, scanner_test=("10.20.0.9",), far_test=("10.99.0.9",))
        listed = Policy(
            schemes=frozenset({"http"}),
            ports=frozenset({80}),
            networks=(ipaddress.ip_network("10.20.0.0/16"),),
        )
        assert get(network, "http://scanner.test/", listed) == b"inner"
        with pytest.raises(OutgoingFailed, match=r"10\.99\.0\.9"):
            get(network, "http://far.test/", listed)
    narrow = Policy(schemes=frozenset({"http"}), ports=frozenset({80}), hosts=("*.example.org",))
    assert code_of(Network(), "http://evil.test/", narrow) == "host-refused"
    assert code_of(Network(), "http://a.example.org/", narrow) == "name-unknown"


def test_a_url_is_read_one_way() -> None:
    target = split("https://Exämple.ORG.:443/a b?q=ü#frag".replace(" ", "%20"))
    assert target.url == "https://xn--exmple-cua.org/a%20b?q=%C3%BC"
    assert split("http://[2001:DB8::1]:8080").origin == "http://[2001:db8::1]:8080"
