"""The proxy that stands between here and the hub, as messages name it: never with its name and password."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy.

    Attributes:
        place: HOST:PORT.
        variable: Where it is set; "the system's settings" where no variable of the environment does that.
        has_password: Whether its address has a name or a password in it.
    """

    place: str
    variable: str
    has_password: bool


def proxy_to(url: str) -> Proxy | None:
    """The proxy for an address; None where there is none."""
    parts = urlsplit(url)
    if proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    proxies = getproxies()
    for kind in (parts.scheme, "all"):
        if address := proxies.get(kind):
            who, at, place = address.rpartition("://")[2].rpartition("@")
            names = (f"{kind}_proxy", f"{kind.upper()}_PROXY")  # the first one counts, as with getproxies
            variable = next((name for name in names if os.environ.get(name)), "the system's settings")
            return Proxy(place.rstrip("/"), variable, bool(at and who))
    return None
