"""The rendered prompt, which parts of it are somebody's words, and what the model writes next.

A chat template writes control tokens (`<|im_end|>`) as text, so the prompt is put into tokens with their
texts recognized. Words that happen to contain such a text, a pasted web page for one, must not become control
tokens: they could end the person's turn and begin another in its name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from slmdesk.engines.protocol import ChatMessage, GenerateRequest
from slmdesk.engines.reasoning import Begins, WrittenAnswer, resume
from slmdesk.engines.reasoning_probe import ReasoningHabit

# Private characters that stand around words while their place in the prompt is looked for.
_OPEN, _CLOSE = "\ue0f0", "\ue0f1"
WORD_JOINER = "\u2060"
"""A character without width, which keeps the text of a control token from being one."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """The text that the model continues."""

    text: str
    words: tuple[tuple[int, int], ...] = ()
    """Parts (start, end) in which no control token is recognized; ascending. Empty in nearly every prompt."""
    begins: Begins = "open"
    """What the model's first words are."""
    answer_at: int = 0
    """Where the beginning of the answer stands; the end where none was given."""

    def parts(self) -> list[tuple[str, bool]]:
        """The text in pieces, each with whether control tokens are recognized in it."""
        pieces = []
        at = 0
        for start, end in self.words:
            pieces += [(self.text[at:start], True), (self.text[start:end], False)]
            at = end
        pieces.append((self.text[at:], True))
        return [piece for piece in pieces if piece[0]]


class Template(Protocol):
    """What a prompt is made with; `templates.ChatTemplate` is one."""

    @property
    def reasoning(self) -> ReasoningHabit | None:
        """How answers with reasoning look."""

    def render(self, messages: Sequence[ChatMessage], thinking: bool | None = None) -> str:
        """The prompt as text."""


class PromptMaker:
    """Makes prompts for one model. Callable from several threads at once."""

    def __init__(self, template: Template, control_texts: Sequence[str]) -> None:
        """`control_texts` are what the model's control tokens look like."""
        self._template = template
        # The longest first: one may begin with another.
        ordered = sorted((text for text in control_texts if text), key=len, reverse=True)
        self._control = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def make(self, request: GenerateRequest, last: WrittenAnswer | None = None) -> Prompt:
        """The prompt for `request`, with the beginning of its answer. Raises what the template raises.

        Where that is what the model wrote last, it stands there as it wrote it.
        """
        prompt = self._render(request.messages, request.thinking)
        reasoning, answer = request.reasoning_so_far, request.answer_so_far
        is_control = any(map(self._has_control, (reasoning, answer)))
        if last is not None and not is_control and last.begins_so(prompt.text, reasoning, answer):
            begins: Begins = "answer" if answer else "more reasoning"
            return Prompt(prompt.text + last.text, prompt.words, begins, len(prompt.text))
        habit = self._template.reasoning
        pieces, begins = resume(
            habit.form if habit is not None else None,
            opened=habit is not None and habit.is_opened_by(prompt.text, request.thinking),
            reasoning=reasoning,
            answer=answer,
        )
        text, words = prompt.text, list(prompt.words)
        for is_words, piece in pieces:
            if is_words and self._has_control(piece):
                words.append((len(text), len(text) + len(piece)))
            text += piece
        return Prompt(text, tuple(words), begins, len(prompt.text))

    def _has_control(self, text: str) -> bool:
        return self._control is not None and self._control.search(text) is not None

    def _render(self, messages: Sequence[ChatMessage], thinking: bool | None) -> Prompt:
        render, control = self._template.render, self._control
        plain = render(messages, thinking)
        if control is None or not any(control.search(message.content) for message in messages):
            return Prompt(plain)
        # Many templates strip what they are given, which they cannot do to words between two marks.
        for marked in (_marked(messages, control, strip=False), _marked(messages, control, strip=True)):
            prompt = _located(render(marked, thinking))
            if prompt is not None and prompt.text == plain:
                return prompt
        # The template does more with the words than to place them, so the texts are broken up instead.
        return Prompt(render([_broken_up(message, control) for message in messages], thinking))


def _marked(messages: Sequence[ChatMessage], control: re.Pattern[str], *, strip: bool) -> list[ChatMessage]:
    marked = []
    for message in messages:
        if control.search(message.content):
            content = message.content.strip() if strip else message.content
            message = ChatMessage(message.role, f"{_OPEN}{content}{_CLOSE}")
        marked.append(message)
    return marked


def _located(rendered: str) -> Prompt | None:
    """The prompt without the marks; None where they do not come in pairs."""
    pieces: list[str] = []
    words: list[tuple[int, int]] = []
    length = 0
    for number, piece in enumerate(re.split(f"([{_OPEN}{_CLOSE}])", rendered)):
        if number % 2:
            # Marks alternate: the first, third, ... separator opens.
            if piece != (_OPEN if number % 4 == 1 else _CLOSE):
                return None
        else:
            if number % 4 == 2:
                words.append((length, length + len(piece)))
            pieces.append(piece)
            length += len(piece)
    return Prompt("".join(pieces), tuple(words)) if len(pieces) % 2 else None


def _broken_up(message: ChatMessage, control: re.Pattern[str]) -> ChatMessage:
    """The message with an invisible character inside of every text that looks like a control token."""
    content = control.sub(lambda found: found[0][:1] + WORD_JOINER + found[0][1:], message.content)
    return ChatMessage(message.role, content)
