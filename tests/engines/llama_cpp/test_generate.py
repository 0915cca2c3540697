"""Answers of the real starter model: ends, sampling, text, statistics, prefix reuse, cancelling."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from slmdesk.engines.llama_cpp import LlamaCppEngine
from slmdesk.engines.llama_cpp.native import lib
from slmdesk.engines.protocol import (
    ChatMessage,
    Event,
    GenerateRequest,
    LoadOptions,
    PromptProgress,
    Sampling,
    Stats,
    Text,
)
from slmdesk.messages import ErrorKind, UserError, error_sentences
from tests.engines.llama_cpp.conftest import GREEDY, SYSTEM, Ask, assistant, collect, user

WaitUntil = Callable[[Callable[[], object], str], None]

FRANCE = user("What is the capital of France?")
LONG = user("Summarize this. " + "The quick brown fox jumps over the lazy dog. " * 60)


def test_an_answer_that_ends_by_itself(ask: Ask) -> None:
    answer = ask(SYSTEM, FRANCE, max_tokens=100)
    assert "Paris" in answer.text
    assert answer.end.reason == "stop"
    stats = answer.stats
    assert stats.generated_tokens == len(answer.pieces) > 3
    assert stats.prompt_tokens > 20
    assert stats.prompt_tokens_per_second > 0
    assert stats.tokens_per_second > 0
    assert 0 < stats.time_to_first_token_s < 60
    assert stats.context_tokens == stats.prompt_tokens + stats.generated_tokens
    assert "<|im_end|>" not in answer.text


def test_an_answer_of_limited_length(ask: Ask) -> None:
    answer = ask(SYSTEM, user("Write a long story."), max_tokens=7)
    assert (answer.end.reason, answer.stats.generated_tokens) == ("length", 7)
    one = ask(SYSTEM, user("Write a long story."), max_tokens=1)
    assert (one.end.reason, one.stats.generated_tokens, one.stats.tokens_per_second) == ("length", 1, 0.0)


def test_a_seed_repeats_the_draw(ask: Ask) -> None:
    story = user("Tell me a story about a dog.")
    first = ask(SYSTEM, story, sampling=Sampling(seed=7, temperature=1.5))
    again = ask(SYSTEM, story, sampling=Sampling(seed=7, temperature=1.5))
    other = ask(SYSTEM, story, sampling=Sampling(seed=8, temperature=1.5))
    assert first.text == again.text != other.text
    assert first.stats.seed == again.stats.seed == 7


def test_a_fresh_seed_is_reported_and_repeats(ask: Ask) -> None:
    story = user("Tell me a story about a dog.")
    fresh = ask(SYSTEM, story, sampling=Sampling(temperature=1.5))
    again = ask(SYSTEM, story, sampling=Sampling(temperature=1.5, seed=fresh.stats.seed))
    assert again.text == fresh.text


def test_every_sampler_takes_effect(ask: Ask) -> None:
    story = user("Write about rain.")
    hot = Sampling(temperature=3.0, seed=1, top_k=0, top_p=1.0, min_p=0.0)
    greedy = ask(SYSTEM, story).text
    assert ask(SYSTEM, story, sampling=hot).text != greedy
    for narrow in (
        Sampling(temperature=3.0, seed=1, top_k=1, top_p=1.0, min_p=0.0),
        Sampling(temperature=3.0, seed=1, top_k=0, top_p=1e-6, min_p=0.0),
        Sampling(temperature=3.0, seed=1, top_k=0, top_p=1.0, min_p=1.0),
        Sampling(temperature=0.001, seed=1, top_k=0, top_p=1.0, min_p=0.0),
    ):
        assert ask(SYSTEM, story, sampling=narrow).text == greedy
    for penalized in (
        Sampling(temperature=0, repeat_penalty=2.0),
        Sampling(temperature=0, presence_penalty=20.0, penalty_window=-1),
        Sampling(temperature=0, frequency_penalty=20.0, penalty_window=-1),
    ):
        assert ask(SYSTEM, story, sampling=penalized).text != greedy
    off = Sampling(temperature=0, repeat_penalty=2.0, penalty_window=0)
    assert ask(SYSTEM, story, sampling=off).text == greedy


def test_a_penalty_window_larger_than_the_context_costs_no_memory(ask: Ask) -> None:
    huge = Sampling(temperature=0, repeat_penalty=1.1, penalty_window=2**31 - 1)
    assert ask(SYSTEM, FRANCE, sampling=huge, max_tokens=3).end.reason == "length"


@pytest.mark.parametrize(
    "text", ["Zażółć gęślą jaźń 😀👨‍👩‍👧‍👦 done", "שלום עולם, مرحبا بالعالم", "日本語のテキスト🎌"]
)
def test_text_arrives_in_whole_characters(ask: Ask, speak: Callable[[str], None], text: str) -> None:
    speak(text)
    answer = ask(SYSTEM, user("Speak."), max_tokens=None)
    assert answer.text == text
    assert answer.end.reason == "stop"
    assert all("�" not in piece for piece in answer.pieces)
    # Some characters took several tokens, so there are fewer pieces than tokens.
    assert len(answer.pieces) < answer.stats.generated_tokens


def test_a_stop_string_across_tokens_is_not_part_of_the_answer(
    ask: Ask, speak: Callable[[str], None]
) -> None:
    speak("one two ### three")
    answer = ask(SYSTEM, user("Count."), stop=("o ##", "never"), max_tokens=None)
    assert answer.text == "one tw"
    assert answer.end.reason == "stop"


def test_what_was_held_back_comes_at_the_end(ask: Ask, speak: Callable[[str], None]) -> None:
    speak("one ##")
    answer = ask(SYSTEM, user("Count."), stop=("###",), max_tokens=None)
    assert answer.text == "one ##"


def test_half_a_character_at_the_end_is_left_out(
    engine: LlamaCppEngine, ask: Ask, speak: Callable[[str], None]
) -> None:
    speak("a🎌")
    answer = ask(SYSTEM, user("Count."), max_tokens=2)
    assert answer.text == "a"


def evaluated(stats: Stats) -> int:
    return stats.prompt_tokens - stats.reused_tokens


def test_the_next_turn_evaluates_only_what_is_new(engine: LlamaCppEngine, ask: Ask) -> None:
    talk: list[ChatMessage] = [SYSTEM, user("Tell me about the sea.")]
    before = ask(*talk, max_tokens=40)
    for question in ("And the sky?", "Zażółć 😀?", "Shorter, please."):
        talk += [assistant(before.text), user(question)]
        answer = ask(*talk, sampling=Sampling(temperature=1.2, seed=3), max_tokens=40)
        new = answer.stats.prompt_tokens - before.stats.context_tokens
        assert new > 0
        assert evaluated(answer.stats) / new <= 1.1
        assert answer.progress[0].reused == answer.progress[0].processed == answer.stats.reused_tokens
        assert answer.progress[-1].processed == answer.progress[-1].total == answer.stats.prompt_tokens
        before = answer


def test_an_answer_that_nobody_would_tokenize_like_that_is_reused(
    engine: LlamaCppEngine, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, _ = engine._loaded()
    letters = [token for letter in "strawberry" for token in model.tokenize(letter.encode(), begins=False)]
    assert letters != model.tokenize(b"strawberry", begins=False)
    tokens = iter([*letters, model.eos])
    with monkeypatch.context() as patch:
        patch.setattr(lib, "llama_sampler_sample", lambda chain, context, index: next(tokens))
        first = ask(SYSTEM, user("Spell it."), max_tokens=None)
    assert first.text == "strawberry"
    second = ask(SYSTEM, user("Spell it."), assistant("strawberry"), user("Again."))
    assert second.stats.reused_tokens == first.stats.context_tokens


def test_regenerating_evaluates_one_token(ask: Ask) -> None:
    first = ask(SYSTEM, user("Tell me about trees."), sampling=Sampling(seed=1))
    again = ask(SYSTEM, user("Tell me about trees."), sampling=Sampling(seed=1))
    assert evaluated(again.stats) == 1
    assert again.text == first.text


def test_an_edited_message_keeps_what_came_before(engine: LlamaCppEngine, ask: Ask) -> None:
    ask(SYSTEM, LONG, assistant("It is about a fox."), user("And a dog?"))
    edited = ask(SYSTEM, LONG, assistant("It is about a fox."), user("What colour is it?"))
    before = engine.count_tokens((SYSTEM, LONG, assistant("It is about a fox.")))
    assert edited.stats.reused_tokens >= before - 5


def test_a_reused_prefix_gives_the_answer_of_a_fresh_one(engine: LlamaCppEngine, ask: Ask) -> None:
    talk = (SYSTEM, FRANCE, assistant("Paris."), user("Which river flows there?"))
    ask(SYSTEM, FRANCE)
    reused = ask(*talk)
    ask(user("Something else entirely."))
    fresh = ask(*talk)
    assert fresh.stats.reused_tokens < reused.stats.reused_tokens
    assert fresh.text == reused.text


def test_a_prompt_that_does_not_fit_is_told_with_numbers(
    engine: LlamaCppEngine, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(SYSTEM, FRANCE)
    too_long = user("word " * 3000)
    needed = engine.count_tokens((SYSTEM, too_long))
    with monkeypatch.context() as patch:
        # A batch larger than the context would end the process, so nothing may be decoded at all.
        patch.setattr(lib, "llama_decode", None)
        answer = ask(SYSTEM, too_long)
    assert answer.end.reason == "context_full"
    assert (answer.end.needed_tokens, answer.end.context_length) == (needed, 2048)
    assert (answer.text, answer.stats.generated_tokens) == ("", 0)
    assert ask(SYSTEM, FRANCE).stats.reused_tokens > 20, "what was in the cache is still there"


def test_cancel_between_batches_of_a_prompt(engine: LlamaCppEngine, ask: Ask) -> None:
    def cancel(event: Event) -> None:
        if isinstance(event, PromptProgress) and event.processed >= 512:
            engine.cancel()

    ask(user("x"))
    answer = ask(SYSTEM, LONG, on_event=cancel)
    assert answer.end.reason == "cancelled"
    assert answer.stats.context_tokens == answer.stats.reused_tokens + 512
    assert answer.stats.prompt_tokens > 600
    after = ask(SYSTEM, LONG)
    assert after.stats.reused_tokens == answer.stats.context_tokens
    assert after.end.reason == "length"


def test_cancel_inside_of_a_batch_keeps_finished_micro_batches(
    starter_file: Path, wait_until: WaitUntil
) -> None:
    engine = LlamaCppEngine()
    engine.load(
        str(starter_file), LoadOptions(threads=1, context_length=2048, batch_size=1024), lambda progress: None
    )
    try:
        request = GenerateRequest(
            messages=(SYSTEM, user(LONG.content + LONG.content)), sampling=GREEDY, max_tokens=2
        )
        before = engine.activity

        # Each micro-batch asks the abort callback some hundred times; the second one is under way then.
        def watch() -> None:
            wait_until(lambda: engine.activity > before + 700, "the second micro-batch is under way")
            engine.cancel()

        watcher = threading.Thread(target=watch)
        watcher.start()
        answer = collect(engine.generate(request))
        watcher.join()
        assert answer.end.reason == "cancelled"
        assert answer.stats.context_tokens == 512
        assert len(answer.progress) == 1, "stopped inside of the first batch"
        again = collect(engine.generate(request))
        assert again.stats.reused_tokens == 512
        assert again.end.reason in ("length", "stop")
    finally:
        engine.unload()


def test_cancel_inside_of_a_token(engine: LlamaCppEngine, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = ask(SYSTEM, user("Tell me about cats."), max_tokens=20)
    codes: list[int] = []
    decode = lib.llama_decode

    def watched(context: object, batch: object) -> int:
        codes.append(decode(context, batch))
        return codes[-1]

    with monkeypatch.context() as patch:
        model, _ = engine._loaded()
        patch.setattr(model, "_decode", watched)

        def cancel(event: Event) -> None:
            if isinstance(event, Text):
                engine.cancel()

        answer = ask(SYSTEM, user("Tell me about cats."), on_event=cancel)
    assert codes == [2], "the token's evaluation was aborted"
    assert answer.end.reason == "cancelled"
    assert answer.stats.generated_tokens == 1
    assert whole.text.startswith(answer.text)
    assert answer.stats.context_tokens == answer.stats.prompt_tokens
    assert ask(SYSTEM, user("Tell me about cats."), max_tokens=20).text == whole.text


def test_cancel_while_idle_does_nothing(engine: LlamaCppEngine, ask: Ask) -> None:
    engine.cancel()
    assert ask(SYSTEM, FRANCE, max_tokens=3).end.reason == "length"


def test_an_answer_that_nobody_reads_on_leaves_the_engine_usable(engine: LlamaCppEngine, ask: Ask) -> None:
    whole = ask(SYSTEM, user("Tell me about bees."))
    events = engine.generate(
        GenerateRequest(messages=(SYSTEM, user("Tell me about bees.")), sampling=GREEDY, max_tokens=24)
    )
    while not isinstance(next(events), Text):
        pass
    events.close()  # type: ignore[attr-defined]
    assert ask(SYSTEM, user("Tell me about bees.")).text == whole.text


def test_tokens_are_counted_while_another_thread_generates(engine: LlamaCppEngine, ask: Ask) -> None:
    expected = engine.count_tokens((SYSTEM, FRANCE))
    assert expected == ask(SYSTEM, FRANCE, max_tokens=1).stats.prompt_tokens
    counts: list[int] = []
    done = threading.Event()

    def count() -> None:
        while not done.is_set():
            counts.append(engine.count_tokens((SYSTEM, FRANCE)))

    thread = threading.Thread(target=count)
    thread.start()
    try:
        quiet = ask(SYSTEM, user("Tell me about ants."))
    finally:
        done.set()
        thread.join()
    assert set(counts) == {expected}
    assert quiet.text == ask(SYSTEM, user("Tell me about ants.")).text


def test_activity_moves_with_every_token(engine: LlamaCppEngine, ask: Ask) -> None:
    seen: list[int] = []
    ask(SYSTEM, FRANCE, on_event=lambda event: seen.append(engine.activity))
    assert len(set(seen)) > len(seen) // 2


@pytest.mark.parametrize(
    ("request_", "key"),
    [
        (GenerateRequest(messages=()), "no-message"),
        (GenerateRequest(messages=(FRANCE,), max_tokens=0), "max-tokens-out-of-range"),
        (GenerateRequest(messages=(FRANCE,), stop=("",)), "stop-length"),
        (GenerateRequest(messages=(FRANCE,), stop=("x" * 2000,)), "stop-length"),
        (GenerateRequest(messages=(FRANCE,), stop=("x",) * 100), "stop-too-many"),
        *[
            (GenerateRequest(messages=(FRANCE,), sampling=sampling), "sampling-out-of-range")
            for sampling in (
                Sampling(temperature=-0.1),
                Sampling(temperature=float("nan")),
                Sampling(temperature=float("inf")),
                Sampling(top_k=-1),
                Sampling(top_p=1.1),
                Sampling(min_p=-1.0),
                Sampling(repeat_penalty=0.0),
                Sampling(presence_penalty=float("nan")),
                Sampling(frequency_penalty=1e9),
                Sampling(penalty_window=-2),
                Sampling(seed=-1),
                Sampling(seed=2**32 - 1),
            )
        ],
    ],
)
def test_requests_that_cannot_be(engine: LlamaCppEngine, request_: GenerateRequest, key: str) -> None:
    with pytest.raises(UserError) as caught:
        next(iter(engine.generate(request_)))
    assert caught.value.key == key
    assert caught.value.kind is ErrorKind.GENERATION
    assert error_sentences(caught.value).do
