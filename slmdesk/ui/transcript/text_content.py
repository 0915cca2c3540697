"""Paragraphs, headings, and what a person typed, laid out."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QFont, QFontMetricsF, QTextCharFormat, QTextCursor

from slmdesk.ui.theme import Space
from slmdesk.ui.transcript.contents import Content
from slmdesk.ui.transcript.lettering import Lettering
from slmdesk.ui.transcript.links import allowed_link
from slmdesk.ui.transcript.markdown import Block, Span, plain_text
from slmdesk.ui.transcript.strips import count_units

_LINE_BREAK = "\N{LINE SEPARATOR}"
_RIGHT_TO_LEFT = ("R", "AL")


class TextContent(Content):
    """A paragraph or a heading, or a part of a long one. What is already there stays when it grows."""

    def __init__(self, lettering: Lettering, block: Block, font: QFont, line: int, ink: str = "text") -> None:
        super().__init__(lettering)
        self._spans: tuple[Span, ...] = ()
        self._style = (block.kind, block.level)
        self._font = font
        self._ink = ink
        self.document.setDefaultFont(font)
        self.document.setDefaultTextOption(self.option)
        QTextCursor(self.document).setBlockFormat(self._line_format(line))
        self.shift = max(int((line - QFontMetricsF(font).height()) / 2), 0)

    def fits(self, kind: str, level: int) -> bool:
        """Whether it is set as a block of this kind is."""
        return self._style == (kind, level)

    def show(self, spans: tuple[Span, ...]) -> None:
        """Show `spans`. Costs as much as what differs from before, and one layout."""
        old, same = self._spans, 0
        if spans == old:
            return
        most = min(len(old), len(spans))
        while same < most and old[same] == spans[same]:
            same += 1
        keep = sum(count_units(span.text) for span in old[:same])
        tail = spans[same:]
        cursor = QTextCursor(self.document)
        # What is taken away and what is added are laid out together.
        cursor.beginEditBlock()
        cursor.movePosition(QTextCursor.MoveOperation.End)
        if same < len(old):
            if tail and _grows(old[same], tail[0]):
                # The usual case while a model writes: the last span got longer.
                tail = (_rest(tail[0], len(old[same].text)), *tail[1:])
                keep += count_units(old[same].text)
            if keep < self.document.characterCount() - 1:
                cursor.setPosition(keep, QTextCursor.MoveMode.KeepAnchor)
                cursor.removeSelectedText()
        for span in tail:
            cursor.insertText(span.text.replace("\n", _LINE_BREAK), self._format(span))
        cursor.endEditBlock()
        self._spans = spans

    def set_direction(self, direction: Qt.LayoutDirection) -> None:
        """Run in the direction of the paragraph that this is a part of."""
        if direction is not self.direction:
            self.direction = direction
            self.option.setTextDirection(direction)
            self.document.setDefaultTextOption(self.option)

    def _format(self, span: Span) -> QTextCharFormat:
        form = QTextCharFormat()
        theme = self.lettering.theme
        form.setForeground(QBrush(theme.color(self._ink)))
        if span.code:
            mono = QFont(self.lettering.mono)
            # Beside letters of another size, as in a heading, it is as much smaller.
            factor = self._font.pixelSize() / self.lettering.reading.pixelSize()
            mono.setPixelSize(max(round(mono.pixelSize() * factor), 1))
            form.setFont(mono)
        if span.bold:
            form.setFontWeight(QFont.Weight.DemiBold)
        if span.italic:
            form.setFontItalic(True)
        if span.strike:
            form.setFontStrikeOut(True)
        if span.superscript:
            form.setVerticalAlignment(QTextCharFormat.VerticalAlignment.AlignSuperScript)
        href = allowed_link(span.href) if span.href else ""
        if href:
            form.setAnchor(True)
            form.setAnchorHref(href)
            form.setForeground(QBrush(theme.color("accent_ink")))
            form.setFontUnderline(not span.superscript)
        return form


class TypedContent(Content):
    """What a person typed, letter for letter. Each line runs in the direction of its own first letter."""

    def __init__(self, lettering: Lettering) -> None:
        super().__init__(lettering)
        font, line = lettering.reading, lettering.reading_line
        self.document.setDefaultFont(font)
        self.option.setTabStopDistance(lettering.px(Space.XXL))
        self.document.setDefaultTextOption(self.option)
        cursor = QTextCursor(self.document)
        cursor.setBlockFormat(self._line_format(line))
        form = QTextCharFormat()
        form.setForeground(QBrush(lettering.theme.color("text")))
        cursor.setBlockCharFormat(form)
        self.shift = max(int((line - QFontMetricsF(font).height()) / 2), 0)
        self._shown: tuple[str, int, bool] | None = None

    def show(self, text: str, most: int, *, shrink: bool) -> None:
        """Show `text` in `most` pixels; `shrink`: or in as few as it needs no more lines in."""
        if (text, most, shrink) == self._shown:
            return
        if self._shown is None or text != self._shown[0]:
            cursor = QTextCursor(self.document)
            cursor.select(QTextCursor.SelectionType.Document)
            cursor.insertText(text)
        self._shown = (text, most, shrink)
        self.set_width(most)
        if shrink:
            self.set_width(min(most, self.ideal_width + 1))


def slice_spans(spans: Sequence[Span], start: int, end: int) -> tuple[Span, ...]:
    """The part of `spans` between two letters."""
    part: list[Span] = []
    at = 0
    for span in spans:
        first, last = max(start - at, 0), min(end - at, len(span.text))
        if first < last:
            whole = first == 0 and last == len(span.text)
            part.append(span if whole else _restyled(span, span.text[first:last]))
        at += len(span.text)
        if at >= end:
            break
    return tuple(part)


def direction_of(text: str) -> Qt.LayoutDirection:
    """The direction of the first letter that has one."""
    if text[:64].isascii():
        return Qt.LayoutDirection.LeftToRight
    for letter in text[:256]:
        kind = unicodedata.bidirectional(letter)
        if kind in _RIGHT_TO_LEFT:
            return Qt.LayoutDirection.RightToLeft
        if kind == "L":
            break
    return Qt.LayoutDirection.LeftToRight


def block_direction(block: Block) -> Qt.LayoutDirection:
    """The direction a block runs in; code and tables are not asked."""
    if block.kind in ("code", "rule"):
        return Qt.LayoutDirection.LeftToRight
    spans = block.header[0].spans if block.kind == "table" and block.header else block.spans
    return direction_of(plain_text(spans[:8]))


def _grows(old: Span, new: Span) -> bool:
    return (
        len(new.text) >= len(old.text)
        and new.text.startswith(old.text)
        and _restyled(new, "") == _restyled(old, "")
    )


def _rest(span: Span, length: int) -> Span:
    return _restyled(span, span.text[length:])


def _restyled(span: Span, text: str) -> Span:
    return Span(text, span.bold, span.italic, span.strike, span.code, span.href, span.superscript)
