"""The card that says whether a model fits: verdict, speeds, memory, and a slider for the context."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from slmdesk.fit import FitReport, Verdict, explained, headline
from slmdesk.messages import UserError, error_sentences, format_integer, say, tr
from slmdesk.ui.download_size import NOTHING
from slmdesk.ui.models.source_row import SourceRow
from slmdesk.ui.models.words import first_word, speed_range
from slmdesk.ui.models.worker import LEAST_CONTEXT, Judged, trained_for
from slmdesk.ui.theme import Space, TextRole, Theme
from slmdesk.ui.widgets.flow import Flow
from slmdesk.ui.widgets.head_row import HeadRow
from slmdesk.ui.widgets.labels import Icon, Label, WrappingLabel
from slmdesk.ui.widgets.memory_bar import MemoryBar, MemoryPart
from slmdesk.ui.widgets.slider import Slider, doubling_steps
from slmdesk.ui.widgets.slider_scale import SliderScale
from slmdesk.ui.widgets.surface import Card
from slmdesk.ui.widgets.tooltip import set_tooltip
from slmdesk.ui.widgets.verdict import MARKS

if TYPE_CHECKING:
    from slmdesk.catalogue import CatalogueModel
    from slmdesk.fit import DeviceNeed, SpeedRange

_WORDS_PER_TOKEN = 0.75


class FitPanel(Card):
    """Shows a `Judged`. Asking is for others: `context_wanted` with each step of the slider."""

    context_wanted = Signal(int)
    exact_wanted = Signal()
    """The person wants the files of the variant looked into, so that the figures are as exact as can be."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._theme = theme
        content = QWidget()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(content)
        column = QVBoxLayout(content)
        column.setContentsMargins(Space.L, Space.M + Space.TINY, Space.L, Space.M + Space.TINY)
        column.setSpacing(Space.S)
        head = QHBoxLayout()
        head.setSpacing(Space.S)
        self._icon = Icon(theme, "info", theme.sizes.icon_rail)
        head.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(Space.TINY)
        self.headline = Label(theme, "", TextRole.TITLE, wrap=True)
        self.reason = Label(theme, "", wrap=True)
        self.change = Label(theme, "", TextRole.LABEL, wrap=True)
        for label in (self.headline, self.reason, self.change):
            words.addWidget(label)
        head.addLayout(words, 1)
        column.addLayout(head)
        self.source_row = SourceRow(theme)
        self.source_row.button.clicked.connect(self.exact_wanted)
        column.addLayout(self.source_row)
        self.problem = Label(theme, "", color="negative", wrap=True)
        """Why what the button of `source_row` started could not be done."""
        self.problem.hide()
        column.addWidget(self.problem)
        self.speeds = [_Figure(theme) for _ in range(3)]
        figures = QWidget()
        flow = Flow(Space.XL)
        figures.setLayout(flow)
        for figure in self.speeds:
            flow.addWidget(figure)
        column.addSpacing(Space.XS)
        column.addWidget(figures)
        column.addSpacing(Space.XS)
        self._bars = QVBoxLayout()
        self._bars.setSpacing(Space.M)
        self.bars: list[tuple[Label, MemoryBar]] = []
        column.addLayout(self._bars)
        column.addSpacing(Space.S)
        self._add_slider(theme, column)
        self._shown = ""

    def _add_slider(self, theme: Theme, column: QVBoxLayout) -> None:
        self.context = Label(theme, "", TextRole.STRONG)
        self.context_words = WrappingLabel(theme, "", TextRole.BASE, "text_secondary")
        length = QWidget()
        flow = Flow(Space.XS)
        length.setLayout(flow)
        flow.addWidget(self.context)
        flow.addWidget(self.context_words)
        column.addWidget(HeadRow(Label(theme, tr("Context length"), TextRole.LABEL, wrap=True), length))
        steps = doubling_steps(LEAST_CONTEXT, 2 * LEAST_CONTEXT)
        self.slider = Slider(theme, tr("Context length"), steps, words=_tokens)
        self.slider.changed.connect(self._take_step)
        self.scale = SliderScale(theme)
        column.addWidget(self.slider)
        column.addWidget(self.scale)

    def show_waiting(self, model: CatalogueModel) -> None:
        """Another model: nothing of the one before is true of it."""
        if self._shown == model.id:
            return
        self._shown = model.id
        steps = doubling_steps(LEAST_CONTEXT, trained_for(model))
        self.slider.set_values(steps)
        self.scale.set_words([format_integer(step) for step in steps])
        self.slider.set_striped_from(None)

    def show_judged(self, judged: Judged) -> None:
        """Everything that is known about how it would run."""
        report = judged.report
        icon, ink = MARKS[report.verdict]
        self._icon.set_icon(icon, ink)
        self.headline.setText(say(headline(report)))
        self.reason.setText(" ".join(map(say, explained(report))))
        self.change.setText(say(report.change) if report.change is not None else "")
        self.change.setVisible(report.change is not None)
        self.source_row.show_judged(judged)
        self._show_speeds(report)
        self._show_bars(report)
        self._show_context(judged)

    def show_error(self, error: UserError) -> None:
        """It cannot be told: what happened, why, and what to do."""
        words = error_sentences(error)
        self._icon.set_icon("circle-alert", "negative")
        self.headline.setText(words.what)
        self.reason.setText(words.why)
        self.change.setText(words.do)
        self.change.setVisible(bool(words.do))
        self.source_row.show_nothing()
        for figure in self.speeds:
            figure.show_figure("", NOTHING, "", "")
            figure.hide()
        self._show_needs(())

    def _take_step(self, tokens: float) -> None:
        self._say_context(int(tokens))
        self.context_wanted.emit(int(tokens))

    def _show_speeds(self, report: FitReport) -> None:
        known = report.speed is not None or report.first_token_s is not None
        for figure in self.speeds:
            figure.setVisible(known and report.verdict is not Verdict.TOO_BIG)
        writing, full, first = self.speeds
        rate = tr("tok/s")
        generation = tr("Token generation in tokens per second")
        writing.show_figure(
            tr("Writing speed"), speed_range(report.speed), rate, _how_known(report.speed), generation
        )
        full.show_figure(
            tr("When the context is full"),
            speed_range(report.speed_when_full),
            rate,
            _how_known(report.speed_when_full),
            generation,
        )
        seconds = report.first_token_s
        shown = first_word(seconds) if seconds is not None else NOTHING
        time_to_first = tr("Time to first token after a prompt of 130 tokens")
        first.show_figure(tr("First word"), shown, "", tr("after a 100-word question"), time_to_first)

    def _show_bars(self, report: FitReport) -> None:
        memory = report.memory
        self._show_needs(memory.devices if memory is not None else ())

    def _show_needs(self, needs: Sequence[DeviceNeed]) -> None:
        known = [one for one in needs if one.total]
        while len(self.bars) < len(known):
            name, bar = Label(self._theme, "", TextRole.LABEL), MemoryBar(self._theme, tr("Memory"))
            self.bars.append((name, bar))
            self._bars.addWidget(name)
            self._bars.addWidget(bar)
        for number, (name, bar) in enumerate(self.bars):
            shown = number < len(known)
            bar.setVisible(shown)
            name.setVisible(shown and len(known) > 1)
            if shown:
                need = known[number]
                title = tr("Memory of this computer") if number == 0 else need.name
                name.setText(title)
                bar.setAccessibleName(title)
                bar.set_parts(_parts_of(need), need.total or 0)

    def _show_context(self, judged: Judged) -> None:
        steps = doubling_steps(LEAST_CONTEXT, judged.trained_for)
        self.slider.set_values(steps)
        if not self.slider.isSliderDown():
            self.slider.set_value(judged.context_length)
            self._say_context(judged.context_length)
        longest = judged.longest
        # Without a longest one nothing fits, which the verdict says.
        beyond = [step for step in steps if longest is not None and step > longest]
        striped = beyond[0] if beyond else None
        self.slider.set_striped_from(longest if beyond else None)
        words = [format_integer(step) for step in steps]
        marked = None
        if striped is not None:
            index = steps.index(striped)
            marked = (index, tr("{count} no longer fits").format(count=words[index]))
        self.scale.set_words(words, marked)

    def _say_context(self, tokens: int) -> None:
        self.context.setText(_tokens(tokens))
        count = format_integer(round(tokens * _WORDS_PER_TOKEN, -2))
        self.context_words.setText("· " + tr("about {count} words").format(count=count))


class _Figure(QWidget):
    """A small head, a figure with its unit, and how it is known."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.TINY)
        self.head = WrappingLabel(theme, "", TextRole.SECONDARY, "text_secondary")
        line = QHBoxLayout()
        line.setSpacing(Space.XS)
        self.figure = Label(theme, "", TextRole.TITLE)
        self.unit = Label(theme, "")
        line.addWidget(self.figure)
        line.addWidget(self.unit)
        line.addStretch(1)
        self.about = WrappingLabel(theme, "", TextRole.SECONDARY, "text_secondary")
        column.addWidget(self.head)
        column.addLayout(line)
        column.addWidget(self.about)

    def show_figure(self, head: str, figure: str, unit: str, about: str, tooltip: str = "") -> None:
        self.head.setText(head)
        self.figure.setText(figure)
        self.unit.setText(unit if figure != NOTHING else "")
        self.about.setText(about)
        self.setAccessibleName(f"{head}: {figure} {unit}".strip() + f", {about}")
        set_tooltip(self, tooltip)


def _tokens(tokens: float) -> str:
    return tr("{count} tokens").format(count=format_integer(tokens))


def _how_known(speed: SpeedRange | None) -> str:
    if speed is None:
        return tr("not known")
    return tr("measured") if speed.measured else tr("predicted")


def _parts_of(need: DeviceNeed) -> list[MemoryPart]:
    parts, total = need.parts, need.total or 0
    others = max(total - need.free, 0) if need.free is not None else 0
    return [
        MemoryPart(tr("Other programs"), others, "data_other"),
        MemoryPart(tr("Weights"), parts.weights, "data_1"),
        MemoryPart(tr("KV cache"), parts.kv, "data_4"),
        # What the bar has room for; the command `fit` tells them apart.
        MemoryPart(tr("Compute, engine"), parts.compute + parts.output + parts.runtime, "data_3"),
    ]
