"""When a conversation was last written in, as the list groups it and says it, in local time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from PySide6.QtCore import QDate, QLocale

from slmdesk.messages import current_language, tr

_NOW_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Group:
    """A head of the list. `key` is the same as long as the group means the same, in any language."""

    key: str
    title: str


class Calendar:
    """Groups and words for moments, in seconds since 1970, seen from `now`. Good for one day."""

    def __init__(self, now: float) -> None:
        self.today = datetime.fromtimestamp(now).date()
        self._locale = QLocale(current_language().code)
        # From these moments on, newest first: the days are walked once, not asked for each conversation.
        self._recent = (
            (_start(self.today), Group("today", tr("Today"))),
            (_start(self.today - timedelta(days=1)), Group("yesterday", tr("Yesterday"))),
            (_start(self.today - timedelta(days=7)), Group("7-days", tr("Previous 7 days"))),
            (_start(self.today - timedelta(days=30)), Group("30-days", tr("Previous 30 days"))),
        )
        self._month_start = self._month_end = 0.0
        self._month = Group("", "")

    def group_of(self, moment: float) -> Group:
        """The group of a conversation last written in at `moment`. The future counts as today."""
        for start, group in self._recent:
            if moment >= start:
                return group
        if not self._month_start <= moment < self._month_end:
            first = datetime.fromtimestamp(moment).date().replace(day=1)
            self._month_start = _start(first)
            self._month_end = _start((first + timedelta(days=31)).replace(day=1))
            title = self._locale.standaloneMonthName(first.month)
            title = title[:1].upper() + title[1:]
            if first.year != self.today.year:
                title = f"{title} {first.year}"
            self._month = Group(f"{first:%Y-%m}", title)
        return self._month

    def words(self, moment: float, now: float) -> str:
        """`now`, 14:32 today, the weekday within the last seven days, the date before."""
        if 0 <= now - moment < _NOW_SECONDS:
            return tr("now")
        when = datetime.fromtimestamp(moment)
        day = when.date()
        if day == self.today:
            return f"{when:%H:%M}"
        shown = QDate(day.year, day.month, day.day)
        # Seven days ago had today's name.
        if timedelta(0) < self.today - day < timedelta(days=7):
            return self._locale.standaloneDayName(shown.dayOfWeek(), QLocale.FormatType.ShortFormat)
        return self._locale.toString(shown, "d MMM" if day.year == self.today.year else "d MMM yyyy")


def _start(day: date) -> float:
    """The first moment of a day here, in seconds since 1970."""
    return datetime(day.year, day.month, day.day).timestamp()
