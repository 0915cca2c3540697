"""The list of conversations beside the transcript."""

from slmdesk.ui.chat.sidebar.conversation_list import ConversationList

__all__ = ["ConversationList"]
