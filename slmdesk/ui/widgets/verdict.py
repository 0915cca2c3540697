"""How a verdict looks: never by its colour alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from slmdesk.fit import Verdict, verdict_word
from slmdesk.messages import say
from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.badge import BadgeKind, badge_size

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


def badge_of(verdict: Verdict) -> tuple[str, BadgeKind, str]:
    """Word, kind and icon of its badge."""
    kind, icon = BADGES[verdict]
    return say(verdict_word(verdict)), kind, icon


def widest_badge(theme: Theme) -> int:
    """Pixels of the widest badge, so that what stands beside badges is in one column."""
    return widest_badge_of(theme, Verdict)


def widest_badge_of(theme: Theme, verdicts: Iterable[Verdict]) -> int:
    """Pixels of the widest badge of some verdicts."""
    return max(badge_size(theme, word, icon).width() for word, _, icon in map(badge_of, verdicts))
