"""Numbers as people read them, in the language chosen.

GB means 10^9 bytes and is used for downloads and disks; GiB means 2^30 and is used for memory.
"""

from __future__ import annotations

import math

from slmdesk.messages.language import current_language, tr, tr_n


def format_number(value: float, decimals: int = 1) -> str:
    """A number with thousands separators and `decimals` places (fewer where they would be zeros)."""
    # Babel takes 50 ms to import, and a window can open without a single number in it.
    from babel.numbers import format_decimal

    pattern = "#,##0." + "#" * decimals if decimals else "#,##0"
    return format_decimal(value, format=pattern, locale=current_language().code)


def format_integer(value: float) -> str:
    """A whole number with thousands separators."""
    return format_number(value, decimals=0)


def format_bytes(count: int, *, binary: bool = False) -> str:
    """A size: MB and GB (powers of 1000) for files, or MiB and GiB (`binary`) for memory."""
    base, units = (1024, ("KiB", "MiB", "GiB", "TiB")) if binary else (1000, ("kB", "MB", "GB", "TB"))
    if count < base:
        return tr_n("{count} byte", "{count} bytes", count).format(count=format_integer(count))
    step = min(int(math.log(count, base)), len(units))
    value, unit = count / base**step, units[step - 1]
    # Three significant digits at most: nobody acts on the fourth.
    return f"{format_number(value, decimals=0 if value >= 100 else 1)}\N{NO-BREAK SPACE}{unit}"


def format_seconds(seconds: float) -> str:
    """A duration below a minute with one decimal, above it in minutes and seconds."""
    if seconds < 60:
        return tr("{seconds} s").format(seconds=format_number(seconds))
    minutes, rest = divmod(round(seconds), 60)
    return tr("{minutes} min {seconds} s").format(minutes=format_integer(minutes), seconds=rest)
