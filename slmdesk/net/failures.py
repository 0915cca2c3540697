"""What went wrong on the way, as errors for people."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

import httpx2

from slmdesk.messages import ErrorKind, UserError
from slmdesk.net.errors import network_error

_REPO = re.compile(r"/(?:api/(?:resolve-cache/)?models/)?([^/]+/[^/]+)")
_MORE_SECONDS = re.compile(r"\bt=(\d+)")
_USUAL_WAIT_S = 60
_MINUTES_FROM_S = 120
_HOURS_FROM_S = 2 * 3600
_LONGEST_WAIT_S = 24 * 3600


def transport_error(error: Exception, host: str, proxy: str | None) -> UserError:
    """What a connection that failed means. `proxy`: the host of the proxy that it went through."""
    causes = list(_causes(error))
    details = repr(error)
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            # Where the system verifies, the library for it may say less.
            reason = getattr(cause, "verify_message", "") or str(cause)
            return network_error("certificate", host, details=details, reason=reason)
        if isinstance(cause, ssl.SSLError):
            return network_error("encryption", host, details=details, reason=cause.reason or str(cause))
    if isinstance(error, httpx2.ProxyError):
        return network_error("proxy-refused", host, details=details, proxy=proxy or "", reason=str(error))
    # With a proxy, it is the proxy that is looked up and connected to.
    if proxy is not None and isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
        return network_error("proxy-unreachable", host, details=details, proxy=proxy)
    if isinstance(error, httpx2.TimeoutException):
        return network_error("timed-out", host, details=details)
    for cause in causes:
        if isinstance(cause, socket.gaierror):
            return network_error("name-not-found", host, details=details)
    if isinstance(error, httpx2.ConnectError):
        return network_error("no-connection", host, details=details, reason=_reason(causes))
    return network_error("broken-off", host, details=details)


def status_error(
    status: int,
    headers: Mapping[str, str],
    host: str,
    path: str,
    *,
    has_token: bool,
    proxy: str | None = None,
) -> UserError:
    """What an answer of 400 or more means; `headers` as httpx2 has them, with names in any case."""
    told = headers.get("x-error-message", "")[:500]
    repo = repo_of(path)
    details = f"{status} for {path}: {told}"

    def error(key: str, **facts: str | int) -> UserError:
        return UserError(
            f"network-{key}", ErrorKind.NETWORK, details=details, host=host, status=status, repo=repo, **facts
        )

    code = headers.get("x-error-code", "")
    if code == "GatedRepo":
        return error(_gate(status, told.lower(), has_token=has_token))
    if status == 404 or code in ("RepoNotFound", "RevisionNotFound", "EntryNotFound"):
        return error("not-found", what=repo or unquote(path))
    if status == 407:
        return error("proxy-refused", proxy=proxy or "", reason=str(status))
    if status in (408, 429):
        wait_s = _wait_s(headers)
        key, unit, unit_s = _pause_unit(wait_s)
        return error(key, **{"seconds": wait_s, unit: -(-wait_s // unit_s)})
    if status == 401 and has_token:
        return error("token-refused")
    if status >= 500:
        return error("server-error")
    return error("refused")


def repo_of(path: str) -> str:
    """The repository that a path of the Hub is about; "" where it is none."""
    if path.startswith("/api/") and not path.startswith(("/api/models/", "/api/resolve-cache/models/")):
        return ""
    found = _REPO.match(path)
    return unquote(found[1]) if found else ""


def _gate(status: int, told: str, *, has_token: bool) -> str:
    if status == 401 or not has_token:
        return "gated-no-token"
    if "reject" in told:
        return "gated-denied"
    if "awaiting" in told or "pending" in told:
        return "gated-waiting"
    return "gated-not-accepted"


def _wait_s(headers: Mapping[str, str]) -> int:
    """How long to wait, as `Retry-After` (in seconds) or the Hub's `RateLimit` says."""
    after = headers.get("retry-after", "").strip()
    if not after.isdecimal():
        found = _MORE_SECONDS.search(headers.get("ratelimit", ""))
        after = found[1] if found else ""
    return min(int(after[:9]), _LONGEST_WAIT_S) if after else _USUAL_WAIT_S


def _pause_unit(wait_s: int) -> tuple[str, str, int]:
    """The sentence for a pause of so many seconds, the unit it counts in, and that unit's seconds."""
    if wait_s < _MINUTES_FROM_S:
        return "busy", "seconds", 1
    if wait_s < _HOURS_FROM_S:
        return "busy-minutes", "minutes", 60
    return "busy-hours", "hours", 3600


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    now: BaseException | None = error
    while now is not None and id(now) not in seen:
        seen.add(id(now))
        yield now
        now = now.__cause__ or now.__context__


def _reason(causes: list[BaseException]) -> str:
    for cause in causes:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
    return str(causes[0])
