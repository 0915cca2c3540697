"""Reasoning and continued answers through the real decode loop, with the starter in other families' forms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from slmdesk.engines.llama_cpp import LlamaCppEngine
from slmdesk.engines.protocol import End, GenerateRequest, LoadReport
from tests.engines.llama_cpp.conftest import GREEDY, OPTIONS, SYSTEM, Answer, Ask, Speak, collect, user
from tests.engines.llama_cpp.rewritten import with_template
from tests.engines.reasoning import templates as t

QUESTION = (SYSTEM, user("Tell me about the sea."))
# Marks that are control tokens of the starter's vocabulary: as in gpt-oss and Magistral, they write nothing.
CONTROL = t.SWITCHED.replace("<think>", "<issue_start>").replace("</think>", "<issue_closed>")

Load = Callable[[str], tuple[LlamaCppEngine, LoadReport]]


@pytest.fixture(scope="module")
def load(starter_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Load]:
    """The starter with another template, loaded; one at a time."""
    engine = LlamaCppEngine()
    file = tmp_path_factory.mktemp("models") / "rewritten.gguf"
    loaded: dict[str, LoadReport] = {}

    def load(template: str) -> tuple[LlamaCppEngine, LoadReport]:
        if template not in loaded:
            loaded.clear()
            engine.unload()
            report = engine.load(str(with_template(starter_file, template, file)), OPTIONS, lambda _: None)
            assert report is not None
            loaded[template] = report
        return engine, loaded[template]

    yield load
    engine.unload()


def answer(engine: LlamaCppEngine, max_tokens: int | None = 24, **request: object) -> Answer:
    facts = {"messages": QUESTION, "sampling": GREEDY, "max_tokens": max_tokens, **request}
    return collect(engine.generate(GenerateRequest(**facts)))  # type: ignore[arg-type]


def test_the_starter_does_not_reason(engine: LlamaCppEngine, speak: Speak) -> None:
    speak("<think>Hm.</think>Yes.")
    said = answer(engine)
    assert (said.reasoning, said.text) == ("", "<think>Hm.</think>Yes.")


@pytest.mark.parametrize(
    ("template", "thinking", "spoken"),
    [
        (t.SWITCHED, "optional", "<think>\nHm, ż😀.\n</think>\n\nYes, ż😀."),
        (t.OPENED, "always", "Hm, ż😀.\n</think>\n\nYes, ż😀."),
        (
            t.HEADERS,
            "always",
            "<|channel|>analysis<|message|>Hm, ż😀.<|end|>"
            "<|start|>assistant<|channel|>final<|message|>Yes, ż😀.",
        ),
        (CONTROL, "optional", "<issue_start>\nHm, ż😀.\n<issue_closed>\n\nYes, ż😀."),
    ],
)
def test_each_form(load: Load, speak: Speak, template: str, thinking: str, spoken: str) -> None:
    engine, report = load(template)
    assert report.thinking == thinking
    speak(spoken)
    said = answer(engine, max_tokens=None, stop=("Hm",))
    assert (said.reasoning, said.text) == ("Hm, ż😀.", "Yes, ż😀.")
    assert said.end == End(reason="stop")
    # What the model wrote is in the KV cache, marks included: continuing it evaluates nothing of it again.
    speak(" And so on.")
    more = answer(engine, reasoning_so_far=said.reasoning, answer_so_far=said.text)
    assert (more.reasoning, more.text) == ("", " And so on.")
    assert more.stats.reused_tokens >= said.stats.prompt_tokens + said.stats.generated_tokens - 2


def test_switched_off_it_is_an_answer_at_once(load: Load, speak: Speak) -> None:
    engine, _ = load(t.SWITCHED)
    speak("Yes.")
    said = answer(engine, thinking=False)
    assert (said.reasoning, said.text) == ("", "Yes.")


def test_reasoning_that_is_never_closed(load: Load) -> None:
    engine, _ = load(t.OPENED)
    said = answer(engine)
    assert said.text == ""
    assert said.reasoning
    assert said.end.reason == "length"
    # Cut off in the middle of it and continued, it is the same as in one go.
    whole = answer(engine, max_tokens=40)
    cut = answer(engine, max_tokens=20)
    more = answer(engine, max_tokens=10, reasoning_so_far=cut.reasoning)
    last = answer(engine, max_tokens=10, reasoning_so_far=cut.reasoning + more.reasoning)
    assert cut.reasoning + more.reasoning + last.reasoning == whole.reasoning
    assert more.text == last.text == ""
    assert more.stats.reused_tokens >= cut.stats.context_tokens - 2
    assert last.stats.reused_tokens >= more.stats.context_tokens - 2


def test_a_cut_off_answer_goes_on_as_if_it_had_not_been(engine: LlamaCppEngine, ask: Ask) -> None:
    whole = ask(*QUESTION, max_tokens=48)
    cut = ask(*QUESTION, max_tokens=20)
    more = answer(engine, max_tokens=28, answer_so_far=cut.text)
    assert cut.text + more.text == whole.text
    # Only what had not been evaluated yet was: the last token, alone.
    assert more.stats.reused_tokens >= more.stats.prompt_tokens - 2
    assert more.stats.prompt_tokens == cut.stats.prompt_tokens + 20
    assert more.stats.generated_tokens == 28


def test_an_answer_is_continued_by_an_engine_that_has_not_seen_it(engine: LlamaCppEngine, ask: Ask) -> None:
    cut = ask(*QUESTION, max_tokens=20)
    here = answer(engine, answer_so_far=cut.text).text
    answer(engine, messages=(user("Something else entirely."),), max_tokens=1)
    assert answer(engine, answer_so_far=cut.text).text == here


def test_an_answer_that_was_cut_off_within_a_character(engine: LlamaCppEngine, speak: Speak) -> None:
    speak("a 🦭🦭")
    model, _ = engine._loaded()
    tokens = len(model.tokenize("a 🦭🦭".encode(), begins=False))
    cut = answer(engine, max_tokens=tokens - 1)
    assert cut.text == "a 🦭"
    speak("🐳 b")
    assert answer(engine, answer_so_far=cut.text).text == "🐳 b"


def test_a_continued_answer_without_room(engine: LlamaCppEngine) -> None:
    said = answer(engine, answer_so_far="word " * 3000)
    assert said.end.reason == "context_full"
    assert said.end.needed_tokens > 2048


def test_text_of_control_tokens_in_a_continued_answer_ends_nothing(engine: LlamaCppEngine) -> None:
    """It was spelled out by the model, and is spelled out again."""
    plain = answer(engine, answer_so_far="The mark is im_end and").stats.prompt_tokens
    marked = answer(engine, answer_so_far="The mark is <|im_end|> and").stats.prompt_tokens
    assert marked >= plain + 3
