"""One chat in the terminal: a single answer, or a conversation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

from slmdesk.chat import ChatEvent, ChatOptions, ChatService, Conversation
from slmdesk.cli.answer_view import AnswerView
from slmdesk.cli.error_words import in_terminal
from slmdesk.cli.interrupts import run_interruptible
from slmdesk.cli.output import Output
from slmdesk.cli.prompt_input import LeaveChat, MessageReader
from slmdesk.engines import End, LoadOptions, LoadReport
from slmdesk.library import InstalledModel
from slmdesk.messages import ErrorKind, UserError, format_integer, tr

Result = TypeVar("Result")

_INTERRUPTED = 130


class ChatSession:
    """Asks the service, and shows what comes. Main thread only: Ctrl-C is handled here.

    `system_prompt` None takes the model's default, and shows it once. `given`: see `AnswerView`. The methods
    return the exit code.
    """

    def __init__(
        self,
        service: ChatService,
        model: InstalledModel,
        *,
        options: ChatOptions,
        system_prompt: str | None,
        output: Output,
        given: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._service = service
        self._model = model
        self._max_tokens = options.max_tokens
        self._output = output
        default = model.system_prompt if system_prompt is None else ""
        self._conversation = Conversation(
            system_prompt=default if system_prompt is None else system_prompt, model=model.id, options=options
        )
        self._view = AnswerView(output, model, default_system_prompt=default, given=given)

    def answer_once(self, prompt: str) -> int:
        """Answer `prompt` and end. Raises UserError after what there is of the answer has been shown."""
        try:
            end = self._ask(prompt)
        except UserError as error:
            if error.kind is ErrorKind.GENERATION:
                self._view.finish("error", self._max_tokens)
            raise
        reason = end.reason if end else "cancelled"
        anything = self._view.finish(reason, self._max_tokens, end.context_length if end else 0)
        if reason == "cancelled":
            return _INTERRUPTED
        if end and reason == "context_full" and not anything:
            self._output.note(f"slmdesk: {_does_not_fit(end, self._model)}")
            return int(ErrorKind.GENERATION)
        return int(ErrorKind.GENERATION) if reason == "error" else 0

    def converse(self) -> int:
        """Answer message after message until the person leaves."""
        report = self._run(self._load)
        if report is None:
            return _INTERRUPTED
        self._output.note(
            tr(
                "{model} is ready ({engine}, {device}). /bye or Ctrl-D leaves, Ctrl-C stops an answer,"
                " a backslash at the end of a line continues the message."
            ).format(model=self._model.title, engine=report.engine, device=self._view.runs_on)
        )
        reader = MessageReader()
        interrupted = False
        while True:
            try:
                text = reader.read()
            except LeaveChat:
                return 0
            except KeyboardInterrupt:
                self._output.note("")
                if interrupted:
                    return _INTERRUPTED
                interrupted = True
                self._output.note(tr("Press Ctrl-C again to leave, or go on typing."))
                continue
            interrupted = False
            if text.strip():
                self._answer_in_conversation(text)

    def _answer_in_conversation(self, text: str) -> None:
        """Answer, and leave the conversation fit for the next message whatever happens."""
        try:
            end = self._ask(text)
        except UserError as error:
            self._view.finish("error", self._max_tokens)
            self._output.note(in_terminal(error))
        else:
            reason = end.reason if end else "cancelled"
            anything = self._view.finish(reason, self._max_tokens, end.context_length if end else 0)
            if end and reason == "context_full" and not anything:
                self._output.note(_does_not_fit(end, self._model))
        self._forget_unanswered()

    def _ask(self, text: str) -> End | None:
        self._view.begin()

        def work(emit: Callable[[ChatEvent], None]) -> End | None:
            return self._service.answer(self._conversation, text, model=self._model, on_event=emit)

        return self._run(work)

    def _run(self, work: Callable[[Callable[[ChatEvent], None]], Result]) -> Result:
        try:
            return run_interruptible(work, self._view.show, self._service.cancel)
        finally:
            self._view.close()

    def _load(self, emit: Callable[[ChatEvent], None]) -> LoadReport | None:
        load_options = self._conversation.options.for_loading(LoadOptions())
        return self._service.load(self._model, load_options, emit)

    def _forget_unanswered(self) -> None:
        """Do not show the model a message without an answer again.

        Chat templates want turns, and it may be what did not fit into the context. What was stored stays:
        an engine that crashed is no reason to lose what a person wrote.
        """
        messages = self._conversation.messages
        while messages and (messages[-1].role == "user" or not messages[-1].text):
            if messages.pop().role == "user":
                return


def _does_not_fit(end: End, model: InstalledModel) -> str:
    if not model.trained_context_length or end.needed_tokens < model.trained_context_length:
        text = tr(
            "The prompt of {needed} tokens does not fit into the context of {context_length} tokens;"
            " a larger --ctx makes room."
        )
    else:
        text = tr(
            "The prompt of {needed} tokens does not fit into the context of {context_length} tokens;"
            " it must be shorter, because the model handles at most {most}."
        )
    return text.format(
        needed=format_integer(end.needed_tokens),
        context_length=format_integer(end.context_length),
        most=format_integer(model.trained_context_length),
    )
