"""What is to be shown of the models: a search, filters that narrow, and whether the whole Hub is searched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from slmdesk.catalogue import GGUF, ONNX
from slmdesk.engines import ENGINES, engine_of_format
from slmdesk.fit import Verdict
from slmdesk.messages import format_bytes, tr
from slmdesk.offers import OfferFilter
from slmdesk.ui.models.words import ability_words
from slmdesk.ui.theme import Space, Theme
from slmdesk.ui.widgets.button import Button, ButtonKind
from slmdesk.ui.widgets.flow import Flow
from slmdesk.ui.widgets.menu import Menu
from slmdesk.ui.widgets.scroll_page import ScrollPage
from slmdesk.ui.widgets.segmented import Segmented
from slmdesk.ui.widgets.surface import Surface
from slmdesk.ui.widgets.text_field import TextField

CURATED, HUB = "curated", "hub"
_GB = 10**9
_LIMITS = (1 * _GB, 3 * _GB, 6 * _GB, 15 * _GB)
_ENGINES = tuple((format_, ENGINES[engine_of_format(format_)].title) for format_ in (GGUF, ONNX))
"""Formats, and the names of the engines that run them, which no language translates."""


class FilterBar(Surface):
    """Makes an `OfferFilter`. `changed` says that it is another one."""

    changed = Signal()
    scope_changed = Signal(str)
    """The person wants the curated list alone, or the whole Hub."""
    list_wanted = Signal()
    """The keyboard is to go to the list: Enter or an arrow in the search."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "surface", (Qt.Edge.BottomEdge,), parent)
        self._wanted = OfferFilter(curated=True)
        self.search = TextField(
            theme, tr("Search models"), placeholder=tr("Search models"), icon="search", clearable=True
        )
        self.search.setFixedWidth(theme.sizes.models_search)
        self.search.changed.connect(lambda text: self._set(text=text))
        self.search.submitted.connect(lambda _: self.list_wanted.emit())
        self.search.went_down.connect(self.list_wanted)
        self.fits = Button(theme, tr("Fits this computer"), ButtonKind.FILTER)
        self.fits.toggled.connect(
            lambda on: self._set(verdicts=frozenset({Verdict.FITS}) if on else frozenset())
        )
        self.sizes = _MenuFilter(theme, tr("Size"), self._fill_size)
        self.abilities = _MenuFilter(theme, tr("Can do"), self._fill_abilities)
        self.licence = _MenuFilter(theme, tr("Licence"), self._fill_licence)
        self.engine = _MenuFilter(theme, tr("Engine"), self._fill_engine)
        self.installed = Button(theme, tr("Installed"), ButtonKind.FILTER)
        self.installed.toggled.connect(lambda on: self._set(installed=True if on else None))
        self.scope = Segmented(theme, ((CURATED, tr("Curated")), (HUB, tr("Whole Hub"))), tr("Models of"))
        self.scope.set_value(CURATED)
        self.scope.chosen.connect(self._take_scope)
        self.fold_button = Button(theme, tr("Filters"), trailing="chevron-down")
        self.fold_button.setCheckable(True)
        self.fold_button.toggled.connect(self._show_fold)
        self._compact: bool | None = None
        self._room = 0
        self._filters = (
            *(self.fits, self.sizes, self.abilities, self.licence),
            *(self.engine, self.installed),
        )
        line = QWidget()
        self._line = Flow()
        line.setLayout(self._line)
        self._line.addWidget(self.search)
        self._line.addWidget(self.fold_button)
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(line, 1)
        # In the middle of the first line of filters.
        self._beside = QVBoxLayout()
        self._beside.setContentsMargins(0, (theme.sizes.button - self.scope.sizeHint().height()) // 2, 0, 0)
        row.addLayout(self._beside)
        self._fold = _Fold()
        column = QVBoxLayout(self)
        edge = Space.S + Space.TINY
        column.setContentsMargins(Space.L, edge, Space.L, edge)
        column.setSpacing(Space.S)
        column.addLayout(row)
        column.addWidget(self._fold)
        self.set_room(0, compact=False)

    @property
    def wanted(self) -> OfferFilter:
        """What is to be shown."""
        return self._wanted

    @property
    def hub(self) -> bool:
        """Whether the whole Hub is searched."""
        return self.scope.value == HUB

    def set_room(self, height: int, *, compact: bool) -> None:
        """`compact`: one line, with the filters behind a button; this is `height` pixels high at most."""
        self._room = height
        if compact != self._compact:
            self._compact = compact
            for widget in self._filters:
                (self._fold.flow if compact else self._line).addWidget(widget)
            if compact:
                self._fold.flow.addWidget(self.scope)
            else:
                self._beside.addWidget(self.scope, 0, Qt.AlignmentFlag.AlignTop)
            self.fold_button.setVisible(compact)
        self._show_fold()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The filters wrap in another way."""
        super().resizeEvent(event)
        self._show_fold()

    def focus_search(self) -> None:
        """Put the keyboard into the search, its text selected."""
        self.search.edit.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.select_all()

    def clear(self) -> None:
        """Show everything of the list chosen."""
        self.search.set_value("")
        self._wanted = OfferFilter(curated=self._wanted.curated)
        for button in (self.fits, self.installed):
            blocked = button.blockSignals(True)
            button.setChecked(False)
            button.blockSignals(blocked)
        self._show_filters()
        self.changed.emit()

    def show_only(self, **changes: Any) -> None:
        """Show all models that `changes` let through."""
        self._wanted = OfferFilter(curated=self._wanted.curated, **changes)
        self.search.set_value(self._wanted.text)
        for button, on in (
            (self.fits, bool(self._wanted.verdicts)),
            (self.installed, bool(self._wanted.installed)),
        ):
            blocked = button.blockSignals(True)
            button.setChecked(on)
            button.blockSignals(blocked)
        self._show_filters()
        self.changed.emit()

    def _set(self, **changes: Any) -> None:
        wanted = msgspec.structs.replace(self._wanted, **changes)
        if wanted != self._wanted:
            self._wanted = wanted
            self._show_filters()
            self.changed.emit()

    def _take_scope(self, scope: str) -> None:
        self._wanted = msgspec.structs.replace(self._wanted, curated=True if scope == CURATED else None)
        self.scope_changed.emit(scope)
        self.changed.emit()

    def _show_fold(self) -> None:
        opened = bool(self._compact) and self.fold_button.isChecked()
        self.fold_button.set_trailing("chevron-up" if opened else "chevron-down")
        self._fold.setVisible(opened)
        width, search = self.width() - 2 * Space.L, self._theme.sizes.models_search
        if self._compact:
            # The button stays beside it.
            search = min(search, width - Space.S - self.fold_button.sizeHint().width())
        self.search.setFixedWidth(max(search, self._theme.sizes.button))
        if opened:
            edge, line = Space.S + Space.TINY, self._theme.sizes.button
            rest = self._room - line - Space.S - 2 * edge
            self._fold.fit(width, max(rest, line + 2 * Space.XS))

    def _show_filters(self) -> None:
        wanted = self._wanted
        tiers, uses = _tiers(), _uses()
        sizes = [words for value, words in tiers if value in wanted.tiers]
        if wanted.most_bytes is not None:
            sizes.append(_up_to(wanted.most_bytes))
        self.sizes.show_chosen(sizes)
        words = ability_words()
        self.abilities.show_chosen([words[one][1].lower() for one in words if one in wanted.abilities])
        self.licence.show_chosen([words for value, words in uses if value in wanted.work_use])
        self.engine.show_chosen([words for value, words in _ENGINES if value in wanted.formats])
        count = sum(one.isChecked() for one in self._filters)
        words_of_fold = tr("{filter}: {count}").format(filter=tr("Filters"), count=count)
        self.fold_button.setText(words_of_fold if count else tr("Filters"))
        self.fold_button.updateGeometry()

    def _fill_size(self, menu: Menu) -> None:
        menu.add_head(tr("Number of weights"))
        for value, words in _tiers():
            self._add_toggle(menu, "tiers", value, words)
        menu.add_divider()
        menu.add_head(tr("Download"))
        for limit in _LIMITS:
            chosen = self._wanted.most_bytes == limit
            other = None if chosen else limit
            menu.add(_up_to(limit), partial(self._set, most_bytes=other), checked=chosen)

    def _fill_abilities(self, menu: Menu) -> None:
        for value, (_, words) in ability_words().items():
            self._add_toggle(menu, "abilities", value, words)
        menu.add_divider()
        self._add_toggle(menu, "languages", "pl", tr("Made for Polish, too"))

    def _fill_licence(self, menu: Menu) -> None:
        for value, words in _uses():
            self._add_toggle(menu, "work_use", value, words)

    def _fill_engine(self, menu: Menu) -> None:
        for value, words in _ENGINES:
            self._add_toggle(menu, "formats", value, words)

    def _add_toggle(self, menu: Menu, field: str, value: str, words: str) -> None:
        before: frozenset[str] = getattr(self._wanted, field)
        chosen = value in before
        after = before - {value} if chosen else before | {value}
        menu.add(words, lambda: self._set(**{field: after}), checked=chosen)


class _Fold(ScrollPage):
    """Filters that wrap, and scroll where there is less height than they take."""

    def __init__(self) -> None:
        super().__init__(keeps_bar=False)
        content = QWidget()
        self.flow = Flow()
        # Free pixels around what scrolls, for focus rings.
        self.flow.setContentsMargins(0, Space.XS, Space.M, Space.XS)
        content.setLayout(self.flow)
        self.setWidget(content)

    def fit(self, width: int, most: int) -> None:
        """Be as high as the filters are in `width`, and `most` at most."""
        self.setFixedHeight(max(min(self.flow.heightForWidth(width), most), 0))


class _MenuFilter(Button):
    """A filter that opens a menu of what it may let through; on where anything is chosen."""

    def __init__(self, theme: Theme, name: str, fill: Callable[[Menu], None]) -> None:
        super().__init__(theme, name, ButtonKind.FILTER, trailing="chevron-down")
        self._name = name
        self._fill = fill
        self._on = False
        self.setAccessibleName(name)
        self.clicked.connect(self.open_menu)

    def show_chosen(self, words: Sequence[str]) -> None:
        """Name what is chosen; several by their number."""
        self._on = bool(words)
        if len(words) == 1:
            text = tr("{filter}: {choice}").format(filter=self._name, choice=words[0])
        elif words:
            text = tr("{filter}: {count}").format(filter=self._name, count=len(words))
        else:
            text = self._name
        self.setText(text)
        self.setAccessibleDescription(", ".join(words))
        self.setChecked(self._on)
        self.updateGeometry()

    def open_menu(self) -> Menu:
        """Open the menu under the button."""
        # Pressing it changed what it shows.
        self.setChecked(self._on)
        menu = Menu(self._theme, self)
        self._fill(menu)
        menu.open_below(self)
        return menu


def _tiers() -> tuple[tuple[str, str], ...]:
    return (
        ("micro", tr("Micro, below 1.5 billion")),
        ("small", tr("Small, below 14 billion")),
        ("medium", tr("Medium, to 30 billion")),
        ("above", tr("Larger")),
    )


def _uses() -> tuple[tuple[str, str], ...]:
    return (
        ("yes", tr("Also for work")),
        ("limits", tr("For work with limits")),
        ("no", tr("Not for work")),
        ("unknown", tr("Not known")),
    )


def _up_to(limit: int) -> str:
    return tr("up to {size}").format(size=format_bytes(limit))
