"""The window of the gallery."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from slmdesk.messages import format_integer, format_number, tr, tr_n
from slmdesk.ui.gallery.samples import (
    badge_samples,
    button_table,
    field_table,
    longer_samples,
    row_samples,
)
from slmdesk.ui.gallery.states import Focused
from slmdesk.ui.system import screen_size
from slmdesk.ui.theme import Space, TextRole, Theme
from slmdesk.ui.widgets.banner import Banner, BannerAction, BannerTone
from slmdesk.ui.widgets.button import Button
from slmdesk.ui.widgets.empty_list import EmptyList
from slmdesk.ui.widgets.labels import Label
from slmdesk.ui.widgets.menu import Menu
from slmdesk.ui.widgets.popup import Choice, ChoiceBox
from slmdesk.ui.widgets.segmented import Segmented
from slmdesk.ui.widgets.surface import Surface
from slmdesk.ui.widgets.switch import Switch
from slmdesk.ui.widgets.undo_bar import UndoBar


def make_choices() -> tuple[Choice, ...]:
    """What a person could choose a model from."""
    here = tr("On this computer")
    return (
        Choice(
            "qwen",
            "Qwen3 4B",
            "Q4_K_M",
            f"{tr('loaded')} · {tr('{rate} tok/s').format(rate=format_number(23))}",
            current=True,
            group=here,
        ),
        Choice(
            "phi",
            "Phi-4-mini 3.8B",
            "Q4_K_M",
            tr("{rate} tok/s").format(rate=format_number(22)),
            group=here,
        ),
        Choice("gemma", "Gemma 3 1B", "Q8_0", tr("{rate} tok/s").format(rate=format_number(52)), group=here),
        Choice(
            "office",
            "office-server",
            "Qwen3 14B",
            tr("messages leave this computer"),
            group=tr("Somewhere else"),
            icon="globe",
            caution=True,
        ),
        Choice(
            "broken", "Llama 3.2 3B", "", tr("The file is cut off."), usable=False, group=tr("Cannot be used")
        ),
    )


class Gallery(Surface):
    """Every shared widget in every state, with switches for theme, motion and direction."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "surface")
        self._theme = theme
        self._focused = Focused(self)
        self.setWindowTitle(tr("SLM Desk: widgets"))
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self._make_bar())
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.viewport().setAutoFillBackground(False)
        whole.addWidget(area, 1)
        self.content = QWidget()
        columns = QHBoxLayout(self.content)
        columns.setContentsMargins(Space.XXL, Space.XL, Space.XXL, Space.XXL)
        columns.setSpacing(Space.XXL + Space.S)
        columns.addLayout(self._make_tables(), 1)
        columns.addLayout(self._make_larger())
        area.setWidget(self.content)
        self.content.setAutoFillBackground(False)

    def whole_size(self) -> QSize:
        """The size in which nothing has to scroll."""
        return self.content.sizeHint() + QSize(0, self._theme.sizes.chat_head)

    def first_size(self) -> QSize:
        """The size to open with: what the screen has no room for is scrolled to."""
        return self.whole_size().boundedTo(screen_size(self))

    def _make_bar(self) -> QWidget:
        theme = self._theme
        bar = Surface(theme, "window", (Qt.Edge.BottomEdge,))
        bar.setFixedHeight(theme.sizes.chat_head)
        row = QHBoxLayout(bar)
        row.setContentsMargins(Space.XXL, 0, Space.XXL, 0)
        row.setSpacing(Space.S)
        row.addWidget(Label(theme, tr("Widgets"), TextRole.TITLE))
        row.addStretch(1)
        self.motion_switch = Switch(theme, tr("Reduce motion"), value=theme.reduce_motion)
        self.motion_switch.changed.connect(lambda on: theme.set_reduce_motion("on" if on else "off"))
        self.mirror_switch = Switch(theme, tr("Right to left"))
        self.mirror_switch.changed.connect(self.mirror)
        for name, switch in (
            (tr("Reduce motion"), self.motion_switch),
            (tr("Right to left"), self.mirror_switch),
        ):
            row.addWidget(Label(theme, name, color="text_secondary"))
            row.addWidget(switch)
            row.addSpacing(Space.L)
        choices = (("light", tr("Light")), ("dark", tr("Dark")), ("system", tr("System")))
        self.theme_control = Segmented(theme, choices, tr("Theme"))
        self.theme_control.set_value(theme.choice)
        self.theme_control.chosen.connect(theme.choose)
        row.addWidget(self.theme_control)
        return bar

    def mirror(self, mirrored: bool) -> None:
        """Let text run from the right, or from the left again."""
        direction = Qt.LayoutDirection.RightToLeft if mirrored else Qt.LayoutDirection.LeftToRight
        QApplication.setLayoutDirection(direction)

    def _make_tables(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(Space.M)
        for name, sample in (
            (tr("Buttons"), button_table(self._theme, self._focused)),
            (tr("Fields and marks"), field_table(self._theme, self._focused)),
            (tr("Rows"), row_samples(self._theme)),
            (tr("Badges and progress"), badge_samples(self._theme)),
            (tr("Segments, lines and texts"), longer_samples(self._theme, self._focused)),
        ):
            column.addWidget(Label(self._theme, name, TextRole.TITLE))
            column.addWidget(sample)
            column.addSpacing(Space.M)
        column.addStretch(1)
        return column

    def _make_larger(self) -> QVBoxLayout:
        theme = self._theme
        column = QVBoxLayout()
        column.setSpacing(Space.M)

        edge = theme.sizes.shadow

        def add(name: str, widget: QWidget, *, floats: bool = False) -> None:
            """What floats brings the room for its shadow along; the rest is lined up with its box."""
            side = 0 if floats else edge
            label = Label(theme, name, TextRole.TITLE)
            label.setContentsMargins(edge, 0, edge, 0)
            if name:
                column.addWidget(label)
            box = QVBoxLayout()
            box.setContentsMargins(side, 0, side, 0)
            box.addWidget(widget)
            column.addLayout(box)
            column.addSpacing(0 if floats else Space.M)

        picker = ChoiceBox(theme, make_choices(), tr("Models"), tr("Find a model"))
        picker.setFixedSize(theme.sizes.menu + 2 * edge, picker.wanted_height + 2 * edge)
        add(tr("Model picker"), picker, floats=True)
        add(tr("Menu"), self._make_menu(), floats=True)
        self._undo_place = _UndoPlace(theme)
        add(tr("Undo instead of asking"), self._undo_place, floats=True)
        banner = Banner(
            theme,
            tr("The file could not be read."),
            tr("It ends after 1.2 of 2.5 GB, so the download was cut short."),
            "",
            "unexpected end of file at byte 1,200,000,000",
            (BannerAction(tr("Download the rest, 1.3 GB"), lambda: None),),
            suggests=False,
            closable=False,
        )
        add(tr("Error in place"), banner)
        for tone, what in (
            (BannerTone.CAUTION, tr("Messages leave this computer.")),
            (BannerTone.NOTE, tr("A newer version of this model is there.")),
        ):
            add("", Banner(theme, what, "", "", "", (), tone=tone))
        action = BannerAction(tr("Show them"), lambda: None)
        empty = EmptyList(
            theme,
            tr("No model matches these filters"),
            tr("2 are hidden because they do not fit."),
            action,
            boxed=True,
        )
        add(tr("Empty list"), empty)
        column.addStretch(1)
        return column

    def _make_menu(self) -> QWidget:
        """A menu that stays open, inside the page."""
        menu = make_menu(self._theme, self)
        menu.setWindowFlags(Qt.WindowType.Widget)
        menu.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        menu.setVisible(True)
        return menu


def make_menu(theme: Theme, parent: QWidget) -> Menu:
    """A menu with each kind of row."""
    menu = Menu(theme, parent)
    menu.add_head(tr("This chat"))
    menu.add(tr("Rename"), lambda: None, icon="pencil", shortcut="F2")
    menu.add(tr("Pin"), lambda: None, icon="pin")
    menu.add(tr("Wrap lines"), lambda: None, checked=True)
    menu.add(
        tr("Copy as Markdown"),
        lambda: None,
        icon="copy",
        shortcut="Ctrl+Shift+C",
        enabled=False,
        reason=tr("Nothing has been written yet."),
    )
    menu.add_divider()
    menu.add(tr("Delete"), lambda: None, icon="trash-2", shortcut="Del", destructive=True)
    return menu


class _UndoPlace(QWidget):
    """Shows an undo bar, and offers another when it has gone."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        edge = theme.sizes.shadow
        self.setFixedHeight(theme.sizes.undo_bar + 2 * Space.L + edge)
        self.setMinimumWidth(theme.sizes.undo_bar_width + 2 * edge)
        column = QVBoxLayout(self)
        self.again = Button(theme, tr("Delete again"))
        self.again.clicked.connect(self.show_bar)
        column.addWidget(self.again, 0, Qt.AlignmentFlag.AlignCenter)
        self.bar: UndoBar | None = None
        self.show_bar()

    def show_bar(self) -> None:
        """Put the bar there."""
        self.bar = UndoBar(
            self._theme,
            tr_n("{count} conversation deleted", "{count} conversations deleted", 3).format(
                count=format_integer(3)
            ),
            self,
        )
        self.bar.undone.connect(self.again.show)
        self.bar.ended.connect(self.again.show)
        self.bar.show()
        self.again.hide()
