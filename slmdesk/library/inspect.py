"""What one model says about itself, and whether it can be loaded at all."""

from __future__ import annotations

import logging
import stat
from pathlib import Path

from slmdesk.engines import ENGINES, engine_for, gguf_problem, onnx_problem
from slmdesk.formats.gguf import GgufError, GgufHeader, find_part, read_header
from slmdesk.formats.onnx import GenaiFolder, OnnxError, is_genai_folder, read_folder
from slmdesk.library.inside import folder_problem
from slmdesk.library.installed import STARTER_ID, InstalledModel
from slmdesk.library.starter import STARTER_SYSTEM_PROMPT, STARTER_TITLE
from slmdesk.library.titles import make_folder_title, make_title
from slmdesk.messages import ErrorKind, UserError

_log = logging.getLogger(__name__)

# Values of general.type that mark a file as a part for another model; llama.cpp's converter writes them.
_PART_TYPES = ("mmproj", "adapter", "imatrix")


def inspect_model(path: Path, model_id: str) -> InstalledModel | None:
    """Read what the model at `path` says: the header of a file, or all but the weights of a folder.

    None: the file is only a part for another model. Blocking, a few milliseconds on a disk that answers.
    Never raises for a bad model: that is its `problem`.
    """
    if is_genai_folder(path):
        return _inspect_folder(path, model_id)
    return _other_folder(path, model_id) if path.is_dir() else _inspect_file(path, model_id)


def _inspect_folder(path: Path, model_id: str) -> InstalledModel:
    problem: UserError | None = None
    folder: GenaiFolder | None = None
    try:
        folder = read_folder(path)
    except OnnxError as error:
        problem = onnx_problem(path, error)
    engine = engine_for(str(path))
    return InstalledModel(
        id=model_id,
        title=make_folder_title(folder.name if folder else "", path),
        path=path,
        size_bytes=folder.size_bytes if folder else _size_of_folder(path),
        architecture=folder.config.model_type if folder else "",
        parameters=folder.parameters if folder else 0,
        quantization=folder.quantization if folder else "",
        trained_context_length=folder.config.context_length if folder else 0,
        system_prompt="",
        problem=_name_problem(path) or problem,
        engine=engine,
        engine_title=ENGINES[engine].title,
        layers=folder.config.layers if folder else 0,
        kv_bytes_per_token=folder.kv_bytes_per_token if folder else 0,
    )


def _other_folder(path: Path, model_id: str) -> InstalledModel:
    """A folder that no engine runs as it is."""
    return InstalledModel(
        id=model_id,
        title=make_folder_title("", path),
        path=path,
        size_bytes=_size_of_folder(path),
        architecture="",
        parameters=0,
        quantization="",
        trained_context_length=0,
        system_prompt="",
        problem=_name_problem(path) or folder_problem(path),
    )


def _inspect_file(path: Path, model_id: str) -> InstalledModel | None:
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
    engine = engine_for(str(path))
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
        engine=engine,
        engine_title=ENGINES[engine].title,
        layers=header.layers if header else 0,
        kv_bytes_per_token=header.kv_bytes_per_token("f16") if header else 0,
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
    sizes = [_size(part.file(number, path)) for number in range(1, part.parts + 1)]
    missing = sizes.count(None)
    problem = None
    if missing:
        problem = UserError(
            "library-parts-missing", ErrorKind.MODEL, file=str(path), missing=missing, count=part.parts
        )
    return sum(size for size in sizes if size), problem


def _size_of_folder(path: Path) -> int:
    """Bytes of the files in a folder that cannot be told apart, because it is broken."""
    try:
        sizes = [_size(file) for file in path.iterdir()]
    except OSError as error:
        _log.info("%r: %r", path, error)
        return 0
    return sum(size for size in sizes if size)


def _size(path: Path) -> int | None:
    """Bytes of the file at `path`; None where there is none."""
    try:
        facts = path.stat()
    except OSError as error:
        _log.info("%r: %r", path, error)
        return None
    return facts.st_size if stat.S_ISREG(facts.st_mode) else None
