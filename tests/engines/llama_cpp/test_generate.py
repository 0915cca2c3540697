"""What is particular to answers of llama.cpp; what holds for every engine is in tests/engines/shared."""

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
    Sampling,
    Stats,
    Text,
)
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


def test_cancel_inside_of_a_batch_keeps_finished_micro_batches(
    starter_file: Path, wait_until: WaitUntil
) -> None:
    engine = LlamaCppEngine()
    engine.load(
        str(starter_file), LoadOptions(threads=1, context_length=2048, batch_size=1024), lambda progress: None
    )
    try:
        request = GenerateRequest(messages=(SYSTEM, LONG), sampling=GREEDY, max_tokens=2)
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
