"""Text as it is searched: without case, diacritics and, beside it, without punctuation."""

from __future__ import annotations

import unicodedata

# Letters with a stroke are letters of their own to Unicode, so no decomposition takes it off.
_STROKES = str.maketrans("łøđħŧ", "lodht")


def fold(text: str) -> str:
    """`text` without case and diacritics: `Żółw` and `ZOLW` become `zolw`."""
    if text.isascii():
        return text.lower()
    letters = unicodedata.normalize("NFKD", text)
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return bare.casefold().translate(_STROKES)


def squeeze(folded: str) -> str:
    """Letters and digits alone, so that `phi4` finds `Phi-4`."""
    return "".join(filter(str.isalnum, folded))
