"""Which models there are, and which one a person means."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

from slmdesk.library.inspect import STARTER_ID, InstalledModel, inspect_model, not_for_chat
from slmdesk.library.starter import starter_file
from slmdesk.library.titles import find_part
from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage import Paths

_log = logging.getLogger(__name__)

_ENDING = ".gguf"


def find_models(paths: Paths) -> list[InstalledModel]:
    """The starter, if it is installed, then every model below `paths.models` by title.

    A broken file is listed with its problem. Blocking: reads the header of each file.
    """
    found = []
    starter = starter_file()
    if starter is not None:
        found.append(inspect_model(starter, STARTER_ID))
    for model_id, file in _ids_and_files(paths.models):
        found.append(inspect_model(file, model_id))
    models = [model for model in found if model is not None]
    return sorted(models, key=lambda model: (model.id != STARTER_ID, model.title.casefold(), model.id))


def resolve_model(text: str, paths: Paths) -> InstalledModel:
    """The model that `text` means: `starter`, the id of a model in the list, or the path of a file.

    Raises UserError (kind MODEL) where there is none, or it cannot be loaded. Blocking.
    """
    if text == STARTER_ID:
        starter = starter_file()
        if starter is None:
            raise UserError("library-starter-missing", ErrorKind.MODEL)
        return _usable(starter, STARTER_ID)
    if not text:
        raise UserError("library-model-unnamed", ErrorKind.MODEL)
    known = dict(_ids_and_files(paths.models))
    if text in known:
        return _usable(known[text], text)
    path = Path(text).expanduser()
    if not os.path.lexists(path):
        looks_like_path = "/" in text or os.sep in text or path.suffix.lower() == _ENDING
        if not looks_like_path:
            raise UserError("library-model-unknown", ErrorKind.MODEL, name=text)
        return _usable(path, path.stem)
    known[STARTER_ID] = starter_file() or Path()
    absolute = path.absolute()
    return _usable(absolute, next((key for key, file in known.items() if file == absolute), path.stem))


def _usable(file: Path, model_id: str) -> InstalledModel:
    model = inspect_model(file, model_id)
    if model is None:
        raise not_for_chat(file)
    if model.problem is not None:
        raise model.problem
    return model


def _ids_and_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Each model below `folder` with its id; of a split model the first part that is there."""
    taken = {STARTER_ID}
    seen_sets: set[tuple[Path, str, int]] = set()
    for file in _gguf_files(folder):
        part = find_part(file.stem)
        if part is not None:
            key = (file.parent, part.name, part.parts)
            if key in seen_sets:
                continue
            seen_sets.add(key)
        stem = part.name if part else file.stem
        model_id = stem if stem not in taken else file.relative_to(folder).as_posix()
        taken.add(model_id)
        yield model_id, file


def _gguf_files(folder: Path) -> Iterator[Path]:
    """Every GGUF file below `folder`, in a steady order. A loop of links is walked once."""
    entered: set[tuple[int, int]] = set()
    for name, folders, files in os.walk(folder, onerror=_note_unreadable, followlinks=True):
        identity = _identity(Path(name))
        if identity is None or identity in entered:
            folders.clear()
            continue
        entered.add(identity)
        # Downloaders and macOS keep helper files of the same ending under hidden names.
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for file in sorted(files):
            if file.lower().endswith(_ENDING) and not file.startswith("."):
                yield Path(name, file)


def _identity(folder: Path) -> tuple[int, int] | None:
    """What tells one folder from another however it was reached; None: it has gone away."""
    try:
        status = folder.stat()
    except OSError as error:
        _note_unreadable(error)
        return None
    return status.st_dev, status.st_ino


def _note_unreadable(error: OSError) -> None:
    # The folder of a home that has no model yet does not exist.
    if not isinstance(error, FileNotFoundError):
        _log.warning("a folder of models cannot be read: %r", error)
