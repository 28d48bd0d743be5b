"""Which addresses are the public Internet. Pure: an address in, an answer out.

SECURITY: the lists are written out, since what `ipaddress` calls global changed between patch
releases of Python. IPv6 is an allow-list: only 2000::/3 is given out, so that forms like ::7f00:1
(IPv4-compatible) or fec0::1 (site-local) never count as public.
Source: IANA special-purpose address registries (RFC 6890 and what updates it).
"""

import ipaddress
from collections.abc import Iterable

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_NOT_PUBLIC_4 = [
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by carriers
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local; the metadata services of clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
]
_PUBLIC_6 = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC_6 = [
    ipaddress.IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, Teredo, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: reaches whatever IPv4 address it holds
        "3fff::/20",  # documentation
    )
]
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def plain(address: IpAddress) -> IpAddress:
    """The IPv4 address inside an IPv6 one that only stands for it (mapped, NAT64), else the address."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_public(address: IpAddress) -> bool:
    """Whether an address belongs to the public Internet and to nothing of ours."""
    found = plain(address)
    if isinstance(found, ipaddress.IPv4Address):
        return not any(found in network for network in _NOT_PUBLIC_4)
    return found in _PUBLIC_6 and not any(found in network for network in _NOT_PUBLIC_6)


def is_listed(address: IpAddress, networks: Iterable[IpNetwork]) -> bool:
    """Whether one of the networks holds the address, or the one that it stands for."""
    found = plain(address)
    return any(found.version == network.version and found in network for network in networks)


def parse(text: str) -> IpAddress:
    """An address as a resolver gives it; a zone (fe80::1%eth0) is cut off. Raises: ValueError."""
    return ipaddress.ip_address(text.partition("%")[0])
