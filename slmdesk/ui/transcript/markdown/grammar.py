"""The Markdown that is read: CommonMark with tables, strikethrough and footnotes, and without HTML.

Of HTML only `<br>` means something, a break of the line: models write it, and in a cell of a table nothing
else can be written for it. Everything else of it is text.

The parser is used in its two halves, blocks and then what stands in them, so that a text that grows can keep
the blocks it has. Nothing here is kept between two calls; any thread.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

    BlockRule: TypeAlias = Callable[[StateBlock, int, int, bool], bool]

MAX_LEVELS = 20
"""Quotes count one level, list items two. What is nested deeper is read as text: the parser would drop it."""

LONGEST_TABLE_HEADER = 1_000
"""Characters. A longer line is a paragraph, whatever stands below it: the beginning of one is given out
before its end is known."""

LONGEST_LABEL = 1_000
"""Characters of a link's definition within which its label ends. CommonMark says so, the parser does not."""

MAX_ADDRESS = 4_000
"""Characters of a link's address that are still taken for one."""

_NUMBER = re.compile(r":[0-9]{1,3}")
# With the white space after it, that would begin the next line, or be a second break.
_BREAK = re.compile(r"<br[ \t]*/?>[ \t]*(?:\n[ \t]*)?", re.IGNORECASE)

Environment: TypeAlias = dict[str, Any]
"""The parser's: `references` are definitions of links, `footnotes` has the labels defined in its `refs`."""


def prepare() -> None:
    """Make the parser ready, which takes 50 ms the first time. Any thread.

    Without it the first text that is read waits for that.
    """
    _parser()
    _parser_without_links()


def block_tokens(text: str, environment: Environment) -> list[Token]:
    """The blocks of `text`, whose lines end in `\\n`. Definitions in it are added to `environment`."""
    tokens: list[Token] = []
    parser = _parser()
    parser.block.parse(text, parser, environment, tokens)
    return tokens


def inline_tokens(text: str, environment: Environment, *, notes_to_come: bool) -> list[Token]:
    """What stands in one paragraph, heading or cell. Reads `environment`, leaves it as it is.

    `notes_to_come`: a number like `[^1]` is taken for that of a footnote whose text comes later.
    """
    references = environment.get("references", {})
    labels = environment.get("footnotes", {}).get("refs", {})
    own = {
        "references": references,
        "footnotes": {"refs": _Labels(labels, any_number=notes_to_come), "list": {}},
    }
    is_linked = "](" in text or ("]" in text and bool(references)) or "[^" in text
    parser = _parser() if is_linked else _parser_without_links()
    return parser.inline.parse(text, parser, own, [])


def normal_address(address: str) -> str:
    """`address` as a link leads there: percent-encoded, its host in ASCII."""
    return _parser().normalizeLink(address)


@cache
def _parser_without_links() -> MarkdownIt:
    """For texts in which no link can be: where brackets are only opened, looking for one takes long."""
    parser = _make_parser()
    parser.disable(["link", "image", "footnote_ref"])
    return parser


@cache
def _parser() -> MarkdownIt:
    return _make_parser()


def _make_parser() -> MarkdownIt:
    # 50 ms of imports that the first window does not wait for.
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import blockquote, list_block, reference, table
    from mdit_py_plugins.footnote import footnote_plugin

    # More levels of blocks than are let through below: where the parser's own limit strikes, text is lost.
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": MAX_LEVELS + 10})
    parser.enable(["table", "strikethrough"])
    parser.use(footnote_plugin, inline=False, move_to_end=False)
    ends = ["paragraph", "reference", "blockquote"]
    parser.block.ruler.at("table", _with_short_header(table), {"alt": ends[:2]})
    parser.block.ruler.at("blockquote", _limited(blockquote), {"alt": [*ends, "list"]})
    parser.block.ruler.at("list", _limited(list_block), {"alt": ends})
    parser.block.ruler.at("reference", _with_short_label(reference))
    parser.inline.ruler.before("autolink", "line_break", _line_break)
    normalize = parser.normalizeLink
    # Which links are followed is decided where spans are made: to the parser every address is one.
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    parser.normalizeLink = lambda url: normalize(url) if len(url) <= MAX_ADDRESS else ""  # type: ignore[method-assign]
    return parser


def _line_break(state: StateInline, silent: bool) -> bool:
    """`<br>` in any of its forms."""
    if state.src[state.pos] != "<":
        return False
    found = _BREAK.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        state.pending = state.pending.rstrip(" \t")
        state.push("hardbreak", "br", 0)
    state.pos = found.end()
    return True


def _limited(rule: BlockRule) -> BlockRule:
    def limited(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        return state.level < MAX_LEVELS and rule(state, start, end, silent)

    return limited


def _with_short_header(rule: BlockRule) -> BlockRule:
    def limited(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        return state.eMarks[start] - state.bMarks[start] <= LONGEST_TABLE_HEADER and rule(
            state, start, end, silent
        )

    return limited


def may_be_definition(text: str, start: int = 0) -> bool:
    """Whether what begins at `start` may be the definition of a link."""
    return text.startswith("[", start) and text.find("]:", start, start + LONGEST_LABEL) >= 0


def _with_short_label(rule: BlockRule) -> BlockRule:
    def limited(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        position = state.bMarks[start] + state.tShift[start]
        return may_be_definition(state.src, position) and rule(state, start, end, silent)

    return limited


class _Labels:
    """The labels of footnotes as the parser's rule asks for them, that does not count their uses."""

    def __init__(self, known: Mapping[str, int], *, any_number: bool) -> None:
        self._known = known
        self._any_number = any_number

    def __bool__(self) -> bool:
        return self._any_number or bool(self._known)

    def __contains__(self, key: str) -> bool:
        return key in self._known or (self._any_number and _NUMBER.fullmatch(key) is not None)

    def get(self, key: str, default: int) -> int:
        """Every use is the first."""
        return default

    def __setitem__(self, key: str, number: int) -> None:
        """Not counted."""
