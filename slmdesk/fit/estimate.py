"""The memory a GGUF model takes, by formulas: where llama.cpp cannot be asked. Pure.

How close it comes to llama.cpp's own simulation is in docs/fit.md, and tests/fit compares the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from slmdesk.engines import ALL_LAYERS, PROCESSOR
from slmdesk.fit.caches import caches_of, head_size
from slmdesk.fit.machine import DeviceFacts
from slmdesk.fit.types import DeviceNeed, Dimensions, FitQuestion, LayerCache, MemoryNeed, Parts
from slmdesk.formats.gguf import bytes_of

RUNTIME_BYTES = 50 * 2**20
"""Python with the engine's libraries, before a model is there: measured on Linux."""

# llama.cpp rounds a context up to this, and evaluates at most so many tokens of a prompt at once.
_CONTEXT_STEP = 256
_LARGEST_MICRO_BATCH = 512
_NUMBER_BYTES = 4
"""What is computed is F32."""
_MASK_BYTES = 2
"""One cell of the attention mask, F16 with flash attention."""
# The vocabulary with its indexes, in the engine's own memory; measured with 49,152 and 262,144 tokens.
_TOKEN_BYTES = 200
# Where a list does not say: the largest vocabulary that is usual, and the largest network, in widths.
_USUAL_VOCABULARY = 262_144
_USUAL_NETWORK = 4


def estimate_memory(
    dimensions: Dimensions,
    weights_bytes: int,
    question: FitQuestion,
    devices: Sequence[DeviceFacts] = (),
    *,
    full_windows: bool = True,
) -> MemoryNeed | None:
    """What a model with files of `weights_bytes` takes, loaded as `question` says; None: not enough is known.

    `devices` are those that the question names, as far as they are there. `full_windows`: layers with a
    sliding window keep the whole context too, as our engine has it (`swa_full`), because earlier turns can
    be gone back to then.
    """
    caches = caches_of(dimensions)
    if caches is None:
        return None
    weights_bytes = max(0, weights_bytes)
    used = list(devices) if question.devices and question.gpu_layers else []
    layers = len(caches)
    placed = layers + 1 if question.gpu_layers == ALL_LAYERS else min(max(0, question.gpu_layers), layers + 1)
    placed = placed if used else 0
    # Most layers are alike.
    kinds = {cache: _cache_bytes(cache, question, full_windows) for cache in set(caches)}
    kept = [kinds[cache] for cache in caches]
    working = _working_bytes(dimensions, list(kinds), question, full_windows)
    output = (dimensions.vocab_size or _USUAL_VOCABULARY) * _NUMBER_BYTES
    weights = _weights_of(dimensions, weights_bytes, layers)
    on_devices = _split(weights, kept, placed, used, working) if placed else []
    own = Parts(
        weights=weights.beside(placed, layers),
        kv=sum(kept) - sum(parts.kv for _, parts in on_devices),
        compute=_inputs_bytes(dimensions, list(kinds), question, full_windows) if placed else working,
        output=output,
        runtime=RUNTIME_BYTES + (dimensions.vocab_size or _USUAL_VOCABULARY) * _TOKEN_BYTES,
    )
    needs = [DeviceNeed(name=PROCESSOR, parts=own, free=None)]
    for device, parts in on_devices:
        free, total = device.free_memory, device.total_memory
        needs.append(DeviceNeed(name=device.name, parts=parts, free=free, total=total))
    return MemoryNeed(
        parts=sum_parts([need.parts for need in needs]),
        resident=own.total,
        devices=tuple(needs),
        context_length=question.context_length,
        kv_type=question.kv_type,
        gpu_layers=placed,
        source="estimated",
    )


def kv_bytes(dimensions: Dimensions, question: FitQuestion, *, full_windows: bool = True) -> int | None:
    """KV cache and recurrent states; None: not known.

    Each layer with attention keeps a key and a value of every token (src/llama-kv-cache.cpp), one compressed
    vector in their place with latent attention, and only those of its window where `full_windows` is off.
    """
    caches = caches_of(dimensions)
    if caches is None:
        return None
    return sum(_cache_bytes(cache, question, full_windows) for cache in caches)


def sum_parts(parts: Sequence[Parts]) -> Parts:
    """All of them together."""
    return Parts(**{name: sum(getattr(one, name) for one in parts) for name in Parts.__struct_fields__})


def micro_batch(question: FitQuestion) -> int:
    """Tokens of a prompt that are evaluated at once."""
    return max(1, min(question.batch_size, question.context_length, _LARGEST_MICRO_BATCH))


def _padded(tokens: int) -> int:
    return -(-max(1, tokens) // _CONTEXT_STEP) * _CONTEXT_STEP


def _cells(window: int, question: FitQuestion, full_windows: bool) -> int:
    """Tokens that a layer keeps."""
    cells = _padded(question.context_length)
    if window and not full_windows:
        # src/llama-kv-cache-iswa.cpp: room for a window and for the batch that is being written.
        cells = _padded(min(cells, window + micro_batch(question)))
    return cells


def _cache_bytes(cache: LayerCache, question: FitQuestion, full_windows: bool) -> int:
    cells = _cells(cache.window, question, full_windows)
    numbers = bytes_of(question.kv_type, cache.key_values) + bytes_of(question.kv_type, cache.value_values)
    return numbers * cells + cache.state_bytes


def _working_bytes(
    dimensions: Dimensions, caches: Sequence[LayerCache], question: FitQuestion, full_windows: bool
) -> int:
    """What is reserved for computing: the stage of a layer that takes most, and the attention masks.

    Which results are alive at once was read off llama.cpp's simulations: three results of the network's size
    and four of the model's width in a usual layer; of a mixture of experts as many for each chosen one; four
    of the inner size in a recurrent layer; without flash attention one score for each head, token and cell.
    """
    batch = micro_batch(question)
    width = dimensions.hidden_size or (dimensions.heads or 0) * (head_size(dimensions) or 0)
    stages = [6 * width]
    if dimensions.feed_forward_size:
        stages.append(3 * dimensions.feed_forward_size + 4 * width)
    elif not dimensions.caches and not dimensions.experts:
        stages.append((3 * _USUAL_NETWORK + 4) * width)
    if dimensions.experts:
        chosen = dimensions.active_experts or 1
        stages.append(chosen * (3 * (dimensions.expert_size or width) + width) + 5 * width)
    if dimensions.recurrent_size:
        stages.append(4 * dimensions.recurrent_size + 6 * width)
    masks = _masks(caches, question, full_windows)
    numbers = max(stages) * batch
    if question.flash_attention != "off" or not masks:
        return numbers * _NUMBER_BYTES + sum(masks) * batch * _MASK_BYTES
    scores = max(masks) * (dimensions.heads or 1) + sum(masks)
    return max(numbers, scores * batch + 6 * width * batch) * _NUMBER_BYTES


def _masks(caches: Sequence[LayerCache], question: FitQuestion, full_windows: bool) -> list[int]:
    """Cells of each attention mask: one for layers that look at everything, one for those with a window."""
    found: dict[bool, int] = {}
    for cache in caches:
        if cache.key_values:
            cells = _cells(cache.window, question, full_windows)
            found[cache.window > 0] = max(found.get(cache.window > 0, 0), cells)
    return list(found.values())


def _inputs_bytes(
    dimensions: Dimensions, caches: Sequence[LayerCache], question: FitQuestion, full_windows: bool
) -> int:
    """What is still computed beside a device: the words of a batch, and its masks."""
    numbers = 2 * (dimensions.hidden_size or 0)
    masks = sum(_masks(caches, question, full_windows))
    return micro_batch(question) * (numbers * _NUMBER_BYTES + masks * _MASK_BYTES)


@dataclass(frozen=True, slots=True)
class _Weights:
    """Bytes of weights by where they may lie. Layers count as equally large."""

    whole: int
    layer: int
    output: int
    tied: bool
    """The output layer is the table of words: a device that has it gets a copy."""

    def beside(self, placed: int, layers: int) -> int:
        """What is left when `placed` layers are elsewhere, the output layer the first of them."""
        if not placed:
            return self.whole
        gone = min(placed - 1, layers) * self.layer
        return max(0, self.whole - gone - (0 if self.tied else self.output))


def _weights_of(dimensions: Dimensions, weights_bytes: int, layers: int) -> _Weights:
    """The table of words stays beside the devices; its share of the weights is that of their bytes."""
    tied = dimensions.tied_output is not False
    words = (dimensions.vocab_size or 0) * (dimensions.hidden_size or 0)
    parameters = max(dimensions.parameters or 0, words if tied else 2 * words)
    table = weights_bytes * words // parameters if dimensions.parameters and parameters else 0
    return _Weights(weights_bytes, (weights_bytes - (table if tied else 2 * table)) // layers, table, tied)


def _split(
    weights: _Weights, kept: Sequence[int], placed: int, devices: Sequence[DeviceFacts], working: int
) -> list[tuple[DeviceFacts, Parts]]:
    """What lies on each device: the output layer and the last ones before it, in the order of the devices and
    by what is free on them (src/llama-model.cpp). Where some are left, prompts are computed on the device all
    the same, and the largest weights of a layer, about a third of it, are copied there."""
    layers = len(kept)
    frees = [max(0, device.free_memory or 0) for device in devices]
    whole = sum(frees)
    shares = [free / whole for free in frees] if whole else [1 / len(devices)] * len(devices)
    ends = [round(placed * end) for end in accumulate(shares)]
    ends[-1] = placed
    first = layers + 1 - placed
    compute = working + (weights.layer // 3 if placed <= layers else 0)
    found = []
    for device, start, end in zip(devices, [0, *ends], ends, strict=False):
        own = range(first + start, first + end)
        size = sum(weights.layer if layer < layers else weights.output for layer in own)
        kv = sum(kept[layer] for layer in own if layer < layers)
        found.append((device, Parts(weights=size, kv=kv, compute=compute if own else 0)))
    return found
