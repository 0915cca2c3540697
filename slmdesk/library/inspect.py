"""What one model file says about itself, and whether it can be loaded at all."""

from __future__ import annotations

import logging
import stat
from dataclasses import dataclass
from pathlib import Path

from slmdesk.engines import gguf_problem
from slmdesk.formats.gguf import GgufError, GgufHeader, read_header
from slmdesk.library.starter import STARTER_SYSTEM_PROMPT, STARTER_TITLE
from slmdesk.library.titles import find_part, make_title
from slmdesk.messages import ErrorKind, UserError

_log = logging.getLogger(__name__)

STARTER_ID = "starter"

# Values of general.type that mark a file as a part for another model; llama.cpp's converter writes them.
_PART_TYPES = ("mmproj", "adapter", "imatrix")


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model on this disk. A broken one is listed too, with its `problem` and without the facts."""

    id: str
    """Unique in the list: `starter`, else the file name without its ending, else that with its folder."""
    title: str
    """For people, without the quantization."""
    path: Path
    """The file; the first part of a split model."""
    size_bytes: int
    """Of all parts."""
    architecture: str
    parameters: int
    """Number of weights; of a split model, those of the first part."""
    quantization: str
    trained_context_length: int
    """Tokens; 0 where the file does not say."""
    system_prompt: str
    """The instructions to use where the person gives none."""
    problem: UserError | None = None
    """Why it cannot be loaded."""


def inspect_model(path: Path, model_id: str) -> InstalledModel | None:
    """Read the header of the model at `path`. None: the file is only a part for another model.

    Blocking, a few milliseconds on a disk that answers. Never raises for a bad file: that is its `problem`.
    """
    problem: UserError | None = None
    header: GgufHeader | None = None
    try:
        header = read_header(path)
        header.require_complete()
    except GgufError as error:
        problem = gguf_problem(path, error)
    if header is not None and part_type(header):
        return None
    size_bytes, parts_problem = _size_and_parts(path)
    problem = problem or _name_problem(path) or parts_problem
    is_starter = model_id == STARTER_ID
    return InstalledModel(
        id=model_id,
        title=STARTER_TITLE if is_starter else make_title(header.name if header else "", path.stem),
        path=path,
        size_bytes=size_bytes,
        architecture=header.architecture if header else "",
        parameters=header.parameters if header else 0,
        quantization=header.quantization if header else "",
        trained_context_length=header.context_length if header else 0,
        system_prompt=STARTER_SYSTEM_PROMPT if is_starter else "",
        problem=problem,
    )


def part_type(header: GgufHeader) -> str:
    """What kind of part for another model the file is, or "" for a model of its own."""
    kind = header.text("general.type")
    if kind in _PART_TYPES:
        return kind
    # Image encoders written before general.type existed.
    return "mmproj" if header.architecture == "clip" else ""


def not_for_chat(path: Path) -> UserError:
    """The error for a file that `inspect_model` answered None for."""
    kind = part_type(read_header(path))
    return UserError("library-not-for-chat", ErrorKind.MODEL, file=str(path), type=kind)


def _name_problem(path: Path) -> UserError | None:
    """Names cross to the engine process as UTF-8."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return UserError("library-file-name-not-text", ErrorKind.MODEL, file=str(path))
    return None


def _size_and_parts(path: Path) -> tuple[int, UserError | None]:
    """Bytes of the model on the disk, and the error if parts of it are missing."""
    part = find_part(path.stem)
    if part is None:
        return _size(path) or 0, None
    sizes = [
        _size(path.with_name(f"{part.name}-{number:05d}-of-{part.parts:05d}{path.suffix}"))
        for number in range(1, part.parts + 1)
    ]
    missing = sizes.count(None)
    problem = None
    if missing:
        problem = UserError(
            "library-parts-missing", ErrorKind.MODEL, file=str(path), missing=missing, count=part.parts
        )
    return sum(size for size in sizes if size), problem


def _size(path: Path) -> int | None:
    """Bytes of the file at `path`; None where there is none."""
    try:
        facts = path.stat()
    except OSError as error:
        _log.info("%r: %r", path, error)
        return None
    return facts.st_size if stat.S_ISREG(facts.st_mode) else None
