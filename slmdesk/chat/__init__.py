"""Conversations: what was said, kept before anything runs, and answered by the loaded model."""

from slmdesk.chat.conversation import ChatMessageRecord, Conversation, MessageState, make_title
from slmdesk.chat.service import ChatEvent, ChatService, OnEvent
from slmdesk.chat.store import ConversationStore

__all__ = [
    "ChatEvent",
    "ChatMessageRecord",
    "ChatService",
    "Conversation",
    "ConversationStore",
    "MessageState",
    "OnEvent",
    "make_title",
]
