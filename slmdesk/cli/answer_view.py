"""How an answer is shown: its text on stdout as it comes, its figures on stderr; or one JSON object."""

from __future__ import annotations

from slmdesk.chat import ChatEvent
from slmdesk.cli.output import Output
from slmdesk.cli.progress_bar import ProgressBar
from slmdesk.engines import EndReason, LoadProgress, LoadReport, PromptProgress, Stats, Text
from slmdesk.library import InstalledModel
from slmdesk.messages import format_integer, format_number, format_seconds, tr, tr_n

# Fewer new prompt tokens than this are processed before a bar would be seen.
_WORTH_A_BAR = 512


class AnswerView:
    """Shows one answer after another. Main thread only.

    `default_system_prompt` is shown once, when the model is there: the person did not write it. Each method
    raises what `Output` raises.
    """

    def __init__(self, output: Output, model: InstalledModel, *, default_system_prompt: str) -> None:
        self._output = output
        self._model = model
        self._unshown_system_prompt = default_system_prompt
        self._bar = ProgressBar()
        self._pieces: list[str] = []
        self._stats: Stats | None = None

    def begin(self) -> None:
        """Another answer begins."""
        self._pieces.clear()
        self._stats = None

    def show(self, event: ChatEvent) -> None:
        """What just happened."""
        match event:
            case LoadProgress(fraction=fraction):
                self._bar.show(tr("Loading {model}").format(model=self._model.title), fraction)
            case LoadReport():
                self._bar.close()
                self._show_system_prompt()
            case PromptProgress(processed=processed, total=total, reused=reused):
                if total - reused >= _WORTH_A_BAR:
                    self._bar.show(tr("Processing the prompt"), processed / total)
            case Text(text=text):
                self._bar.close()
                self._pieces.append(text)
                if not self._output.as_json:
                    self._output.stream(text)
            case Stats():
                self._stats = event

    def close(self) -> None:
        """Take down what is drawn on the terminal."""
        self._bar.close()

    def finish(self, reason: EndReason, max_tokens: int | None) -> str:
        """Close the answer and show its figures and why it ended; return its text."""
        self.close()
        text = "".join(self._pieces)
        if self._output.as_json:
            self._output.value(_as_json(text, reason, self._stats))
            return text
        self._output.end_stream()
        if self._stats and self._stats.generated_tokens and (text or reason != "context_full"):
            self._output.note(_in_words(self._stats))
        if reason == "length" and max_tokens is not None:
            limit = tr_n(
                "The answer was ended at the limit of {count} token.",
                "The answer was ended at the limit of {count} tokens.",
                max_tokens,
            )
            self._output.note(limit.format(count=format_integer(max_tokens)))
        elif reason == "context_full" and text:
            self._output.note(tr("The answer was ended because the context is full."))
        elif reason == "cancelled":
            self._output.note(tr("Stopped."))
        return text

    def _show_system_prompt(self) -> None:
        if self._unshown_system_prompt:
            self._output.note(
                tr("System prompt: {text} (change it with --system)").format(text=self._unshown_system_prompt)
            )
            self._unshown_system_prompt = ""


def _as_json(text: str, reason: EndReason, stats: Stats | None) -> dict[str, str | int | float]:
    """The object of `--json`. Figures are 0 where the answer ended before they were taken."""
    return {
        "text": text,
        "end_reason": reason,
        "prompt_tokens": stats.prompt_tokens if stats else 0,
        "reused_tokens": stats.reused_tokens if stats else 0,
        "prompt_tokens_per_second": stats.prompt_tokens_per_second if stats else 0.0,
        "time_to_first_token_s": stats.time_to_first_token_s if stats else 0.0,
        "generated_tokens": stats.generated_tokens if stats else 0,
        "tokens_per_second": stats.tokens_per_second if stats else 0.0,
    }


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
