"""One engine on the page: what it is, whether it works, and the switch that turns it off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from slmdesk.messages import error_sentences, tr
from slmdesk.ui.settings.engines.words import engine_about
from slmdesk.ui.settings.rows import SettingsRow
from slmdesk.ui.theme import Space, TextRole, Theme
from slmdesk.ui.widgets.banner import Banner
from slmdesk.ui.widgets.flow import Flow
from slmdesk.ui.widgets.labels import Icon, Label
from slmdesk.ui.widgets.spinner import Spinner
from slmdesk.ui.widgets.switch import Switch

if TYPE_CHECKING:
    from slmdesk.engines import EngineFacts


class EngineSwitch(Switch):
    """On, unless the engine is among those that are off."""

    def __init__(self, theme: Theme, engine: str, title: str) -> None:
        super().__init__(theme, tr("Use {engine}").format(engine=title), value=True)
        self._engine = engine

    def set_value(self, value: object) -> None:
        """Show whether it is on, by the setting: the names of the engines that are off."""
        on = value if isinstance(value, bool) else self._engine not in value  # type: ignore[operator]
        super().set_value(on)


class EngineView(QWidget):
    """A row, with what is wrong below it where the engine does not work."""

    switched = Signal(str, bool)
    """The person turned the engine with this name on or off."""

    def __init__(self, theme: Theme, name: str, title: str, models: str) -> None:
        """`models`: what it loads, in words."""
        super().__init__()
        self._theme = theme
        self.engine = name
        self._models = models
        self.banner: Banner | None = None
        self.switch = EngineSwitch(theme, name, title)
        self.switch.changed.connect(lambda on: self.switched.emit(name, on))
        self.state = _State(theme)
        control = QWidget()
        beside = Flow(Space.L)
        control.setLayout(beside)
        beside.addWidget(self.state)
        beside.addWidget(self.switch)
        self.row = SettingsRow(theme, "package", title, models, control, keeps_about=True)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self.row)
        self.show_looking()

    def show_looking(self) -> None:
        """Nothing is known yet, or it is being looked at again."""
        if self.switch.value:
            self.state.show_looking()

    def show_facts(self, facts: EngineFacts | None) -> None:
        """Show what is known; None: nothing could be found out."""
        self._close_banner()
        if not self.switch.value:
            self.row.set_about(self._models)
            self.state.say(tr("Off"), "", "text_secondary")
        elif facts is None:
            self.state.say(tr("Not known"), "", "text_secondary")
        elif facts.problem is not None:
            self.row.set_about(self._models)
            self.state.say(tr("Does not work"), "circle-alert", "negative")
            words = error_sentences(facts.problem)
            self.banner = Banner(
                self._theme, words.what, words.why, words.do, facts.problem.details, (), closable=False
            )
            box = QVBoxLayout()
            box.setContentsMargins(Space.S, 0, Space.S, Space.S)
            box.addWidget(self.banner)
            self._column.addLayout(box)
        elif facts.version:
            self.row.set_about(engine_about(facts, self._models))
            self.state.say(tr("Works"), "circle-check", "positive")
        else:
            # It was off when somebody looked, and has been turned on since.
            self.state.show_looking()

    def _close_banner(self) -> None:
        if self.banner is not None:
            self.banner.hide()
            self.banner.deleteLater()
            self.banner = None
            box = self._column.takeAt(1)
            assert box is not None


class _State(QWidget):
    """An icon and a word: never the colour alone."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.XS + Space.TINY)
        self._icon = Icon(theme, "circle-check", theme.sizes.icon_button)
        self._spinner = Spinner(theme, tr("Looking"))
        self.label = Label(theme, "", TextRole.BADGE)
        for part in (self._icon, self._spinner, self.label):
            row.addWidget(part)

    def say(self, words: str, icon: str, ink: str) -> None:
        """Show a word, and an icon where there is one for it."""
        self._spinner.hide()
        self._icon.setVisible(bool(icon))
        if icon:
            self._icon.set_icon(icon, ink)
        self.label.set_ink(ink)
        self.label.setText(words)

    def show_looking(self) -> None:
        """It is on its way."""
        self._icon.hide()
        self._spinner.show()
        self.label.set_ink("text_secondary")
        self.label.setText(tr("Looking"))
