"""A model folder of ONNX Runtime GenAI: everything that can be known without showing it to native code."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from slmdesk.formats.onnx.config import read_config
from slmdesk.formats.onnx.errors import OnnxError
from slmdesk.formats.onnx.graph import read_graph
from slmdesk.formats.onnx.json_text import LFS_POINTER
from slmdesk.formats.onnx.limits import Limits
from slmdesk.formats.onnx.options import CONFIG, ENDINGS_OF_TEXTS
from slmdesk.formats.onnx.outline import GenaiOutline, check_graph_name, needed_data, outline_of
from slmdesk.formats.onnx.places import ModelRoot, Place, open_place
from slmdesk.formats.onnx.texts import SpecialTokens, read_texts


@dataclass(frozen=True, slots=True, kw_only=True)
class GenaiFolder(GenaiOutline):
    """A model folder in which nothing is missing and nothing is dangerous."""

    path: Path
    """As it was asked for, absolute."""
    root: Path
    """The same folder without links. What is opened by this name is what was checked."""
    name: str
    """The title that the files give: in a cache of the Hugging Face Hub the repository's; "" elsewhere."""
    size_bytes: int
    """Of all files of the model on the disk."""
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
    check_graph_name(decoder.part)
    graph = read_graph(decoder, limits)
    data = _check_data(root, decoder.part, needed_data(graph, config, decoder.part, limits))
    template, tokens = read_texts(root, limits)
    outline = outline_of(config, graph)
    return GenaiFolder(
        path=root.path,
        root=root.real,
        name=root.hub_name,
        config=config,
        weights_bytes=outline.weights_bytes,
        size_bytes=_size(root, [decoder, *data]),
        parameters=outline.parameters,
        quantization=outline.quantization,
        kv_bytes_per_token=outline.kv_bytes_per_token,
        chat_template=template,
        tokens=tokens,
        token_count=config.vocab_size,
    )


def _check_data(root: ModelRoot, graph_part: str, needed: Mapping[tuple[str, str], int]) -> list[Place]:
    """The files beside the graph. Raises OnnxError for one that is elsewhere, missing or too short."""
    folder = graph_part.rpartition("/")[0]
    places: dict[Path, Place] = {}
    for (named_by, file), size in needed.items():
        place = root.locate(file, named_by, folder=folder if named_by == graph_part else "")
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


def _size(root: ModelRoot, places: Iterable[Place]) -> int:
    sizes = {place.path: place.size for place in [*places, *root.files(ENDINGS_OF_TEXTS)]}
    return sum(sizes.values())
