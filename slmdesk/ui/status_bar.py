"""The line at the foot of the window: what is loaded on the left, where it runs on the right."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from slmdesk.messages import error_sentences, format_bytes, format_integer, format_number, say, tr, tr_n
from slmdesk.ui.state import EngineState, Phase
from slmdesk.ui.theme import Line, Space, TextRole, Theme
from slmdesk.ui.widgets.labels import ElidedLabel, Icon, Label
from slmdesk.ui.widgets.surface import Surface
from slmdesk.ui.widgets.tooltip import set_tooltip

if TYPE_CHECKING:
    from slmdesk.engines import LoadReport, Placement

# Tokens per second below which a tenth matters.
_SLOW = 10
# Letters that a shortened name keeps about.
_SHORT = 14
# As Qt has it.
_UNLIMITED = 16_777_215


class StatusBar(Surface):
    """Shows an `EngineState`. Nothing in it can be pressed."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "window", (Qt.Edge.TopEdge,), parent)
        self.setFixedHeight(theme.sizes.status_bar)
        self.setAccessibleName(tr("Status"))
        self.state_segment = _Segment(theme, "circle-dot", "text_secondary", first=True)
        self.model_segment = _Segment(theme)
        self.engine_segment = _Segment(theme)
        self.device_segment = _Segment(theme, "triangle-alert", "caution")
        self.memory_segment = _Segment(theme)
        self.speed_segment = _Segment(theme)
        self.place_segment = _Segment(theme, "shield-check", "text_secondary", first=True)
        self.set_offline(False)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Line.BORDER, Space.L, 0)
        row.setSpacing(Space.S)
        self._facts = (
            self.model_segment,
            self.engine_segment,
            self.device_segment,
            self.memory_segment,
            self.speed_segment,
        )
        # From what can be spared to what cannot; a warning of the device stays in any case.
        self._savings: tuple[Callable[[], None], ...] = (
            lambda: self.place_segment.show_words(False),
            lambda: self.model_segment.show_detail(False),
            self.memory_segment.hide,
            self.speed_segment.hide,
            self.device_segment.shorten,
            self.engine_segment.shorten,
            self.model_segment.shorten,
            lambda: self.device_segment.show_words(False),
            self.engine_segment.hide,
        )
        row.addWidget(self.state_segment)
        for segment in self._facts:
            row.addWidget(segment)
        row.addStretch(1)
        row.addWidget(self.place_segment)
        self.show_state(EngineState())

    def set_offline(self, offline: bool) -> None:
        """Say whether the network is out of use."""
        if offline:
            self.place_segment.set_icon("cloud-off", "text_secondary")
            self.place_segment.say(tr("Offline"))
            words = tr("The model runs here, and SLM Desk asks nothing of the network.")
        else:
            self.place_segment.set_icon("shield-check", "text_secondary")
            self.place_segment.say(tr("On this computer"))
            words = tr("The model runs here. Nothing is sent anywhere.")
        set_tooltip(self.place_segment, words)

    def show_state(self, state: EngineState) -> None:
        """Show what the engine does and what is loaded."""
        icon, ink, words = _phase_in_words(state)
        self.state_segment.set_icon(icon, ink)
        self.state_segment.say(words, ink=ink if ink != "positive" else "text")
        report, model = state.report, state.model
        gone = state.phase is Phase.FAILED
        self.model_segment.say(model.title if model else "", model.quantization if model else "")
        self.device_segment.show_icon(False)
        # How it was packaged is for the tooltip.
        self.engine_segment.say(report.engine if report else "")
        set_tooltip(self.engine_segment, f"{report.engine} {report.engine_version}" if report else "")
        self.device_segment.say("")
        self.memory_segment.say("")
        self.speed_segment.say("")
        if report and gone:
            self.memory_segment.say(tr("memory released"))
        elif report:
            self.device_segment.say(_device_in_words(report))
            warning = state.placement.warning if state.placement else None
            self.device_segment.show_icon(warning is not None)
            why = _why(state.placement)
            set_tooltip(self.device_segment, why)
            self.device_segment.setAccessibleDescription(why)
            if state.memory_bytes:
                self.memory_segment.say(format_bytes(state.memory_bytes, binary=True))
                set_tooltip(self.memory_segment, tr("Memory that the engine process uses (resident)"))
            if state.tokens_per_second:
                rate = format_number(state.tokens_per_second, decimals=_decimals(state.tokens_per_second))
                speed = tr("{rate} tok/s").format(rate=rate)
                self.speed_segment.say(speed)
                set_tooltip(self.speed_segment, tr("Writing speed of the last answer (token generation)"))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show what there is room for."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Shorten and leave out what can best be spared, one after the other, where there is no room for all.

        What is left out is told with the model.
        """
        parts = (self.state_segment, *self._facts, self.place_segment)
        for segment in parts:
            segment.show_all()
        room = self.width() - 2 * Space.L
        for save in self._savings:
            if sum(one.sizeHint().width() + Space.S for one in parts if not one.isHidden()) <= room:
                break
            save()
        left_out = [one.whole_words for one in self._facts if one.words and not one.is_whole]
        set_tooltip(self.model_segment, " · ".join(left_out))


class _Segment(QWidget):
    """One fact; a line parts it from the one before."""

    def __init__(self, theme: Theme, icon: str = "", ink: str = "", *, first: bool = False) -> None:
        super().__init__()
        self._theme = theme
        self._first = first
        row = QHBoxLayout(self)
        row.setContentsMargins(0 if first else Space.S, 0, 0, 0)
        row.setSpacing(Space.XS + Space.TINY)
        self._icon = Icon(theme, icon, theme.sizes.icon_chevron, ink) if icon else None
        if self._icon is not None:
            row.addWidget(self._icon)
        self._label = ElidedLabel(theme, "", TextRole.SECONDARY)
        self._detail = Label(theme, "", TextRole.SECONDARY, "text_secondary")
        row.addWidget(self._label, 1)
        row.addWidget(self._detail)
        self._detail.hide()
        self._short = False

    @property
    def words(self) -> str:
        """What it says; empty: it is hidden."""
        return self._label.whole_text

    @property
    def whole_words(self) -> str:
        """All that it says, with the detail."""
        return " ".join(part for part in (self.words, self._detail.text()) if part)

    @property
    def is_whole(self) -> bool:
        """Whether all of it can be read."""
        kept = self._detail.isHidden() == (not self._detail.text())
        return kept and not self.isHidden() and not self._label.isHidden() and not self._short

    def set_icon(self, name: str, ink: str) -> None:
        """Show another icon, for a segment that was made with one."""
        if self._icon is not None:
            self._icon.set_icon(name, ink)

    def show_icon(self, shown: bool) -> None:
        """Show the icon, or the words alone."""
        if self._icon is not None:
            self._icon.setVisible(shown)

    def say(self, words: str, detail: str = "", ink: str = "text_secondary") -> None:
        """Show words, and a detail beside them."""
        # With a detail the words are the name of something.
        self._label.set_ink("text" if detail else ink)
        self._label.set_text(words)
        self._detail.setText(detail)
        self.setAccessibleName(self.whole_words)

    def show_all(self) -> None:
        """All that it says; nothing where it says nothing."""
        self._short = False
        self._label.setMaximumWidth(_UNLIMITED)
        self.show_words(True)
        self.show_detail(True)
        self.setVisible(bool(self.words))

    def show_words(self, shown: bool) -> None:
        """Show the words, or the icon alone: nothing, where there is none."""
        self._label.setVisible(shown)
        self.setVisible(shown or (self._icon is not None and not self._icon.isHidden()))

    def show_detail(self, shown: bool) -> None:
        """Show the detail, where there is one."""
        self._detail.setVisible(shown and bool(self._detail.text()))

    def shorten(self) -> None:
        """Give the words room for a few letters."""
        most = _SHORT * self._label.fontMetrics().averageCharWidth()
        self._short = most < self._label.sizeHint().width()
        self._label.setMaximumWidth(most)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._first:
            edge = QRectF(0, Space.XS + Space.TINY, Line.BORDER, self.height() - 2 * (Space.XS + Space.TINY))
            QPainter(self).fillRect(edge, self._theme.color("border"))


def _decimals(rate: float) -> int:
    """Of a speed: half a token per second is not none."""
    return 1 if rate < _SLOW else 0


def _device_in_words(report: LoadReport) -> str:
    """Where the layers are: how many of how many, or how many threads compute them."""
    if report.gpu_layers and report.layers:
        layers = tr_n("{placed} of {count} layer", "{placed} of {count} layers", report.layers)
        placed, count = format_integer(report.gpu_layers), format_integer(report.layers)
        words = layers.format(placed=placed, count=count)
        return tr("{device}, {layers}").format(device=report.device, layers=words)
    if report.used_devices:
        return report.device
    threads = tr_n("{count} thread", "{count} threads", report.threads)
    return tr("{device}, {threads}").format(
        device=report.device, threads=threads.format(count=format_integer(report.threads))
    )


def _why(placement: Placement | None) -> str:
    """The reason for the device, and what speaks against it."""
    if placement is None:
        return ""
    if placement.warning is None:
        return say(placement.reason)
    words = error_sentences(placement.warning)
    return " ".join(part for part in (words.what, words.why, words.do) if part)


def _phase_in_words(state: EngineState) -> tuple[str, str, str]:
    """Icon, ink and word of a phase: never the colour alone."""
    match state.phase:
        case Phase.LOADING:
            return "loader-circle", "accent_ink", tr("Loading")
        case Phase.READING:
            return "loader-circle", "accent_ink", tr("Reading")
        case Phase.THINKING:
            return "loader-circle", "accent_ink", tr("Thinking")
        case Phase.WRITING:
            return "loader-circle", "accent_ink", tr("Writing")
        case Phase.READY:
            return "circle-check", "positive", tr("Ready")
        case Phase.FAILED if state.report is not None:
            return "circle-alert", "negative", tr("Engine stopped")
        case Phase.FAILED:
            return "circle-alert", "negative", tr("Could not be loaded")
        case Phase.UNLOADED if state.freed:
            return "circle-dot", "text_secondary", tr("Unloaded to free memory")
        case Phase.UNLOADED:
            return "circle-dot", "text_secondary", tr("No model loaded")
