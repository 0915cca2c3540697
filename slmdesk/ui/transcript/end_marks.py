"""How an answer that ended early is marked: state never by colour alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from slmdesk.messages import format_integer, tr
from slmdesk.ui.transcript.message import Message

if TYPE_CHECKING:
    from slmdesk.engines import EndReason


class EndLook(NamedTuple):
    """An icon, words, and their ink and the fill behind them by their names in the theme."""

    icon: str
    words: str
    ink: str
    fill: str


NO_MARK = EndLook("", "", "", "")


def mark_of(message: Message) -> EndLook:
    """The mark of a message; `NO_MARK` where there is nothing to say."""
    reason: EndReason | None = message.end.reason if message.end is not None else message.end_reason
    if message.writing or message.state == "lost":
        return NO_MARK
    if reason == "length":
        return EndLook("triangle-alert", tr("Length limit reached"), "caution", "caution_soft")
    if reason == "context_full":
        words = tr("Context full")
        if message.end is not None and message.end.context_length:
            words = tr("Context full: {tokens} tokens").format(
                tokens=format_integer(message.end.context_length)
            )
        return EndLook("triangle-alert", words, "caution", "caution_soft")
    if not message.answered or (message.state == "failed" and not message.source):
        return EndLook("circle-stop", tr("Not answered"), "text_secondary", "hover")
    if message.state == "failed":
        return EndLook("circle-dot", tr("Stopped here"), "negative", "negative_soft")
    if message.state == "stopped":
        return EndLook("circle-stop", tr("Stopped"), "text_secondary", "hover")
    return NO_MARK
