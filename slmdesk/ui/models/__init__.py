"""The panel Models: what can be fetched, how it would run here, and how two of them compare."""

from slmdesk.ui.models.panel import ModelsPanel

__all__ = ["ModelsPanel"]
