"""Which addresses may be opened."""

from __future__ import annotations

from urllib.parse import urlsplit

_SCHEMES = ("http", "https", "mailto")


def is_web_link(href: str) -> bool:
    """Whether `href` is an address on the web or a mail address. Everything else is no link."""
    try:
        parts = urlsplit(href.strip())
    except ValueError:
        return False
    if parts.scheme.lower() not in _SCHEMES:
        return False
    return bool(parts.path) if parts.scheme.lower() == "mailto" else bool(parts.hostname)


def allowed_link(href: str) -> str:
    """`href` where a click may do something: the web, mail, or a footnote of the message; else nothing."""
    return href if is_web_link(href) or href.startswith(("#fn-", "#fnref-")) else ""
