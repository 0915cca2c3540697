"""Which proxy a request goes through: what the environment says, or else what the system says."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from slmdesk.net.gnome_proxies import read_gnome_proxies
from slmdesk.net.hosts import is_loopback


@dataclass(frozen=True)
class SystemProxies:
    """What the system has set: addresses by scheme, and whom to ask without one."""

    by_scheme: Mapping[str, str]
    leaves_out: Callable[[str], object]


def find_proxy(
    scheme: str, host: str, environment: Mapping[str, str], system: Callable[[], SystemProxies] | None = None
) -> str | None:
    """The address of the proxy for `host`, or None: directly.

    `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` in either case, the lower one first. Where the
    environment names no proxy at all, the system is asked (`system_proxies` where None is given). This
    computer itself is never asked through one.
    """
    if is_loopback(host):
        return None
    values = {name.lower(): value.strip() for name, value in sorted(environment.items()) if value.strip()}
    named = {one: values[f"{one}_proxy"] for one in ("http", "https", "all") if f"{one}_proxy" in values}
    if _is_left_out(host, values.get("no_proxy", "")):
        return None
    if not named:
        asked = (system or system_proxies)()
        if not asked.by_scheme or asked.leaves_out(host):
            return None
        named = dict(asked.by_scheme)
    proxy = named.get(scheme) or named.get("all")
    if not proxy:
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _is_left_out(host: str, no_proxy: str) -> bool:
    """As curl reads `NO_PROXY`: names, with everything below them, addresses, networks, and `*` for all."""
    host = host.lower().rstrip(".")
    for entry in no_proxy.lower().replace(",", " ").split():
        if entry == "*":
            return True
        name = entry.removeprefix("*").removeprefix(".").strip("[]")
        # A port at the end: those of a proxy are not told apart by it.
        if name.count(":") == 1:
            name = name.partition(":")[0]
        if name and (host == name or host.endswith(f".{name}") or _is_in_network(host, name)):
            return True
    return False


def _is_in_network(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def system_proxies() -> SystemProxies:
    """What is set for all programs: on Windows, on macOS, and on a desktop such as GNOME."""
    import urllib.request as system

    # The module has only those of the system that it runs on.
    for found, leaves_out in (
        ("getproxies_registry", "proxy_bypass_registry"),
        ("getproxies_macosx_sysconf", "proxy_bypass_macosx_sysconf"),
    ):
        if hasattr(system, found):
            return SystemProxies(dict(getattr(system, found)()), getattr(system, leaves_out))
    by_scheme, ignored = read_gnome_proxies()
    return SystemProxies(by_scheme, lambda host: _is_left_out(host, ignored))
