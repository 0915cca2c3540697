"""A conversation as it is read: Markdown that grows, in blocks of which only those on screen own a widget."""

from slmdesk.ui.transcript.reading import warm_up
from slmdesk.ui.transcript.spacing import reading_column
from slmdesk.ui.transcript.view import Transcript

__all__ = ["Transcript", "reading_column", "warm_up"]
