"""Everything that is Qt: the window, its theme, its widgets and its panels."""

from slmdesk.ui.advice import ModelAdvice
from slmdesk.ui.application import make_application, open_window, run_until_closed, show_box
from slmdesk.ui.main_window import MainWindow
from slmdesk.ui.services import Services
from slmdesk.ui.surroundings import Surroundings
from slmdesk.ui.theme import Theme

__all__ = [
    "MainWindow",
    "ModelAdvice",
    "Services",
    "Surroundings",
    "Theme",
    "make_application",
    "open_window",
    "run_until_closed",
    "show_box",
]
