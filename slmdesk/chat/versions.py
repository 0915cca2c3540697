"""Which versions of the messages make up the conversation that is shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from slmdesk.chat.message_rows import MessageRow


class Step(NamedTuple):
    """A message of the conversation as it is shown, with all its versions, oldest first."""

    row: MessageRow
    versions: list[MessageRow]


def chosen_path(rows: Iterable[MessageRow]) -> Iterator[Step]:
    """From the first message to the last, always the version that was chosen.

    `rows` are all of one conversation, oldest first. A damaged database hides nothing: a message whose
    predecessor is not there follows the one written before it, and where no version or several are marked
    as chosen, the newest of them is.
    """
    followers: defaultdict[int | None, list[MessageRow]] = defaultdict(list)
    seen: set[int] = set()
    before: int | None = None
    for row in rows:
        parent = row.parent_id
        # A parent is always older, so that the path has no loops whatever the database says.
        followers[parent if parent is None or parent in seen else before].append(row)
        before = row.id
        seen.add(before)
    at: int | None = None
    while versions := followers.get(at):
        chosen = [row for row in versions if not row.superseded] if len(versions) > 1 else versions
        row = (chosen or versions)[-1]
        yield Step(row, versions)
        at = row.id
