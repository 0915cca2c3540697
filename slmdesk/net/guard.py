"""Nothing but this room opens a connection: an audit hook refuses every one that does not come from here.

It sees what Python does, in every thread. Native code is not seen: so huggingface_hub is told not to use its
native downloader, and no room may import Qt's network classes.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

from slmdesk.net.hosts import is_loopback

_TO_AN_ADDRESS = frozenset({"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"})
_BY_NAME = frozenset(
    {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"}
)
_WATCHED = _TO_AN_ADDRESS | _BY_NAME

_log = logging.getLogger(__name__)

_is_open: ContextVar[bool] = ContextVar("the network is open", default=False)


@contextmanager
def open_way() -> Iterator[None]:
    """Let this thread make connections meanwhile. For this room alone."""
    before = _is_open.set(True)
    try:
        yield
    finally:
        _is_open.reset(before)


@cache
def install_guard() -> None:
    """Refuse every connection, and every question for a host's address, that is not made inside `open_way`.

    For the rest of this process. Left alone are this computer itself (multiprocessing and asyncio connect
    to it on Windows) and what is no network at all, such as the sockets of D-Bus. Who is refused gets
    PermissionError, as where the system had forbidden it.
    """
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    # Called for everything that Python audits, so what is no network must cost next to nothing.
    if event not in _WATCHED or _is_open.get() or _is_harmless(event, arguments):
        return
    import traceback

    caller = "".join(traceback.format_stack(sys._getframe(1), limit=6))
    _log.warning("refused %s, which did not come from slmdesk.net:\n%s", event, caller)
    raise PermissionError(f"only slmdesk.net may use the network ({event})")


def _is_harmless(event: str, arguments: tuple[object, ...]) -> bool:
    # Loaded by whoever opens a socket; most programs do not.
    import socket

    if event in _TO_AN_ADDRESS:
        connection, address = arguments[0], arguments[-1]
        family = getattr(connection, "family", None)
        if family not in (socket.AF_INET, socket.AF_INET6) or address is None:
            return True
        host = address[0] if isinstance(address, tuple) else None
    else:
        host = arguments[0]
        if event == "socket.getnameinfo":
            host = host[0] if isinstance(host, tuple) else None
        elif host in (None, "", b""):
            # Which addresses this computer itself has.
            return event == "socket.getaddrinfo"
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    return isinstance(host, str) and is_loopback(host)
