"""What the formulas need of a model, from whatever there is of it: a file, a folder, headers, or a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import msgspec

from slmdesk.engines import (
    ModelFormat,
    ModelNeeds,
    gguf_problem,
    onnx_problem,
    other_parts,
    read_whole_header,
)
from slmdesk.fit.dimensions import dimensions_of_header
from slmdesk.fit.estimate import estimate_memory, kv_bytes
from slmdesk.fit.estimate_onnx import dimensions_of_config, estimate_onnx
from slmdesk.fit.machine import DeviceFacts
from slmdesk.fit.types import Dimensions, FitQuestion, MemoryNeed
from slmdesk.fit.work import TokenWork, work_of_dimensions, work_of_headers
from slmdesk.formats.gguf import GgufError, GgufHeader, block_of, fault_of_set, find_part
from slmdesk.formats.onnx import GenaiOutline, OnnxError, is_genai_folder, read_folder
from slmdesk.messages import ErrorKind, UserError

if TYPE_CHECKING:
    from slmdesk.fit.folders import SparseFolder
    from slmdesk.fit.headers import SparseHeader

# An engine has the name of this format too, and none is named outside of its room.
_FOLDERS: ModelFormat = next(one for one in get_args(ModelFormat) if one != "gguf")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """One model, as far as the formulas look at it."""

    dimensions: Dimensions
    weights_bytes: int
    """Of all tensors, or of the files where only those are known."""
    work: TokenWork | None
    """What generating a token takes; None: not enough is known."""
    is_onnx: bool = False
    kv_bytes_per_token: int | None = None
    """Of an ONNX graph that was read."""

    def estimate(self, question: FitQuestion, devices: Sequence[DeviceFacts] = ()) -> MemoryNeed | None:
        """What it takes by formulas; None: not enough is known. Pure."""
        if self.is_onnx:
            return estimate_onnx(
                self.dimensions, self.weights_bytes, question, devices,
                kv_bytes_per_token=self.kv_bytes_per_token,
            )  # fmt: skip
        return estimate_memory(self.dimensions, self.weights_bytes, question, devices)

    def needs(self, question: FitQuestion) -> ModelNeeds:
        """For deciding where it is placed."""
        return ModelNeeds(
            weights_bytes=self.weights_bytes,
            kv_bytes=self.kv_bytes(question),
            layers=0 if self.is_onnx else self.dimensions.layers or 0,
        )

    @property
    def takes_quantized_kv(self) -> bool:
        """Whether heads are made of whole blocks of a quantized type."""
        return (self.dimensions.head_dim or 0) % block_of("q8_0") == 0

    def kv_bytes(self, question: FitQuestion) -> int:
        """Bytes of the whole KV cache; 0: not known."""
        if self.kv_bytes_per_token is not None:
            return self.kv_bytes_per_token * max(1, question.context_length)
        return kv_bytes(self.dimensions, question) or 0


def facts_of_path(path: Path) -> ModelFacts:
    """Read the header of the file at `path` with those of its other parts, or the folder's config and graph.

    Blocking, some milliseconds. Raises UserError (kind MODEL) that says what is wrong with it.
    """
    if is_genai_folder(path):
        try:
            return _facts_of_outline(read_folder(path))
        except OnnxError as error:
            raise onnx_problem(path, error) from error
    first = read_whole_header(path)
    headers = [first, *map(read_whole_header, other_parts(path, first))]
    return _facts_of(headers, path)


@lru_cache(maxsize=4096)
def facts_of_list(
    dimensions: Dimensions, weights_bytes: int, quantization: str, model_format: ModelFormat
) -> ModelFacts:
    """The same where only a list tells of it. Pure."""
    return ModelFacts(
        dimensions=dimensions,
        weights_bytes=weights_bytes,
        work=work_of_dimensions(dimensions, weights_bytes, quantization, model_format=model_format),
        is_onnx=model_format == _FOLDERS,
    )


def facts_of_headers(headers: Sequence[SparseHeader], name: str) -> ModelFacts:
    """The same from headers that were fetched, all parts of `name` in their order."""
    try:
        read = [sparse.header for sparse in headers]
    except GgufError as error:
        raise gguf_problem(Path(name), error) from error
    return _facts_of(read, Path(name))


def facts_of_folder(
    folder: SparseFolder, name: str, known: Dimensions | None = None, quantization: str = ""
) -> ModelFacts:
    """The same from what was fetched of a folder, which is called `name`.

    Where its graph was not: from its config, the sizes of its files, and what a list says of its weights:
    how many (`known`), and of which type.
    """
    try:
        if folder.outline is not None:
            return _facts_of_outline(folder.outline)
        dimensions = dimensions_of_config(folder.facts)
    except OnnxError as error:
        raise onnx_problem(Path(name), error) from error
    if known is not None:
        dimensions = msgspec.structs.replace(
            dimensions, parameters=known.parameters, active_parameters=known.active_parameters
        )
    return facts_of_list(dimensions, folder.data_bytes, quantization, _FOLDERS)


def _facts_of_outline(read: GenaiOutline) -> ModelFacts:
    known = msgspec.structs.replace(dimensions_of_config(read.config), parameters=read.parameters or None)
    return ModelFacts(
        dimensions=known,
        weights_bytes=read.weights_bytes,
        work=work_of_dimensions(known, read.weights_bytes, read.quantization, model_format=_FOLDERS),
        is_onnx=True,
        kv_bytes_per_token=read.kv_bytes_per_token or None,
    )


def _facts_of(headers: Sequence[GgufHeader], path: Path) -> ModelFacts:
    """Raises UserError (kind MODEL) for a set that no engine would load: an estimate of it would promise too
    much."""
    missing = set(range(headers[0].split_count)) - {header.split_index for header in headers}
    named = find_part(path.stem)
    if missing and named is not None and len(headers) < named.parts:
        part = named.file(min(missing) + 1, path).name
        raise UserError("model-part-missing", ErrorKind.MODEL, file=str(path), part=part)
    fault = fault_of_set(headers)
    if fault:
        raise UserError(
            "model-parts-do-not-match", ErrorKind.MODEL, details=fault, file=str(path), count=len(headers)
        )
    return ModelFacts(
        dimensions=dimensions_of_header(*headers),
        weights_bytes=sum(header.weights_bytes for header in headers),
        work=work_of_headers(headers),
    )
