"""huggingface_hub over our client: nothing asked by itself, no token of its own accord, only errors for
people.
"""

from __future__ import annotations

import traceback
import uuid
from collections.abc import Callable, Iterator
from functools import cache, wraps
from types import GeneratorType
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakValueDictionary

import httpx2

from slmdesk.messages import UserError
from slmdesk.net.client import CLIENT_ERRORS, USER_AGENT, make_client
from slmdesk.net.errors import network_error
from slmdesk.net.hosts import host_of
from slmdesk.net.transport import PURPOSE, GuardedTransport, Purpose

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_PURPOSE_HEADER = "x-slmdesk-purpose"
_ASKING = "slmdesk.asking"

# What the library makes of an answer that is not what it expected.
_MISREAD = (*CLIENT_ERRORS, KeyError, TypeError, ValueError, AttributeError, IndexError)


class _Asking:
    """Why one `HfApi` asks, and through whose transport."""

    def __init__(self, transport: GuardedTransport, purpose: Purpose) -> None:
        self.transport = transport
        self.purpose = purpose


# By the number that an HfApi puts into a header of each request: the library has one client for all.
_asking: WeakValueDictionary[str, _Asking] = WeakValueDictionary()


class _SharedTransport(httpx2.BaseTransport):
    """The way of huggingface_hub's one client: to the transport of whoever asks."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        # In a redirect the header is gone, and the extensions are still there.
        number = request.headers.pop(_PURPOSE_HEADER, "")
        asking = _asking.get(number) or request.extensions.get(_ASKING)
        if not isinstance(asking, _Asking):
            raise PermissionError(f"huggingface_hub asks {request.url.host} on its own")
        request.extensions = {**request.extensions, _ASKING: asking, PURPOSE: asking.purpose}
        return asking.transport.handle_request(request)


@cache
def _load() -> type[HfApi]:
    """Import huggingface_hub, which has read its settings from the environment as it was first imported."""
    import huggingface_hub
    from huggingface_hub import constants

    for name in ("HF_HUB_DISABLE_TELEMETRY", "HF_HUB_DISABLE_IMPLICIT_TOKEN", "HF_HUB_DISABLE_XET"):
        if not getattr(constants, name):
            raise RuntimeError(f"huggingface_hub was imported by somebody else, without {name}")
    huggingface_hub.set_client_factory(lambda: make_client(_SharedTransport()))
    return huggingface_hub.HfApi


def hub_api(endpoint: str, transport: GuardedTransport, purpose: Purpose, token: str) -> HfApi:
    """An `HfApi` that asks for `purpose`. All that its methods and what they yield raise is UserError."""
    number = uuid.uuid4().hex
    asking = _Asking(transport, purpose)
    _asking[number] = asking
    api = _load()(
        endpoint=endpoint,
        token=token or False,
        headers={_PURPOSE_HEADER: number, "user-agent": USER_AGENT},
    )
    return cast("HfApi", _Translated(api, asking, host_of(endpoint)))


class _Translated:
    """An `HfApi` whose errors are in words. It looks like one; being none, nothing else of it is hidden."""

    def __init__(self, api: HfApi, asking: _Asking, host: str) -> None:
        self._api = api
        # Kept as long as this: the register above holds it weakly.
        self._asking = asking
        self._host = host

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._api, name)
        return self._translating(value) if callable(value) else value

    def _translating(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def call(*arguments: Any, **named: Any) -> Any:
            try:
                result = method(*arguments, **named)
            except Exception as error:
                if words := self._in_words(error):
                    raise words from error
                raise
            return self._each(result) if isinstance(result, GeneratorType) else result

        return call

    def _each(self, results: Iterator[Any]) -> Iterator[Any]:
        try:
            yield from results
        except Exception as error:
            if words := self._in_words(error):
                raise words from error
            raise

    def _in_words(self, error: Exception) -> UserError | None:
        """What to raise instead; None: `error` itself, being a bug or in words already."""
        if isinstance(error, UserError):
            return None
        from huggingface_hub.errors import HFValidationError

        if isinstance(error, HFValidationError):
            return network_error("bad-name", self._host, details=repr(error))
        if isinstance(error, _MISREAD) and not _is_raised_here(error):
            return network_error("unexpected-answer", self._host, details=traceback.format_exc())
        return None


def _is_raised_here(error: Exception) -> bool:
    """Whether our own code raised it, and not the library that could not read an answer: then it is a bug."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and str(trace.tb_frame.f_globals.get("__name__")).startswith("slmdesk.")
