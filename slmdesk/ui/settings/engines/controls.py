"""Controls whose values are not what is written in them: numbers to choose from, and numbers or automatic."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QResizeEvent

from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.choice_button import ChoiceButton
from slmdesk.ui.widgets.number_field import NumberField

_NO_NOTES: Mapping[str, str] = MappingProxyType({})


class OpenChoice(ChoiceButton):
    """A choice among values of which there may be others: one that is set and not offered is added."""

    picked = Signal(object)
    """The value, as `read` makes it from what is offered."""

    def __init__(
        self,
        theme: Theme,
        name: str,
        *,
        words: Callable[[str], str],
        read: Callable[[str], object] = str,
        values: Sequence[str] = (),
        order: Callable[[str], float] | None = None,
    ) -> None:
        """`words` for a value, also for one that is not offered. `order` says where that one stands; without
        it, at the end.
        """
        self._words = words
        self._order = order
        super().__init__(theme, [(value, words(value)) for value in values] or [("", words(""))], name)
        self.chosen.connect(lambda value: self.picked.emit(read(value)))

    def offer(self, values: Sequence[str], notes: Mapping[str, str] = _NO_NOTES) -> None:
        """Offer these values, and keep what is chosen."""
        kept = self.value
        self.set_choices([(value, self._words(value)) for value in values], notes)
        self.set_value(kept)

    def set_value(self, value: object) -> None:
        """Show `value` as chosen, without saying `picked`. None is the empty value."""
        text = "" if value is None else str(value)
        if text not in [one for one, _ in self.choices]:
            notes = dict(self.notes)
            choices = [*self.choices, (text, self._words(text))]
            order = self._order
            if order is not None:
                choices.sort(key=lambda choice: order(choice[0]))
            self.set_choices(choices, notes)
        super().set_value(text)


class AutomaticNumber(NumberField):
    """A whole number, or `automatic` where the field is empty."""

    picked = Signal(object)
    """The number; `automatic` where the field was emptied."""

    def __init__(
        self, theme: Theme, name: str, *, least: int, most: int, automatic: int | None, placeholder: str
    ) -> None:
        self._automatic = automatic
        super().__init__(
            theme, name, least=least, most=most, optional=True, placeholder=placeholder, at_end=True
        )
        self.changed.connect(lambda value: self.picked.emit(automatic if value is None else int(value)))

    def set_value(self, value: float | None) -> None:
        """Show `value`, without saying `picked`."""
        super().set_value(None if value == self._automatic else value)

    def minimumSizeHint(self) -> QSize:
        """Room for a short number: what else it might say is shortened."""
        return QSize(min(self._width, self._theme.sizes.number_width), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The box gives way where there is less room than it would take."""
        super().resizeEvent(event)
        self._fit_box()

    def _fit_box(self) -> None:
        least = self.minimumSizeHint().width()
        self.box.setFixedWidth(
            min(self._width, max(self.width(), least)) if self.isVisible() else self._width
        )

    def set_placeholder(self, words: str) -> None:
        """Say something else while it is empty."""
        self.edit.setPlaceholderText(words)
        self._width = self._wide_enough()
        self._fit_box()
        self.updateGeometry()
