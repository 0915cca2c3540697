"""Deleting conversations, which can be undone for a while instead of being asked about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QWidget

from slmdesk.messages import tr, tr_n
from slmdesk.ui.widgets.undo_bar import UndoBar

if TYPE_CHECKING:
    from slmdesk.chat import ConversationSummary
    from slmdesk.ui.chat.keeper import ConversationKeeper
    from slmdesk.ui.chat.view import ChatView


class Deleting(QObject):
    """Says what was deleted above the composer; until that bar has gone, it can be brought back.

    What a program that was killed left behind is offered again; nothing stays once its bar has gone.
    """

    def __init__(self, view: ChatView, keeper: ConversationKeeper, undone: Callable[[int], None]) -> None:
        """`undone` is called once what was deleted is there again, with what `delete` got as `shown`."""
        super().__init__(view)
        self._view = view
        self._keeper = keeper
        self._undone = undone
        self._shown = self._count = 0
        self._bar: UndoBar | None = None
        view.composer.input.installEventFilter(self)

    def delete(self, numbers: Sequence[int], titles: Sequence[str], shown: int) -> None:
        """Take the stored conversations `numbers` with these `titles` out of the list.

        `shown`: the one of them that was shown until now, or 0.
        """
        if not numbers:
            return
        self._offer(len(numbers), titles)
        self._shown = shown or self._shown
        self._keeper.delete(tuple(numbers))

    def offer_again(self, deleted: Sequence[ConversationSummary]) -> None:
        """Offer to bring back what was deleted when the program ran last."""
        self._offer(len(deleted), [one.title for one in deleted if one.title])

    def undo(self) -> None:
        """Bring back what was deleted, where that is offered."""
        if self._bar is not None:
            self._bar.undo()

    def close(self) -> None:
        """Make what was deleted final: the window closes."""
        if self._bar is not None:
            self._bar.end()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """An input in which there is nothing to undo leaves the key to what was deleted."""
        if (
            self._bar is not None
            and event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.matches(QKeySequence.StandardKey.Undo)
            and not self._view.composer.input.document().isUndoAvailable()
        ):
            event.ignore()
            return True
        return False

    def _offer(self, count: int, titles: Sequence[str]) -> None:
        if self._bar is not None:
            # Its time begins anew, for all that was deleted since: nothing of it is final yet.
            self._bar.ended.disconnect(self._forget)
            self._bar.end()
        else:
            self._count = self._shown = 0
        self._count += count
        if self._count == 1 and titles:
            words = tr("“{title}” deleted").format(title=titles[0])
        else:
            words = tr_n("{count} conversation deleted", "{count} conversations deleted", self._count)
            words = words.format(count=self._count)
        bar = self._bar = UndoBar(self._view.theme, words, self._view.stack)
        bar.undone.connect(self._undo)
        bar.ended.connect(self._forget)
        # Deleting leaves the keyboard in the list: one Tab leads to the way back.
        QWidget.setTabOrder(self._view.list.view, bar.undo_button)
        QWidget.setTabOrder(bar.undo_button, bar.close_button)
        bar.show()
        bar.raise_()

    def _undo(self) -> None:
        self._bar = None
        self._keeper.restore()
        self._undone(self._shown)

    def _forget(self) -> None:
        if self._bar is not None and self._bar.had_focus:
            self._view.focus_input()
        self._bar = None
        self._keeper.forget_deleted()
