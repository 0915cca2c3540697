"""Which models of the catalogue are on this disk already."""

from __future__ import annotations

import re
from collections.abc import Iterable

from slmdesk.catalogue import CatalogueModel
from slmdesk.library import InstalledModel
from slmdesk.offers.folding import fold, squeeze

# What may stand behind the model's name in the name of a file, without punctuation: quantization, format.
_ENDING = re.compile(
    r"(?:gguf|onnx|genai|cpu|qat|ud|i?q\d[0-9a-z]*|tq\d0|mxfp4(?:moe)?|b?f(?:p)?(?:16|32)|u?int[48])*"
)


class OnDisk:
    """The models of the library, found by those of the catalogue. Plain and unchanging; any thread."""

    def __init__(self, installed: Iterable[InstalledModel] = ()) -> None:
        self._by_name: dict[str, list[str]] = {}
        for model in installed:
            name = squeeze(fold(model.path.name if model.path.suffix != ".gguf" else model.path.stem))
            self._by_name.setdefault(name, []).append(model.id)

    def ids_of(self, model: CatalogueModel) -> tuple[str, ...]:
        """Ids in the library of what is there of `model`, by the names of files and folders.

        A file can be renamed, so this is for showing a mark, never for leaving out a download.
        """
        if not self._by_name:
            return ()
        own = squeeze(fold(model.id.rpartition("/")[2]))
        found = [
            ids
            for name, ids in self._by_name.items()
            if name.startswith(own) and _ENDING.fullmatch(name, len(own)) is not None
        ]
        return tuple(dict.fromkeys(one for ids in found for one in ids))
