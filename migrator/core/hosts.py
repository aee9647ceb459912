"""Which hosts are this machine, and whom others are vouched for by. Pure."""

from __future__ import annotations

import ipaddress
from typing import Final

SYSTEM: Final = "system"  # in the place of a file of authorities: those that this machine trusts


def is_loopback(host: str) -> bool:
    """Whether a host name or address from a URL is this machine: only then is plain http allowed.

    An IPv4 address written as IPv6 is not, because not every library reads it that way.
    """
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback and getattr(address, "ipv4_mapped", None) is None
