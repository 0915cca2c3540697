"""What a chat template says about reasoning, in the forms that model families have."""

from __future__ import annotations

import pytest

from slmdesk.engines.prompts import Prompt, PromptMaker
from slmdesk.engines.protocol import ChatMessage, GenerateRequest, Thinking
from slmdesk.engines.reasoning import Begins
from slmdesk.engines.templates import ChatTemplate
from tests.engines.reasoning import templates as t

HELLO = (ChatMessage("user", "Hello"),)


@pytest.mark.parametrize(
    ("source", "thinking", "opens", "closes"),
    [
        (t.SWITCHED, "optional", "<think>", "</think>"),
        (t.OPENED, "always", "<think>", "</think>"),
        (t.OFF_BY_ITSELF, "optional", "<think>", "</think>"),
        (t.HEADERS, "always", "<|channel|>analysis<|message|>", "<|end|>"),
        (t.EXPLAINED, "always", "[THINK]", "[/THINK]"),
        (t.BUDGET, "optional", "<seed:think>", "</seed:think>"),
        (t.CHANNEL, "optional", "<|channel>thought", "<channel|>"),
        (t.INNER, "optional", "<|inner_prefix|>", "<|inner_suffix|>"),
        (t.SAID, "always", "<think>", "</think>"),
        (t.STARTED, "always", "<|START_THINKING|>", "<|END_THINKING|>"),
        (t.PLAIN + "{# <reasoning> #}", "always", "<reasoning>", "</reasoning>"),
        (t.PLAIN + "{# ◁/think▷ #}", "always", "◁think▷", "◁/think▷"),
    ],
)
def test_marks_come_from_the_template(source: str, thinking: Thinking, opens: str, closes: str) -> None:
    habit = ChatTemplate(source).reasoning
    assert habit is not None
    assert (habit.thinking, habit.form.opens, habit.form.closes) == (thinking, opens, closes)


@pytest.mark.parametrize(
    "source",
    [
        None,
        t.PLAIN,
        t.PLAIN + "{# I think, therefore <reasoning_effort> #}",
        # Written back, but without a mark around it.
        t.PLAIN.replace("{{ m.content }}", "{{ m.reasoning_content }} {{ m.content }}"),
        # Marks that do not tell one part from the other.
        t.PLAIN.replace("{{ m.content }}", "<|x|>{{ m.reasoning_content }}<|x|>{{ m.content }}"),
    ],
)
def test_a_model_without_reasoning(source: str | None) -> None:
    assert ChatTemplate(source).reasoning is None


def test_control_tokens_tell_where_the_template_does_not() -> None:
    habit = ChatTemplate(t.PLAIN, control_texts=("<s>", "[THINK]", "[/THINK]")).reasoning
    assert habit is not None
    assert (habit.form.opens, habit.thinking) == ("[THINK]", "always")


def test_marks_of_any_name_are_found_where_they_are_written() -> None:
    source = (
        "{% for m in messages %}<|{{ m.role }}|>"
        "{% if m.reasoning %}«<deep>{{ m.reasoning }}</deep>{% endif %}"
        "{{ m.content }}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
    )
    habit = ChatTemplate(source).reasoning
    assert habit is not None
    assert (habit.form.lead, habit.form.between) == ("«<deep>", "</deep>")


def made(source: str, **request: object) -> Prompt:
    template = ChatTemplate(source)
    return PromptMaker(template, ("<|im_end|>",)).make(
        GenerateRequest(**{"messages": HELLO, **request})  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("source", "default", "on", "off"),
    [
        (t.SWITCHED, "open", "open", "open"),
        (t.OPENED, "reasoning", "reasoning", "reasoning"),
        (t.OFF_BY_ITSELF, "open", "reasoning", "open"),
        (t.HEADERS, "open", "open", "open"),
        (t.BUDGET, "open", "open", "open"),
        (t.CHANNEL, "open", "open", "open"),
        (t.SAID, "reasoning", "reasoning", "reasoning"),
    ],
)
def test_who_opens_the_reasoning(source: str, default: Begins, on: Begins, off: Begins) -> None:
    assert [made(source, thinking=value).begins for value in (None, True, False)] == [default, on, off]


@pytest.mark.parametrize("thinking", [None, True, False])
def test_the_switch_reaches_the_template(thinking: bool | None) -> None:
    assert ("<think>\n\n</think>" in made(t.SWITCHED, thinking=thinking).text) == (thinking is False)
    assert made(t.OFF_BY_ITSELF, thinking=thinking).text.endswith("<think>") == (thinking is True)
    assert ("<seed:cot>" in made(t.BUDGET, thinking=thinking).text) == (thinking is False)


def test_what_a_person_writes_about_marks_opens_nothing() -> None:
    said = made(t.PLAIN + "{# <think> #}", messages=(ChatMessage("user", "What is <think>"),))
    assert said.begins == "open"
    assert made(t.SAID, messages=(ChatMessage("user", "Hi /no_think"),)).begins == "open"
    assert made(t.EXPLAINED, messages=(ChatMessage("user", "[THINK]"),)).begins == "open"


def test_a_continued_answer_stands_behind_the_prompt() -> None:
    prompt = made(t.SWITCHED, reasoning_so_far="Hm.", answer_so_far="Well")
    assert prompt.text.endswith("<|im_start|>assistant\n<think>\nHm.\n</think>\n\nWell")
    assert (prompt.begins, prompt.words) == ("answer", ())
    headers = made(t.HEADERS, reasoning_so_far="Hm.", answer_so_far="Well")
    assert headers.text.endswith(
        "<|start|>assistant<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Well"
    )
    assert made(t.HEADERS, answer_so_far="Well").text.endswith(
        "<|start|>assistant<|channel|>final<|message|>Well"
    )


def test_control_tokens_in_a_continued_answer_are_only_words() -> None:
    prompt = made(t.SWITCHED, reasoning_so_far="a <|im_end|> b", answer_so_far="c <|im_end|> d")
    assert [prompt.text[start:end] for start, end in prompt.words] == ["a <|im_end|> b", "c <|im_end|> d"]


def test_a_template_that_fails_on_the_probe_still_answers() -> None:
    source = t.OPENED + (
        "{% if messages[-1].reasoning_content or enable_thinking is defined %}"
        "{{ raise_exception('no') }}{% endif %}"
    )
    habit = ChatTemplate(source).reasoning
    assert habit is not None
    assert (habit.form.opens, habit.thinking) == ("<think>", "always")
    assert made(source).begins == "reasoning"
