"""A folder that is no model itself: what somebody who chose it probably means."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from slmdesk.formats.gguf import find_part
from slmdesk.formats.onnx import is_genai_folder
from slmdesk.library.entries import identity_of, is_folder, visible_entries
from slmdesk.messages import ErrorKind, UserError

_GGUF, _ONNX = ".gguf", ".onnx"
# Models lie one or two folders deep in a repository, and in the Hub's cache three more. Whoever chose a whole
# disk by mistake does not wait.
_DEPTH = 5
_MOST_ENTRIES = 4096
_NAMED = 3


@dataclass(slots=True)
class _Found:
    models: list[Path] = field(default_factory=list)
    graphs: int = 0
    """Graphs of ONNX in folders that are no models."""
    is_all: bool = True
    """Whether everything in it was looked at."""


def folder_problem(folder: Path) -> UserError:
    """Why `folder`, which has no genai_config.json, is no model, and which models lie in it (kind MODEL).

    Blocking; looks at some thousand names at most.
    """
    found = _look(folder)
    file = str(folder)
    if not found.models:
        without = "library-folder-without-model" if found.is_all else "library-folder-too-deep"
        key = "library-folder-without-config" if found.graphs else without
        return UserError(key, ErrorKind.MODEL, file=file)
    first, count = found.models[0], len(found.models)
    if count == 1:
        inside = str(first.relative_to(folder))
        return UserError(
            "library-folder-of-model", ErrorKind.MODEL, file=file, inside=inside, path=str(first)
        )
    names = [str(one.relative_to(folder)) for one in found.models[:_NAMED]]
    inside = ", ".join(names) + (", …" if count > _NAMED else "")
    return UserError(
        "library-folder-of-models", ErrorKind.MODEL, file=file, inside=inside, path=str(first), count=count
    )


def _look(top: Path) -> _Found:
    found = _Found()
    seen = 0
    folders = [(top, 0)]
    entered: set[tuple[int, int]] = set()
    while folders and seen < _MOST_ENTRIES:
        folder, depth = folders.pop(0)
        identity = _identity(folder)
        if identity in entered:
            # A loop of links.
            continue
        entered.add(identity)
        is_model = is_genai_folder(folder)
        if is_model:
            found.models.append(folder)
        for entry in _entries(folder):
            seen += 1
            path = folder / entry.name
            if is_folder(entry):
                if depth < _DEPTH:
                    folders.append((path, depth + 1))
                elif _identity(path) not in entered:
                    found.is_all = False
            elif entry.name.lower().endswith(_ONNX):
                found.graphs += not is_model
            elif entry.name.lower().endswith(_GGUF) and not is_model and _is_first(path):
                found.models.append(path)
    found.is_all = found.is_all and not folders
    return found


def _is_first(file: Path) -> bool:
    """Whether it is a model by its name: of one in several parts, only the first."""
    part = find_part(file.stem)
    return part is None or part.number == 1


def _identity(folder: Path) -> tuple[int, int]:
    try:
        return identity_of(folder)
    except OSError:
        return 0, 0


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        return visible_entries(folder)
    except OSError:
        # Nothing in it can be chosen, either.
        return []
