"""`slmdesk models`: the models on this disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from slmdesk.cli.output import Output
from slmdesk.cli.placing import turned_off
from slmdesk.cli.table import align
from slmdesk.library import InstalledModel, find_models
from slmdesk.messages import UserError, format_bytes, format_integer, one_line, tr


def build_models() -> click.Group:
    """The group of commands about installed models."""
    group = click.Group("models", help=tr("The models on this computer."))

    @group.command("list", help=tr("List the models, those that cannot be loaded included."))
    @click.option("--json", "as_json", is_flag=True, help=tr("Print one JSON list."))
    @click.pass_context
    def list_models(context: click.Context, as_json: bool) -> int:
        paths, settings = context.obj.paths, context.obj.settings
        models = find_models(paths)
        output = Output(as_json=as_json)
        off = {model.id: turned_off(model, settings, paths.settings_file) for model in models}
        output.report([_as_json(model, off[model.id]) for model in models], _lines(models, off))
        if not models and not as_json:
            output.note(
                tr("There is no model yet. Put GGUF files, or folders of ONNX models, into {folder}.").format(
                    folder=paths.models
                )
            )
        return 0

    return group


def _as_json(model: InstalledModel, off: UserError | None) -> dict[str, Any]:
    """`off`: that its engine is turned off."""
    problem = model.problem or off
    return {
        "id": model.id,
        "title": model.title,
        "path": str(model.path),
        "engine": model.engine,
        "engine_title": model.engine_title,
        "engine_switched_off": off is not None,
        "size_bytes": model.size_bytes,
        "architecture": model.architecture,
        "parameters": model.parameters,
        "quantization": model.quantization,
        "trained_context_length": model.trained_context_length,
        "problem": one_line(problem) if problem else None,
    }


def _lines(models: Sequence[InstalledModel], off: Mapping[str, UserError | None]) -> Iterator[str]:
    """`off`: by the ids of models, that their engine is turned off."""
    if not models:
        return
    header = (tr("Name"), tr("Title"), tr("Engine"), tr("Quantization"), tr("Size"), tr("Context"))
    rows = [
        (
            model.id,
            model.title,
            model.engine_title,
            model.quantization or "–",
            format_bytes(model.size_bytes),
            format_integer(model.trained_context_length) if model.trained_context_length else "–",
        )
        for model in models
    ]
    aligned = align([header, *rows], right=(4, 5))
    yield next(aligned)
    for model, line in zip(models, aligned, strict=True):
        yield line
        problem = model.problem or off[model.id]
        if problem:
            yield f"  {one_line(problem)}"
