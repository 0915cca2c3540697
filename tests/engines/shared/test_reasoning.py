"""Reasoning and continued answers through the real decode loop, with each model in other families' forms."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from slmdesk.engines.engine import Engine
from slmdesk.engines.protocol import End, GenerateRequest, LoadReport
from tests.engines.answers import GREEDY, SYSTEM, Answer, collect, user
from tests.engines.reasoning import templates as t
from tests.engines.shared.conftest import Ask, Speak
from tests.engines.shared.subjects import CONTROL_SIGN, OPTIONS, Subject

QUESTION = (SYSTEM, user("Tell me about the sea."))

Load = Callable[[str], tuple[Engine, LoadReport]]


@pytest.fixture(scope="module")
def load(subject: Subject, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Load]:
    """The model with another template, loaded; one at a time."""
    engine = subject.create()
    folder = tmp_path_factory.mktemp("models")
    loaded: dict[str, LoadReport] = {}

    def load(template: str) -> tuple[Engine, LoadReport]:
        if template not in loaded:
            loaded.clear()
            engine.unload()
            report = engine.load(str(subject.rewritten(template, folder)), OPTIONS, lambda _: None)
            assert report is not None
            loaded[template] = report
        return engine, loaded[template]

    yield load
    engine.unload()


def answer(engine: Engine, max_tokens: int | None = 24, **request: object) -> Answer:
    facts = {"messages": QUESTION, "sampling": GREEDY, "max_tokens": max_tokens, **request}
    return collect(engine.generate(GenerateRequest(**facts)))  # type: ignore[arg-type]


def with_control_marks(subject: Subject, text: str) -> str:
    """As in gpt-oss and Magistral: the marks are control tokens, which write nothing."""
    opens, closes = subject.control_marks
    return text.replace("<think>", opens).replace("</think>", closes)


def test_a_model_that_does_not_reason(engine: Engine, report: LoadReport, ask: Ask, speak: Speak) -> None:
    assert report.thinking == "no"
    speak("<think>Hm.</think>Yes.")
    said = ask(*QUESTION, max_tokens=None)
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
        ("control", "optional", "<think>\nHm, ż😀.\n</think>\n\nYes, ż😀."),
    ],
    ids=["switched", "opened", "headers", "control tokens"],
)
def test_each_form(
    subject: Subject, load: Load, monkeypatch: pytest.MonkeyPatch, template: str, thinking: str, spoken: str
) -> None:
    if template == "control":
        template = CONTROL_SIGN + with_control_marks(subject, t.SWITCHED)
        spoken = with_control_marks(subject, spoken)
    engine, report = load(template)
    assert report.thinking == thinking

    def speak(text: str) -> None:
        subject.say(monkeypatch, iter([*subject.tokens(engine, text), subject.end_token(engine)]))

    speak(spoken)
    said = answer(engine, max_tokens=None, stop=("Hm",))
    assert (said.reasoning, said.text) == ("Hm, ż😀.", "Yes, ż😀.")
    assert said.end == End(reason="stop")
    # What the model wrote is in the KV cache, marks included: continuing it evaluates nothing of it again.
    speak(" And so on.")
    more = answer(engine, reasoning_so_far=said.reasoning, answer_so_far=said.text)
    assert (more.reasoning, more.text) == ("", " And so on.")
    assert more.stats.reused_tokens >= said.stats.prompt_tokens + said.stats.generated_tokens - 2


def test_switched_off_it_is_an_answer_at_once(
    subject: Subject, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, _ = load(t.SWITCHED)
    subject.say(monkeypatch, iter([*subject.tokens(engine, "Yes."), subject.end_token(engine)]))
    said = answer(engine, thinking=False)
    assert (said.reasoning, said.text) == ("", "Yes.")


def test_reasoning_that_is_never_closed(
    subject: Subject, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, _ = load(t.OPENED)
    words = "Hm, let me see what a whale is, and what a żółw is 🐳."
    tokens = subject.tokens(engine, words)
    with monkeypatch.context() as patch:
        subject.say(patch, iter(tokens))
        cut = answer(engine, max_tokens=len(tokens))
    assert (cut.reasoning, cut.text, cut.end.reason) == (words, "", "length")
    # Continued, it is still reasoning, and nothing of it but its last token is evaluated again.
    more = answer(engine, max_tokens=10, reasoning_so_far=cut.reasoning)
    assert more.stats.reused_tokens >= cut.stats.context_tokens - 2
    assert more.text == ""


def test_a_cut_off_answer_goes_on_as_if_it_had_not_been(
    subject: Subject, engine: Engine, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = subject.tokens(engine, "The sea is wide, and 🌊")
    with monkeypatch.context() as patch:
        subject.say(patch, iter(begun))
        cut = ask(*QUESTION, max_tokens=len(begun))
    more = ask(*QUESTION, max_tokens=12, answer_so_far=cut.text)
    # Only what had not been evaluated yet was: the last token, alone.
    assert more.stats.reused_tokens >= more.stats.prompt_tokens - 2
    assert more.stats.prompt_tokens == cut.stats.prompt_tokens + len(begun)
    # An engine that has not seen it reads it and goes on. Not always in the same words: several tokens at
    # once are not evaluated to the very same numbers as one after the other.
    ask(user("Something else entirely."), max_tokens=1)
    again = ask(*QUESTION, max_tokens=12, answer_so_far=cut.text)
    assert again.stats.reused_tokens < more.stats.reused_tokens
    assert again.stats.generated_tokens == more.stats.generated_tokens == 12


def test_an_answer_that_was_cut_off_within_a_character(
    subject: Subject, engine: Engine, ask: Ask, speak: Speak
) -> None:
    speak("a 🦭🦭")
    cut = ask(*QUESTION, max_tokens=len(subject.tokens(engine, "a 🦭🦭")) - 1)
    assert cut.text == "a 🦭"
    speak("🐳 b")
    assert ask(*QUESTION, answer_so_far=cut.text).text == "🐳 b"


def test_a_continued_answer_without_room(ask: Ask) -> None:
    said = ask(*QUESTION, answer_so_far="word " * 3000)
    assert said.end.reason == "context_full"
    assert OPTIONS.context_length is not None
    assert said.end.needed_tokens > OPTIONS.context_length
