"""Which models there are, and which one a person means."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from slmdesk.formats.gguf import find_part
from slmdesk.formats.onnx import is_genai_folder
from slmdesk.library.inspect import inspect_model, not_for_chat
from slmdesk.library.installed import STARTER_ID, InstalledModel
from slmdesk.library.starter import starter_file
from slmdesk.library.titles import hub_repository
from slmdesk.library.walk import walk_models
from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage import Paths

_ENDING = ".gguf"
# What people choose when they mean the folder around it.
_GRAPH_ENDING, _CONFIG = ".onnx", "genai_config.json"


def find_models(paths: Paths) -> list[InstalledModel]:
    """The starter, if it is installed, then every model below `paths.models` by title.

    A broken model is listed with its problem. Blocking: reads the header of each file, and of each folder all
    but the weights.
    """
    found = []
    starter = starter_file()
    if starter is not None:
        found.append(inspect_model(starter, STARTER_ID))
    for model_id, path in _ids_and_paths(paths.models):
        found.append(inspect_model(path, model_id))
    models = [model for model in found if model is not None]
    return sorted(models, key=lambda model: (model.id != STARTER_ID, model.title.casefold(), model.id))


def resolve_model(text: str, paths: Paths) -> InstalledModel:
    """The model that `text` means: `starter`, the id of a model in the list, or the path of a model.

    The graph or the config in a model folder means that folder. Raises UserError (kind MODEL) where there is
    no such model, or it cannot be loaded. Blocking.
    """
    if text == STARTER_ID:
        starter = starter_file()
        if starter is None:
            raise UserError("library-starter-missing", ErrorKind.MODEL)
        return _usable(starter, STARTER_ID)
    if not text:
        raise UserError("library-model-unnamed", ErrorKind.MODEL)
    known = dict(_ids_and_paths(paths.models))
    if text in known:
        return _usable(known[text], text)
    path = Path(text).expanduser()
    if not os.path.lexists(path):
        looks_like_path = "/" in text or os.sep in text or path.suffix.lower() == _ENDING
        if not looks_like_path:
            raise UserError("library-model-unknown", ErrorKind.MODEL, name=text)
        return _usable(path, path.stem)
    known[STARTER_ID] = starter_file() or Path()
    absolute = _meant(path.absolute())
    usual = _folder_id(absolute) if absolute.is_dir() else absolute.stem
    return _usable(absolute, next((key for key, one in known.items() if one == absolute), usual))


def _meant(path: Path) -> Path:
    """The model that a person means who gives this path."""
    is_graph = path.suffix.lower() == _GRAPH_ENDING
    if not is_graph and path.name != _CONFIG:
        return path
    if is_genai_folder(path.parent):
        return path.parent
    if is_graph and not path.is_dir():
        raise UserError("onnx-without-config", ErrorKind.MODEL, file=str(path))
    return path


def _usable(path: Path, model_id: str) -> InstalledModel:
    model = inspect_model(path, model_id)
    if model is None:
        raise not_for_chat(path)
    if model.problem is not None:
        raise model.problem
    return model


def _ids_and_paths(top: Path) -> Iterator[tuple[str, Path]]:
    """Each model below `top` with its id; of a split model the first part that is there."""
    taken = {STARTER_ID}
    seen_sets: set[tuple[Path, str, int]] = set()
    for path, is_folder in walk_models(top, _ENDING):
        part = None if is_folder else find_part(path.stem)
        if part is not None:
            key = (path.parent, part.name, part.parts)
            if key in seen_sets:
                continue
            seen_sets.add(key)
        name = part.name if part else _folder_id(path) if is_folder else path.stem
        place = path.relative_to(top).as_posix()
        # The slash tells a folder from a file of the same name.
        model_id = next(one for one in (name, place, f"{place}/") if one not in taken)
        taken.add(model_id)
        yield model_id, path


def _folder_id(folder: Path) -> str:
    """Its name; where that is the number of a commit, its repository's."""
    return (folder.parent.name == "snapshots" and hub_repository(folder)) or folder.name
