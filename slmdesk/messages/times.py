"""Moments as people read them, in the language chosen and this computer's time zone."""

from __future__ import annotations

from slmdesk.messages.language import current_language


def format_moment(seconds: float) -> str:
    """Day and time of `seconds` since 1970, UTC."""
    # Babel takes 50 ms to import, and a window can open without a date in it.
    from datetime import datetime

    from babel.dates import format_datetime

    moment = datetime.fromtimestamp(seconds).astimezone()
    return format_datetime(moment, format="medium", locale=current_language().code)
