"""What the chat says."""

from slmdesk.messages.sentences.texts import N_, ErrorText, Plural

SENTENCES: dict[str, str | Plural] = {}

ERRORS: dict[str, ErrorText] = {
    "message-empty": ErrorText(
        what=N_("there is nothing to answer"),
        why=N_("the message is empty"),
        do=N_("Write a message first"),
    ),
    "nothing-to-answer": ErrorText(
        what=N_("there is nothing to answer again"),
        why=N_("the conversation has no message yet"),
        do=N_("Write a message first"),
    ),
}
