"""What was wrong with the stored settings, as notices that leave room for the conversation."""

from __future__ import annotations

from collections.abc import Sequence

from slmdesk.messages import UserError, error_sentences, format_integer, tr, tr_n
from slmdesk.ui.chat.banners import error_notice
from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.banner import Banner

# A value that cannot be used; other problems are about the file as a whole.
_BAD_VALUES = frozenset({"setting-ignored", "setting-of-model-ignored"})


def settings_notices(theme: Theme, problems: Sequence[UserError]) -> list[Banner]:
    """One notice for each problem, and one for all values that cannot be used."""
    values = [one for one in problems if one.key in _BAD_VALUES]
    if len(values) < 2:
        return [error_notice(theme, one) for one in problems]
    rest = [error_notice(theme, one) for one in problems if one not in values]
    return [*rest, _values_notice(theme, values)]


def _values_notice(theme: Theme, values: Sequence[UserError]) -> Banner:
    what = tr_n(
        "{count} setting has a value that cannot be used.",
        "{count} settings have values that cannot be used.",
        len(values),
    ).format(count=format_integer(len(values)))
    details = "\n".join(f"{error_sentences(one).what} {one.details}".strip() for one in values)
    do = tr("Choose them again, or correct them in {file}.").format(file=values[0].facts["file"])
    return Banner(theme, what, tr("The usual values are used instead."), do, details, ())
