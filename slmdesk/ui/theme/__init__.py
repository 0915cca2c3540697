"""The one place that names colours and sizes."""

from slmdesk.ui.theme.contrast import contrast_ratio
from slmdesk.ui.theme.motion import MotionChoice
from slmdesk.ui.theme.theme import Theme, ThemeChoice, is_dark, text_scale
from slmdesk.ui.theme.tokens import (
    APP_ICON_SIZES,
    DARK,
    HALF_SEEN,
    ICON_STROKE,
    LIGHT,
    MOTION_MS,
    SPIN_MS,
    SPIN_STEPS,
    WINDOW_LEAST,
    Colors,
    Line,
    Radius,
    Sizes,
    Space,
    TextRole,
    first_window,
    least_window,
)

__all__ = [
    "APP_ICON_SIZES",
    "DARK",
    "HALF_SEEN",
    "ICON_STROKE",
    "LIGHT",
    "MOTION_MS",
    "SPIN_MS",
    "SPIN_STEPS",
    "WINDOW_LEAST",
    "Colors",
    "Line",
    "MotionChoice",
    "Radius",
    "Sizes",
    "Space",
    "TextRole",
    "Theme",
    "ThemeChoice",
    "contrast_ratio",
    "first_window",
    "is_dark",
    "least_window",
    "text_scale",
]
