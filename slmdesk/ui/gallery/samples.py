"""The tables of the gallery: a kind of widget in each row, a state in each column."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from slmdesk.messages import format_integer, tr, tr_n
from slmdesk.ui.gallery.states import Focused, disabled, hovered, pressed
from slmdesk.ui.theme import Space, TextRole, Theme
from slmdesk.ui.widgets.badge import Badge, BadgeKind
from slmdesk.ui.widgets.button import Button, ButtonKind
from slmdesk.ui.widgets.check_box import CheckBox
from slmdesk.ui.widgets.choice_button import ChoiceButton
from slmdesk.ui.widgets.labels import Label
from slmdesk.ui.widgets.list_row import (
    RowState,
    draw_busy_row,
    draw_line_of_text,
    draw_row,
    row_font,
    row_ink,
)
from slmdesk.ui.widgets.memory_bar import MemoryBar, MemoryPart
from slmdesk.ui.widgets.number_field import NumberField
from slmdesk.ui.widgets.progress import ProgressLine, ProgressState
from slmdesk.ui.widgets.radio import Radio
from slmdesk.ui.widgets.segmented import Segmented
from slmdesk.ui.widgets.slider import Slider, doubling_steps, equal_steps
from slmdesk.ui.widgets.slider_scale import SliderScale
from slmdesk.ui.widgets.switch import Switch
from slmdesk.ui.widgets.text_area import TextArea
from slmdesk.ui.widgets.text_field import TextField

_COLUMNS = 6

_GIB = 2**30


def reason() -> str:
    """Why something is fixed by policy."""
    return tr("Fixed by your organisation: at most 8 threads.")


class Table(QWidget):
    """Widgets in rows with a name, under columns with a head."""

    def __init__(self, theme: Theme, heads: Sequence[str]) -> None:
        super().__init__()
        self._theme = theme
        self._grid = QGridLayout(self)
        # Room for the rings of the outer cells.
        self._grid.setContentsMargins(0, 0, 0, Space.XS)
        self._grid.setHorizontalSpacing(Space.M)
        self._grid.setVerticalSpacing(Space.M)
        self._grid.setColumnMinimumWidth(0, theme.sizes.choice // 2)
        for column in range(1, _COLUMNS + 1):
            self._grid.setColumnMinimumWidth(column, theme.sizes.choice // 2)
        self._grid.setColumnStretch(_COLUMNS + 1, 1)
        for column, head in enumerate(heads, 1):
            self._grid.addWidget(Label(theme, head, color="text_secondary"), 0, column)

    def add_row(self, name: str, *cells: QWidget | None) -> None:
        """A row; None leaves its column empty."""
        row = self._grid.rowCount()
        self._grid.addWidget(Label(self._theme, name, color="text_secondary"), row, 0)
        middle = Qt.AlignmentFlag.AlignVCenter
        for column, cell in enumerate(cells, 1):
            if cell is None:
                continue
            fixed = cell.sizePolicy().horizontalPolicy() == QSizePolicy.Policy.Fixed
            if isinstance(cell, (TextField, NumberField, Slider, ChoiceButton)):
                cell.setFixedWidth(self._theme.sizes.choice // 2)
            elif isinstance(cell, Button) and cell.text():
                cell.setMinimumWidth(self._theme.sizes.choice // 2)
            align = Qt.AlignmentFlag.AlignLeft | middle if fixed else middle
            self._grid.addWidget(cell, row, column, align)


def side_by_side(*widgets: QWidget) -> QWidget:
    """Widgets in a row of their own, from where reading begins."""
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, Space.XS, Space.XS, Space.XS)
    row.setSpacing(Space.M)
    for widget in widgets:
        row.addWidget(widget)
    row.addStretch(1)
    holder.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
    return holder


def button_table(theme: Theme, focused: Focused) -> Table:
    """Each kind of button in each state."""
    table = Table(
        theme, (tr("Rest"), tr("Hover"), tr("Pressed"), tr("Keyboard focus"), tr("Disabled"), tr("Busy"))
    )

    def row(name: str, make: Callable[[], Button], last: QWidget | None = None) -> None:
        cells = (make(), hovered(make()), pressed(make()), focused.add(make()), disabled(make()))
        table.add_row(name, *cells, last)

    def busy(kind: ButtonKind, text: str) -> Button:
        button = Button(theme, text, kind)
        button.set_busy(True)
        return button

    def filter_on() -> Button:
        button = Button(theme, tr("Installed"), ButtonKind.FILTER)
        button.setChecked(True)
        return button

    row(
        tr("Primary"),
        lambda: Button(theme, tr("Download"), ButtonKind.PRIMARY),
        busy(ButtonKind.PRIMARY, tr("Starting")),
    )
    row(tr("Standard"), lambda: Button(theme, tr("Verify")), busy(ButtonKind.STANDARD, tr("Verifying")))
    row(tr("Destructive"), lambda: Button(theme, tr("Delete"), ButtonKind.DESTRUCTIVE))
    row(tr("Quiet"), lambda: Button(theme, tr("Details"), ButtonKind.QUIET, trailing="chevron-down"))
    row(tr("Link"), lambda: Button(theme, tr("Use 8"), ButtonKind.LINK))
    done = Button(theme, icon="copy", name=tr("Copy"))
    done.show_done(tr("Copied"))
    row(tr("Icon"), lambda: Button(theme, icon="copy", name=tr("Copy")), done)
    row(tr("Filter, on"), filter_on)
    row(tr("Filter, off"), lambda: Button(theme, tr("Size"), ButtonKind.FILTER, trailing="chevron-down"))
    return table


def field_table(theme: Theme, focused: Focused) -> Table:
    """Each kind of field and mark in each state."""
    table = Table(
        theme, (tr("Rest"), tr("Hover"), tr("Focus"), tr("Error"), tr("Disabled"), tr("Fixed by policy"))
    )

    def field(value: str = "") -> TextField:
        made = TextField(theme, tr("Threads"), placeholder=tr("Threads"))
        made.set_value(value)
        return made

    def number(value: int = 6) -> NumberField:
        return NumberField(theme, tr("Threads"), least=1, most=16, value=value)

    def choice() -> ChoiceButton:
        return ChoiceButton(theme, (("cpu", "CPU"), ("gpu", "Vulkan")), tr("Run models on"))

    def switch(value: bool = True) -> Switch:
        return Switch(theme, tr("Think before answering"), value=value)

    def check(value: bool = True) -> CheckBox:
        made = CheckBox(theme, name=tr("Reopen the last chat"))
        made.set_value(value)
        return made

    def radio(value: bool = True) -> Radio:
        made = Radio(theme, name=tr("16-bit"))
        made.setAutoExclusive(False)
        made.setChecked(value)
        return made

    def slider() -> Slider:
        return Slider(theme, tr("Creativity"), equal_steps(0, 1, 0.05), value=0.5)

    wrong, wrong_number = field("64"), number()
    wrong.set_error(tr("From 1 to 16."))
    wrong_number.edit.setText("64")
    wrong_number.set_error(tr("From 1 to 16."))
    fixed, fixed_number, fixed_choice, fixed_switch = field("8"), number(8), choice(), switch(False)
    fixed_check, fixed_slider = check(), slider()
    for one in (fixed, fixed_number, fixed_choice, fixed_switch, fixed_check, fixed_slider):
        one.set_fixed(reason())
    table.add_row(
        tr("Field"), field(), hovered(field()), focused.add(field("8")), wrong, disabled(field("8")), fixed
    )
    table.add_row(
        tr("Number"),
        number(),
        hovered(number()),
        focused.add(number()),
        wrong_number,
        disabled(number()),
        fixed_number,
    )
    table.add_row(
        tr("Choice"),
        choice(),
        hovered(choice()),
        focused.add(choice()),
        None,
        disabled(choice()),
        fixed_choice,
    )
    table.add_row(
        tr("Switch"),
        side_by_side(switch(), switch(False)),
        side_by_side(hovered(switch()), hovered(switch(False))),
        focused.add(switch()),
        None,
        side_by_side(disabled(switch(False)), disabled(switch())),
        fixed_switch,
    )
    table.add_row(
        tr("Check, radio"),
        side_by_side(check(), check(False), radio(), radio(False)),
        side_by_side(hovered(check(False)), hovered(radio(False))),
        side_by_side(focused.add(check()), focused.add(radio())),
        None,
        side_by_side(disabled(check()), disabled(radio())),
        fixed_check,
    )
    table.add_row(
        tr("Slider"),
        slider(),
        hovered(slider()),
        focused.add(slider()),
        None,
        disabled(slider()),
        fixed_slider,
    )
    return table


class RowSample(QWidget):
    """A row of a list, without the list."""

    def __init__(self, theme: Theme, text: str, state: RowState, *, busy: bool = False) -> None:
        super().__init__()
        self._theme = theme
        self._text, self._state, self._busy = text, state, busy
        self.setAccessibleName(text)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(self._theme.sizes.choice, self._theme.sizes.row)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        box = QRectF(self.rect())
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        if self._busy:
            draw_busy_row(painter, self._theme, box, self._text, mirrored=mirrored)
            return
        draw_row(painter, self._theme, box, self._state)
        font, ink = row_font(self._theme, self._state), row_ink(self._theme, self._state)
        inside = box.adjusted(Space.M, 0, -Space.M, 0)
        draw_line_of_text(painter, inside, self._text, font, ink, mirrored=mirrored)


def row_samples(theme: Theme) -> QWidget:
    """A row in each state."""
    holder = QWidget()
    grid = QGridLayout(holder)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setSpacing(Space.S)
    samples = (
        RowSample(theme, tr("Rest"), RowState()),
        RowSample(theme, tr("Hover"), RowState(hover=True)),
        RowSample(theme, tr("Selected"), RowState(selected=True)),
        RowSample(theme, tr("Selected, list not active"), RowState(selected=True, active=False)),
        RowSample(theme, tr("Selected, keyboard focus"), RowState(selected=True, focus=True)),
        RowSample(theme, tr("Disabled"), RowState(enabled=False)),
        RowSample(theme, tr("Loading models"), RowState(), busy=True),
    )
    for index, sample in enumerate(samples):
        grid.addWidget(sample, index // 4, index % 4)
    return holder


def badge_samples(theme: Theme) -> QWidget:
    """Each kind of badge, and each state of a bar."""
    badges = (
        Badge(theme, tr("Fits"), BadgeKind.POSITIVE, icon="check"),
        Badge(theme, tr("Tight"), BadgeKind.CAUTION, icon="triangle-alert"),
        Badge(theme, tr("Slow"), BadgeKind.CAUTION, icon="timer"),
        Badge(theme, tr("Too big"), BadgeKind.NEGATIVE, icon="ban"),
        Badge(theme, tr("Best here"), BadgeKind.ACCENT, icon="star"),
        Badge(theme, tr("Estimate"), BadgeKind.NEUTRAL),
        Badge(theme, tr("Tools"), BadgeKind.OUTLINE, icon="wrench"),
    )
    bars = [ProgressLine(theme, name) for name in (tr("Fetching"), tr("Verifying"), tr("Paused"))]
    for bar, (fraction, state) in zip(
        bars,
        ((0.6, ProgressState.PLAIN), (0.6, ProgressState.STRIPED), (0.38, ProgressState.PAUSED)),
        strict=True,
    ):
        bar.set_fraction(fraction)
        bar.set_state(state)
        bar.setFixedWidth(theme.sizes.meter + Space.L)
    holder = side_by_side(*badges)
    row = holder.layout()
    assert isinstance(row, QHBoxLayout)
    row.setSpacing(Space.S)
    for bar in bars:
        row.addWidget(bar)
    return holder


def _memory_bar(theme: Theme, weights_gib: float) -> MemoryBar:
    bar = MemoryBar(theme, tr("Memory"))
    parts = (
        MemoryPart(tr("Other programs"), round(6.4 * _GIB), "data_other"),
        MemoryPart(tr("Weights"), round(weights_gib * _GIB), "data_1"),
        MemoryPart(tr("KV cache"), round(1.1 * _GIB), "data_4"),
        MemoryPart(tr("Compute"), round(0.3 * _GIB), "data_3"),
    )
    bar.set_parts(parts, 16 * _GIB)
    return bar


def longer_samples(theme: Theme, focused: Focused) -> QWidget:
    """Widgets that need more room than a cell."""
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(Space.M)
    choices = (("light", tr("Light")), ("dark", tr("Dark")), ("system", tr("System")))

    def segmented() -> Segmented:
        made = Segmented(theme, choices, tr("Theme"))
        made.set_value("dark")
        return made

    with_ring, fixed = segmented(), segmented()
    focused.add(with_ring.segments["dark"])
    fixed.set_fixed(reason())
    column.addWidget(side_by_side(segmented(), with_ring, disabled(segmented()), fixed))
    context = Slider(
        theme,
        tr("Context length"),
        doubling_steps(512, 40_960),
        value=8192,
        words=lambda value: tr_n("{count} token", "{count} tokens", round(value)).format(
            count=format_integer(round(value))
        ),
        striped_from=16_384,
    )
    column.addWidget(Label(theme, tr("Context length, each step twice the one before"), TextRole.LABEL))
    column.addWidget(context)
    scale = SliderScale(theme)
    steps = [format_integer(step) for step in doubling_steps(512, 40_960)]
    scale.set_words(steps, (6, tr("{count} no longer fits").format(count=steps[6])))
    column.addWidget(scale)
    column.addWidget(Label(theme, tr("Memory: with room to spare, and too small"), TextRole.LABEL))
    for weights in (2.3, 13.1):
        column.addWidget(_memory_bar(theme, weights))
    search = TextField(
        theme, tr("Search chats"), placeholder=tr("Search chats"), icon="search", clearable=True
    )
    search.set_value(tr("lease"))
    area, empty = TextArea(theme, tr("Instructions"), lines=3), TextArea(theme, tr("Instructions"), lines=3)
    area.set_value(tr("Answer only from the document. Name the page."))
    empty.edit.setPlaceholderText(tr("What every answer should keep to"))
    row = QHBoxLayout()
    row.setSpacing(Space.M)
    for widget in (area, empty):
        row.addWidget(widget)
    column.addWidget(search)
    column.addLayout(row)
    return holder
