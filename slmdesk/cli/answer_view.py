"""How an answer is shown: its text on stdout as it comes, the rest on stderr; or one JSON object."""

from __future__ import annotations

from collections.abc import Mapping

from slmdesk.chat import ChatEvent
from slmdesk.cli.error_words import with_advice
from slmdesk.cli.output import Output
from slmdesk.cli.progress_bar import ProgressBar
from slmdesk.cli.reasoning_view import ReasoningView
from slmdesk.engines import (
    EndReason,
    LoadProgress,
    LoadReport,
    Placement,
    PromptProgress,
    Reasoning,
    Stats,
    Text,
    engine_for,
)
from slmdesk.library import InstalledModel
from slmdesk.messages import format_integer, format_number, format_seconds, tr, tr_n

# Fewer new prompt tokens than this are processed before a bar would be seen.
_WORTH_A_BAR = 512


class AnswerView:
    """Shows one answer after another. Main thread only.

    `default_system_prompt` is shown once, when the model is there: the person did not write it. So is that a
    GPU is not used, and which of the `given` options the engine does not take: their names on the command
    line, with the field of `LoadOptions` or `Sampling` that each sets. Each method raises what `Output`
    raises.
    """

    def __init__(
        self,
        output: Output,
        model: InstalledModel,
        *,
        default_system_prompt: str,
        given: Mapping[str, str],
    ) -> None:
        self._output = output
        self._given = dict(given)
        self._model = model
        self._unshown_system_prompt = default_system_prompt
        self._bar = ProgressBar()
        self._reasoning_view = ReasoningView()
        self._pieces: list[str] = []
        self._reasoning: list[str] = []
        self._stats: Stats | None = None
        self._placement: Placement | None = None
        self._warned_of = ""
        self._report: LoadReport | None = None

    @property
    def runs_on(self) -> str:
        """The device of the loaded model for people, and how much of the model is on it."""
        report, placement = self._report, self._placement
        if report is None:
            return ""
        as_planned = placement is not None and placement.devices == report.used_devices
        device = placement.title if placement is not None and as_planned else report.device
        if not 0 < report.gpu_layers < report.layers:
            return device
        return tr("{device}, {count} of {all} layers").format(
            device=device, count=format_integer(report.gpu_layers), all=format_integer(report.layers)
        )

    def begin(self) -> None:
        """Another answer begins."""
        self._pieces.clear()
        self._reasoning.clear()
        self._stats = None

    def show(self, event: ChatEvent) -> None:
        """What just happened."""
        match event:
            case LoadProgress(fraction=fraction):
                self._bar.show(tr("Loading {model}").format(model=self._model.title), fraction)
            case Placement():
                self._placement = event
                self._show_warning(event)
            case LoadReport():
                self._bar.close()
                self._report = event
                self._show_system_prompt()
                self._show_what_has_no_effect(event)
                if not event.has_chat_template:
                    words = tr(
                        "{model} has no chat template. A usual form (ChatML) is used, which it may not know."
                    )
                    self._output.note(words.format(model=self._model.title))
            case PromptProgress(processed=processed, total=total, reused=reused):
                if total - reused >= _WORTH_A_BAR:
                    self._bar.show(tr("Processing the prompt"), processed / total)
            case Reasoning(text=text):
                self._bar.close()
                self._reasoning.append(text)
                if not self._output.as_json:
                    self._reasoning_view.show(text)
            case Text(text=text):
                self.close()
                self._pieces.append(text)
                if not self._output.as_json:
                    self._output.stream(text)
            case Stats():
                self._stats = event

    def close(self) -> None:
        """Take down what is drawn on the terminal, and end what is shown of the reasoning."""
        self._bar.close()
        self._reasoning_view.close()

    def finish(self, reason: EndReason, max_tokens: int | None, context_length: int = 0) -> bool:
        """Close the answer and show its figures and why it ended; return whether there is anything of it.

        `context_length` is needed with `context_full`.
        """
        self.close()
        anything = bool(self._pieces or self._reasoning)
        if self._output.as_json:
            text, reasoning = "".join(self._pieces), "".join(self._reasoning)
            self._output.value(self._as_json(text, reasoning, reason))
            return anything
        self._output.end_stream()
        if self._stats and self._stats.generated_tokens and (anything or reason != "context_full"):
            self._output.note(_in_words(self._stats))
        if reason == "length" and max_tokens is not None:
            limit = tr_n(
                "The answer was ended at the limit of {count} token.",
                "The answer was ended at the limit of {count} tokens.",
                max_tokens,
            )
            self._output.note(limit.format(count=format_integer(max_tokens)))
        elif reason == "context_full" and anything:
            self._output.note(_context_full(context_length, self._model))
        elif reason == "cancelled":
            self._output.note(tr("Stopped."))
        return anything

    def _as_json(self, text: str, reasoning: str, reason: EndReason) -> dict[str, str | int | float | None]:
        """The object of `--json`. What was not known or measured when the answer ended is None.

        `reasoning` is there only where the model thought before it answered.
        """
        stats, report = self._stats, self._report
        return {
            "text": text,
            **({"reasoning": reasoning} if reasoning else {}),
            "end_reason": reason,
            "prompt_tokens": stats.prompt_tokens if stats else None,
            "reused_tokens": stats.reused_tokens if stats else None,
            # A rate or a time of 0 is one that was not measured.
            "prompt_tokens_per_second": (stats.prompt_tokens_per_second or None) if stats else None,
            "time_to_first_token_s": (stats.time_to_first_token_s or None) if stats else None,
            "generated_tokens": stats.generated_tokens if stats else None,
            "tokens_per_second": (stats.tokens_per_second or None) if stats else None,
            # Its title: keys never change their meaning.
            "engine": report.engine if report else None,
            "engine_name": (self._model.engine or engine_for(str(self._model.path))) if report else None,
            "device": report.device if report else None,
            "gpu_layers": report.gpu_layers if report else None,
        }

    def _show_warning(self, placement: Placement) -> None:
        said = with_advice(placement.warning) if placement.warning else ""
        if said and said != self._warned_of:
            self._bar.close()
            self._output.note(f"slmdesk: {said}")
        self._warned_of = said

    def _show_what_has_no_effect(self, report: LoadReport) -> None:
        taken = {*report.capabilities.load_options, *report.capabilities.samplers}
        for option in [option for option, field in self._given.items() if field not in taken]:
            del self._given[option]
            self._output.note(
                tr("{option} has no effect: {engine} has nothing like it.").format(
                    option=option, engine=report.engine
                )
            )

    def _show_system_prompt(self) -> None:
        if self._unshown_system_prompt:
            self._output.note(
                tr("System prompt: {text} (change it with --system)").format(text=self._unshown_system_prompt)
            )
            self._unshown_system_prompt = ""


def _context_full(context_length: int, model: InstalledModel) -> str:
    if not model.trained_context_length or context_length < model.trained_context_length:
        text = tr(
            "The answer was ended because the context of {context_length} tokens is full;"
            " a larger --ctx makes room."
        )
    else:
        text = tr(
            "The answer was ended because the context of {context_length} tokens is full,"
            " the most that the model handles."
        )
    return text.format(context_length=format_integer(context_length))


def _in_words(stats: Stats) -> str:
    return tr(
        "Prompt tokens: {prompt_tokens} (reused: {reused_tokens}), {prompt_rate} tok/s"
        " · time to first token: {first}"
        " · generated tokens: {generated_tokens}, {rate} tok/s"
    ).format(
        prompt_tokens=format_integer(stats.prompt_tokens),
        reused_tokens=format_integer(stats.reused_tokens),
        prompt_rate=format_number(stats.prompt_tokens_per_second),
        first=format_seconds(stats.time_to_first_token_s),
        generated_tokens=format_integer(stats.generated_tokens),
        rate=format_number(stats.tokens_per_second),
    )
