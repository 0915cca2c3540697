"""Conversations: what was said, kept before anything runs, and answered by the loaded model."""

from slmdesk.chat.conversation import (
    ChatMessageRecord,
    Conversation,
    ConversationSummary,
    MessageState,
    make_title,
)
from slmdesk.chat.loading import LoadPlanner, LoadWishes, PlannedLoad
from slmdesk.chat.options import ChatOptions
from slmdesk.chat.service import ChatEvent, ChatService, LoadEvent, OnEvent
from slmdesk.chat.store import ConversationStore
from slmdesk.chat.wishes import preference_of, wishes_of

__all__ = [
    "ChatEvent",
    "ChatMessageRecord",
    "ChatOptions",
    "ChatService",
    "Conversation",
    "ConversationStore",
    "ConversationSummary",
    "LoadEvent",
    "LoadPlanner",
    "LoadWishes",
    "MessageState",
    "OnEvent",
    "PlannedLoad",
    "make_title",
    "preference_of",
    "wishes_of",
]
