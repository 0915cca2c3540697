"""On which device each tensor of a model lies, and how much memory that takes. Pure.

llama.cpp places tensors by layer (llama-model.cpp, `load_tensors`): those of the input on the processor,
those of the output with the last layer. On the processor they stay in the file, which is mapped into memory
from the first tensor that is used in place to the last; elsewhere they are copied.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from slmdesk.engines.device_titles import PROCESSOR
from slmdesk.formats.gguf import GgufHeader, TensorInfo

_BLOCK = re.compile(r"^blk\.(\d+)\.")
_OUTPUT = ("output.", "output_norm.", "cls.", "enc.output_norm.")
_INPUT = "token_embd.weight"


def weights_by_device(
    headers: Sequence[GgufHeader],
    places: Mapping[int, str],
    copied: Mapping[str, int] | None = None,
) -> dict[str, int]:
    """Bytes of weights on each device, of a model whose files have these `headers`.

    `places` is the device of each layer, the output layer being the last. `copied` are the sizes of copies on
    the processor (`repacking.repacked_tensors`).
    """
    output = places.get(max(places, default=0), PROCESSOR)
    held: Counter[str] = Counter()
    names: set[str] = set()
    for header in headers:
        here: list[TensorInfo] = []
        for tensor in header.tensors:
            names.add(tensor.name)
            device = _device_of(tensor.name, places, output)
            if device == PROCESSOR:
                here.append(tensor)
            else:
                held[device] += tensor.size_bytes or 0
        held[PROCESSOR] += _mapped(here, copied or {})
    if "output.weight" not in names and output != PROCESSOR:
        # The output layer uses the input's tensor, of which the device gets a copy.
        held[output] += sum(
            tensor.size_bytes or 0 for header in headers for tensor in header.tensors if tensor.name == _INPUT
        )
    held[PROCESSOR] += sum((copied or {}).values())
    return dict(held)


def _device_of(name: str, places: Mapping[int, str], output: str) -> str:
    block = _BLOCK.match(name)
    if block:
        return places.get(int(block[1]), PROCESSOR)
    return output if name.startswith(_OUTPUT) else PROCESSOR


def _mapped(tensors: Sequence[TensorInfo], copied: Mapping[str, int]) -> int:
    """Bytes from the first of `tensors` that is used in place to the end of the last."""
    # The input's tensor is used in place, also where the output layer uses a copy of it.
    used = [tensor for tensor in tensors if tensor.name not in copied or tensor.name == _INPUT]
    if not used:
        return 0
    return max(tensor.offset + (tensor.size_bytes or 0) for tensor in used) - min(
        tensor.offset for tensor in used
    )
