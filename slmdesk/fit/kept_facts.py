"""What was read of models, kept for as long as they stay the same."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TYPE_CHECKING

from slmdesk.fit.facts import ModelFacts, facts_of_folder, facts_of_headers, facts_of_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slmdesk.fit.folders import SparseFolder
    from slmdesk.fit.headers import SparseHeader
    from slmdesk.fit.types import Dimensions

_MOST = 256


class KeptFacts:
    """Facts of the models that were asked about last. Usable from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, ModelFacts] = OrderedDict()

    def of_path(self, path: Path) -> ModelFacts:
        """See `facts_of_path`; read again where the file has changed."""
        try:
            seen = path.stat()
        except (OSError, ValueError):
            # What is wrong with it is said by whoever reads it.
            return facts_of_path(path)
        return self._get((path, seen.st_size, seen.st_mtime_ns), lambda: facts_of_path(path))

    def of_headers(self, headers: Sequence[SparseHeader], name: str) -> ModelFacts:
        """See `facts_of_headers`."""
        key = tuple(header.digest for header in headers)
        return self._get(key, lambda: facts_of_headers(headers, name))

    def of_folder(
        self, folder: SparseFolder, name: str, known: Dimensions | None, quantization: str
    ) -> ModelFacts:
        """See `facts_of_folder`."""
        key = (folder.digest, known, quantization)
        return self._get(key, lambda: facts_of_folder(folder, name, known, quantization))

    def _get(self, key: Hashable, read: Callable[[], ModelFacts]) -> ModelFacts:
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        facts = read()
        with self._lock:
            self._kept[key] = facts
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return facts
