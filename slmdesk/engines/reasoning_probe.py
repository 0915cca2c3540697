"""How a model writes reasoning, read from its chat template: by rendering it, and from the marks it mentions.

No names of models: a template that writes reasoning back into a conversation shows its marks itself, and
marks that are only mentioned (cut out of old answers, or explained to the model) are known by their form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from slmdesk.engines.protocol import Thinking
from slmdesk.engines.reasoning import ReasoningForm

_QUESTION, _REASONING, _ANSWER = "SLMDESKQUESTION", "SLMDESKREASONING", "SLMDESKANSWER"
_ASKED = ({"role": "user", "content": _QUESTION},)
# The names under which templates look for reasoning in a message.
_ANSWERED = {
    "role": "assistant",
    "content": _ANSWER,
    **dict.fromkeys(("reasoning_content", "reasoning", "thinking", "thought"), _REASONING),
}

_MARK = re.compile(r"<[^<>\s]{1,40}>|\[/?[A-Z_]{2,40}\]|◁/?\w{1,40}▷")

_WORD = r"think|thinking|thought|thoughts|reason|reasoning"
_HINT = re.compile(rf"{_WORD}|analysis|inner_", re.IGNORECASE)
# Marks that are told by their form. Of each pair, one is enough where the other follows from it.
_TAGS = re.compile(rf"<(/?)((?:[\w.-]{{1,20}}:)?(?:{_WORD}))>")
_BRACKETS = re.compile(rf"\[(/?)({_WORD.upper()})\]")
_TRIANGLES = re.compile(rf"◁(/?)({_WORD})▷")
_STARTS = re.compile(rf"<\|(?:start|begin)(_(?:of_)?)({_WORD})\|>", re.IGNORECASE)
_ENDS = re.compile(rf"<\|end(_(?:of_)?)({_WORD})\|>", re.IGNORECASE)
_AFFIXES = re.compile(rf"<\|(inner|{_WORD})_(?:prefix|suffix)\|>")
_CHANNELS = re.compile(rf"<\|(\w{{1,20}})>({_WORD}|analysis)\b")


class Render(Protocol):
    """Renders the template; None where it fails."""

    def __call__(
        self, messages: Sequence[Mapping[str, str]], *, continues: bool, thinking: bool | None = None
    ) -> str | None:
        """`continues`: up to where an answer begins; `thinking`: as `GenerateRequest.thinking`."""


@dataclass(frozen=True, slots=True)
class ReasoningHabit:
    """What a chat template says about reasoning."""

    form: ReasoningForm
    thinking: Thinking
    _endings: Mapping[bool | None, str] = field(default_factory=dict)
    """What a prompt ends with behind the last message, for each value of `GenerateRequest.thinking`."""

    def is_opened_by(self, prompt: str, thinking: bool | None) -> bool:
        """Whether the model goes on with reasoning that the template has begun at the end of `prompt`."""
        ending = self._endings.get(thinking)
        if ending is not None and prompt.endswith(ending):
            # What is known of the ending counts: the words before it may end in marks of their own.
            return ending.rfind(self.form.opens) > ending.rfind(self.form.closes)
        return prompt.rstrip().endswith(self.form.opens)


def read_habit(source: str, control_texts: Sequence[str], render: Render) -> ReasoningHabit | None:
    """The habit of a model with the template `source` and these control tokens; None: it has none."""
    known = "\n".join(control_texts)
    if not _HINT.search(source) and _form_by_names(known) is None:
        return None
    prompts = {value: render(_ASKED, continues=True, thinking=value) for value in (None, True, False)}
    form = _form_as_written(prompts, render) or _form_by_names(source) or _form_by_names(known)
    if form is None:
        return None
    endings = {
        value: prompt[prompt.rfind(_QUESTION) + len(_QUESTION) :]
        for value, prompt in prompts.items()
        if prompt is not None and _QUESTION in prompt
    }
    on, off = prompts[True], prompts[False]
    switched = on is not None and off is not None and on != off
    return ReasoningHabit(form, "optional" if switched else "always", endings)


def _form_as_written(prompts: Mapping[bool | None, str | None], render: Render) -> ReasoningForm | None:
    """The form in which the template writes an answer with reasoning, if it does."""
    written = render((*_ASKED, _ANSWERED), continues=False)
    if written is None:
        return None
    before, _, after = written.partition(_REASONING)
    between, found, _ = after.partition(_ANSWER)
    closes = _MARK.search(between)
    if not found or closes is None or _REASONING in between:
        return None
    lead = _lead(before, prompts)
    if lead is None:
        return None
    rest = between[closes.end() :].strip()
    ends = [mark for mark in _MARK.findall(rest) if rest.endswith(mark)]
    answers = ends[-1] if ends else ""
    opens = lead.strip()
    if opens in (closes[0], answers):
        # Marks that do not tell the parts apart.
        return None
    return ReasoningForm(
        opens=opens,
        closes=closes[0],
        answers=answers,
        lead=lead,
        between=between,
        answer_lead=_behind(prompts[None] or "", rest) if answers else "",
    )


def _lead(before: str, prompts: Mapping[bool | None, str | None]) -> str | None:
    """What stands between the prompt and reasoning; None where no mark does."""
    for prompt in prompts.values():
        if prompt is not None and before.startswith(prompt) and before[len(prompt) :].strip():
            return before[len(prompt) :]
    # The prompt ends with it already.
    marks = [found for found in _MARK.finditer(before) if not before[found.end() :].strip()]
    return before[marks[-1].start() :] if marks else None


def _behind(prompt: str, header: str) -> str:
    """The part of `header` that does not stand at the end of the prompt yet."""
    for length in range(len(header), 0, -1):
        if prompt.endswith(header[:length]):
            return header[length:]
    return header


def _form_by_names(text: str) -> ReasoningForm | None:
    """The form of the first marks in `text` that are made for reasoning."""
    if found := _TAGS.search(text):
        return _pair(f"<{found[2]}>", f"</{found[2]}>")
    if found := _BRACKETS.search(text):
        return _pair(f"[{found[2]}]", f"[/{found[2]}]")
    if found := _TRIANGLES.search(text):
        return _pair(f"◁{found[2]}▷", f"◁/{found[2]}▷")
    if (starts := _STARTS.search(text)) and (ends := _ENDS.search(text)):
        return _pair(starts[0], ends[0])
    if found := _AFFIXES.search(text):
        return _pair(f"<|{found[1]}_prefix|>", f"<|{found[1]}_suffix|>")
    if found := _CHANNELS.search(text):
        return _pair(found[0], f"<{found[1]}|>")
    return None


def _pair(opens: str, closes: str) -> ReasoningForm:
    return ReasoningForm(opens, closes, lead=f"{opens}\n", between=f"\n{closes}\n\n")
