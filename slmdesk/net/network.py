"""The one object that the rooms above ask for anything that is not on this computer."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urljoin

from slmdesk.messages import Message
from slmdesk.net.errors import network_error
from slmdesk.net.hosts import HostRules, check_endpoint, endpoint_of, host_of
from slmdesk.net.log import NetworkLog
from slmdesk.net.offline import offline_error, offline_reason
from slmdesk.storage import Paths, Settings

if TYPE_CHECKING:
    import httpx2
    from huggingface_hub import HfApi

    from slmdesk.net.ranged import Piece, RangedFile
    from slmdesk.net.transport import GuardedTransport, Purpose

_MOST_API_BYTES = 64 * 1024 * 1024
_MOST_API_S = 120.0
_MOST_PIECE_S = 300.0


def _no() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class JsonPage:
    """One answer in JSON."""

    value: Any
    next_url: str
    """Of the next page, as the server says; "" after the last. To another host than the Hub goes no token."""


class Network:
    """Asks the Hub and other allowed hosts. Cheap to make: what it needs is imported when it is first used.

    Any thread; every method blocks and raises only UserError (kind NETWORK). Offline, nothing is sent, no
    name is looked up and no socket is made.
    """

    def __init__(
        self,
        *,
        offline: Callable[[], bool] = _no,
        environment: Mapping[str, str] = os.environ,
        allowed_hosts: Callable[[], Sequence[str]] = tuple,
        loopback_when_offline: Callable[[], bool] = _no,
        log: NetworkLog | None = None,
    ) -> None:
        """The callables are asked before each request, so a switch takes effect at once.

        `environment`: `HF_ENDPOINT`, `SLMDESK_OFFLINE`, `HF_HUB_OFFLINE` and the variables for proxies.
        `allowed_hosts`: more of them, each a name or `*.name`. `loopback_when_offline`: whether other
        programs on this computer may be asked even then; they might pass on what they are asked.
        """
        self.log = log if log is not None else NetworkLog()
        self._offline = offline
        self._environment = environment
        self._allowed_hosts = allowed_hosts
        self._loopback_when_offline = loopback_when_offline
        self._lock = threading.Lock()
        self._transport: GuardedTransport | None = None
        self._client: httpx2.Client | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @classmethod
    def for_person(cls, settings: Callable[[], Settings], paths: Paths) -> Network:
        """As the person has set it, now and later; the log is the one of window and command line."""
        return cls(
            offline=lambda: settings().offline,
            allowed_hosts=lambda: settings().allowed_hosts,
            loopback_when_offline=lambda: settings().loopback_when_offline,
            log=NetworkLog.in_folder(paths.logs),
        )

    @property
    def endpoint(self) -> str:
        """Where the Hub is, without a slash at the end: `HF_ENDPOINT`, or https://huggingface.co."""
        return endpoint_of(self._environment)

    @property
    def offline_reason(self) -> Message | None:
        """Why nothing is asked, in a sentence; None: the network may be used."""
        return offline_reason(self._offline, self._environment)

    @property
    def offline(self) -> bool:
        """Whether the switch or a variable says that nothing is asked of the network."""
        return self.offline_reason is not None

    def check_online(self) -> None:
        """Raise the UserError of a request that is not made, where the program is offline."""
        reason = self.offline_reason
        if reason is not None:
            check_endpoint(self.endpoint)
            raise offline_error(reason, host_of(self.endpoint))

    def url_of(self, repo: str, path: str, revision: str) -> str:
        """The address of a file of a repository at a commit."""
        return f"{self.endpoint}/{quote(repo)}/resolve/{quote(revision, safe='')}/{quote(path)}"

    def hub(self, why: Message, *, token: str = "") -> HfApi:
        """huggingface_hub's client for the endpoint, over ours.

        `why` is what the log says about each of its requests. Without a token none is sent, whatever lies
        in the home of the person; one is sent to the endpoint alone. Refusals (404, 401, 403, 429, 5xx)
        raise at once: the library neither waits nor tries again by itself. An answer may
        have 64 MB: this is not for downloads.
        """
        from slmdesk.net.hub import hub_api
        from slmdesk.net.transport import Purpose

        check_endpoint(self.endpoint)
        purpose = Purpose(why, _MOST_API_BYTES, _MOST_API_S, expects_json=True)
        return hub_api(self.endpoint, self._open_transport(), purpose, token)

    def ranged(
        self, url: str, *, why: Message, expected_size: int | None = None, token: str = ""
    ) -> RangedFile:
        """A file to be read in pieces. Nothing is asked before the first is read."""
        from slmdesk.net.ranged import RangedFile
        from slmdesk.net.transport import Purpose

        def fetch(url: str, headers: dict[str, str], count: int) -> Piece:
            # A server without ranges sends everything; reading stops after what was asked for.
            purpose = Purpose(why, count + _ROOM_FOR_A_CHUNK, _MOST_PIECE_S, passes=frozenset({416}))
            return self._fetch(url, headers, count, purpose, token)

        return RangedFile(url, fetch, expected_size=expected_size)

    def read_text(self, url: str, *, why: Message, most_bytes: int, token: str = "") -> str:
        """A text, for example a model's card; raises `network-too-large` where it is longer. What is no
        UTF-8 is replaced.
        """
        from slmdesk.net.client import in_words
        from slmdesk.net.transport import PURPOSE, Purpose

        purpose = Purpose(why, most_bytes, _MOST_API_S)
        parts, count = [], 0
        with (
            in_words(host_of(url)),
            self._open_client().stream(
                "GET", url, headers=_with_token({}, token), extensions={PURPOSE: purpose}
            ) as response,
        ):
            for part in response.iter_bytes():
                count += len(part)
                # Unpacked it may be a thousand times of what came.
                if count > most_bytes:
                    raise network_error("too-large", response.url.host, limit_bytes=most_bytes)
                parts.append(part)
        return b"".join(parts).decode("utf-8", "replace")

    def read_json(self, url: str, *, why: Message, token: str = "") -> JsonPage:
        """What a server answers in JSON, and where it says that the next page of it is."""
        from slmdesk.net.client import CLIENT_ERRORS
        from slmdesk.net.transport import PURPOSE, Purpose

        purpose = Purpose(why, _MOST_API_BYTES, _MOST_API_S, expects_json=True)
        try:
            response = self._open_client().get(
                url, headers=_with_token({}, token), extensions={PURPOSE: purpose}
            )
            following = response.links.get("next", {}).get("url", "")
            return JsonPage(response.json(), urljoin(str(response.url), following) if following else "")
        except (*CLIENT_ERRORS, ValueError, RecursionError) as error:
            host = host_of(url)
            raise network_error("unexpected-answer", host, details=repr(error)) from error

    def close(self) -> None:
        """Close the connections that are kept. It can be used again afterwards."""
        with self._lock:
            transport, self._transport, self._client = self._transport, None, None
        if transport is not None:
            transport.close()

    def _fetch(self, url: str, headers: dict[str, str], count: int, purpose: Purpose, token: str) -> Piece:
        from slmdesk.net.client import in_words
        from slmdesk.net.ranged import Piece
        from slmdesk.net.transport import PURPOSE

        with (
            in_words(host_of(url)),
            self._open_client().stream(
                "GET",
                url,
                headers=_with_token(headers, token),
                follow_redirects=False,
                extensions={PURPOSE: purpose},
            ) as response,
        ):
            if response.headers.get("content-encoding", "identity") != "identity":
                # Ranges of something packed are no ranges of the file.
                raise network_error("no-ranges", response.url.host)
            location = response.headers.get("location", "") if response.is_redirect else ""
            data = b"" if location or response.status_code == 416 else _first_bytes(response, count)
        return Piece(
            response.status_code,
            location,
            response.headers.get("etag", ""),
            response.headers.get("content-range", ""),
            data,
        )

    def _open_transport(self) -> GuardedTransport:
        from slmdesk.net.transport import GuardedTransport, Surroundings

        check_endpoint(self.endpoint)
        with self._lock:
            if self._transport is None:
                self._transport = GuardedTransport(
                    Surroundings(
                        offline_reason=lambda: self.offline_reason,
                        loopback_when_offline=self._loopback_when_offline,
                        rules=lambda: HostRules(self.endpoint, tuple(self._allowed_hosts())),
                        environment=self._environment,
                        log=self.log,
                    )
                )
            return self._transport

    def _open_client(self) -> httpx2.Client:
        from slmdesk.net.client import make_client

        transport = self._open_transport()
        with self._lock:
            if self._client is None:
                self._client = make_client(transport)
            return self._client


_ROOM_FOR_A_CHUNK = 1024 * 1024


def _with_token(headers: dict[str, str], token: str) -> dict[str, str]:
    return {**headers, "Authorization": f"Bearer {token}"} if token else headers


def _first_bytes(response: httpx2.Response, count: int) -> bytes:
    parts, have = [], 0
    for part in response.iter_raw():
        parts.append(part)
        have += len(part)
        if have >= count:
            break
    return b"".join(parts)[:count]
