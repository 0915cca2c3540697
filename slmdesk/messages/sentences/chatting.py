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
    "question-lost": ErrorText(
        what=N_("there is nothing to answer"),
        why=N_("your message was damaged on the disk, and no backup had its text"),
        do=N_("Edit the message and write it again"),
    ),
    "nothing-to-continue": ErrorText(
        what=N_("the answer cannot be continued"),
        why=N_("it is complete, or it has no text yet"),
        do=N_("Ask for the answer again"),
    ),
    "answer-empty": ErrorText(
        what=N_("the answer cannot be changed"),
        why=N_("the new text is empty"),
        do=N_("Write some text, or keep the answer as it is"),
    ),
    "conversation-title-empty": ErrorText(
        what=N_("the conversation cannot be renamed"),
        why=N_("the new name is empty"),
        do=N_("Write a name, or keep the one it has"),
    ),
    "conversation-gone": ErrorText(
        what=N_("the message cannot be kept"),
        why=N_("its conversation was deleted"),
        do=N_("Start a new chat"),
    ),
}
