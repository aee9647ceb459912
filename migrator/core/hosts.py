"""Which hosts are this machine itself. Pure."""

from __future__ import annotations

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether a host name or address, as a URL has it, is this machine: only then is plain http allowed.

    An IPv4 address written as an IPv6 one is not, as not every library reads it so.
    """
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback and getattr(address, "ipv4_mapped", None) is None
