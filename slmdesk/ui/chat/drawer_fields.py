"""The sampling options behind the fold: each with its name, its field's term, and its range."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QVBoxLayout, QWidget

from slmdesk.messages import format_integer, tr, tr_n
from slmdesk.ui.theme import Space, TextRole, Theme
from slmdesk.ui.widgets.labels import Label
from slmdesk.ui.widgets.number_field import NumberField
from slmdesk.ui.widgets.text_area import TextArea
from slmdesk.ui.widgets.tooltip import set_tooltip

if TYPE_CHECKING:
    from slmdesk.chat import ChatOptions

Name: TypeAlias = Literal[
    "top_k",
    "top_p",
    "min_p",
    "repeat_penalty",
    "presence_penalty",
    "frequency_penalty",
    "penalty_window",
    "seed",
    "max_tokens",
]

MOST_STOP_STRINGS = 64
LONGEST_STOP_STRING = 1024
_MOST_TOKENS = 1_000_000
_LARGEST_SEED = 2**32 - 2
_STOP_LINES = 3


@dataclass(frozen=True, slots=True)
class NumberOption:
    """One number of `Sampling`, or `ChatOptions.max_tokens`. Wider ranges than these help nobody."""

    name: Name
    label: str
    term: str
    """What the field calls it, and what it does: the tooltip."""
    least: float
    most: float
    step: float = 1
    decimals: int = 0
    empty: str = ""
    """What an empty field means; an option without it must have a number."""


def number_options() -> tuple[NumberOption, ...]:
    """In the order they are shown, in the person's language."""
    return (
        NumberOption(
            "top_k",
            tr("Most candidates"),
            tr("Top-k: only this many of the likeliest next words can be chosen. 0: all of them."),
            0,
            _MOST_TOKENS,
        ),
        NumberOption(
            "top_p",
            tr("Candidates’ share"),
            tr("Top-p: only the likeliest words that together reach this share can be chosen. 1: all."),
            0,
            1,
            0.05,
            2,
        ),
        NumberOption(
            "min_p",
            tr("Least likelihood"),
            tr("Min-p: a word must be this likely, compared with the likeliest one. 0: any may be."),
            0,
            1,
            0.05,
            2,
        ),
        NumberOption(
            "repeat_penalty",
            tr("Avoid repeating"),
            tr("Repeat penalty: more than 1 makes words less likely that were just written. 1: off."),
            0.01,
            10,
            0.05,
            2,
        ),
        NumberOption(
            "presence_penalty",
            tr("New subjects"),
            tr("Presence penalty: makes each word less likely once it was written. 0: off."),
            -10,
            10,
            0.1,
            2,
        ),
        NumberOption(
            "frequency_penalty",
            tr("Varied words"),
            tr("Frequency penalty: makes a word less likely each time it is written. 0: off."),
            -10,
            10,
            0.1,
            2,
        ),
        NumberOption(
            "penalty_window",
            tr("Tokens looked back"),
            tr("Penalty window: how far back the three above look. 0: not at all, -1: over everything."),
            -1,
            _MOST_TOKENS,
        ),
        NumberOption(
            "seed",
            tr("Seed"),
            tr("Seed: the same number and the same question give the same answer again."),
            0,
            _LARGEST_SEED,
            empty=tr("random"),
        ),
        NumberOption(
            "max_tokens",
            tr("Longest answer"),
            tr("Max tokens: an answer ends after this many tokens. A word is one or two."),
            1,
            _MOST_TOKENS,
            empty=tr("no limit"),
        ),
    )


def write_stop_strings(stop: Sequence[str]) -> str:
    r"""One on each line, with `\n`, `\t` and `\\` for what a line cannot show."""
    return "\n".join(
        one.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
        for one in stop
    )


def read_stop_strings(text: str) -> tuple[str, ...]:
    """What `write_stop_strings` wrote, or a person. Lines with nothing on them count for nothing."""
    return tuple(_unescape(line) for line in text.split("\n") if line)


def _unescape(line: str) -> str:
    marks = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}
    parts: list[str] = []
    place = 0
    while place < len(line):
        mark = marks.get(line[place + 1 : place + 2]) if line[place] == "\\" else None
        parts.append(line[place] if mark is None else mark)
        place += 1 if mark is None else 2
    return "".join(parts)


def unsupported() -> str:
    """Why an option cannot be set."""
    return tr("This engine does not support it.")


class MoreOptions(QWidget):
    """Numbers in two columns, and the strings that end an answer."""

    changed = Signal(object)
    """A function from the `ChatOptions` before to those with the change. Said for good values only."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.numbers: dict[Name, NumberField] = {}
        self._terms: dict[Name, str] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.M)
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(Space.S)
        grid.setVerticalSpacing(Space.XS)
        for number, option in enumerate(number_options()):
            row, side = 2 * (number // 2), number % 2
            label, field = self._make_number(theme, option)
            label.setContentsMargins(0, Space.M - Space.XS if row else 0, 0, 0)
            grid.addWidget(label, row, side)
            grid.addWidget(field, row + 1, side, Qt.AlignmentFlag.AlignTop)
        widest = max(field.box.minimumWidth() for field in self.numbers.values())
        for field in self.numbers.values():
            field.box.setFixedWidth(widest)
        for side in (0, 1):
            grid.setColumnStretch(side, 1)
        column.addLayout(grid)
        self.unsupported_note = Label(theme, "", TextRole.SECONDARY, "text_secondary", wrap=True)
        self.unsupported_note.hide()
        column.addWidget(self.unsupported_note)
        self.stop = TextArea(theme, tr("Stop at"), placeholder=tr("One on each line"), lines=_STOP_LINES)
        self.stop.changed.connect(self._take_stop)
        label = Label(theme, tr("Stop at"), TextRole.BASE)
        set_tooltip(
            label,
            tr("Stop strings: an answer ends before the first of these. \\n stands for a line break."),
        )
        set_tooltip(self.stop.edit, label.toolTip())
        stop = QVBoxLayout()
        stop.setSpacing(Space.XS)
        stop.addWidget(label)
        stop.addWidget(self.stop)
        column.addLayout(stop)

    def show_options(self, options: ChatOptions) -> None:
        """Fill the fields, and forget what was wrong in them."""
        for name, field in self.numbers.items():
            field.set_value(_get(options, name))
        self.stop.set_value(write_stop_strings(options.stop))
        self.stop.set_error("")

    def set_samplers(self, samplers: Container[str] | None) -> None:
        """The fields of `Sampling` that the engine obeys; None: it is not known. Others cannot be set."""
        missing = 0
        for name, field in self.numbers.items():
            supported = samplers is None or name == "max_tokens" or name in samplers
            missing += not supported
            reason = "" if supported else unsupported()
            if field.fixed != reason:
                field.set_fixed(reason, lock=False)
                set_tooltip(field.spin, "\n".join(one for one in (self._terms[name], reason) if one))
        self.unsupported_note.setVisible(bool(missing))
        words = tr_n(
            "{count} of these is greyed: this engine does not support it.",
            "{count} of these are greyed: this engine does not support them.",
            missing,
        )
        self.unsupported_note.setText(words.format(count=format_integer(missing)))

    def _make_number(self, theme: Theme, option: NumberOption) -> tuple[Label, NumberField]:
        field = NumberField(
            theme,
            option.label,
            least=option.least,
            most=option.most,
            step=option.step,
            decimals=option.decimals,
            optional=bool(option.empty),
            placeholder=option.empty,
        )
        field.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        # A label of two lines may stand beside one of a single line, and their fields are in a line.
        label = Label(theme, option.label, TextRole.BASE, wrap=True)
        label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom)
        label.setBuddy(field)
        for widget in (label, field.spin):
            set_tooltip(widget, option.term)
        field.changed.connect(lambda value, name=option.name: self.changed.emit(_setter(name, value)))
        self.numbers[option.name] = field
        self._terms[option.name] = option.term
        return label, field

    def _take_stop(self, text: str) -> None:
        stop = read_stop_strings(text)
        if len(stop) > MOST_STOP_STRINGS:
            self.stop.set_error(tr("At most {count} lines.").format(count=format_integer(MOST_STOP_STRINGS)))
        elif any(len(one) > LONGEST_STOP_STRING for one in stop):
            self.stop.set_error(
                tr("At most {count} characters on a line.").format(count=format_integer(LONGEST_STOP_STRING))
            )
        else:
            self.stop.set_error("")
            self.changed.emit(lambda options: msgspec.structs.replace(options, stop=stop))


def count_changed(options: ChatOptions, usual: ChatOptions) -> int:
    """How many options behind the fold are not as usual."""
    names = [option.name for option in number_options()]
    return sum(_get(options, name) != _get(usual, name) for name in names) + (options.stop != usual.stop)


def _get(options: ChatOptions, name: Name) -> float | None:
    value: float | None = options.max_tokens if name == "max_tokens" else getattr(options.sampling, name)
    return value


def _setter(name: Name, value: float | None) -> Callable[[ChatOptions], ChatOptions]:
    def change(options: ChatOptions) -> ChatOptions:
        if name == "max_tokens":
            return msgspec.structs.replace(options, max_tokens=value)
        return msgspec.structs.replace(
            options, sampling=msgspec.structs.replace(options.sampling, **{name: value})
        )

    return change
