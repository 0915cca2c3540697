"""The drawer beside a conversation: what the model is told, and how it answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from slmdesk.chat import ChatOptions
from slmdesk.messages import format_integer, format_number, tr, tr_n
from slmdesk.ui.chat.drawer_fields import MoreOptions, count_changed, unsupported
from slmdesk.ui.theme import Line, Space, TextRole, Theme
from slmdesk.ui.widgets.button import Button, ButtonKind
from slmdesk.ui.widgets.labels import Label
from slmdesk.ui.widgets.scroll_page import ScrollPage
from slmdesk.ui.widgets.slider import Slider, doubling_steps, equal_steps
from slmdesk.ui.widgets.surface import Surface
from slmdesk.ui.widgets.switch import Switch
from slmdesk.ui.widgets.text_area import TextArea
from slmdesk.ui.widgets.tooltip import set_tooltip

if TYPE_CHECKING:
    from slmdesk.engines import Thinking

_FREEST = 2.0
_CREATIVITY_STEP = 0.1
_SHORTEST_CONTEXT = 512
_LONGEST_CONTEXT = 32_768
"""Where a model does not say what it was trained for."""
_INSTRUCTION_LINES = 4


class ChatDrawer(Surface):
    """Shows the options of one conversation and says each change at once; keeping them is for others.

    A slider says its change when it is let go, because another context length is costly. A value that
    cannot be is shown as wrong in its place and is not said.
    """

    options_changed = Signal(object)
    """The whole `ChatOptions` after a change of the person."""
    instructions_changed = Signal(str)
    """What the model is told before each conversation: the system prompt."""
    closed = Signal()
    """The close button. The drawer is still there: whoever owns it hides it."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "surface_sunken", (Qt.Edge.LeftEdge,), parent)
        self._usual = ChatOptions()
        self._options = self._usual
        self._instructions = ""
        self._conversation: object = None
        self._context_length = 0
        self._trained = 0
        self._before_reset: ChatOptions | None = None
        self.setFixedWidth(theme.sizes.chat_drawer)
        self.setAccessibleName(tr("This chat"))
        self._build()
        self._fold(False)
        self._show_options()
        self._show_model("no")

    def _build(self) -> None:
        theme = self._theme
        self.close_button = Button(theme, icon="x", name=tr("Close"))
        self.close_button.clicked.connect(self.closed)
        head = QHBoxLayout()
        head.setContentsMargins(Space.L, 0, Space.M, 0)
        head.addWidget(Label(theme, tr("This chat"), TextRole.TITLE), 1)
        head.addWidget(self.close_button)
        head_box = QWidget()
        head_box.setFixedHeight(theme.sizes.chat_head)
        head_box.setLayout(head)
        self._body = QVBoxLayout()
        self._body.setContentsMargins(Space.S, 0, 0, 0)
        self._body.setSpacing(0)
        self._build_instructions()
        self._build_creativity()
        self._build_thinking()
        self._build_context()
        content = QWidget()
        page = QVBoxLayout(content)
        # The scroll bar has its place whether it is there or not.
        page.setContentsMargins(Space.S, Space.XS, Space.L - theme.sizes.scroll_bar, Space.L)
        page.setSpacing(0)
        page.addLayout(self._body)
        self._build_more(page)
        page.addStretch(1)
        area = self.area = ScrollPage()
        area.setWidget(content)
        # A line, where something is hidden above it.
        line = Surface(theme, "border")
        line.setFixedHeight(Line.BORDER)
        keeps_place = line.sizePolicy()
        keeps_place.setRetainSizeWhenHidden(True)
        line.setSizePolicy(keeps_place)
        line.hide()
        area.verticalScrollBar().valueChanged.connect(lambda value: line.setVisible(value > 0))
        column = QVBoxLayout(self)
        # The divider is drawn along the left edge.
        column.setContentsMargins(Line.BORDER, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(head_box)
        column.addWidget(line)
        column.addWidget(area, 1)

    def _build_instructions(self) -> None:
        self.instructions = TextArea(
            self._theme,
            tr("Instructions"),
            placeholder=tr("How the model should answer"),
            lines=_INSTRUCTION_LINES,
        )
        self.instructions.changed.connect(self._take_instructions)
        label = Label(self._theme, tr("Instructions"), TextRole.LABEL)
        set_tooltip(label, tr("System prompt: what the model is told before everything else."))
        self._body.addWidget(label)
        self._body.addSpacing(Space.S - Space.TINY)
        self._body.addWidget(self.instructions)

    def _build_creativity(self) -> None:
        theme = self._theme
        self.creativity = Slider(
            theme, tr("Creativity"), equal_steps(0, _FREEST, _CREATIVITY_STEP), words=format_number
        )
        term = tr("Temperature: how readily a less likely word is chosen. 0 always takes the likeliest.")
        set_tooltip(self.creativity, term)
        self.creativity.setAccessibleDescription(term)
        self._creativity_words = Label(theme, "", TextRole.BASE, "text_secondary")
        self.creativity.changed.connect(lambda value: self._creativity_words.setText(format_number(value)))
        self.creativity.settled.connect(self._take_creativity)
        head = self._head(tr("Creativity"), term, self._creativity_words)
        ends = QHBoxLayout()
        for word, side in (
            (tr("precise"), Qt.AlignmentFlag.AlignLeft),
            (tr("free"), Qt.AlignmentFlag.AlignRight),
        ):
            ends.addWidget(Label(theme, word, TextRole.SECONDARY, "text_secondary"), 0, side)
        self._body.addSpacing(Space.L)
        self._body.addLayout(head)
        self._body.addWidget(self.creativity)
        self._body.addLayout(ends)

    def _build_thinking(self) -> None:
        self.thinking = Switch(self._theme, tr("Think before answering"))
        self.thinking.changed.connect(
            lambda value: self._change(lambda options: msgspec.structs.replace(options, thinking=value))
        )
        term = tr("Reasoning: answers come later and are often better.")
        set_tooltip(self.thinking, term)
        label = Label(self._theme, tr("Think before answering"), TextRole.LABEL)
        set_tooltip(label, term)
        self.thinking_row = QWidget()
        row = QHBoxLayout(self.thinking_row)
        row.setContentsMargins(0, Space.L, 0, 0)
        row.addWidget(label, 1)
        row.addWidget(self.thinking)
        self._body.addWidget(self.thinking_row)

    def _build_context(self) -> None:
        theme = self._theme
        self.context = Slider(
            theme,
            tr("Context length"),
            doubling_steps(_SHORTEST_CONTEXT, _LONGEST_CONTEXT),
            words=_tokens,
        )
        term = tr("How much of the conversation the model can keep in mind. A word is one or two tokens.")
        set_tooltip(self.context, term)
        self._context_words = Label(theme, "", TextRole.BASE, "text_secondary")
        self.context.changed.connect(lambda value: self._context_words.setText(_tokens(value)))
        self.context.settled.connect(self._take_context)
        head = self._head(tr("Context length"), term, self._context_words)
        self.context_note = Label(theme, "", TextRole.SECONDARY, "text_secondary", wrap=True)
        self.context_row = QWidget()
        column = QVBoxLayout(self.context_row)
        column.setContentsMargins(0, Space.L, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.context)
        column.addWidget(self.context_note)
        self._body.addWidget(self.context_row)

    def _build_more(self, page: QVBoxLayout) -> None:
        theme = self._theme
        self.more = MoreOptions(theme)
        self.more.changed.connect(self._change)
        self.more_button = Button(theme, tr("More sampling options"), ButtonKind.QUIET, icon="chevron-right")
        self.more_button.clicked.connect(lambda: self._fold(self.more.isHidden()))
        self.reset_button = Button(theme, tr("Reset to defaults"), ButtonKind.STANDARD, icon="rotate-ccw")
        self.reset_button.clicked.connect(self._reset)
        page.addSpacing(Space.M)
        # Its icon, not its box, stands in line with what is above it.
        page.addWidget(self.more_button, 0, Qt.AlignmentFlag.AlignLeft)
        below = QVBoxLayout()
        below.setContentsMargins(Space.S, Space.S, 0, 0)
        below.setSpacing(Space.M)
        below.addWidget(self.more)
        below.addWidget(self.reset_button, 0, Qt.AlignmentFlag.AlignLeft)
        page.addLayout(below)

    def _head(self, name: str, term: str, words: Label) -> QHBoxLayout:
        """A name with its value at the end of the line."""
        label = Label(self._theme, name, TextRole.LABEL)
        set_tooltip(label, term)
        row = QHBoxLayout()
        row.addWidget(label, 1)
        row.addWidget(words)
        return row

    # --- what is shown

    @property
    def options(self) -> ChatOptions:
        """The options shown."""
        return self._options

    def set_options(
        self,
        system_prompt: str,
        options: ChatOptions,
        *,
        context_length: int,
        trained_context_length: int,
        thinking: Thinking,
        samplers: tuple[str, ...] | None = None,
        conversation: object = None,
    ) -> None:
        """Show a conversation's options, without saying that they changed.

        `conversation` tells one from another: what was typed wrong in one is gone in the next.
        `context_length`: tokens the model keeps now, or will once it is loaded, 0: there is none.
        `trained_context_length`: the most it was trained for, 0: it does not say. `samplers`: the fields of
        `Sampling` that the loaded model's engine obeys, None: not known. Called with what is shown already,
        nothing changes, not even what is being typed.
        """
        if system_prompt != self._instructions:
            self._instructions = system_prompt
            self.instructions.set_value(system_prompt)
        self._context_length, self._trained = context_length, trained_context_length
        if options != self._options or conversation != self._conversation:
            self._before_reset = None
            self._options, self._conversation = options, conversation
            self._show_options()
        self._show_model(thinking)
        self.more.set_samplers(samplers)
        reason = "" if samplers is None or "temperature" in samplers else unsupported()
        if self.creativity.fixed != reason:
            self.creativity.set_fixed(reason)

    def focus_first(self) -> None:
        """Put the keyboard into the drawer."""
        self.instructions.setFocus(Qt.FocusReason.ShortcutFocusReason)
        # With its name above it.
        self.area.verticalScrollBar().setValue(0)

    def _show_options(self) -> None:
        options = self._options
        self.creativity.set_value(options.sampling.temperature)
        self._creativity_words.setText(format_number(options.sampling.temperature))
        self.thinking.set_value(options.thinking is not False)
        self.more.show_options(options)
        self._show_state()

    def _show_state(self) -> None:
        """What depends on whether anything is as usual."""
        count = count_changed(self._options, self._usual)
        words = tr("More sampling options")
        if count:
            words = tr("More sampling options · {count} set").format(count=format_integer(count))
        self.more_button.setText(words)
        self.more_button.updateGeometry()
        undo = self._before_reset is not None
        self.reset_button.setText(tr("Undo the reset") if undo else tr("Reset to defaults"))
        self.reset_button.set_icon("undo-2" if undo else "rotate-ccw")
        self.reset_button.setEnabled(undo or self._options != self._usual)
        self.reset_button.updateGeometry()

    def _show_model(self, thinking: Thinking) -> None:
        """What depends on the model."""
        self.thinking_row.setVisible(thinking == "optional")
        wanted = self._options.context_length or self._context_length
        self.context_row.setVisible(wanted > 0)
        if not wanted:
            return
        most = self._trained or max(_LONGEST_CONTEXT, wanted)
        self.context.set_values(doubling_steps(min(_SHORTEST_CONTEXT, most), most))
        if not self.context.isSliderDown():
            self.context.set_value(wanted)
            self._context_words.setText(_tokens(wanted))
        if self._trained and wanted > self._trained:
            self.context_note.set_ink("negative")
            note = tr("Too long for this model: it was made for {tokens} at most.")
            self.context_note.setText(note.format(tokens=_tokens(self._trained)))
        else:
            self.context_note.set_ink("text_secondary")
            self.context_note.setText(tr("Longer takes more memory. Changing it reloads the model."))

    def _fold(self, opened: bool) -> None:
        self.more.setVisible(opened)
        self.more_button.set_icon("chevron-down" if opened else "chevron-right")
        self.more_button.setAccessibleDescription(tr("Shown") if opened else tr("Hidden"))

    # --- what the person does

    def _take_instructions(self, text: str) -> None:
        self._instructions = text
        self.instructions_changed.emit(text)

    def _take_creativity(self, value: float) -> None:
        self._change(
            lambda options: msgspec.structs.replace(
                options, sampling=msgspec.structs.replace(options.sampling, temperature=value)
            )
        )

    def _take_context(self, value: float) -> None:
        self._change(lambda options: msgspec.structs.replace(options, context_length=round(value)))

    def _change(self, change: Callable[[ChatOptions], ChatOptions]) -> None:
        options = change(self._options)
        if options != self._options:
            self._before_reset = None
            self._options = options
            self._show_state()
            self.options_changed.emit(options)

    def _reset(self) -> None:
        """As if nothing had been set, except for the instructions; once more: as it was."""
        before, self._before_reset = self._before_reset, None
        if before is None:
            self._before_reset, self._options = self._options, self._usual
        else:
            self._options = before
        self._show_options()
        self.options_changed.emit(self._options)


def _tokens(value: float) -> str:
    count = round(value)
    return tr_n("{count} token", "{count} tokens", count).format(count=format_integer(count))
