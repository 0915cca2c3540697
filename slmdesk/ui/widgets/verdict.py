"""How a verdict looks: never by its colour alone."""

from __future__ import annotations

from collections.abc import Mapping

from slmdesk.fit import Verdict
from slmdesk.ui.widgets.badge import BadgeKind

BADGES: Mapping[Verdict, tuple[BadgeKind, str]] = {
    Verdict.FITS: (BadgeKind.POSITIVE, "check"),
    Verdict.SLOW: (BadgeKind.CAUTION, "timer"),
    Verdict.TIGHT: (BadgeKind.CAUTION, "triangle-alert"),
    Verdict.TOO_BIG: (BadgeKind.NEGATIVE, "ban"),
    Verdict.UNKNOWN: (BadgeKind.NEUTRAL, "info"),
}
"""Kind and icon of its badge."""

MARKS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.FITS: ("circle-check", "positive"),
    Verdict.SLOW: ("timer", "caution"),
    Verdict.TIGHT: ("triangle-alert", "caution"),
    Verdict.TOO_BIG: ("ban", "negative"),
    Verdict.UNKNOWN: ("info", "text_secondary"),
}
"""Icon and ink of a heading."""
