"""Continued answers of llama.cpp are the very ones that would have come without the break.

What holds for every engine is in tests/engines/shared.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from slmdesk.engines.llama_cpp import LlamaCppEngine
from slmdesk.engines.protocol import GenerateRequest
from tests.engines.llama_cpp.conftest import GREEDY, OPTIONS, SYSTEM, Answer, Ask, collect, user
from tests.engines.llama_cpp.rewritten import with_template
from tests.engines.reasoning import templates as t

QUESTION = (SYSTEM, user("Tell me about the sea."))


@pytest.fixture
def thinking(starter_file: Path, tmp_path: Path) -> Iterator[LlamaCppEngine]:
    """The starter with a template that begins its reasoning, which it was never taught to close."""
    engine = LlamaCppEngine()
    file = with_template(starter_file, t.OPENED, tmp_path / "rewritten.gguf")
    assert engine.load(str(file), OPTIONS, lambda _: None) is not None
    yield engine
    engine.unload()


def answer(engine: LlamaCppEngine, max_tokens: int | None = 24, **request: object) -> Answer:
    facts = {"messages": QUESTION, "sampling": GREEDY, "max_tokens": max_tokens, **request}
    return collect(engine.generate(GenerateRequest(**facts)))  # type: ignore[arg-type]


def test_reasoning_that_is_never_closed(thinking: LlamaCppEngine) -> None:
    whole = answer(thinking, max_tokens=40)
    assert (whole.text, whole.end.reason) == ("", "length")
    cut = answer(thinking, max_tokens=20)
    more = answer(thinking, max_tokens=10, reasoning_so_far=cut.reasoning)
    last = answer(thinking, max_tokens=10, reasoning_so_far=cut.reasoning + more.reasoning)
    assert cut.reasoning + more.reasoning + last.reasoning == whole.reasoning
    assert more.text == last.text == ""
    assert more.stats.reused_tokens >= cut.stats.context_tokens - 2
    assert last.stats.reused_tokens >= more.stats.context_tokens - 2


def test_a_cut_off_answer_goes_on_as_if_it_had_not_been(engine: LlamaCppEngine, ask: Ask) -> None:
    whole = ask(*QUESTION, max_tokens=48)
    cut = ask(*QUESTION, max_tokens=20)
    more = answer(engine, max_tokens=28, answer_so_far=cut.text)
    assert cut.text + more.text == whole.text
    assert more.stats.prompt_tokens == cut.stats.prompt_tokens + 20
    # By an engine that has not seen it as well.
    answer(engine, messages=(user("Something else entirely."),), max_tokens=1)
    assert answer(engine, answer_so_far=cut.text, max_tokens=28).text == more.text
