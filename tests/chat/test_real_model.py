"""Edit, ask again, continue and count with the real model, the real pool and a real database."""

from __future__ import annotations

from slmdesk.chat import ChatEvent, ChatOptions, ChatService, Conversation
from slmdesk.engines import LoadOptions, PromptProgress, Sampling, Text
from slmdesk.library import InstalledModel

EXACT = Sampling(temperature=0, seed=1)
QUESTION = "Write three sentences about the river Vistula."
# Several threads wait for each other where other programs work, too.
ONE_THREAD = LoadOptions(threads=1)


def ignore(event: ChatEvent) -> None:
    return


def limited(max_tokens: int) -> ChatOptions:
    return ChatOptions(sampling=EXACT, max_tokens=max_tokens, context_length=1024)


def test_an_answer_that_was_cut_off_goes_on_as_if_it_had_not_been(
    chat: ChatService, starter: InstalledModel
) -> None:
    whole = Conversation(system_prompt=starter.system_prompt, options=limited(40))
    assert chat.store is not None
    chat.answer(whole, QUESTION, model=starter, load_options=ONE_THREAD, on_event=ignore)
    cut_off = Conversation(system_prompt=starter.system_prompt, options=limited(15))
    chat.answer(cut_off, QUESTION, model=starter, load_options=ONE_THREAD, on_event=ignore)
    record = cut_off.messages[1]
    assert record.can_be_continued
    assert whole.messages[1].text.startswith(record.text)
    assert len(record.text) < len(whole.messages[1].text)

    cut_off.options = limited(25)
    chat.store.save_options(cut_off)
    progress: list[PromptProgress] = []

    def watch(event: ChatEvent) -> None:
        if isinstance(event, PromptProgress):
            progress.append(event)

    chat.respond(cut_off, model=starter, load_options=ONE_THREAD, on_event=watch, continued=True)
    assert cut_off.messages[1] is record
    assert record.text == whole.messages[1].text
    # What it wrote is in the KV cache still.
    assert progress[-1].total - progress[-1].reused <= 2
    assert chat.store.load(cut_off.id) == cut_off


def test_versions_of_a_message_and_of_its_answer(chat: ChatService, starter: InstalledModel) -> None:
    assert chat.store is not None
    conversation = Conversation(system_prompt=starter.system_prompt, options=limited(12))
    chat.answer(
        conversation,
        "What is the capital of France?",
        model=starter,
        load_options=ONE_THREAD,
        on_event=ignore,
    )
    about_france = conversation.messages[1].text
    assert "Paris" in about_france
    chat.answer(conversation, "How large is it?", model=starter, load_options=ONE_THREAD, on_event=ignore)

    chat.add_message(conversation, "What is the capital of Italy?", at=0)
    chat.respond(conversation, model=starter, load_options=ONE_THREAD, on_event=ignore)
    assert "Rom" in conversation.messages[1].text
    chat.respond(conversation, model=starter, load_options=ONE_THREAD, on_event=ignore)
    assert [(one.version, one.versions) for one in conversation.messages] == [(2, 2), (2, 2)]

    chat.store.choose_version(conversation, 0, 1)
    assert len(conversation.messages) == 4
    assert conversation.messages[1].text == about_france
    assert chat.store.load(conversation.id) == conversation


def test_the_count_is_what_the_prompt_takes_and_waits_for_no_answer(
    chat: ChatService, starter: InstalledModel
) -> None:
    conversation = Conversation(system_prompt=starter.system_prompt, options=limited(24))
    assert chat.count_tokens(conversation, QUESTION) is None
    counted: list[int | None] = []

    def count(event: ChatEvent) -> None:
        # In the middle of the answer, whose lease on the engine would be waited for in vain here.
        if isinstance(event, Text):
            counted.append(chat.count_tokens(Conversation(system_prompt=starter.system_prompt), QUESTION))

    chat.answer(conversation, QUESTION, model=starter, load_options=ONE_THREAD, on_event=count)
    stats = conversation.messages[1].stats
    assert stats is not None
    assert counted
    assert set(counted) == {stats.prompt_tokens}

    draft = "And three more, please."
    expected = chat.count_tokens(conversation, draft)
    chat.answer(conversation, draft, model=starter, load_options=ONE_THREAD, on_event=ignore)
    stats = conversation.messages[3].stats
    assert stats is not None
    assert stats.prompt_tokens == expected
