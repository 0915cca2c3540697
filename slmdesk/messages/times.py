"""Moments as people read them, in the language chosen and this computer's time zone."""

from __future__ import annotations

from slmdesk.messages.language import current_language


def format_moment(seconds: float) -> str:
    """Day and time of `seconds` since 1970, UTC."""
    # Babel takes 50 ms to import, and a window can open without a date in it.
    from datetime import datetime

    from babel.dates import format_date

    moment = datetime.fromtimestamp(seconds).astimezone()
    day = format_date(moment, format="medium", locale=current_language().code)
    # The time as everywhere else in the program: 24 hours, whatever the language.
    return f"{day}, {moment:%H:%M}"
