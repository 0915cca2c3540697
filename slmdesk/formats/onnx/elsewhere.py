"""A model folder that is not on this disk: what its small files say, once they were fetched.

Names and sizes of all its files are known from a list; which of the small ones are needed is told here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from slmdesk.formats.onnx.config import GenaiConfig
from slmdesk.formats.onnx.errors import OnnxError
from slmdesk.formats.onnx.graph import parse_graph
from slmdesk.formats.onnx.limits import Limits
from slmdesk.formats.onnx.options import CONFIG
from slmdesk.formats.onnx.outline import GenaiOutline, check_graph_name, needed_data, outline_of
from slmdesk.formats.onnx.places import leads_out


def find_graph(config: GenaiConfig, sizes: Mapping[str, int]) -> str:
    """The name of the graph among the files of the folder, given with their `sizes` by their names in it.

    Raises OnnxError `outside`, `missing`, `not_onnx`.
    """
    part = _find(config.decoder_file, CONFIG, "", sizes)
    check_graph_name(part)
    return part


def read_outline(
    config: GenaiConfig, graph: bytes, sizes: Mapping[str, int], *, limits: Limits | None = None
) -> GenaiOutline:
    """What `graph`, the content of the file that `find_graph` names, says about the model.

    Raises OnnxError as `read_folder` does, but looks at no tokenizer and no template.
    """
    limits = limits or Limits()
    part = find_graph(config, sizes)
    read = parse_graph(graph, part, limits)
    folder = part.rpartition("/")[0]
    for (named_by, file), size in needed_data(read, config, part, limits).items():
        found = _find(file, named_by, folder if named_by == part else "", sizes)
        if sizes[found] < size:
            raise OnnxError("cut_off", part=found, have_bytes=sizes[found], need_bytes=size)
    return outline_of(config, read)


def _find(part: str, named_by: str, folder: str, sizes: Mapping[str, int]) -> str:
    """The file that `named_by` calls `part`, as seen from `folder` in the model."""
    if leads_out(part):
        raise OnnxError("outside", part=named_by, target=part)
    found = str(PurePosixPath(folder, part))
    if found not in sizes:
        raise OnnxError("missing", part=found)
    return found
