"""Deleting conversations, which can be undone for a while instead of being asked about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from slmdesk.messages import tr, tr_n
from slmdesk.ui.widgets.undo_bar import UndoBar

if TYPE_CHECKING:
    from slmdesk.ui.chat.keeper import ConversationKeeper
    from slmdesk.ui.chat.view import ChatView


class Deleting:
    """Says what was deleted above the composer; until that bar has gone, it can be brought back."""

    def __init__(self, view: ChatView, keeper: ConversationKeeper, undone: Callable[[int], None]) -> None:
        """`undone` is called once what was deleted is there again, with what `delete` got as `shown`."""
        self._view = view
        self._keeper = keeper
        self._undone = undone
        self._shown = self._count = 0
        self._bar: UndoBar | None = None

    def delete(self, numbers: Sequence[int], titles: Sequence[str], shown: int) -> None:
        """Take the stored conversations `numbers` with these `titles` out of the list.

        `shown`: the one of them that was shown until now, or 0.
        """
        if not numbers:
            return
        if self._bar is not None:
            # Its time begins anew, for all that was deleted since: nothing of it is final yet.
            self._bar.ended.disconnect(self._forget)
            self._bar.end()
        else:
            self._count = self._shown = 0
        self._count += len(numbers)
        self._shown = shown or self._shown
        if self._count == 1 and titles:
            words = tr("“{title}” deleted").format(title=titles[0])
        else:
            words = tr_n("{count} conversation deleted", "{count} conversations deleted", self._count)
            words = words.format(count=self._count)
        self._keeper.delete(tuple(numbers))
        bar = self._bar = UndoBar(self._view.theme, words, self._view.stack)
        bar.undone.connect(self._undo)
        bar.ended.connect(self._forget)
        bar.show()
        bar.raise_()

    def close(self) -> None:
        """Make what was deleted final: the window closes."""
        if self._bar is not None:
            self._bar.end()

    def _undo(self) -> None:
        self._bar = None
        self._keeper.restore()
        self._undone(self._shown)

    def _forget(self) -> None:
        self._bar = None
        self._keeper.forget_deleted()
