"""Walks the folders of models on this disk."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from slmdesk.formats.onnx import is_genai_folder
from slmdesk.library.entries import identity_of, is_folder, visible_entries

_log = logging.getLogger(__name__)

_GRAPH_ENDING = ".onnx"


def walk_models(top: Path, ending: str) -> Iterator[tuple[Path, bool]]:
    """Each file with this ending and each model folder below `top`, in a steady order; True: it is a folder.

    A folder with an ONNX graph that says nothing of how it is run is one too, of a model that cannot be used.

    Files directly in a model folder belong to that model and are not models of their own; `top` itself may be
    a model folder beside others. Models may lie in folders of a model folder. Hidden names are left out:
    downloaders and macOS keep helper files there. Each folder is entered once, a loop of links ends, and
    where a link and a folder lead to the same place it is found as the folder.
    """
    entered: set[tuple[int, int]] = set()
    waiting, links = [top], deque[Path]()
    in_models: set[Path] = set()
    while waiting or links:
        folder = waiting.pop() if waiting else links.popleft()
        identity = _identity(folder)
        if identity is None or identity in entered:
            continue
        entered.add(identity)
        entries = _entries(folder)
        in_model = folder.parent in in_models
        is_model = is_genai_folder(folder)
        if is_model or (folder != top and not in_model and any(map(_is_graph, entries))):
            yield folder, True
        if is_model or in_model:
            # Graphs below it are parts of it.
            in_models.add(folder)
        inside = []
        for entry in entries:
            path = folder / entry.name
            if is_folder(entry):
                if entry.is_symlink():
                    links.append(path)
                else:
                    inside.append(path)
            elif entry.name.lower().endswith(ending) and (folder == top or not is_model):
                yield path, False
        waiting.extend(reversed(inside))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        return visible_entries(folder)
    except OSError as error:
        _note_unreadable(error)
        return []


def _is_graph(entry: os.DirEntry[str]) -> bool:
    return entry.name.lower().endswith(_GRAPH_ENDING) and not is_folder(entry)


def _identity(folder: Path) -> tuple[int, int] | None:
    """None: it has gone away."""
    try:
        return identity_of(folder)
    except OSError as error:
        _note_unreadable(error)
        return None


def _note_unreadable(error: OSError) -> None:
    # The folder of a home that has no model yet does not exist.
    if not isinstance(error, FileNotFoundError):
        _log.warning("a folder of models cannot be read: %r", error)
