"""The dimensions of a model for the formulas, from what its header says. Pure."""

from __future__ import annotations

import re

from slmdesk.fit.caches import caches_of_header
from slmdesk.fit.types import Dimensions
from slmdesk.formats.gguf import GgufHeader, TensorInfo

_OUTPUT = "output.weight"
# One row of each is read for a token, not the whole table.
_TABLES = ("token_embd.weight", "per_layer_token_embd.weight")
_BLOCK = re.compile(r"blk\.(\d+)\.")


def dimensions_of_header(header: GgufHeader, *further: GgufHeader) -> Dimensions:
    """What the header says, and the `further` ones of a split set, whose first part has the metadata.

    Never raises: what a damaged header claims and cannot be is not known.
    """
    tensors = [tensor for part in (header, *further) for tensor in part.tensors]
    experts = _positive(header.of_architecture("expert_count"))
    used = max(header.per_layer("expert_used_count", 0), default=0)
    active_experts = used if 0 < used <= (experts or 0) else None
    share = active_experts / experts if active_experts and experts else 1.0
    read = _read_for_each_token(header, tensors)
    return Dimensions(
        architecture=header.architecture,
        layers=header.layers or None,
        heads=_positive(max(header.per_layer("attention.head_count", 0), default=0)),
        kv_heads=_positive(max(header.per_layer("attention.head_count_kv", 0), default=0)),
        head_dim=header.key_length or None,
        hidden_size=_positive(header.of_architecture("embedding_length")),
        vocab_size=_vocabulary(header, tensors),
        sliding_window=_positive(header.of_architecture("attention.sliding_window")),
        experts=experts,
        active_experts=active_experts,
        parameters=sum(tensor.values for tensor in tensors) or None,
        active_parameters=round(sum(tensor.values * _share(tensor, share) for tensor in read)) or None,
        trained_context_length=header.context_length or None,
        feed_forward_size=_positive(max(header.per_layer("feed_forward_length", 0), default=0)),
        expert_size=_positive(max(header.per_layer("expert_feed_forward_length", 0), default=0)),
        recurrent_size=_positive(header.of_architecture("ssm.inner_size")),
        tied_output=not any(tensor.name == _OUTPUT for tensor in tensors),
        caches=caches_of_header(header),
        active_bytes=round(sum((tensor.size_bytes or 0) * _share(tensor, share) for tensor in read)) or None,
    )


def _read_for_each_token(header: GgufHeader, tensors: list[TensorInfo]) -> list[TensorInfo]:
    """Without tables of which one row is read, and without layers that only predict further tokens.

    A model without an output layer of its own multiplies with the table of its words.
    """
    tied = not any(tensor.name == _OUTPUT for tensor in tensors)
    running = header.layers - max(0, header.of_architecture("nextn_predict_layers") or 0)
    found = []
    for tensor in tensors:
        if tensor.name in _TABLES and not (tied and tensor.name == _TABLES[0]):
            continue
        block = _BLOCK.match(tensor.name)
        if block is None or running <= 0 or int(block[1][:9]) < running:
            found.append(tensor)
    return found


def _share(tensor: TensorInfo, share: float) -> float:
    """How much of it one token needs: of the tensors that hold all experts, as many as are chosen."""
    return share if "_exps." in tensor.name else 1.0


def _vocabulary(header: GgufHeader, tensors: list[TensorInfo]) -> int | None:
    table = next((tensor for tensor in tensors if tensor.name == _TABLES[0] and len(tensor.shape) == 2), None)
    rows = table.shape[1] if table is not None else None
    return header.vocabulary or rows or _positive(header.of_architecture("vocab_size"))


def _positive(value: int | None) -> int | None:
    return value if value is not None and 0 < value < 2**31 else None
