"""Load options, checked before native code sees them. Pure: facts in, a plan or an error out."""

from __future__ import annotations

from dataclasses import dataclass

from slmdesk.engines.limits import context_length_for, require_within
from slmdesk.engines.onnx_genai.providers import Choice
from slmdesk.engines.protocol import LoadOptions
from slmdesk.formats.onnx import GenaiFolder
from slmdesk.messages import ErrorKind, UserError

LARGEST_BATCH = 4096
LOAD_OPTIONS = ("context_length", "threads", "batch_size", "devices")
"""Fields of `LoadOptions` that take effect. The KV cache has the type that the model was made with."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the computer allows, as far as loading depends on it."""

    available_bytes: int
    default_threads: int
    most_threads: int


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """Load options that were checked and made definite."""

    context_length: int
    threads: int
    batch_size: int
    choice: Choice
    kv_bytes: int


def plan_load(
    name: str, folder: GenaiFolder, options: LoadOptions, choice: Choice, around: Surroundings
) -> LoadPlan:
    """How to load the model `name`.

    Raises UserError (kind MODEL) for options that cannot be, or more memory than there is.
    """
    context = context_length_for(name, folder.config.context_length, options.context_length)
    threads = around.default_threads if options.threads is None else options.threads
    require_within("threads", threads, 1, around.most_threads)
    require_within("batch-size", options.batch_size, 1, LARGEST_BATCH)
    kv_bytes = folder.kv_bytes_per_token * context
    # On a device of its own memory a model asks little of the computer's.
    needed = folder.weights_bytes + kv_bytes if choice.provider is None else 0
    if needed > around.available_bytes:
        raise UserError(
            "memory-too-small",
            ErrorKind.MODEL,
            name=name,
            needed_memory=needed,
            available_memory=around.available_bytes,
            context_length=context,
        )
    return LoadPlan(context, threads, min(options.batch_size, context), choice, kv_bytes)
