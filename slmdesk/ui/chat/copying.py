"""A conversation as text for other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slmdesk.messages import tr

if TYPE_CHECKING:
    from slmdesk.chat import Conversation


def conversation_markdown(conversation: Conversation) -> str:
    """The whole of it as Markdown: title, instructions, and each message under who said it."""
    parts = [f"# {conversation.title or tr('New chat')}"]
    if conversation.system_prompt:
        parts += [f"## {tr('Instructions')}", conversation.system_prompt]
    for one in conversation.messages:
        speaker = tr("You") if one.role == "user" else one.model_title or tr("Answer")
        parts += [f"## {speaker}", one.text.strip("\n")]
    return "\n\n".join(parts) + "\n"
