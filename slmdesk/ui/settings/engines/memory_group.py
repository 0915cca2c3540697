"""How much memory models take: the context, the KV cache, and when it is given back."""

from __future__ import annotations

import math

from slmdesk.engines import USUAL_CONTEXT_LENGTH
from slmdesk.messages import format_integer, tr, tr_n
from slmdesk.ui.settings.engines.controls import OpenChoice
from slmdesk.ui.settings.engines.words import about_words, tokens
from slmdesk.ui.settings.rows import OnChange, SettingsPage, SettingsRow
from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.segmented import Segmented

USUAL = 0
CONTEXT_LENGTHS = ("0", "2048", "4096", "8192", "16384", "32768", "65536", "131072")
_IDLE_MINUTES = ("5", "15", "30", "60", "0")


def context_words(value: str) -> str:
    """A context length to choose."""
    if value == str(USUAL):
        return tr("Usual ({tokens})").format(tokens=tokens(USUAL_CONTEXT_LENGTH))
    return tokens(int(value))


def context_order(value: str) -> float:
    """Where a context length stands among the others: what is empty first."""
    return int(value) if value else -1


def _idle_order(value: str) -> float:
    return int(value) or math.inf


def idle_words(value: str) -> str:
    """A time to choose."""
    minutes = int(value)
    if not minutes:
        return tr("Never")
    return tr_n("After {count} minute", "After {count} minutes", minutes).format(
        count=format_integer(minutes)
    )


def kv_choices() -> tuple[tuple[str, str], ...]:
    """Precisions of the KV cache."""
    return (("f16", tr("16-bit")), ("q8_0", tr("8-bit")))


class MemoryGroup:
    """The rows of the group `Memory`, on `page`."""

    def __init__(self, theme: Theme, page: SettingsPage, on_change: OnChange) -> None:
        self.context = OpenChoice(
            theme,
            tr("Context length of new chats"),
            words=context_words,
            read=int,
            values=CONTEXT_LENGTHS,
            order=context_order,
        )
        self.context.picked.connect(lambda value: on_change("context_length", value))
        self.context.picked.connect(self.show_context)
        self.context_row = SettingsRow(theme, "brain", tr("Context length of new chats"), "", self.context)
        self.kv = Segmented(theme, kv_choices(), tr("Precision of the KV cache"))
        self.kv.chosen.connect(lambda value: on_change("kv_type", value))
        self.kv_row = SettingsRow(
            theme,
            "memory-stick",
            tr("Precision of the KV cache"),
            tr("8-bit halves its memory, with a small loss of quality."),
            self.kv,
        )
        self.idle = OpenChoice(
            theme,
            tr("Free the memory when idle"),
            words=idle_words,
            read=int,
            values=_IDLE_MINUTES,
            order=_idle_order,
        )
        self.idle.picked.connect(lambda value: on_change("idle_unload_minutes", value))
        self.idle_row = SettingsRow(
            theme,
            "timer",
            tr("Free the memory when idle"),
            tr("The chat stays open and reloads with the next message."),
            self.idle,
        )
        page.add_setting("context_length", self.context_row, self.context, self.context)
        page.add_setting("kv_type", self.kv_row, self.kv, self.kv)
        page.add_setting("idle_unload_minutes", self.idle_row, self.idle, self.idle)
        page.add_group(tr("Memory"), self.context_row, self.kv_row, self.idle_row)
        self.show_context(USUAL)

    def show_context(self, length: object) -> None:
        """Say how much a context of this length holds; 0: of the usual one."""
        count = int(str(length)) or USUAL_CONTEXT_LENGTH
        more = tr("Longer contexts need more memory.")
        self.context_row.set_about(f"{about_words(count)} {more}")
