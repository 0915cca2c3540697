"""The one kind of HTTP client there is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx2

from slmdesk import __version__
from slmdesk.net.errors import network_error

USER_AGENT = f"slmdesk/{__version__}"

CLIENT_ERRORS = (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError)
"""What the client raises by itself, above the transport: an answer that makes no sense."""


def make_client(transport: httpx2.BaseTransport) -> httpx2.Client:
    """A client that keeps no cookies and takes nothing from the environment: our transport does."""
    nobody = DefaultCookiePolicy(allowed_domains=[])
    return httpx2.Client(
        transport=transport,
        trust_env=False,
        follow_redirects=True,
        cookies=CookieJar(nobody),
        headers={"User-Agent": USER_AGENT},
    )


@contextmanager
def in_words(host: str) -> Iterator[None]:
    """Raise UserError where an answer makes no sense: redirects in a circle, a body that is garbled."""
    try:
        yield
    except CLIENT_ERRORS as error:
        raise network_error("unexpected-answer", host, details=repr(error)) from error
