"""A model folder of ONNX Runtime GenAI: everything that can be known without showing it to native code."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from slmdesk.formats.onnx.config import GenaiConfig, read_config
from slmdesk.formats.onnx.errors import OnnxError
from slmdesk.formats.onnx.graph import Graph, read_graph
from slmdesk.formats.onnx.json_text import LFS_POINTER
from slmdesk.formats.onnx.limits import Limits
from slmdesk.formats.onnx.options import CONFIG
from slmdesk.formats.onnx.places import ModelRoot, Place, open_place
from slmdesk.formats.onnx.tensors import External
from slmdesk.formats.onnx.texts import SpecialTokens, read_texts
from slmdesk.formats.onnx.weights import count_weights, kv_bytes_per_token

_GRAPH_ENDING = ".onnx"
_ENDINGS_OF_TEXTS = (".json", ".jinja", ".txt", ".model")


@dataclass(frozen=True, slots=True)
class GenaiFolder:
    """A model folder in which nothing is missing and nothing is dangerous."""

    path: Path
    """As it was asked for, absolute."""
    root: Path
    """The same folder without links. What is opened by this name is what was checked."""
    name: str
    """The title that the files give: in a cache of the Hugging Face Hub the repository's; "" elsewhere."""
    config: GenaiConfig
    weights_bytes: int
    """Of all tensors, those in other files among them."""
    size_bytes: int
    """Of all files of the model on the disk."""
    parameters: int
    """Number of weights."""
    quantization: str
    """INT4, INT8, FP16, BF16, FP32, or "" where it is not known."""
    kv_bytes_per_token: int
    """Of the KV cache, in the type that the graph has for it."""
    chat_template: str | None
    tokens: SpecialTokens
    token_count: int
    """Size of the vocabulary."""


def is_genai_folder(path: str | Path) -> bool:
    """Whether it is a folder with a genai_config.json, be it a link to nothing. Reads nothing else."""
    try:
        return not stat.S_ISDIR((Path(path) / CONFIG).lstat().st_mode)
    except (OSError, ValueError):
        return False


def read_folder(path: Path, *, limits: Limits | None = None) -> GenaiFolder:
    """Read and check the model in the folder `path`.

    Blocking, callable from any thread; imports nothing native and reads no weights. Raises OnnxError for
    whatever is missing, broken or dangerous, within `limits`.
    """
    limits = limits or Limits()
    root = ModelRoot(path)
    root.check_links(limits)
    config = read_config(root, limits)
    decoder = root.locate(config.decoder_file, CONFIG)
    if not decoder.part.lower().endswith(_GRAPH_ENDING):
        # By its ending the runtime takes a file for one of its own format, which nothing here can check.
        raise OnnxError("not_onnx", part=decoder.part)
    graph = read_graph(decoder, limits)
    data = _check_data(root, decoder, graph, config, limits)
    template, tokens = read_texts(root, limits)
    parameters, quantization = count_weights(graph)
    return GenaiFolder(
        path=root.path,
        root=root.real,
        name=root.hub_name,
        config=config,
        weights_bytes=_weights_bytes(graph),
        size_bytes=_size(root, [decoder, *data]),
        parameters=parameters,
        quantization=quantization,
        kv_bytes_per_token=kv_bytes_per_token(graph, config),
        chat_template=template,
        tokens=tokens,
        token_count=config.vocab_size,
    )


def _check_data(
    root: ModelRoot, decoder: Place, graph: Graph, config: GenaiConfig, limits: Limits
) -> list[Place]:
    """The files beside the graph. Raises OnnxError for one that is elsewhere, missing or too short."""
    needed: dict[tuple[str, str], int] = {}
    # What a graph names is relative to its own folder, what the config names to the model's.
    folder = decoder.part.rpartition("/")[0]
    for external in _externals(graph):
        key = (decoder.part, external.file)
        needed[key] = max(needed.get(key, 0), external.offset + external.size)
    for file in graph.context_files:
        needed.setdefault((decoder.part, file), 0)
    for shared in config.shared_data:
        key = (CONFIG, shared.file)
        needed[key] = max(needed.get(key, 0), shared.offset + shared.size)
    if len(needed) > limits.data_files:
        raise OnnxError("too_large", part=decoder.part, what="number of data files", limit=limits.data_files)
    places: dict[Path, Place] = {}
    for (named_by, file), size in needed.items():
        place = root.locate(file, named_by, folder=folder if named_by == decoder.part else "")
        _check_content(place, size)
        places[place.path] = place
    return list(places.values())


def _check_content(place: Place, size: int) -> None:
    """Raise OnnxError for a data file that cannot be opened or has less than `size` bytes."""
    with os.fdopen(open_place(place), "rb") as file:
        beginning = file.read(len(LFS_POINTER)) if place.size < size else b""
    if beginning == LFS_POINTER:
        raise OnnxError("lfs_pointer", part=place.part)
    if place.size < size:
        raise OnnxError("cut_off", part=place.part, have_bytes=place.size, need_bytes=size)


def _externals(graph: Graph) -> Iterable[External]:
    return (tensor.external for tensor in graph.tensors if tensor.external is not None)


def _weights_bytes(graph: Graph) -> int:
    """Of all tensors; a range of a file that several use is counted once."""
    ranges = {(one.file, one.offset, one.size) for one in _externals(graph)}
    inside = sum(tensor.size for tensor in graph.tensors if tensor.external is None)
    return inside + sum(size for _, _, size in ranges)


def _size(root: ModelRoot, places: Iterable[Place]) -> int:
    sizes = {place.path: place.size for place in [*places, *root.files(_ENDINGS_OF_TEXTS)]}
    return sum(sizes.values())
