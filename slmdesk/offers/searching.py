"""What the text of a filter is looked up in, so that each letter typed costs a few milliseconds."""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import compress, repeat
from operator import contains

from slmdesk.catalogue import CatalogueModel
from slmdesk.offers.folding import fold, squeeze

_SPOKEN = ("en", "pl")
_WORDS_KEPT = 64


class SearchText:
    """The searchable text of each row, and which rows hold a word.

    Rows that hold something are told as one large number with a byte for each row, row 0 in the lowest: 1
    where the row does. Numbers of fifty thousand bytes are combined in microseconds.

    For each pair of letters the rows that hold it are known, so a word is looked for only in the rows of its
    rarest pair, or of a shorter word that was looked for before. Languages and quantizations come from short
    lists of terms, so each term is looked into once for all rows.
    """

    def __init__(self) -> None:
        self._own: list[str] = []
        self._terms_of: list[frozenset[str]] = []
        self._rows: dict[str, array[int]] = {}
        """By letters and pairs of letters, ascending."""
        self._terms: dict[str, bytearray] = {}
        """By terms; a byte for each row, up to the last one that has the term."""
        self._found: dict[str, tuple[Sequence[int], int]] = {}
        """The words asked for last: rows whose own text holds them, and all rows as a number."""

    def add(self, model: CatalogueModel) -> None:
        """The text of the next row."""
        self._own.append("")
        self._terms_of.append(frozenset())
        self.replace(len(self._own) - 1, model)

    def replace(self, row: int, model: CatalogueModel) -> None:
        """Another text for a row."""
        own, terms = own_text(model), _terms(model)
        if own == self._own[row] and terms == self._terms_of[row]:
            return
        before, now = _pairs(self._own[row]), _pairs(own)
        for pair in before - now:
            rows = self._rows[pair]
            rows.pop(bisect_left(rows, row))
        for pair in now - before:
            rows = self._rows.setdefault(pair, array("I"))
            if rows and rows[-1] > row:
                insort(rows, row)
            else:
                rows.append(row)
        for term in self._terms_of[row] - terms:
            self._terms[term][row] = 0
        for term in terms - self._terms_of[row]:
            flags = self._terms.setdefault(term, bytearray())
            flags.extend(bytes(max(0, row + 1 - len(flags))))
            flags[row] = 1
        self._own[row], self._terms_of[row] = own, terms
        self._found = {}

    def matching(self, words: Iterable[str]) -> int:
        """The rows that hold every one of the folded `words`, of which there must be one at least."""
        return _all_of(self._holding(word) for word in words)

    def in_languages(self, codes: Iterable[str]) -> int:
        """The rows whose models are made for every one of `codes`, as far as a source says."""
        return _all_of(_number(self._terms.get(_language_names(code), b"")) for code in codes)

    def _holding(self, word: str) -> int:
        """The rows that hold `word`; what letters taken away bring back is still known."""
        if word not in self._found:
            rows, flags = self._having(word)
            number = _number(flags)
            for term, having in self._terms.items():
                if word in term:
                    number |= _number(having)
            if len(self._found) == _WORDS_KEPT:
                del self._found[next(iter(self._found))]
            self._found[word] = rows, number
        return self._found[word][1]

    def _having(self, word: str) -> tuple[Sequence[int], bytes | bytearray]:
        """The rows whose own text holds `word`, ascending, and as a byte for each row."""
        own = self._own
        rows = min(self._candidates(word), key=len)
        if len(word) > 2 and 2 * len(rows) > len(own):
            # Looking through everything costs less for each text.
            everywhere = bytes(map(contains, own, repeat(word)))
            return list(compress(range(len(own)), everywhere)), everywhere
        if len(word) > 2:
            rows = [row for row in rows if word in own[row]]
        flags = bytearray(len(own))
        for row in rows:
            flags[row] = 1
        return rows, flags

    def _candidates(self, word: str) -> Iterator[Sequence[int]]:
        """Rows among which all are whose own text holds `word`, from several points of view."""
        nothing: Sequence[int] = ()
        for pair in _pairs(word):
            yield self._rows.get(pair, nothing)
        for shorter, (rows, _) in self._found.items():
            if shorter in word:
                yield rows


def own_text(model: CatalogueModel) -> str:
    """Id, name and publisher, folded, and the name without its punctuation; nothing that is there already."""
    text = fold(model.id)
    name = fold(model.name)
    for part in (*name.split(), fold(model.publisher), squeeze(name)):
        if part not in text:
            text += f"\n{part}"
    return text


def words_of(text: str) -> tuple[str, ...]:
    """The words to look for in what somebody typed."""
    return tuple(fold(text).split())


def _pairs(text: str) -> set[str]:
    """The letters of `text` and its pairs of letters."""
    return {text[at : at + 2] for at in range(len(text))} | set(text)


def _terms(model: CatalogueModel) -> frozenset[str]:
    quantizations = {fold(variant.quantization) for variant in model.variants}
    return frozenset({*quantizations, *map(_language_names, model.languages.codes)} - {""})


def _number(flags: bytes | bytearray) -> int:
    return int.from_bytes(flags, "little")


def _all_of(numbers: Iterable[int]) -> int:
    first, *others = numbers
    for other in others:
        first &= other
    return first


@lru_cache(maxsize=2048)
def _language_names(code: str) -> str:
    """Names of a language in the languages that the program speaks, folded; "" where it has none."""
    return fold(" ".join(dict.fromkeys(names[code] for names in _names() if code in names)))


@cache
def _names() -> tuple[dict[str, str], ...]:
    # Babel takes 50 ms to import.
    from babel import Locale

    return tuple(dict(Locale(spoken).languages) for spoken in _SPOKEN)
