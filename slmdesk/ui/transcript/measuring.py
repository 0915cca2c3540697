"""Lays strips out and tells how high they are."""

from __future__ import annotations

import math

from slmdesk.ui.theme import Line, Space, TextRole
from slmdesk.ui.transcript.code_content import CodeContent
from slmdesk.ui.transcript.code_state import CodeState
from slmdesk.ui.transcript.contents import Content
from slmdesk.ui.transcript.foot_plan import plan_foot
from slmdesk.ui.transcript.markdown import Block
from slmdesk.ui.transcript.page import Page
from slmdesk.ui.transcript.strips import Section, Strip, StripKind
from slmdesk.ui.transcript.table_content import TableContent
from slmdesk.ui.transcript.table_state import TableState
from slmdesk.ui.transcript.text_content import TextContent, TypedContent, direction_of, slice_spans

BUBBLE_SIDE = Space.M + Space.TINY
BUBBLE_EDGE = Space.S + Line.BORDER
"""Free pixels above and below the text of a bubble."""
CODE_SIDE = Space.M
CODE_EDGE = Space.S + Space.TINY
"""Free pixels above and below the lines of a card of code."""
TABLE_SIDE = Space.S - Space.TINY
"""What a card of a table keeps free at its sides, besides the padding of the cells."""
AFTER_ANSWER = Space.M
"""Free pixels under an answer's foot row."""
FOOT_EDGE = Space.XS
"""Free pixels above and below a foot row's actions, for focus rings."""
ABOVE_FOOT = Space.XS
"""Free pixels above that; as many again above an answer's buttons."""


def measure(strip: Strip, page: Page) -> int:
    """How high `strip` is with its gap. Lays its text out where it has one."""
    theme = page.theme
    match strip.kind:
        case StripKind.HEAD:
            return theme.line_height(TextRole.TITLE)
        case StripKind.FOLD:
            return Space.XS + fold_height(page)
        case StripKind.TEXT:
            return strip.gap + text_content(strip, page).height
        case StripKind.TYPED:
            edges = BUBBLE_EDGE * (int(strip.first) + int(strip.last))
            return typed_content(strip, page).height + edges
        case StripKind.CODE_HEAD:
            return strip.gap + code_head_height(page)
        case StripKind.CODE:
            return _code_height(strip, page)
        case StripKind.TABLE:
            edges = Line.BORDER * (int(strip.first) + int(strip.last))
            height = strip.gap + table_content(strip, page).height + edges
            return height + (theme.sizes.scroll_bar if strip.last and scrolls_sideways(strip, page) else 0)
        case StripKind.RULE:
            return strip.gap + Line.BORDER
        case StripKind.REST:
            return strip.height
        case StripKind.NOTE:
            return Space.XS + theme.sizes.button_small
        case StripKind.FOOT:
            return _foot_height(strip, page)
        case StripKind.PERSON_FOOT:
            return int(Space.MESSAGE) if not strip.message.last else theme.sizes.stats_row + Space.S
        case StripKind.EDITOR:
            return _editor_height(strip, page)


def fold_height(page: Page) -> int:
    """Of the box that says how long the model thought."""
    return page.theme.line_height(TextRole.BASE) + Space.M


def code_head_height(page: Page) -> int:
    """Of the row above code."""
    return page.theme.sizes.button_small + Space.XS


def text_content(strip: Strip, page: Page) -> Content:
    """A paragraph or heading of an answer, laid out in its width."""
    block, lettering = _block(strip), page.lettering
    content = strip.content
    if not isinstance(content, TextContent) or not content.fits(block.kind, block.level):
        if block.kind == "heading":
            font, line = lettering.heading(block.level), lettering.heading_line(block.level)
        elif strip.section is Section.REASONING:
            font, line = lettering.base, lettering.reasoning_line
        else:
            font, line = lettering.reading, lettering.reading_line
        ink = "text_secondary" if strip.section is Section.REASONING else "text"
        content = TextContent(lettering, block, font, line, ink)
        strip.content = content
    content.show(
        block.spans if strip.first and strip.last else slice_spans(block.spans, strip.start, strip.end)
    )
    if not strip.first:
        content.set_direction(direction_of(block.text()[:256]))
    content.set_width(page.column - page.inset(strip))
    return content


def typed_content(strip: Strip, page: Page) -> Content:
    """What a person typed, in a width no larger than a bubble may have."""
    content = strip.content
    if not isinstance(content, TypedContent):
        content = TypedContent(page.lettering)
        strip.content = content
    text = strip.message.typed[strip.start : strip.end]
    most = min(page.theme.sizes.bubble, page.column) - 2 * BUBBLE_SIDE
    content.show(text if strip.last else text.removesuffix("\n"), most, shrink=strip.first and strip.last)
    return content


def code_content(strip: Strip, page: Page) -> Content:
    """Some lines of code, in the width of their card when wrapped."""
    block, state = _block(strip), strip.message.code_state(strip)
    state.count(block.code)
    content = strip.content
    if not isinstance(content, CodeContent):
        content = CodeContent(page.lettering)
        strip.content = content
    content.show(code_text(strip))
    content.set_wrap(state.wrapped)
    content.set_width(code_room(strip, page) if state.wrapped else -1)
    if not state.wrapped:
        state.widest = max(state.widest, content.ideal_width)
    return content


def code_text(strip: Strip) -> str:
    """The lines that a strip of code shows, without the break after the last."""
    code = _block(strip).code[strip.start : strip.end]
    return code if strip.last else code.removesuffix("\n")


def code_room(strip: Strip, page: Page) -> int:
    """The width that lines of code have."""
    return page.column - page.inset(strip) - 2 * CODE_SIDE


def table_room(strip: Strip, page: Page) -> int:
    """The width that the columns of a table have."""
    return page.column - page.inset(strip) - 2 * TABLE_SIDE


def hidden_width(strip: Strip, page: Page) -> int:
    """Pixels by which a table, or the widest line of unwrapped code, is wider than its card; 0: it is not."""
    match strip.kind:
        case StripKind.CODE | StripKind.CODE_HEAD if not strip.message.code_state(strip).wrapped:
            return max(_widest_line(strip, page) - code_room(strip, page), 0)
        case StripKind.TABLE:
            return max(strip.message.table_state(strip).width - table_room(strip, page), 0)
    return 0


def scrolls_sideways(strip: Strip, page: Page) -> bool:
    """Whether a table or a block of code is wider than its card."""
    return hidden_width(strip, page) > 0


def sideways_state(strip: Strip) -> CodeState | TableState:
    """What knows how far a table or a block of code is scrolled to the side."""
    is_table = strip.kind is StripKind.TABLE
    return strip.message.table_state(strip) if is_table else strip.message.code_state(strip)


def scroll_sideways(strip: Strip, page: Page, pixels: int) -> bool:
    """Scroll a table or a block of code to the side, as far as it goes. What shows it is to be told.

    Returns whether it is one that can be scrolled.
    """
    hidden = hidden_width(strip, page) if strip.selectable else 0
    if not hidden:
        return False
    state = sideways_state(strip)
    state.offset = max(0, min(state.offset + pixels, hidden))
    return True


def _widest_line(strip: Strip, page: Page) -> int:
    """Of a block of code, unwrapped; estimated where it was not seen yet."""
    state = strip.message.code_state(strip)
    columns = state.count(_block(strip).code)
    return math.ceil(max(columns * page.lettering.mono_advance, state.widest)) + 1


def table_content(strip: Strip, page: Page) -> TableContent:
    """Some rows of a table."""
    block = _block(strip)
    room = table_room(strip, page)
    widths = strip.message.table_state(strip).widths(block, room, page.lettering)
    content = strip.content
    if not isinstance(content, TableContent):
        content = TableContent(page.lettering, max(len(block.header), 1), block.aligns)
        strip.content = content
    header = ((True, block.header),) if strip.start == 0 else ()
    rows = block.rows[max(strip.start - 1, 0) : max(strip.end - 1, 0)]
    content.show((*header, *((False, row) for row in rows)), widths)
    # Columns that have no room in it reach beyond.
    content.set_width(room)
    return content


def lay_out(strip: Strip, page: Page) -> Content | None:
    """The text of a strip, laid out; None where it has none."""
    if strip.measured == page.layout and strip.content is not None:
        return strip.content
    match strip.kind:
        case StripKind.TEXT:
            return text_content(strip, page)
        case StripKind.TYPED:
            return typed_content(strip, page)
        case StripKind.CODE:
            return code_content(strip, page)
        case StripKind.TABLE:
            return table_content(strip, page)
    return None


def _code_height(strip: Strip, page: Page) -> int:
    state = strip.message.code_state(strip)
    state.count(_block(strip).code)
    if state.wrapped or strip.widget is not None:
        lines = code_content(strip, page).height
        if strip.widget is not None:
            # Here and not when it is shown, where there is more to do at once.
            page.coloring.show(strip)
    else:
        # Exact without a layout: that of many thousand lines would take its time.
        lines = (code_text(strip).count("\n") + 1) * page.lettering.mono_line
    height = lines + (CODE_EDGE if strip.start == 0 else 0)
    if strip.last:
        height += CODE_EDGE
        if scrolls_sideways(strip, page):
            height += page.theme.sizes.scroll_bar
    return height


def foot_above(strip: Strip) -> int:
    """Free pixels between an answer and its foot row, without the room for focus rings."""
    broken_off = strip.message.last and strip.message.cut_off
    return 2 * ABOVE_FOOT if broken_off else ABOVE_FOOT


def _foot_height(strip: Strip, page: Page) -> int:
    message = strip.message
    lines = plan_foot(message, page).lines
    row = page.theme.sizes.stats_row
    height = foot_above(strip) + row + (lines - 1) * (row + Space.S) + 2 * FOOT_EDGE + AFTER_ANSWER
    if message.last and message.cut_off and not page.can_continue and page.cannot_continue:
        height += page.theme.line_height(TextRole.SECONDARY) + Space.S
    return height


def _editor_height(strip: Strip, page: Page) -> int:
    widget = strip.widget
    if widget is None or not widget.hasHeightForWidth():
        return strip.height
    return widget.heightForWidth(page.column)


def _block(strip: Strip) -> Block:
    assert strip.block is not None
    return strip.block
