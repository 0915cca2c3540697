"""From the text of a paragraph, heading or cell to runs in one style each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from slmdesk.ui.transcript.markdown.blocks import Span
from slmdesk.ui.transcript.markdown.cuts import pieces
from slmdesk.ui.transcript.markdown.grammar import Environment, inline_tokens, normal_address
from slmdesk.ui.transcript.markdown.links import bare_addresses, is_allowed

if TYPE_CHECKING:
    from markdown_it.token import Token

_LONGEST_SHOWN_ADDRESS = 60
_MARKUP = re.compile(r"[\n!&*:<\[\]\\^_`~]")
"""Without any of these a text is one span."""


class SpanReader:
    """Reads the inline markup of texts that grow: of a long one, only the last piece is read again.

    Belongs to one text that is read, and to one thread at a time.
    """

    def __init__(self, *, notes_to_come: bool = False) -> None:
        """`notes_to_come`: a number like `[^1]` is that of a footnote, defined or not."""
        self._notes_to_come = notes_to_come
        self._seen: dict[str, tuple[Span, ...]] = {}

    def read(self, text: str, environment: Environment) -> tuple[Span, ...]:
        """The spans of `text` with the definitions in `environment`."""
        *finished, last = pieces(text)
        if not finished:
            return tuple(self._read_piece(last, environment))
        spans: list[Span] = []
        for piece in finished:
            spans += self.read_again(piece, environment)
        return tuple(joined([*spans, *self._read_piece(last, environment)]))

    def read_again(self, text: str, environment: Environment) -> tuple[Span, ...]:
        """The same for a text that will be read often, as a cell of a table that grows."""
        spans = self._seen.get(text)
        if spans is None:
            spans = self._seen[text] = tuple(self._read_piece(text, environment))
        return spans

    def forget(self) -> None:
        """Let go of what was read, when definitions have changed or its block is finished."""
        self._seen.clear()

    def _read_piece(self, text: str, environment: Environment) -> list[Span]:
        if _MARKUP.search(text) is None:
            return [Span(text)] if text else []
        runs: list[_Run] = []
        _collect(inline_tokens(text, environment, notes_to_come=self._notes_to_come), _Style(), runs)
        return joined(Span(run.text, *run.style) for run in runs if run.text)


class _Style(NamedTuple):
    bold: bool = False
    italic: bool = False
    strike: bool = False
    code: bool = False
    href: str = ""
    superscript: bool = False


class _Run(NamedTuple):
    text: str
    style: _Style


def _collect(tokens: Iterable[Token], outer: _Style, runs: list[_Run]) -> None:
    style = outer
    link_start = 0
    for token in tokens:
        match token.type:
            case "text" | "text_special":
                _collect_text(token.content, style, runs)
            case "softbreak" | "hardbreak":
                runs.append(_Run("\n", style))
            case "code_inline":
                runs.append(_Run(token.content, style._replace(code=True)))
            case "strong_open" | "strong_close":
                style = style._replace(bold=token.nesting > 0)
            case "em_open" | "em_close":
                style = style._replace(italic=token.nesting > 0)
            case "s_open" | "s_close":
                style = style._replace(strike=token.nesting > 0)
            case "link_open":
                address = str(token.attrs.get("href", ""))
                link_start = len(runs)
                if is_allowed(address):
                    style = style._replace(href=address)
                elif token.markup == "autolink":
                    # `<std::string>` has the form of one; what no link is, is text as it was written.
                    runs.append(_Run("<", style))
                link_address = address
            case "link_close":
                if token.markup == "autolink" and not style.href:
                    runs.append(_Run(">", style))
                elif style.href and not any(run.text for run in runs[link_start:]):
                    runs.append(_Run(_shortened(link_address), style))
                style = style._replace(href=outer.href)
            case "image":
                _collect_image(token, style, runs)
            case "footnote_ref":
                label = token.meta["label"]
                runs.append(_Run(label, style._replace(href=f"#fn-{label}", superscript=True)))


def _collect_text(text: str, style: _Style, runs: list[_Run]) -> None:
    position = 0
    if not style.href:
        for start, end in bare_addresses(text):
            runs.append(_Run(text[position:start], style))
            address = text[start:end]
            runs.append(_Run(address, style._replace(href=normal_address(address))))
            position = end
    runs.append(_Run(text[position:], style))


def _collect_image(token: Token, style: _Style, runs: list[_Run]) -> None:
    address = str(token.attrs.get("src", ""))
    if not style.href and is_allowed(address):
        style = style._replace(href=address)
    before = len(runs)
    _collect(token.children or (), style, runs)
    if not any(run.text for run in runs[before:]):
        runs.append(_Run(_shortened(address), style))


def _shortened(address: str) -> str:
    """An address that is its own description: an image inside one can be megabytes long."""
    return address if len(address) <= _LONGEST_SHOWN_ADDRESS else f"{address[:_LONGEST_SHOWN_ADDRESS]}…"


def joined(spans: Iterable[Span]) -> list[Span]:
    """`spans` with neighbours in the same style made one."""
    result: list[Span] = []
    parts: list[str] = []
    style: Span | None = None
    for span in spans:
        plain = Span("", span.bold, span.italic, span.strike, span.code, span.href, span.superscript)
        if plain == style and not span.superscript:
            parts.append(span.text)
            continue
        if style is not None:
            result.append(_with_text(style, "".join(parts)))
        style, parts = plain, [span.text]
    if style is not None:
        result.append(_with_text(style, "".join(parts)))
    return result


def _with_text(span: Span, text: str) -> Span:
    return Span(text, span.bold, span.italic, span.strike, span.code, span.href, span.superscript)
