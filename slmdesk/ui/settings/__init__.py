"""The settings."""

from slmdesk.ui.settings.panel import SettingsPanel

__all__ = ["SettingsPanel"]
