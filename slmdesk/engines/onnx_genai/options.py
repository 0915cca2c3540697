"""Load options, checked before native code sees them. Pure: facts in, a plan or an error out."""

from __future__ import annotations

from dataclasses import dataclass

from slmdesk.engines.limits import LARGEST_BATCH, context_length_for, require_memory, require_within
from slmdesk.engines.onnx_genai.providers import Choice
from slmdesk.engines.protocol import LoadOptions
from slmdesk.formats.onnx import GenaiFolder

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
    require_memory(name, needed, around.available_bytes, context)
    return LoadPlan(context, threads, min(options.batch_size, context), choice, kv_bytes)
