"""Every request of the program passes here: may it go, what is left out of it, what becomes of it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx2

from slmdesk.messages import Message, UserError
from slmdesk.net.errors import network_error
from slmdesk.net.failures import status_error, transport_error
from slmdesk.net.guard import open_way
from slmdesk.net.hosts import HostRules, host_of, is_loopback
from slmdesk.net.log import NetworkLog, Record
from slmdesk.net.offline import offline_error
from slmdesk.net.proxies import find_proxy

if TYPE_CHECKING:
    import ssl

PURPOSE = "slmdesk.purpose"
"""Under this name a request carries its `Purpose`, in its extensions."""

CONNECT_S = 10.0
READ_S = 20.0
"""For one piece of an answer."""

_SECRETS = ("authorization", "cookie")
_ERROR_BYTES = 64 * 1024


@dataclass(frozen=True)
class Purpose:
    """Why something is asked, and what may come back."""

    why: Message
    most_bytes: int
    """Of the body, as it comes. More ends in the error `network-too-large`."""
    most_s: float
    """Until the last byte. A server that trickles is not waited for longer."""
    expects_json: bool = False
    """Whether a page in HTML is not an answer, but somebody in between who wants a log-in."""
    passes: frozenset[int] = frozenset()
    """Statuses of 400 and more that are no error to whoever asks."""


@dataclass(frozen=True)
class Surroundings:
    """What a request is measured by, asked anew each time: all of it may change while the program runs."""

    offline_reason: Callable[[], Message | None]
    loopback_when_offline: Callable[[], bool]
    rules: Callable[[], HostRules]
    environment: Mapping[str, str]
    log: NetworkLog


class GuardedTransport(httpx2.BaseTransport):
    """Carries requests that have a `Purpose`, and raises only UserError (kind NETWORK).

    An answer of 400 or more raises too. Redirects come back to the client, which sends the next step
    through here again. Connections are kept and used by all threads.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        self._around = surroundings
        self._lock = threading.Lock()
        self._trust: ssl.SSLContext | None = None
        self._ways: dict[str | None, httpx2.HTTPTransport] = {}

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        purpose = request.extensions.get(PURPOSE)
        if not isinstance(purpose, Purpose):
            # A library that asks on its own. Not an error for people: nobody wanted it.
            raise PermissionError(f"{request.url.host} is asked by nobody")
        record = Record(self._around.log, request.url.host, purpose.why)
        try:
            return self._carry(request, purpose, record)
        except UserError as error:
            record.finish(error.key)
            raise
        except BaseException as error:
            record.finish(type(error).__name__)
            raise

    def close(self) -> None:
        with self._lock:
            for way in self._ways.values():
                way.close()
            self._ways.clear()

    def _carry(self, request: httpx2.Request, purpose: Purpose, record: Record) -> httpx2.Response:
        host = request.url.host
        self._check(request.url)
        has_token = self._leave_secrets_out(request)
        _limit_waiting(request)
        proxy = find_proxy(request.url.scheme, host, self._around.environment)
        # Not its address: that may hold a password.
        proxy_host = host_of(proxy) if proxy else None
        way = self._way(proxy, host)
        record.sent_bytes = _size_of_request(request)
        try:
            with open_way():
                response = _send(way, request)
        except httpx2.TransportError as error:
            if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.ProxyError):
                # Nobody was reached, so nothing was sent.
                record.sent_bytes = 0
            raise transport_error(error, host, proxy_host) from error
        record.status = response.status_code
        record.received_bytes = _size_of_head(response)
        assert isinstance(response.stream, httpx2.SyncByteStream)
        body = CountedStream(response.stream, purpose, record, host, proxy_host)
        refusal = _refusal(response, purpose, request, has_token=has_token, proxy=proxy_host)
        if refusal is not None:
            # So that the connection can be used again.
            with contextlib.suppress(UserError):
                body.drain(_ERROR_BYTES)
            record.finish(refusal.key)
            body.close()
            raise refusal
        return httpx2.Response(
            response.status_code, headers=response.headers, stream=body, extensions=response.extensions
        )

    def _check(self, url: httpx2.URL) -> None:
        """Raises UserError where nothing may be asked, or not of this host."""
        reason = self._around.offline_reason()
        if reason is not None and not (is_loopback(url.host) and self._around.loopback_when_offline()):
            raise offline_error(reason, url.host)
        self._around.rules().check(url.scheme, url.host)

    def _leave_secrets_out(self, request: httpx2.Request) -> bool:
        """Take token and cookies out of a request to anyone but the endpoint; whether it still has a token.

        The client does so for a redirect. This is for the link to a next page, which a server may point
        anywhere.
        """
        if not self._around.rules().may_have_token(str(request.url)):
            for name in _SECRETS:
                request.headers.pop(name, None)
        return "authorization" in request.headers

    def _way(self, proxy: str | None, host: str) -> httpx2.HTTPTransport:
        with self._lock:
            way = self._ways.get(proxy)
            if way is None:
                if self._trust is None:
                    self._trust = _system_trust()
                try:
                    way = httpx2.HTTPTransport(verify=self._trust, trust_env=False, proxy=proxy)
                except (ImportError, ValueError, httpx2.InvalidURL):
                    # SOCKS, which needs a library more, or no address at all. The cause would quote it.
                    scheme = (proxy or "").partition("://")[0]
                    raise network_error("proxy-unusable", host, scheme=scheme) from None
                self._ways[proxy] = way
            return way


class CountedStream(httpx2.SyncByteStream):
    """The body of an answer, counted, limited, and with its errors put into words."""

    def __init__(
        self,
        stream: httpx2.SyncByteStream,
        purpose: Purpose,
        record: Record,
        host: str,
        proxy: str | None,
    ) -> None:
        self._stream = stream
        self._purpose = purpose
        self._record = record
        self._host = host
        self._proxy = proxy
        self._count = 0
        self._until = time.monotonic() + purpose.most_s

    def __iter__(self) -> Iterator[bytes]:
        try:
            for piece in self._stream:
                self._count += len(piece)
                self._record.received_bytes += len(piece)
                if self._count > self._purpose.most_bytes:
                    raise network_error("too-large", self._host, limit_bytes=self._purpose.most_bytes)
                if time.monotonic() > self._until:
                    raise network_error("timed-out", self._host)
                yield piece
        except httpx2.TransportError as error:
            failure = transport_error(error, self._host, self._proxy)
            self._record.finish(failure.key)
            raise failure from error
        except UserError as error:
            self._record.finish(error.key)
            raise

    def drain(self, most_bytes: int) -> None:
        """Read on and throw away, unless there is more than `most_bytes`."""
        for _ in self:
            if self._count > most_bytes:
                return

    def close(self) -> None:
        self._record.finish()
        self._stream.close()


def _send(way: httpx2.HTTPTransport, request: httpx2.Request) -> httpx2.Response:
    """Send it, and once more where the connection was an old one that the other side has closed meanwhile."""
    is_new = False

    def note(event: str, _facts: object) -> None:
        nonlocal is_new
        is_new = is_new or event.endswith("connect_tcp.started")

    request.extensions = {**request.extensions, "trace": note}
    try:
        return way.handle_request(request)
    except (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError):
        if is_new or request.method not in ("GET", "HEAD"):
            raise
    return way.handle_request(request)


def _system_trust() -> ssl.SSLContext:
    """Certificates as the system has them, so those of a company's own authority too."""
    import ssl

    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _limit_waiting(request: httpx2.Request) -> None:
    """Nothing waits for ever; huggingface_hub would."""
    given = request.extensions.get("timeout") or {}
    usual = {"connect": CONNECT_S, "read": READ_S, "write": READ_S, "pool": READ_S}
    limited = {name: min(given.get(name) or limit, limit) for name, limit in usual.items()}
    request.extensions = {**request.extensions, "timeout": limited}


def _size_of_request(request: httpx2.Request) -> int:
    line = len(request.method) + 1 + len(request.url.raw_path) + len(" HTTP/1.1\r\n")
    body = int(request.headers.get("content-length") or 0)
    return line + _size_of_headers(request.headers) + body


def _size_of_head(response: httpx2.Response) -> int:
    return len("HTTP/1.1 200 \r\n") + len(response.reason_phrase) + _size_of_headers(response.headers)


def _size_of_headers(headers: httpx2.Headers) -> int:
    return sum(len(name) + len(value) + len(": \r\n") for name, value in headers.raw) + len("\r\n")


def _refusal(
    response: httpx2.Response,
    purpose: Purpose,
    request: httpx2.Request,
    *,
    has_token: bool,
    proxy: str | None,
) -> UserError | None:
    status, url = response.status_code, request.url
    if status >= 400 and status not in purpose.passes:
        return status_error(status, response.headers, url.host, url.path, has_token=has_token, proxy=proxy)
    if purpose.expects_json and status < 300 and "html" in response.headers.get("content-type", ""):
        return network_error("page-instead", url.host)
    return None
