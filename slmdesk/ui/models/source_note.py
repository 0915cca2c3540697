"""What stands over the list: where it comes from, how old it is, and why it is not newer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from slmdesk.messages import format_moment, one_line, say, tr

if TYPE_CHECKING:
    from slmdesk.messages import Message, UserError
    from slmdesk.ui.models.worker import Listed


class SourceNote(NamedTuple):
    """A sentence with its icon. `again`: asking the Hub once more may help."""

    icon: str
    words: str
    again: bool = False


def curated_note(listed: Listed, *, offline: bool) -> SourceNote:
    """Over the curated list alone."""
    words = curated_words(listed)
    return SourceNote("cloud-off", tr("Offline. {list}.").format(list=words)) if offline else _plain(words)


def hub_note(
    listed: Listed,
    *,
    offline: bool,
    searching: bool,
    problem: UserError | None,
    page_date: float | None,
    has_answered: bool,
) -> SourceNote:
    """Over the list and the Hub together.

    `page_date`: when the page that is shown was fetched, where it is an old one. `has_answered`: models that
    only the Hub knows are in the list, whatever it says now.
    """
    if problem is None:
        asking = SourceNote("globe", tr("Asking the Hub"))
        return asking if searching else SourceNote("globe", tr("The Hub and the curated list together."))
    if offline:
        # The switch is why: saying more, or trying again, helps nobody.
        if page_date is not None:
            words = tr("Offline. What the Hub had on {when} is shown.").format(when=format_moment(page_date))
        elif has_answered:
            words = tr("Offline. What the Hub answered before is shown, too.")
        else:
            words = tr("Offline. {list}.").format(list=curated_words(listed))
        return SourceNote("cloud-off", words)
    said = one_line(problem)
    if page_date is not None:
        words = tr("{problem} What the Hub had on {when} is shown.")
        words = words.format(problem=said, when=format_moment(page_date))
    elif has_answered:
        words = tr("{problem} What the Hub answered before is shown, too.").format(problem=said)
    else:
        words = tr("{problem} {list} is shown.").format(problem=said, list=curated_words(listed))
    return SourceNote("cloud-off", words, again=True)


def with_speeds(note: SourceNote, speeds: Message | None) -> SourceNote:
    """And why the speed of this computer was not considered, if it was not."""
    if speeds is None:
        return note
    words = tr("{note} So the order does not go by it.").format(note=say(speeds))
    return note._replace(words=f"{note.words} {words}")


def curated_words(listed: Listed) -> str:
    """The curated list by its date."""
    if listed.refreshed is None:
        return tr("Curated list of {date}").format(date=listed.date)
    when = format_moment(listed.refreshed)
    return tr("Curated list of {date}, checked with the Hub on {when}").format(date=listed.date, when=when)


def _plain(words: str) -> SourceNote:
    return SourceNote("info", words + ".")
