"""Every shared widget in every state, in one window: `python -m slmdesk.ui.gallery`.

For who builds panels, and for tests. Its words are samples, so they are not translated.
"""

from slmdesk.ui.gallery.window import Gallery

__all__ = ["Gallery"]
