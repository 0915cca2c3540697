"""Conversations: what was said, kept before anything runs, and answered by the loaded model."""

from slmdesk.chat.conversation import (
    ChatMessageRecord,
    Conversation,
    ConversationSummary,
    MessageState,
    make_title,
)
from slmdesk.chat.options import ChatOptions
from slmdesk.chat.service import ChatEvent, ChatService, OnEvent
from slmdesk.chat.store import ConversationStore

__all__ = [
    "ChatEvent",
    "ChatMessageRecord",
    "ChatOptions",
    "ChatService",
    "Conversation",
    "ConversationStore",
    "ConversationSummary",
    "MessageState",
    "OnEvent",
    "make_title",
]
