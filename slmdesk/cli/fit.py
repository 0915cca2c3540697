"""`slmdesk fit`: whether a model would run here and how fast, without downloading or loading it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import get_args

import click

from slmdesk.catalogue import ONNX, CatalogueModel, Variant
from slmdesk.chat import preference_of
from slmdesk.cli.advising import Advice, open_advice
from slmdesk.cli.error_words import in_terminal
from slmdesk.cli.fit_view import Fit, fit_as_json, fit_lines
from slmdesk.cli.fitting import measure_once
from slmdesk.cli.number_types import WholeNumber
from slmdesk.cli.output import Output
from slmdesk.cli.placing import PlacingWishes, preferred
from slmdesk.cli.wanted_model import Wanted, find_model, find_variant, is_local, parse_wanted
from slmdesk.engines import ALL_LAYERS, KvType, Preference, engine_of_format
from slmdesk.fit import HeaderSet, SparseFolder, Subject
from slmdesk.library import STARTER_ID, InstalledModel, find_models, resolve_model
from slmdesk.messages import ErrorKind, UserError, tr
from slmdesk.offers import smaller_subjects, subject_of, subject_on_disk

_log = logging.getLogger(__name__)

_LARGEST_COUNT = 2**31 - 1
_GONE = ("hub-variant-gone", "network-not-found")
"""What is said where the Hub answered, and does not have the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FitWishes:
    """How the model would be loaded; None: as usual."""

    context_length: int | None = None
    kv_type: KvType | None = None
    gpu_layers: int | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """The model that is meant."""

    title: str
    place: str
    subject: Subject
    preference: Preference
    trained_context_length: int
    """Tokens; 0: not known."""
    settings_path: str = ""
    """By which the settings know the model; "": nothing is set for it alone."""
    smaller: tuple[Subject, ...] = ()


def build_fit() -> click.Command:
    """The command `fit`."""

    @click.command("fit", short_help=tr("Tell whether a model would run here, and how fast."), help=_help())
    @click.argument("model", metavar=tr("ID_OR_PATH"))
    @click.option(
        "--ctx",
        "context_length",
        metavar=tr("NUMBER"),
        type=WholeNumber(1, _LARGEST_COUNT),
        help=tr("Context length in tokens."),
    )
    @click.option("--kv-type", type=click.Choice(get_args(KvType)), help=tr("Number format of the KV cache."))
    @click.option(
        "--gpu-layers",
        metavar=tr("NUMBER"),
        type=WholeNumber(ALL_LAYERS, _LARGEST_COUNT),
        help=tr(
            "Layers of the model to place on the GPU, {all} for all of them; without this as many as fit."
        ).format(all=ALL_LAYERS),
    )
    @click.option("--json", "as_json", is_flag=True, help=tr("Print one JSON object."))
    @click.pass_context
    def fit(
        context: click.Context,
        model: str,
        context_length: int | None,
        kv_type: KvType | None,
        gpu_layers: int | None,
        as_json: bool,
    ) -> int:
        output = Output(as_json=as_json)
        wishes = FitWishes(context_length=context_length, kv_type=kv_type, gpu_layers=gpu_layers)
        with open_advice(context.obj.paths, context.obj.settings) as advice:
            answer = _answer(_find(model, advice, wishes, output), advice, wishes, output)
        output.report(fit_as_json(answer), fit_lines(answer))
        return 0

    return fit


def _help() -> str:
    return tr(
        "Tell whether a model would run on this computer, what memory it would take, and how fast it would"
        " write.\n\n"
        "ID_OR_PATH is a file or folder on this computer, a name from `slmdesk models list`, the id of a"
        " model of the catalogue, REPOSITORY:QUANTIZATION, REPOSITORY/FILE.gguf or REPOSITORY/FOLDER of the"
        " Hub. Of a file on the Hub only its header is fetched, of a folder for ONNX Runtime GenAI only its"
        " configuration and structure."
    )


def _answer(found: _Found, advice: Advice, wishes: FitWishes, output: Output) -> Fit:
    settled = advice.settings.in_effect_for(found.settings_path)
    length = settled.context_length or None
    if length and found.trained_context_length:
        # What is set for all models is more than some of them can read.
        length = min(length, found.trained_context_length)
    check = advice.fitting.check
    question = check.usual_question(
        found.subject,
        context_length=wishes.context_length or length,
        kv_type=wishes.kv_type or settled.kv_type or "f16",
        gpu_layers=wishes.gpu_layers,
        preference=found.preference,
    )
    if wishes.gpu_layers and not question.devices:
        output.note(tr("No graphics processor can be used here, so --gpu-layers changes nothing."))
    if wishes.kv_type is not None and found.subject.format == ONNX:
        output.note(tr("The files of this model settle the type of its KV cache: --kv-type changes nothing."))
    measure_once(advice.fitting.speed, question, output)
    report = check.check(found.subject, question, smaller=found.smaller)
    return Fit(found.title, found.place, question, report)


def _find(text: str, advice: Advice, wishes: FitWishes, output: Output) -> _Found:
    if is_local(text) or text == STARTER_ID or any(text == one.id for one in find_models(advice.paths)):
        return _on_disk(resolve_model(text, advice.paths), advice, wishes)
    return _of_catalogue(text, advice, wishes, output)


def _on_disk(model: InstalledModel, advice: Advice, wishes: FitWishes) -> _Found:
    title = " · ".join(part for part in (model.title, model.quantization) if part)
    subject = subject_on_disk(model)
    path = str(model.path)
    preference = _preference(advice, model.engine, wishes, path)
    return _Found(title, path, subject, preference, model.trained_context_length, path)


def _of_catalogue(text: str, advice: Advice, wishes: FitWishes, output: Output) -> _Found:
    wanted = parse_wanted(text)
    model = find_model(wanted, advice.curated, advice.hub)
    try:
        variant = _variant(wanted, model, advice)
    except UserError:
        if not model.curated:
            raise
        # The list names only some of the files.
        model = advice.hub.details(model)
        variant = _variant(wanted, model, advice)
    headers: HeaderSet = ()
    try:
        headers = advice.hub.header(variant)
    except UserError as error:
        # Of models of the list enough is known for an estimate.
        if error.kind is not ErrorKind.NETWORK or not model.curated:
            raise
        elsewhere = _elsewhere(wanted, model, advice) if error.key in _GONE else None
        if elsewhere is None:
            output.note(f"slmdesk: {in_terminal(error)}")
        else:
            model, variant, headers = elsewhere
    return _Found(
        f"{model.name} · {variant.label}",
        variant.id,
        subject_of(model, variant, headers),
        _preference(advice, engine_of_format(variant.format), wishes),
        _trained_context_length(model, headers),
        smaller=smaller_subjects(model, variant),
    )


def _variant(wanted: Wanted, model: CatalogueModel, advice: Advice) -> Variant:
    """The one that is meant, else the recommended one."""
    variant = find_variant(wanted, model) or advice.adviser.offer(model).variant
    if variant is None:
        raise UserError("wanted-variant-none", ErrorKind.MODEL, model=model.id)
    return variant


def _elsewhere(
    wanted: Wanted, model: CatalogueModel, advice: Advice
) -> tuple[CatalogueModel, Variant, HeaderSet] | None:
    """The same where the Hub does not have what the list says: of the files that it has; None: of none."""
    try:
        there = advice.hub.details(model)
        variant = _variant(wanted, there, advice)
        return there, variant, advice.hub.header(variant)
    except UserError as error:
        if error.kind not in (ErrorKind.NETWORK, ErrorKind.MODEL):
            raise
        _log.info("%r is nowhere on the Hub: %s", model.id, error.key)
        return None


def _trained_context_length(model: CatalogueModel, headers: HeaderSet) -> int:
    """What a folder itself says wins over what a list says; 0: nobody does."""
    if isinstance(headers, SparseFolder):
        return headers.facts.context_length
    return model.context_length or 0


def _preference(advice: Advice, engine: str, wishes: FitWishes, path: str = "") -> Preference:
    settled = preference_of(advice.settings, engine, path)
    return preferred(settled, PlacingWishes(gpu_layers=wishes.gpu_layers))
