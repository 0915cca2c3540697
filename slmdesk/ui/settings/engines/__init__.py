"""The page about engines and devices."""

from slmdesk.ui.settings.engines.page import EnginesPage

__all__ = ["EnginesPage"]
