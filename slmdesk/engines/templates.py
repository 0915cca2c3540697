"""Chat templates: from messages to the one text that the model continues.

Runs in the engine process. The template comes with the model file and is foreign code: it renders in a
sandbox with limits (`template_sandbox`), never in plain Jinja2.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import jinja2

from slmdesk.engines.protocol import ChatMessage
from slmdesk.engines.reasoning_probe import ReasoningHabit, read_habit
from slmdesk.engines.template_limits import LARGEST_TEMPLATE, TemplateLimitError
from slmdesk.engines.template_sandbox import LimitedEnvironment
from slmdesk.messages import ErrorKind, UserError

PLAIN_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""Used where a file brings no template: the ChatML form, which more models know than any other."""

PLAIN_STOP = "<|im_end|>"
"""Ends an answer under `PLAIN_TEMPLATE`, where the model may not have a token for it."""

_PROBE = "SLMDESK-SYSTEM-PROBE"


class _TemplateRefusal(Exception):  # noqa: N818 - not a failure of ours: the template's own word
    """The template called `raise_exception`."""


class ChatTemplate:
    """One model's chat template, ready to render. Callable from several threads at once."""

    def __init__(
        self,
        source: str | None,
        *,
        bos_token: str = "",
        eos_token: str = "",
        control_texts: Sequence[str] = (),
        file: str = "",
    ) -> None:
        """Compile `source` (None: the plain template) and try it.

        `control_texts` are what the model's control tokens look like, `file` is the name that errors show.
        Raises UserError (kind MODEL) where it does not compile, or fails on the simplest conversation.
        """
        self.from_file = source is not None
        self._file = file
        self._tokens = {"bos_token": bos_token, "eos_token": eos_token}
        self._environment = LimitedEnvironment()
        self._environment.filters["tojson"] = self._to_json
        text = source if source is not None else PLAIN_TEMPLATE
        if len(text) > LARGEST_TEMPLATE:
            raise self._broken(ErrorKind.MODEL, f"{len(text)} characters long")
        try:
            self._template = self._environment.from_string(text)
        except (jinja2.TemplateError, RecursionError, SyntaxError, ValueError, MemoryError) as error:
            raise self._broken(ErrorKind.MODEL, f"{type(error).__name__}: {error}") from error
        self._takes_system = self._try_out()
        self.reasoning: ReasoningHabit | None = None
        """How answers with reasoning look; None: the model writes none."""
        if self.from_file:
            self.reasoning = read_habit(text, control_texts, self._render_if_possible)

    @property
    def takes_system(self) -> bool:
        """False: the template has no place for a system message, and it goes into the person's first one."""
        return self._takes_system

    def render(self, messages: Sequence[ChatMessage], thinking: bool | None = None) -> str:
        """The prompt for `messages`, ending where the answer begins. `thinking`: see `GenerateRequest`.

        Raises UserError (kind GENERATION) where the template refuses the conversation, fails, or uses more
        than it may.
        """
        return self._render(
            _as_dicts(messages, self._takes_system), ErrorKind.GENERATION, **_switches(thinking)
        )

    def _render_if_possible(
        self, messages: Sequence[Mapping[str, str]], *, continues: bool, thinking: bool | None = None
    ) -> str | None:
        try:
            return self._render(
                messages, ErrorKind.MODEL, add_generation_prompt=continues, **_switches(thinking)
            )
        except UserError:
            return None

    def _try_out(self) -> bool:
        """Whether system messages reach the prompt. Raises UserError where nothing at all does."""
        question = ChatMessage("user", "Hello")
        self._render(_as_dicts((question,), True), ErrorKind.MODEL)
        try:
            with_system = self._render(
                _as_dicts((ChatMessage("system", _PROBE), question), True), ErrorKind.MODEL
            )
        except UserError:
            return False
        return _PROBE in with_system

    def _render(self, messages: Sequence[Mapping[str, str]], kind: ErrorKind, **more: Any) -> str:
        variables: dict[str, Any] = {
            "messages": list(messages),
            "add_generation_prompt": True,
            "tools": None,
            "raise_exception": _raise_exception,
            "strftime_now": _strftime_now,
            **self._tokens,
            **more,
        }
        try:
            return self._environment.render_within_limits(self._template, variables)
        except _TemplateRefusal as refusal:
            reason = str(refusal)[:500]
            raise UserError(
                "template-refused",
                kind,
                details=_unless_quoting(kind, reason),
                name=self._file,
                reason=reason,
            ) from None
        except TemplateLimitError as error:
            raise UserError(
                "template-without-end", kind, details=f"limit reached: {error}", name=self._file
            ) from None
        except (
            jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, MemoryError,
            RecursionError, TypeError, ValueError,
        ) as error:  # fmt: skip
            # All of these come out of foreign code; what was wrong with it is for the log.
            details = type(error).__name__ + _unless_quoting(kind, f": {error}")
            raise self._broken(kind, details) from None

    def _broken(self, kind: ErrorKind, details: str) -> UserError:
        return UserError("template-broken", kind, details=details[:2000], name=self._file)

    def _to_json(
        self,
        value: Any,
        ensure_ascii: bool = False,
        indent: int | None = None,
        separators: tuple[str, str] | None = None,
        sort_keys: bool = False,
    ) -> str:
        """As chat templates expect it: without the escapes for HTML that Jinja2's own filter makes."""
        if indent is not None and not 0 <= indent <= 8:
            raise TemplateLimitError("text")
        self._environment.budget.measure(value)
        return json.dumps(
            value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
        )


def _as_dicts(messages: Sequence[ChatMessage], takes_system: bool) -> list[dict[str, str]]:
    """The messages as templates expect them; the system's words in the first user message where need be."""
    if takes_system:
        return [{"role": message.role, "content": message.content} for message in messages]
    system = "\n\n".join(m.content for m in messages if m.role == "system" and m.content)
    others = [{"role": m.role, "content": m.content} for m in messages if m.role != "system"]
    if system:
        first = next((message for message in others if message["role"] == "user"), None)
        if first is None:
            others.insert(0, {"role": "user", "content": system})
        else:
            first["content"] = f"{system}\n\n{first['content']}"
    return others


def _switches(thinking: bool | None) -> dict[str, Any]:
    """The variables by which templates learn whether to think; a template takes those that it knows."""
    if thinking is None:
        return {}
    switches: dict[str, Any] = {"enable_thinking": thinking, "thinking": thinking}
    return switches if thinking else {**switches, "thinking_budget": 0}


def _unless_quoting(kind: ErrorKind, words: str) -> str:
    """What a template said, where that may be logged: not when it was shown a real conversation.

    It may put the person's words into its own, and details end up in a log.
    """
    return "" if kind is ErrorKind.GENERATION else words


def _raise_exception(message: object = "") -> None:
    raise _TemplateRefusal(str(message))


def _strftime_now(pattern: str) -> str:
    if len(pattern) > 100 or any(character.isdigit() for character in pattern):
        # A width in the pattern ("%999999999d") would be filled with blanks.
        raise TemplateLimitError("text")
    return datetime.now().strftime(pattern)
