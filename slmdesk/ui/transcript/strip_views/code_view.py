"""A card of code: its head with the language and actions, and its lines, which scroll to the side."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from slmdesk.messages import tr
from slmdesk.ui.theme import Line, Space, TextRole
from slmdesk.ui.transcript.languages import language_title
from slmdesk.ui.transcript.measuring import (
    CODE_EDGE,
    CODE_SIDE,
    code_content,
    code_room,
    scrolls_sideways,
)
from slmdesk.ui.transcript.page import Page
from slmdesk.ui.transcript.spacing import GUTTER
from slmdesk.ui.transcript.strip_views.containers import draw_card_part, draw_containers, draw_line
from slmdesk.ui.transcript.strip_views.sideways_view import SidewaysView
from slmdesk.ui.transcript.strip_views.view import StripView
from slmdesk.ui.transcript.strips import Strip
from slmdesk.ui.widgets.button import Button, ButtonKind
from slmdesk.ui.widgets.labels import ElidedLabel
from slmdesk.ui.widgets.tooltip import set_tooltip


class CodeHeadView(StripView):
    """The language of the code, and what can be done with it."""

    takes_mouse = True

    def __init__(self, page: Page, parent: QWidget) -> None:
        super().__init__(page, parent)
        theme = page.theme
        self.language = ElidedLabel(theme, "", TextRole.SECONDARY, "text_secondary")
        self.wrap = Button(theme, icon="wrap-text", name=tr("Wrap long lines"))
        self.wrap.setCheckable(True)
        self.wrap.clicked.connect(lambda: self._act("wrap"))
        self.copy = Button(theme, tr("Copy"), ButtonKind.QUIET, icon="copy", small=True)
        self.copy.setAccessibleName(tr("Copy code"))
        self.copy.clicked.connect(self._copy)
        self._row = QHBoxLayout(self)
        self._row.setSpacing(Space.XS)
        self._row.addWidget(self.language, 1)
        self._row.addWidget(self.wrap)
        self._row.addWidget(self.copy)

    def fill(self, strip: Strip) -> None:
        """Take over language and actions."""
        block = strip.block
        if block is None:
            return
        left = GUTTER + self.page.inset(strip)
        self._row.setContentsMargins(left + CODE_SIDE, strip.gap, GUTTER + Space.XS + Space.TINY, 0)
        self.language.set_text(language_title(block.language))
        state = strip.message.code_state(strip)
        self.wrap.setVisible(not state.must_wrap and (state.wrapped or scrolls_sideways(strip, self.page)))
        self.wrap.setChecked(state.wrapped)
        name = tr("Do not wrap lines") if state.wrapped else tr("Wrap long lines")
        self.wrap.setAccessibleName(name)
        set_tooltip(self.wrap, name)
        self._say_copy("copy", tr("Copy"))
        self.update()

    def stops(self) -> Sequence[QWidget]:
        """The two actions."""
        return (self.wrap, self.copy)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the upper part of the card."""
        strip = self.strip
        if strip is None:
            return
        painter = QPainter(self)
        page, color = self.page, self.page.theme.color
        draw_containers(painter, strip, page, self.width(), self.height())
        box = _card(self, strip, page)
        draw_card_part(painter, box, color("surface_sunken"), color("border"), top=True, bottom=False)
        draw_line(painter, box.left(), box.right(), box.bottom() - Line.BORDER, color("border"))

    def _act(self, action: str) -> None:
        if self.strip is not None:
            self.page.strip_acted.emit(self.strip, action)

    def _copy(self) -> None:
        self._act("copy")
        self._say_copy("check", tr("Copied"))

    def _say_copy(self, icon: str, text: str) -> None:
        if self.copy.text() != text:
            self.copy.set_icon(icon)
            self.copy.setText(text)
            self.copy.updateGeometry()


class CodeView(SidewaysView):
    """Some lines of code."""

    def fill(self, strip: Strip) -> None:
        """Take over the lines."""
        page = self.page
        content = code_content(strip, page)
        left = GUTTER + page.inset(strip) + CODE_SIDE
        top = CODE_EDGE if strip.start == 0 else 0
        self.body.setGeometry(QRect(left, top - content.shift, code_room(strip, page), content.height))
        self.body.show_content(content)
        page.coloring.show(strip)
        if strip.block is not None:
            title = language_title(strip.block.language)
            self.body.setAccessibleName(tr("Code, {language}").format(language=title))
        self.fit_bar(strip)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw this part of the card."""
        strip = self.strip
        if strip is None:
            return
        painter = QPainter(self)
        page, color = self.page, self.page.theme.color
        draw_containers(painter, strip, page, self.width(), self.height())
        box = _card(self, strip, page)
        draw_card_part(painter, box, color("surface_sunken"), color("border"), top=False, bottom=strip.last)


def _card(view: StripView, strip: Strip, page: Page) -> QRectF:
    inset = page.inset(strip)
    return QRectF(GUTTER + inset, strip.gap, page.column - inset, view.height() - strip.gap)
