"""Which addresses are links, and where an address stands in plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ALLOWED = re.compile(r"(?:https?://[^\s/?#]|mailto:[^\s?])", re.IGNORECASE)
_BARE = re.compile(r"\bhttps?://[^\s<>\"`]+", re.IGNORECASE)
_TRAILING = ".,:;!?'*_~"
_PAIRS = {")": "(", "]": "[", "}": "{"}
_LONGEST = 4_000


def is_allowed(address: str) -> bool:
    """Whether a link may lead to `address`: http and https with a host, and mailto; nothing else."""
    return _ALLOWED.match(address) is not None


def bare_addresses(text: str) -> Iterator[tuple[int, int]]:
    """Where http and https addresses stand in `text`, as (start, end), without punctuation at their end."""
    if "://" not in text:
        return
    for match in _BARE.finditer(text):
        address = match[0][:_LONGEST]
        end = len(address)
        while end and _is_punctuation(address[:end]):
            end -= 1
        if is_allowed(address[:end]) and len(match[0]) <= _LONGEST:
            yield match.start(), match.start() + end


def _is_punctuation(address: str) -> bool:
    """Whether the last letter of `address` belongs to the sentence around it."""
    last = address[-1]
    return last in _TRAILING or (last in _PAIRS and address.count(last) > address.count(_PAIRS[last]))
