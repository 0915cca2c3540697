"""Where filters, list and model stand: side by side, or one after the other where that is too narrow."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from slmdesk.messages import tr
from slmdesk.ui.models.filter_bar import FilterBar
from slmdesk.ui.models.list_pane import ListPane
from slmdesk.ui.theme import Space, Theme
from slmdesk.ui.widgets.button import Button
from slmdesk.ui.widgets.focus import holds_focus

# Narrower than this, times the text scale, a list and a model beside it are both too narrow to be read.
_BOTH_LEAST = 560
_LIST_SHARE = 0.42


class Panes(QWidget):
    """The list and, in `stack`, what is shown of a model: `detail`, or a page that leads back to that.

    Where only one has room (`single`), the list comes first, and the model takes its place when it is opened.
    """

    list_wanted = Signal()
    """The person wants the list again, which the model has taken the place of."""

    def __init__(
        self,
        theme: Theme,
        bar: FilterBar,
        list_pane: ListPane,
        stack: QStackedWidget,
        detail: QWidget,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._bar, self._list, self._stack, self._detail = bar, list_pane, stack, detail
        self.single = False
        self._opened = False
        self.back_button = Button(theme, tr("Back to the list"), icon="chevron-left", small=True)
        self.back_button.clicked.connect(self.list_wanted)
        self._back = QWidget()
        back = QHBoxLayout(self._back)
        back.setContentsMargins(Space.XL, Space.S, Space.XL, 0)
        back.addWidget(self.back_button)
        back.addStretch(1)
        self._model = QWidget()
        model = QVBoxLayout(self._model)
        model.setContentsMargins(0, 0, 0, 0)
        model.setSpacing(0)
        model.addWidget(self._back)
        model.addWidget(stack, 1)
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(list_pane)
        row.addWidget(self._model, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(bar)
        column.addLayout(row, 1)
        stack.currentChanged.connect(self._arrange)
        self._arrange()

    @property
    def shows_model(self) -> bool:
        """Whether the model has the place of the list."""
        return self.single and self._opened

    def open_model(self, opened: bool = True) -> None:
        """Show the model in place of the list, or the list again, where there is no room for both."""
        self._opened = opened
        self._arrange()
        if self.shows_model:
            self.back_button.setFocus(Qt.FocusReason.TabFocusReason)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Look again what has room."""
        super().resizeEvent(event)
        sizes = self._theme.sizes
        single = self.width() < round(_BOTH_LEAST * self._theme.text_scale)
        if single and not self.single:
            self._opened = holds_focus(self._stack)
        self.single = single
        narrow = self.width() + sizes.rail_narrow < sizes.rail_collapses_below
        widest = sizes.models_list_narrow if narrow else sizes.models_list
        if single:
            self._list.setMinimumWidth(0)
            self._list.setMaximumWidth(self.width())
        else:
            self._list.setFixedWidth(min(widest, round(self.width() * _LIST_SHARE)))
        # The head of the list, and a model, stay in sight.
        least = self._list.minimumSizeHint().height()
        self._bar.set_room(self.height() - least, compact=single)
        self._arrange()

    def _arrange(self) -> None:
        only_model = self.shows_model
        self._bar.setHidden(only_model)
        self._list.setHidden(only_model)
        self._model.setHidden(self.single and not only_model)
        # The other pages of the stack lead back by themselves.
        self._back.setHidden(not (only_model and self._stack.currentWidget() is self._detail))
