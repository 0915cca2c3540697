"""Makes messages for stored ones, keeping what is shown already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from slmdesk.ui.transcript.lettering import Lettering
from slmdesk.ui.transcript.message import Message

if TYPE_CHECKING:
    from slmdesk.chat import Conversation


def take_over(conversation: Conversation, shown: Sequence[Message], lettering: Lettering) -> list[Message]:
    """A message for each of a conversation, those of `shown` that say the same among them.

    A person's message at the end that nobody answered is followed by an answer that says so.
    """
    known = {one.record_id: one for one in shown if one.record_id}
    messages = []
    for index, record in enumerate(conversation.messages):
        # A message is shown once, whatever the records say.
        message = known.pop(record.id, None)
        if message is None or message.editing or not message.same_text(record):
            message = Message.from_record(index, record)
        elif message.takes(record):
            message.refresh(lettering)
        messages.append(message)
    if messages and messages[-1].by_person:
        nothing = Message(len(messages), "assistant")
        nothing.answered = False
        nothing.end_reason = messages[-1].end_reason
        messages.append(nothing)
    return messages
