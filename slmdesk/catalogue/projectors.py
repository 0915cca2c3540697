"""Which projector goes with which model of a repository, by their names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from slmdesk.catalogue.model import ModelFile
from slmdesk.catalogue.quantizations import find_quantization
from slmdesk.messages import Message

# F16 is read by every backend; Q8_0 is smaller, but seldom offered; BF16 is slow or refused on older devices;
# F32 takes twice the room for nothing.
_PREFERRED = ("F16", "Q8_0", "BF16", "F32")
_WORDS = re.compile(r"[^a-z0-9.]+")


def choose_projector(model: str, projectors: Sequence[ModelFile]) -> ModelFile | None:
    """The best of `projectors` for the file of path `model`; None: there is none.

    As in llama.cpp's own downloader (find_best_sibling in common/download.cpp), one in a folder that does not
    hold the model belongs to another one, and the nearest folder wins. Then the one whose name says the same
    model, then one whose name says none.
    """
    if not projectors:
        return None
    best: tuple[tuple[int, int, int, str], ModelFile] | None = None
    folders = model.split("/")[:-1]
    words = _words_of(model)
    for projector in projectors:
        own = projector.path.split("/")[:-1]
        if folders[: len(own)] != own:
            continue
        said = find_quantization(_name(projector.path))
        preference = _PREFERRED.index(said[0]) if said and said[0] in _PREFERRED else len(_PREFERRED)
        rank = (-len(own), -_kinship(words, _words_of(projector.path)), preference, projector.path)
        if best is None or rank < best[0]:
            best = rank, projector
    return best[1] if best is not None else None


def projector_sentence(projector: ModelFile) -> Message:
    """That it is fetched with the model, and what it takes."""
    file, about = projector.path.rpartition("/")[2], projector.about_bytes
    if projector.size_bytes is not None:
        return Message("variant-projector", {"file": file, "size_bytes": projector.size_bytes})
    if about is not None:
        return Message("variant-projector-about", {"file": file, "size_bytes": about})
    return Message("variant-projector-unknown", {"file": file})


def _name(path: str) -> str:
    return path.rpartition("/")[2].lower().removesuffix(".gguf")


def _words_of(path: str) -> frozenset[str]:
    """The words of a file's name without its quantization: those that tell which model it is of."""
    name = _name(path)
    said = find_quantization(name)
    if said is not None:
        name = f"{name[: said[1]]} {name[said[2] :]}"
    return frozenset(word for word in _WORDS.split(name) if word) - {"mmproj", "model", "proj", "vision"}


def _kinship(model: frozenset[str], projector: frozenset[str]) -> int:
    """2: names the same model, 1: names none, 0: names another."""
    if not projector:
        return 1
    return 2 if projector <= model else 0
