"""Does what is pressed in a message: copies, folds, wraps, follows links, and passes wishes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint
from PySide6.QtGui import QGuiApplication

from slmdesk.messages import tr
from slmdesk.ui.theme import Space, Theme
from slmdesk.ui.transcript.column import Column
from slmdesk.ui.transcript.find import Finder
from slmdesk.ui.transcript.links import is_web_link
from slmdesk.ui.transcript.markdown import find_anchor
from slmdesk.ui.transcript.measuring import scroll_sideways, scrolls_sideways
from slmdesk.ui.transcript.message import Message
from slmdesk.ui.transcript.page import Page
from slmdesk.ui.transcript.scrolling import Scrolling
from slmdesk.ui.transcript.selection import Place
from slmdesk.ui.transcript.stage import Stage
from slmdesk.ui.transcript.strip_views.sideways_view import SidewaysView
from slmdesk.ui.transcript.strips import Section, Strip, StripKind
from slmdesk.ui.widgets.menu import Menu

if TYPE_CHECKING:
    from slmdesk.ui.transcript.view import Transcript

_STEP_SIDEWAYS = 2 * Space.XXL


class Actions:
    """Hears the buttons of all strips."""

    def __init__(
        self,
        transcript: Transcript,
        page: Page,
        column: Column,
        stage: Stage,
        scrolling: Scrolling,
        finder: Finder,
    ) -> None:
        self._transcript = transcript
        self._page = page
        self._column = column
        self._stage = stage
        self._scrolling = scrolling
        self._finder = finder

    def act(self, message: Message, action: str) -> None:
        """An action of a message was pressed."""
        transcript = self._transcript
        match action:
            case "copy":
                self.copy_text(message.source)
            case "again":
                transcript.again_wanted.emit()
            case "continue":
                transcript.continue_wanted.emit()
            case "edit":
                transcript.edit_wanted.emit(message.index)
            case "previous":
                transcript.version_wanted.emit(message.index, message.version - 1)
            case "next":
                transcript.version_wanted.emit(message.index, message.version + 1)
            case "fold":
                self._toggle_fold(message)

    def act_on_strip(self, strip: Strip, action: str) -> None:
        """An action of a block of code was pressed."""
        if strip.block is None:
            return
        match action:
            case "copy":
                self.copy_text(strip.block.code)
            case "wrap":
                self._toggle_wrap(strip)
            case "scroll":
                self.show_offset(strip)

    def copy_text(self, text: str) -> None:
        """Put a text on the clipboard."""
        if text:
            QGuiApplication.clipboard().setText(text)
            self._transcript.copied.emit()

    def follow_link(self, message: Message, href: str) -> None:
        """A link was pressed: go to a footnote, or have it asked about."""
        if is_web_link(href):
            self._transcript.link_wanted.emit(href)
            return
        block = find_anchor(message.blocks(Section.TEXT), href)
        if block is not None:
            self._scrolling.show_place(Place(message.index, Section.TEXT, block, 0))

    def open_menu(self, theme: Theme, where: QPoint, link: str, *, can_copy: bool) -> None:
        """Offer to copy, and what can be done with a link under the pointer."""
        transcript = self._transcript
        menu = Menu(theme, transcript)
        if is_web_link(link):
            menu.add(tr("Open link"), lambda: transcript.link_wanted.emit(link), icon="external-link")
            menu.add(tr("Copy link"), lambda: self.copy_text(link))
            menu.add_divider()
        menu.add(tr("Copy"), transcript.copy, icon="copy", shortcut="Ctrl+C", enabled=can_copy)
        menu.add(tr("Select all"), transcript.select_all, icon="text-select", shortcut="Ctrl+A")
        menu.open_at(where)

    def begin_edit(self, message: Message) -> None:
        """Put an editor in the place of the text, and the keyboard into it."""
        message.editing = True
        self._column.build(message)
        self._column.refresh(message)
        self._scrolling.arrange()
        editor = next(one for one in self._column.build(message) if one.kind is StripKind.EDITOR)
        self._scrolling.show_strip(editor)
        view = self._stage.showing.get(editor)
        if view is not None:
            view.take_focus()

    def take_edit(self, message: Message, text: str) -> None:
        """The text was edited."""
        self._page.unsaved.forget(message)
        message.set_source(text)
        self.end_edit(message)
        self._transcript.edited.emit(message.index, text)

    def cancel_edit(self, message: Message) -> None:
        """The person does not want the edit, at least for now."""
        self._page.unsaved.set_aside(message)
        self.end_edit(message)

    def end_edit(self, message: Message) -> None:
        """Show the text again."""
        message.editing = False
        self._column.refresh(message)
        self._scrolling.arrange()
        self._transcript.setFocus()

    def show_offset(self, strip: Strip) -> None:
        """Show all parts of a table or a block of code as far to the side as it is scrolled."""
        for one, view in self._stage.showing.items():
            if one.block is strip.block and isinstance(view, SidewaysView):
                view.apply_offset()

    def scroll_sideways(self, direction: int) -> bool:
        """Scroll what is too wide, and nearest to the middle of the view, to the left (-1) or right (1).

        Returns whether there is anything of that kind.
        """
        page, showing = self._page, self._stage.showing
        wide = [strip for strip in showing if strip.selectable and scrolls_sideways(strip, page)]
        if not wide:
            return False
        middle = page.room // 2
        nearest = min(wide, key=lambda one: abs(showing[one].geometry().center().y() - middle))
        scroll_sideways(nearest, page, direction * page.lettering.px(_STEP_SIDEWAYS))
        self.show_offset(nearest)
        return True

    def _toggle_fold(self, message: Message) -> None:
        """The box that was pressed stays where it is."""

        def change() -> None:
            message.fold_open = not message.fold_open
            self._column.refresh(message)

        fold = next((one for one in self._column.build(message) if one.kind is StripKind.FOLD), None)
        if fold is not None:
            self._scrolling.change(fold, change)
            self._finder.forget(message.index)

    def _toggle_wrap(self, strip: Strip) -> None:
        def change() -> None:
            state = strip.message.code_state(strip)
            state.chosen_wrap = not state.chosen_wrap
            state.offset = 0
            for one in self._column.build(strip.message):
                if one.block is strip.block:
                    one.measured = -1

        self._scrolling.change(strip, change)
