"""Where the person writes: the input, and under it the model, the context meter, and send or stop."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetrics,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextOption,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from slmdesk.messages import format_integer, tr
from slmdesk.ui.chat.model_button import ModelButton
from slmdesk.ui.icons import draw_icon
from slmdesk.ui.theme import Line, Radius, Space, TextRole, Theme
from slmdesk.ui.widgets.button import Button
from slmdesk.ui.widgets.focus import FocusRing
from slmdesk.ui.widgets.labels import Icon, Label
from slmdesk.ui.widgets.painting import draw_box
from slmdesk.ui.widgets.progress import ProgressLine, ProgressState
from slmdesk.ui.widgets.raw_text import raw_text
from slmdesk.ui.widgets.tooltip import set_tooltip

_MOST_LINES = 10
_FEWEST_LINES = 3
# Qt reads a word to its end for each line that it is broken into: a megabyte without a space takes minutes.
# Text with a word longer than this many characters is broken where a line is full.
_LONGEST_WORD = 2000
_USUAL_ZOOM = 100


class MessageInput(QPlainTextEdit):
    """Grows with its text up to ten lines of the usual size, then scrolls. Enter sends and Shift+Enter starts
    a new line, or Enter starts a new line and Ctrl+Enter sends.
    """

    sent = Signal()
    focus_changed = Signal()
    page_wanted = Signal(int)
    """Page Up (-1) or Page Down (1), which belong to the transcript."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.send_with_enter = True
        """Otherwise with Ctrl+Enter alone."""
        self._hint = ""
        self.setAccessibleName(tr("Message"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFont(theme.font(TextRole.READING))
        self._usual_px = self.font().pixelSize()
        self.setTabChangesFocus(True)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(0)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        # Said before Qt sets the new text.
        self.document().contentsChange.connect(self._choose_breaks)
        self.textChanged.connect(self._fit)
        self._fit()

    def set_zoom(self, percent: int) -> None:
        """Show the text at `percent` of its usual size."""
        font = self.font()
        font.setPixelSize(max(round(self._usual_px * percent / _USUAL_ZOOM), 1))
        self.setFont(font)
        self._fit()
        self._show_hint()

    def set_hint(self, hint: str) -> None:
        """What stands in it while it is empty: where there is no room for more, only the first sentence."""
        self._hint = hint
        self._show_hint()

    def plain_text(self) -> str:
        """What was written, letter for letter."""
        return raw_text(self.document())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Send, or pass paging on; everything else is typing."""
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        plain = modifiers == Qt.KeyboardModifier.NoModifier
        with_control = modifiers == Qt.KeyboardModifier.ControlModifier
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and (
            with_control or (plain and self.send_with_enter)
        ):
            self.sent.emit()
        elif event.key() in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown) and plain:
            self.page_wanted.emit(-1 if event.key() == Qt.Key.Key_PageUp else 1)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The frame around it shows the focus."""
        super().focusInEvent(event)
        self.focus_changed.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The frame around it shows the focus."""
        super().focusOutEvent(event)
        self.focus_changed.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width wraps into other lines."""
        super().resizeEvent(event)
        self._fit()
        self._show_hint()

    def _show_hint(self) -> None:
        metrics = QFontMetrics(self.font())
        hint = self._hint
        if metrics.horizontalAdvance(hint) > self.viewport().width():
            sentence, stop, _ = hint.partition(". ")
            hint = sentence + stop.strip()
        if hint != self.placeholderText():
            self.setPlaceholderText(hint)
            # Qt draws it anew only where it appears or disappears.
            self.viewport().update()

    def _choose_breaks(self) -> None:
        longest = 0
        if self.document().characterCount() > _LONGEST_WORD:
            # A line is not broken at a no-break space.
            text = self.plain_text().replace("\N{NO-BREAK SPACE}", "_")
            longest = max(map(len, text.split()), default=0)
        modes = QTextOption.WrapMode
        anywhere = longest > _LONGEST_WORD
        self.setWordWrapMode(modes.WrapAnywhere if anywhere else modes.WrapAtWordBoundaryOrAnywhere)

    def _fit(self) -> None:
        # Larger letters take no more of the window.
        most = max(min(_MOST_LINES, _MOST_LINES * self._usual_px // self.font().pixelSize()), _FEWEST_LINES)
        height, many = self._measure(most)
        self.setFixedHeight(math.ceil(height) + Space.TINY)
        always, never = Qt.ScrollBarPolicy.ScrollBarAlwaysOn, Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.setVerticalScrollBarPolicy(always if many else never)

    def _measure(self, most: int) -> tuple[float, bool]:
        """How high the first `most` lines are as they are laid out, and whether there are more.

        A line is often higher than its font says: sizes are rounded up, and letters of other scripts come
        from other fonts. In a field that is too low by a pixel the first line is scrolled out of sight.
        """
        places = self.document().documentLayout()
        height, left = 0.0, most
        block = self.document().begin()
        while block.isValid() and left > 0:
            whole = places.blockBoundingRect(block).height()
            lines = block.layout().lineCount()
            if lines > left:
                last = block.layout().lineAt(left - 1)
                return height + last.y() + last.height(), True
            height += whole
            left -= lines
            block = block.next()
        return height, block.isValid()


class Composer(QWidget):
    """The input and its row. Says what the person wants; the panel decides."""

    sent = Signal(str)
    stopped = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._can_send = False
        self.input = MessageInput(theme)
        self.input.sent.connect(self._send)
        self.input.textChanged.connect(self._update_send)
        self.input.focus_changed.connect(self.update)
        self.model_button = ModelButton(theme)
        self.meter = _ContextMeter(theme)
        self.send_button = SendButton(theme)
        self.send_button.clicked.connect(self._send)
        self.stop_button = Button(theme, tr("Stop"), icon="square")
        set_tooltip(self.stop_button, tr("Stop the answer (Esc)"))
        self.stop_button.clicked.connect(self.stopped)
        self.stop_button.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.M, Space.M, Space.S, Space.S)
        column.setSpacing(Space.S)
        text_row = QHBoxLayout()
        text_row.setContentsMargins(Space.TINY, 0, Space.XS, 0)
        text_row.addWidget(self.input)
        column.addLayout(text_row)
        row = QHBoxLayout()
        row.setSpacing(Space.M)
        row.addWidget(self.model_button)
        row.addWidget(self.meter)
        row.addStretch(1)
        row.addWidget(self.stop_button)
        row.addWidget(self.send_button)
        column.addLayout(row)
        theme.changed.connect(self.update)
        self._update_send()

    def set_state(self, *, can_send: bool, can_stop: bool, stopping: bool, hint: str) -> None:
        """`can_send`: a message would be answered. `can_stop`: something is going on. `stopping`: it has been
        asked to end and has not yet. `hint`: what the empty input says.
        """
        had_focus = self.send_button.hasFocus() or self.stop_button.hasFocus()
        self._can_send = can_send
        self.input.set_hint(hint)
        self.send_button.setVisible(can_send or not can_stop)
        self.stop_button.setVisible(can_stop)
        self.stop_button.set_busy(stopping)
        self._update_send()
        if had_focus:
            # The button that had the keyboard may be gone or greyed; the input is what comes next.
            self.input.setFocus(Qt.FocusReason.OtherFocusReason)

    def set_context(self, tokens: int, length: int) -> None:
        """How full the context is. `length` 0: nothing is loaded, and nothing is shown."""
        self.meter.set_context(tokens, length)

    def set_progress(self, words: str, fraction: float) -> None:
        """Show something that is going on in the place of the context."""
        self.meter.set_progress(words, fraction)

    def set_text(self, text: str) -> None:
        """Put `text` into the input."""
        self.input.setPlainText(text)
        self.input.moveCursor(self.input.textCursor().MoveOperation.End)

    def fill(self, text: str) -> None:
        """Put `text` into the input, ready to be changed or sent."""
        self.set_text(text)
        self.input.setFocus(Qt.FocusReason.OtherFocusReason)

    def suggest(self, text: str) -> None:
        """Put `text` in the place of what is written, which Ctrl+Z brings back."""
        cursor = self.input.textCursor()
        cursor.select(cursor.SelectionType.Document)
        cursor.insertText(text)
        self.input.setTextCursor(cursor)
        self.input.setFocus(Qt.FocusReason.OtherFocusReason)

    def set_send_with_enter(self, enter: bool) -> None:
        """Whether Enter sends; otherwise Ctrl+Enter does."""
        self.input.send_with_enter = enter
        set_tooltip(self.send_button, tr("Send (Enter)") if enter else tr("Send (Ctrl+Enter)"))

    def set_zoom(self, percent: int) -> None:
        """Show what is written at `percent` of its usual size, as the conversation is."""
        self.input.set_zoom(percent)

    def put_back(self, text: str) -> None:
        """Put a message that was not kept back, before what has been written since."""
        since = self.input.plain_text()
        self.fill(f"{text}\n\n{since}" if since.strip() else text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow column, model and meter say less."""
        super().resizeEvent(event)
        self._fit_row()

    def event(self, event: QEvent) -> bool:
        """When something in the row says more or less, so may the rest."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit_row()
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the field; with the keyboard in it, its border is the focus ring."""
        painter = QPainter(self)
        color = self._theme.color
        focused = self.input.hasFocus()
        border = color("accent_ink" if focused else "border_control")
        line = Line.FOCUS if focused else Line.BORDER
        draw_box(painter, QRectF(self.rect()), Radius.COMPOSER, color("surface"), border, line)

    def _fit_row(self) -> None:
        compact = self.width() < self._theme.sizes.reading_narrow
        self.model_button.set_compact(compact)
        self.meter.set_compact(compact)
        buttons = (self.send_button, self.stop_button)
        shown = [one.sizeHint().width() for one in buttons if not one.isHidden()]
        room = self.width() - Space.M - Space.S - sum(shown) - Space.M * (len(shown) + 1)
        self.meter.set_room(room - self.model_button.readable_width())

    def _send(self) -> None:
        text = self.input.plain_text()
        if self._can_send and text.strip():
            # The button is greyed in a moment; the keyboard stays where one writes.
            self.input.setFocus(Qt.FocusReason.OtherFocusReason)
            self.input.clear()
            self.sent.emit(text)

    def _update_send(self) -> None:
        self.send_button.setEnabled(self._can_send and bool(self.input.plain_text().strip()))


class SendButton(QAbstractButton):
    """An arrow in the accent colour."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName(tr("Send"))
        set_tooltip(self, tr("Send (Enter)"))
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.focus_ring = FocusRing(theme, self, Radius.CARD)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """A square."""
        return QSize(self._theme.sizes.send, self._theme.sizes.send)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the box and the arrow."""
        painter = QPainter(self)
        color = self._theme.color
        if not self.isEnabled():
            fill, ink = "hover", "text_disabled"
        else:
            fill = "accent_pressed" if self.isDown() else "accent_hover" if self.underMouse() else "accent"
            ink = "accent_text"
        draw_box(painter, QRectF(self.rect()), Radius.CARD, color(fill))
        draw_icon(painter, "arrow-up", QRectF(self.rect()), self._theme.sizes.icon_rail, color(ink))


class _ContextMeter(QWidget):
    """How much of what the model can keep in mind is used: in caution's colour, with its icon, where no room
    is left for an answer.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._compact = False
        self._wanted = False
        self._room = 0
        self._used = self._length = 0
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.M, 0, 0, 0)
        row.setSpacing(Space.S)
        self.bar = ProgressLine(theme, tr("Context used"), thin=True)
        self.bar.setFixedWidth(theme.sizes.meter)
        self.words = Label(theme, role=TextRole.SECONDARY, color="text_secondary")
        self.warning = Icon(theme, "triangle-alert", theme.sizes.icon_badge, "caution")
        self.warning.hide()
        row.addWidget(self.warning)
        row.addWidget(self.bar)
        row.addWidget(self.words)
        self.hide()

    def set_context(self, tokens: int, length: int) -> None:
        """Show `tokens` of `length`, or nothing where `length` is 0."""
        self._used, self._length = tokens, length
        self._wanted = length > 0
        if length:
            self.bar.set_fraction(tokens / length)
            words = tr("{used} of {length}") if self._compact else tr("{used} of {length} tokens")
            self._say(words.format(used=format_integer(tokens), length=format_integer(length)))
            said = tr("Context length in tokens: how much of the conversation the model can keep in mind.")
            full = tokens >= length
            if full:
                said = tr("The context is full: there is no room for an answer.") + "\n" + said
            set_tooltip(self, said)
            self._show_full(full)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        """None: it is told how much room there is."""
        return QSize(0, super().minimumSizeHint().height())

    def set_room(self, room: int) -> None:
        """Take no more than `room` pixels: first the bar goes, then the words, the mark last."""
        self._room = room
        self._fit()

    def _fit(self) -> None:
        mark = 0 if self.warning.isHidden() else self.warning.width()
        least = Space.M + self.words.minimumWidth() + (mark + Space.S if mark else 0)
        self.bar.setVisible(least + self.bar.width() + Space.S <= self._room)
        self.words.setVisible(least <= self._room)
        # A mark is shown where there is no room for its words, too.
        self.setVisible(self._wanted and (Space.M + mark if mark else least) <= self._room)

    def set_compact(self, compact: bool) -> None:
        """Leave the unit to the tooltip, where there is little room."""
        if compact != self._compact:
            self._compact = compact
            if self._length:
                self.set_context(self._used, self._length)

    def set_progress(self, words: str, fraction: float) -> None:
        """Show `words` beside a bar."""
        self._length = 0
        self._wanted = True
        self.bar.set_fraction(fraction)
        self._say(words)
        set_tooltip(self, "")
        self._show_full(False)
        self._fit()

    def _say(self, words: str) -> None:
        self.words.setText(words)
        # A label of a fixed size has nothing laid out again when it counts on: digits are of one width.
        # It would never hint at less than its least size.
        size = self.words.fontMetrics().size(0, words)
        if size != self.words.minimumSize():
            self.words.setFixedSize(size)

    def _show_full(self, full: bool) -> None:
        self.warning.setVisible(full)
        self.words.set_ink("caution" if full else "text_secondary")
        self.bar.set_state(ProgressState.FULL if full else ProgressState.PLAIN)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        height = self._theme.sizes.icon_rail
        box = QRectF(0, (self.height() - height) / 2, Line.BORDER, height)
        painter.fillRect(box, self._theme.color("border"))
