"""What became of damaged conversations, in words for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slmdesk.messages import format_integer, tr, tr_n

if TYPE_CHECKING:
    from slmdesk.storage import RepairReport


def repair_in_words(report: RepairReport) -> str:
    """What was repaired, how many messages are intact, restored or lost if any, and which those are."""
    restored, lost = report.restored, len(report.lost)
    intact = tr_n("{count} message is intact", "{count} messages are intact", report.intact)
    came_back = tr_n("{count} came back from a backup", "{count} came back from a backup", restored)
    is_lost = tr_n("{count} is lost", "{count} are lost", lost)
    counts = [(report.intact, intact), (restored, came_back), (lost, is_lost)]
    # The first says what is counted.
    said = [words.format(count=format_integer(count)) for count, words in counts if count or words is intact]
    more = tr("More may be missing: not everything that tells what there was could be read.")
    lines = [
        tr("Your conversations were damaged on the disk and have been repaired."),
        ", ".join(said) + ".",
        *([more] if report.maybe_more else []),
        tr("The damaged file is kept: {file}").format(file=report.damaged_file),
    ]
    for one in report.lost:
        title = one.conversation_title or tr("a conversation without a title")
        lines.append(tr("Lost: a message in “{title}”").format(title=title))
    return "\n".join(lines)
