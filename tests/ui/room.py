"""Whether a panel has room for what it shows: nothing is cut, and all of it can be reached."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget

from slmdesk.messages import choose_language
from slmdesk.storage import resources_folder
from slmdesk.ui import Theme
from slmdesk.ui.widgets.labels import ElidedLabel, Label

SMALL, USUAL = (900, 600), (1280, 800)


def speak(language: str) -> Iterator[str]:
    """For a fixture: spoken while the panel is made."""
    choose_language(language, resources_folder() / "locale")
    yield language
    choose_language("en", resources_folder() / "locale")


def scaled_theme(app: QApplication, text_scale: float) -> Iterator[Theme]:
    """For a fixture: the light theme with text so many times as large."""
    made = Theme(app, "light", scale=text_scale)
    made.set_style()
    yield made
    Theme(app, "light", scale=1.0).set_style()


def faults_of(
    panel: QWidget,
    judged: Any,
    also: Callable[[QWidget], str],
    *,
    own_layout: tuple[type[QWidget], ...] = (),
) -> list[str]:
    """What a person could not read or reach of what is shown.

    `judged`: the types of widgets that are looked at, for `isinstance`; `also`: what is wrong with one that
    is no label ("": nothing); `own_layout`: widgets that place what they hold by themselves.
    """
    found = []
    for widget in panel.findChildren(QWidget):
        if not widget.isVisible() or not isinstance(widget, judged):
            continue
        words = getattr(widget, "text", str)()
        name = f"{type(widget).__name__} {words or widget.accessibleName()!r}"
        area = _scrolled_by(widget, panel)
        view: QWidget = area.viewport() if area is not None else panel
        place = QRect(widget.mapTo(view, QPoint(0, 0)), widget.size())
        if place.left() < 0 or place.right() >= view.width():
            found.append(f"{name}: beyond the edge, {place} of {view.size()}")
        if area is None and (place.top() < 0 or place.bottom() >= view.height()):
            found.append(f"{name}: beyond the foot, {place} of {view.size()}")
        holder = widget.parentWidget()
        if (
            holder is not None
            and not isinstance(holder, own_layout)
            and not holder.rect().contains(widget.geometry())
        ):
            found.append(f"{name}: cut by what holds it, {widget.geometry()} of {holder.size()}")
        if isinstance(widget, Label) and not isinstance(widget, ElidedLabel):
            wraps = widget.wordWrap()
            needed = widget.heightForWidth(widget.width()) if wraps else widget.sizeHint().height()
            if widget.height() < needed or widget.width() < widget.minimumSizeHint().width():
                found.append(f"{name}: cut, {widget.size()}")
        elif wrong := also(widget):
            found.append(f"{name}: {wrong}")
    for scroll in panel.findChildren(QScrollArea):
        content = scroll.widget()
        if scroll.isVisible() and content is not None and content.width() > scroll.viewport().width():
            found.append(f"{type(scroll).__name__}: {content.width()} of {scroll.viewport().width()}")
    return found


def _scrolled_by(widget: QWidget, panel: QWidget) -> QScrollArea | None:
    parent = widget.parentWidget()
    while parent is not None and parent is not panel:
        if isinstance(parent, QScrollArea):
            return parent
        parent = parent.parentWidget()
    return None
