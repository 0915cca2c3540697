"""Markdown that grows: from text to blocks that can be drawn one by one. No Qt in here.

markdown = Markdown()
first_changed = markdown.feed("Some *te")      # as often as there is more
first_changed = markdown.finish()
markdown.blocks

highlighter = Highlighter("python")
highlighter.runs(code)                         # as often as the code has grown, or while it `is_behind`
"""

from slmdesk.ui.transcript.markdown.blocks import Block, Cell, Container, Span, find_anchor, plain_text
from slmdesk.ui.transcript.markdown.document import Markdown
from slmdesk.ui.transcript.markdown.grammar import prepare
from slmdesk.ui.transcript.markdown.highlighter import Highlighter, Role, Run
from slmdesk.ui.transcript.markdown.notes import way_back_units

__all__ = [
    "Block",
    "Cell",
    "Container",
    "Highlighter",
    "Markdown",
    "Role",
    "Run",
    "Span",
    "find_anchor",
    "plain_text",
    "prepare",
    "way_back_units",
]
