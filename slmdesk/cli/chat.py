"""`slmdesk chat`: its options, and where the message comes from."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import click

from slmdesk.chat import ChatOptions, ChatService, ConversationStore, LoadPlanner
from slmdesk.cli.chat_session import ChatSession
from slmdesk.cli.chosen_model import chosen_or_another
from slmdesk.cli.interrupts import wait_for_abandoned_work
from slmdesk.cli.number_types import Number, WholeNumber
from slmdesk.cli.output import Output
from slmdesk.cli.placing import PlacingWishes, StrictPlanner, check_device, check_wishes, with_engine
from slmdesk.cli.prompt_input import read_piped_prompt, require_text
from slmdesk.cli.repair_words import repair_in_words
from slmdesk.engines import ALL_LAYERS, EnginePool, Sampling, engine_names
from slmdesk.fit import SpeedModel
from slmdesk.library import InstalledModel, resolve_model
from slmdesk.messages import tr
from slmdesk.storage import Database, Paths, Settings, find_and_repair_damage

_LARGEST_COUNT = 2**31 - 1
# One more is llama.cpp's mark for "draw a seed".
_LARGEST_SEED = 2**32 - 2
_HOTTEST = 100.0
_STORING_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatWishes:
    """What the person asked for on the command line; None: not said."""

    system: str | None = None
    prompt: str | None = None
    context_length: int | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    seed: int | None = None
    placing: PlacingWishes = field(default_factory=PlacingWishes)
    save: bool = False
    as_json: bool = False


def build_chat() -> click.Command:
    """The command `chat`."""

    @click.command("chat", short_help=tr("Chat with a model in the terminal."), help=_help())
    @click.argument("model", metavar=tr("MODEL"))
    @click.option(
        "--system", metavar=tr("TEXT"), help=tr("Instructions for the model, in place of its usual ones.")
    )
    @click.option("--prompt", metavar=tr("TEXT"), help=tr("Answer this one message and end."))
    @click.option(
        "--ctx",
        "context_length",
        metavar=tr("NUMBER"),
        type=WholeNumber(1, _LARGEST_COUNT),
        help=tr("Context length in tokens."),
    )
    @click.option(
        "--max-tokens",
        metavar=tr("NUMBER"),
        type=WholeNumber(1, _LARGEST_COUNT),
        help=tr("Most tokens to generate for one answer."),
    )
    @click.option(
        "--temperature",
        metavar=tr("NUMBER"),
        type=Number(0, _HOTTEST),
        callback=_finite,
        help=tr("How freely the next token is drawn; 0 always takes the most probable one."),
    )
    @click.option(
        "--seed",
        metavar=tr("NUMBER"),
        type=WholeNumber(0, _LARGEST_SEED),
        help=tr("Number that makes a draw repeatable."),
    )
    @click.option(
        "--engine",
        type=click.Choice(engine_names()),
        help=tr("Engine that runs the model; without this the one for its format."),
    )
    @click.option(
        "--device",
        metavar=tr("NAME"),
        callback=check_device,
        help=tr(
            "Where the model runs: auto, cpu, gpu, or the name of a device from `slmdesk doctor`, several"
            " with commas between them. One that cannot be used is an error."
        ),
    )
    @click.option(
        "--gpu-layers",
        metavar=tr("NUMBER"),
        type=WholeNumber(ALL_LAYERS, _LARGEST_COUNT),
        help=tr(
            "Layers of the model to place on the GPU, {all} for all of them; without this as many as fit."
        ).format(all=ALL_LAYERS),
    )
    @click.option("--save", is_flag=True, help=tr("Keep the conversation; without this nothing is stored."))
    @click.option(
        "--json", "as_json", is_flag=True, help=tr("Print the answer and its figures as one JSON object.")
    )
    @click.pass_context
    def chat(
        context: click.Context,
        model: str,
        system: str | None,
        prompt: str | None,
        context_length: int | None,
        max_tokens: int | None,
        temperature: float | None,
        seed: int | None,
        engine: str | None,
        device: str | None,
        gpu_layers: int | None,
        save: bool,
        as_json: bool,
    ) -> int:
        wishes = ChatWishes(
            system=None if system is None else require_text(system, "--system"),
            prompt=None if prompt is None else require_text(prompt, "--prompt"),
            context_length=context_length,
            max_tokens=max_tokens,
            temperature=temperature,
            seed=seed,
            placing=check_wishes(PlacingWishes(engine, device, gpu_layers)),
            save=save,
            as_json=as_json,
        )
        if wishes.prompt is None and as_json and sys.stdin.isatty():
            raise click.UsageError(tr("--json needs one message: give it with --prompt or through a pipe"))
        paths, settings = context.obj.paths, context.obj.settings
        return _chat(resolve_model(model, paths), wishes, paths, settings)

    return chat


def chat_instead_of_window(paths: Paths, settings: Settings) -> int:
    """Chat with the model chosen last, or another. Returns the exit code; nothing said is no failure.

    Raises UserError.
    """
    model = chosen_or_another(paths, settings, Output())
    if sys.stdin.isatty():
        return _chat(model, ChatWishes(), paths, settings)
    prompt = read_piped_prompt()
    return _chat(model, ChatWishes(prompt=prompt), paths, settings) if prompt.strip() else 0


def _help() -> str:
    return tr(
        "Chat with MODEL: the path of a GGUF file or of a folder in the format of ONNX Runtime GenAI, a name"
        " from `slmdesk models list`, or `starter`.\n\n"
        "Without --prompt the message is read from a pipe, or the chat is interactive: /bye or Ctrl-D leaves,"
        " Ctrl-C stops an answer, a backslash at the end of a line continues the message."
    )


def _finite(context: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    if value is not None and not math.isfinite(value):
        raise click.BadParameter(tr("it is not a number"), context, parameter)
    return value


def _chat(model: InstalledModel, wishes: ChatWishes, paths: Paths, settings: Settings) -> int:
    model = with_engine(model, wishes.placing, settings, paths.settings_file)
    prompt = wishes.prompt
    if prompt is None and not sys.stdin.isatty():
        prompt = read_piped_prompt()
    output = Output(as_json=wishes.as_json)
    planner = StrictPlanner(settings, wishes.placing, wishes.context_length)
    with _service(paths, output, planner, save=wishes.save) as service:
        session = ChatSession(
            service,
            model,
            options=_options(wishes),
            system_prompt=wishes.system,
            output=output,
            given=_given(wishes),
        )
        return session.answer_once(prompt) if prompt is not None else session.converse()


def _given(wishes: ChatWishes) -> dict[str, str]:
    """The options that were given and that not every engine has, with the field that each sets."""
    values = {
        "--ctx": ("context_length", wishes.context_length),
        "--temperature": ("temperature", wishes.temperature),
        "--seed": ("seed", wishes.seed),
        # None of them is what every engine can do.
        "--gpu-layers": ("gpu_layers", wishes.placing.gpu_layers or None),
    }
    return {option: field for option, (field, value) in values.items() if value is not None}


def _options(wishes: ChatWishes) -> ChatOptions:
    defaults = Sampling()
    temperature = defaults.temperature if wishes.temperature is None else wishes.temperature
    return ChatOptions(
        sampling=Sampling(temperature=temperature, seed=wishes.seed),
        max_tokens=wishes.max_tokens,
        context_length=wishes.context_length,
    )


@contextlib.contextmanager
def _service(paths: Paths, output: Output, planner: LoadPlanner, *, save: bool) -> Iterator[ChatService]:
    """A chat service whose engine process and database are closed afterwards."""
    database = Database(paths.database_file)
    store = ConversationStore(database) if save else None
    pool = EnginePool(paths.logs)
    try:
        if store is not None:
            # Nothing is added to what is damaged.
            report = find_and_repair_damage(database, paths.backups)
            if report is not None:
                output.note(repair_in_words(report))
        yield ChatService(pool, store, planner=planner, record_run=SpeedModel(paths.speed).record)
    finally:
        try:
            # Ends an answer that goes on after a second Ctrl-C, whose text so far is stored then.
            pool.close()
            wait_for_abandoned_work(_STORING_S)
        finally:
            database.close()
