"""Which hosts may be asked."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from slmdesk.net.errors import network_error

DEFAULT_ENDPOINT = "https://huggingface.co"

_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))*")

HUB_STORES = ("*.hf.co", "*.huggingface.co")
"""Where the Hub keeps large files; it redirects there. A mirror does the same."""


def is_loopback(host: str) -> bool:
    """Whether `host` is this computer: `localhost` and names below it, 127.0.0.0/8, ::1."""
    host = host.strip("[]").rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def endpoint_of(environment: Mapping[str, str]) -> str:
    """Where the Hub is, without a slash at the end: `HF_ENDPOINT`, or the public one."""
    return environment.get("HF_ENDPOINT", "").strip().rstrip("/") or DEFAULT_ENDPOINT


def check_endpoint(endpoint: str) -> None:
    """Raise UserError where `endpoint` is no address of a server."""
    try:
        scheme, host, _ = origin_of(endpoint)
    except ValueError:
        scheme, host = "", ""
    if scheme not in ("http", "https") or not host:
        # A password may stand in front of the host.
        raise network_error("bad-endpoint", "", address=endpoint.rpartition("@")[2])


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of `url`: to whom it speaks. Raises ValueError for what is no address."""
    parts = urlsplit(url)
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, plain_host(parts.hostname or ""), parts.port or usual


def host_of(url: str) -> str:
    """The host of `url`, for people; "" where it has none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def read_hosts(text: str) -> tuple[str, ...]:
    """The hosts that a person wrote, set apart by commas or white space: names, or `*.name` for every name
    below one. Of an address only the host counts. Raises ValueError with the first that is neither.
    """
    found: dict[str, None] = {}
    for word in text.replace(",", " ").replace(";", " ").split():
        host = _as_written(word)
        if not _NAME.fullmatch(plain_host(host.removeprefix("*."))):
            raise ValueError(word)
        found[host] = None
    return tuple(found)


def plain_host(host: str) -> str:
    """The name as the name service has it, so that two ways of writing one are the same."""
    host = host.lower().rstrip(".")
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


@dataclass(frozen=True)
class HostRules:
    """Whom a program that is set to `endpoint` may ask.

    The endpoint, the Hub's own stores over HTTPS, and what a person or a policy added: a name, or `*.name`
    for every name below it. Without encryption only an endpoint that has none itself. Another program on
    this computer only where the endpoint is one: a distant server must not be able to send us to it.
    """

    endpoint: str
    added: Sequence[str] = ()

    def check(self, scheme: str, host: str) -> None:
        """Raise UserError where no request may go to `host`."""
        own_scheme, own_host, _ = origin_of(self.endpoint)
        if not self._knows(plain_host(host), own_host, HUB_STORES if scheme == "https" else ()):
            raise network_error("host-not-allowed", host)
        if scheme != "https" and (scheme != "http" or own_scheme != "http"):
            raise network_error("insecure", host)

    def _knows(self, host: str, own_host: str, stores: Sequence[str]) -> bool:
        if host == own_host:
            return True
        if is_loopback(host):
            return is_loopback(own_host)
        return any(_matches(host, pattern) for pattern in (*stores, *self.added))

    def may_have_token(self, url: str) -> bool:
        """Whether a token for the endpoint may be sent to `url`: to the very same scheme, host and port."""
        return origin_of(url) == origin_of(self.endpoint)


def _as_written(pattern: str) -> str:
    """Somebody may have pasted an address."""
    return pattern.strip().lower().rpartition("://")[2].partition("/")[0].rstrip(".")


def _matches(host: str, pattern: str) -> bool:
    pattern = _as_written(pattern)
    if pattern.startswith("*."):
        return host.endswith(pattern[1:])
    return bool(pattern) and host == pattern
