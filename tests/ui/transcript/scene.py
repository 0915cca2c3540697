"""What tests of the transcript need to make conversations and to look at what is on screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTextEdit

from slmdesk.chat import ChatMessageRecord, Conversation
from slmdesk.ui.transcript import Transcript
from slmdesk.ui.transcript.message import Message
from slmdesk.ui.transcript.strip_views.foot_view import FootView, PersonFootView
from slmdesk.ui.transcript.strip_views.view import StripView
from slmdesk.ui.transcript.strips import Strip, StripKind
from tests.ui.scripted import make_stats

V = TypeVar("V", bound=StripView)


def said(text: str, number: int = 1, **changes: object) -> ChatMessageRecord:
    """What a person said."""
    return ChatMessageRecord(number, "user", text, "complete", "", 0, **changes)  # type: ignore[arg-type]


def answer(text: str, number: int = 2, **changes: object) -> ChatMessageRecord:
    """A complete answer with figures."""
    facts: dict[str, object] = {"end_reason": "stop", "stats": make_stats(), "state": "complete"}
    facts.update(changes)
    state = facts.pop("state")
    return ChatMessageRecord(number, "assistant", text, state, "SmolLM2 135M", 0, **facts)  # type: ignore[arg-type]


def show(transcript: Transcript, *records: ChatMessageRecord) -> None:
    """Show a conversation of these messages."""
    transcript.show_conversation(Conversation(1, "Hello", "", list(records)))


def strips(message: Message, kind: StripKind | None = None) -> Sequence[Strip]:
    """The strips of a message that was seen."""
    assert message.strips is not None
    return [one for one in message.strips if kind is None or one.kind is kind]


def view_of(strip: Strip, kind: type[V]) -> V:
    """What shows a strip."""
    assert isinstance(strip.widget, kind)
    return strip.widget


def foot(transcript: Transcript, index: int = -1) -> FootView:
    """The row under an answer."""
    return view_of(strips(transcript.messages[index])[-1], FootView)


def person_foot(transcript: Transcript, index: int = 0) -> PersonFootView:
    """The row under a message of the person."""
    return view_of(strips(transcript.messages[index])[-1], PersonFootView)


def point_of(transcript: Transcript, words: str) -> QPoint:
    """Where `words` begin on screen. Fails where they are not."""
    for editor in transcript.findChildren(QTextEdit):
        document = editor.document()
        cursor = document.find(words)
        if editor.isVisible() and not cursor.isNull():
            cursor.setPosition(cursor.selectionStart())
            layout = cursor.block().layout()
            line = layout.lineForTextPosition(cursor.positionInBlock())
            x = line.cursorToX(cursor.positionInBlock())
            box = document.documentLayout().blockBoundingRect(cursor.block())
            left = x[0] if isinstance(x, tuple) else x
            point = QPointF(box.left() + float(left), box.top() + line.y() + line.height() * 0.7)  # type: ignore[arg-type]
            inside = point.toPoint() - QPoint(editor.horizontalScrollBar().value(), 0)
            return editor.mapTo(transcript.viewport(), inside)
    raise AssertionError(f"{words!r} is not on screen")


def drag(transcript: Transcript, start: QPoint, end: QPoint) -> None:
    """Select with the mouse."""
    surface = transcript.viewport()
    QTest.mousePress(surface, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(surface, (start + end) / 2)
    QTest.mouseMove(surface, end)
    QTest.mouseRelease(surface, Qt.MouseButton.LeftButton, pos=end)


def marked(transcript: Transcript) -> list[str]:
    """The texts that are set off on screen."""
    found = []
    for editor in transcript.findChildren(QTextEdit):
        if editor.isVisible():
            found += [_text(one.cursor) for one in editor.extraSelections()]
    return found


def _text(cursor: QTextCursor) -> str:
    return cursor.selectedText().replace("\N{PARAGRAPH SEPARATOR}", "\n").replace("\N{LINE SEPARATOR}", "\n")
