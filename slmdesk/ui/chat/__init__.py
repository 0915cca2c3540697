"""The chat panel."""

from slmdesk.ui.chat.panel import ChatPanel

__all__ = ["ChatPanel"]
