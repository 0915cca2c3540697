"""What a fit check is asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from slmdesk.engines import ModelFormat
from slmdesk.fit.folders import HeaderSet, SparseFolder
from slmdesk.fit.headers import SparseHeader
from slmdesk.fit.types import Dimensions


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is asked about, with all that is at hand of it. The best is used: headers, then the path, then the
    dimensions with the size; the less there is, the less exact the answer."""

    key: str
    """Names it among others: the SHA-256 where it is known, else repository and file, else the path."""
    label: str = ""
    """What tells it from the others of the same model, for sentences: `Q4_K_M`."""
    file: str = ""
    """What errors call it where it is elsewhere: the name of its file or folder; "": its label or its key."""
    format: ModelFormat = "gguf"
    quantization: str = ""
    """As the name of its file says, where there is neither path nor header: the speed depends on it."""
    path: Path | None = None
    """A local file (of a split set the first part) or folder."""
    headers: HeaderSet = ()
    """Of a file that is elsewhere one for each part, or what was fetched of a folder that is."""
    dimensions: Dimensions | None = None
    """From a list, or for ONNX from `fit.dimensions_of_config`, where there is neither path nor header. Of a
    folder that is elsewhere with its weights inside of its graph, the number of them is taken from here."""
    weights_bytes: int | None = None
    """Of all its files, without a projector; used with `dimensions` only."""

    @property
    def model(self) -> Path | Sequence[SparseHeader] | None:
        """What a simulation is given; None: there is nothing that it can look at."""
        if self.format != "gguf" or isinstance(self.headers, SparseFolder):
            return None
        return self.headers or self.path

    @property
    def called(self) -> str:
        """What errors call it."""
        return self.path.name if self.path is not None else self.file or self.label or self.key
