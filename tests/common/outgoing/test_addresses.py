"""Addresses that are, and are not, the public Internet."""

import ipaddress

import pytest

from apps.common.outgoing.addresses import is_listed, is_public, parse

# From the IANA registries of special-purpose addresses, and forms by which they are hidden.
INNER = """\
0.0.0.0 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.254
169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.170 192.0.2.1 192.88.99.1 192.168.0.1
198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1
255.255.255.255
:: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1
64:ff9b::10.0.0.1 64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:7f00:1::1 2002:a00:1::1 3fff::1
5f00::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1 ::ffff:0:127.0.0.1 4000::1
"""
PUBLIC = """\
1.1.1.1 8.8.8.8 93.184.216.34 172.32.0.1 192.167.255.255 223.255.255.255
2606:4700:4700::1111 2a00:1450:4001:800::200e ::ffff:8.8.8.8 64:ff9b::8.8.8.8
"""


@pytest.mark.parametrize("text", INNER.split())
def test_inner_addresses_are_not_public(text: str) -> None:
    assert not is_public(parse(text))


@pytest.mark.parametrize("text", PUBLIC.split())
def test_public_addresses_are(text: str) -> None:
    assert is_public(parse(text))


def test_a_listed_network_holds_its_addresses_in_every_form() -> None:
    networks = [ipaddress.ip_network("10.20.0.0/16"), ipaddress.ip_network("fd00:1::/32")]
    assert is_listed(parse("10.20.3.4"), networks)
    assert is_listed(parse("::ffff:10.20.3.4"), networks)
    assert is_listed(parse("fd00:1::9"), networks)
    assert not is_listed(parse("10.21.0.1"), networks)
    assert not is_listed(parse("::10.20.3.4"), networks)
