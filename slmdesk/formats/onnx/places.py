"""Which files belong to a model folder, and which are somewhere else.

A model names files: the graph, the files with its weights. Whoever made the model chose those names, so each
must lead into the model's own folder. That folder may itself be reached by a link, which is the person's own.
Links in it are followed to their end first; one may lead out of the folder only into `blobs/` of the same
repository, because the cache of the Hugging Face Hub is made of such links:

    models--org--name/blobs/<hash>                       the content
    models--org--name/snapshots/<commit>/model.onnx      -> ../../blobs/<hash>

What is checked is true when it is checked. The native library opens the files by name again, a moment later:
whoever may write in the folder meanwhile can exchange a file or a link. That is somebody who may already
write as this person does, so nothing is lost; a folder that others may write to should not hold models.
"""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from slmdesk.formats.onnx.errors import OnnxError
from slmdesk.formats.onnx.limits import Limits

_HUB_REPOSITORY = "models--"
# Separators of Windows, drive letters and streams, and what the runtime gives a meaning of its own: a place
# that begins with */ is an address in memory to it.
_NO_PART_OF_A_NAME = re.compile(r"[\\:*?\"<>|\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Place:
    """A regular file of the model."""

    part: str
    """Its name as the model has it, relative to the folder."""
    path: Path
    """Where it really lies, without links."""
    size: int
    """Bytes."""


class ModelRoot:
    """One model folder with the places its files may be in.

    Raises OnnxError `folder_missing`, `not_a_folder`, `folder_unreadable`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        try:
            self.real = self.path.resolve(strict=True)
            if not self.real.is_dir():
                raise OnnxError("not_a_folder")
        except FileNotFoundError as error:
            raise OnnxError("folder_missing") from error
        except NotADirectoryError as error:
            raise OnnxError("not_a_folder") from error
        except (OSError, RuntimeError, ValueError) as error:
            # RuntimeError: a loop of links before Python 3.13; ValueError: a null character.
            raise OnnxError("folder_unreadable", reason=_reason(error)) from error
        self._repository = _hub_repository(self.real)

    @property
    def hub_name(self) -> str:
        """The name of the repository in a cache of the Hugging Face Hub, "" elsewhere."""
        return self._repository.name.split("--")[-1] if self._repository else ""

    def check_links(self, limits: Limits) -> None:
        """Raise `link_outside` for any link in the folder that leads out of it, used or not.

        The native library looks for more files than the model names, tokenizers for example.
        """
        try:
            with os.scandir(self.real) as entries:
                for count, entry in enumerate(entries):
                    if count >= limits.folder_entries:
                        raise OnnxError(
                            "too_large", part=".", what="files in the folder", limit=limits.folder_entries
                        )
                    if entry.is_symlink():
                        self._check_link(entry.name)
        except OSError as error:
            raise OnnxError("folder_unreadable", reason=_reason(error)) from error

    def find(self, part: str) -> Place | None:
        """The file `part`, whose name is our own and no model's; None where there is none."""
        if not os.path.lexists(self.real / part):
            return None
        return self.locate(part, part)

    def locate(self, part: str, named_by: str, folder: str = "") -> Place:
        """The file that `named_by`, a file of the model, calls `part`, as seen from `folder` in the model.

        Raises `outside`, `link_outside`, `missing`, `not_a_file`, `unreadable`.
        """
        if leads_out(part):
            raise OnnxError("outside", part=named_by, target=part)
        part = f"{folder}/{part}" if folder else part
        try:
            real = (self.real / part).resolve(strict=True)
            facts = real.stat()
        except FileNotFoundError as error:
            raise OnnxError("missing", part=part) from error
        except (OSError, RuntimeError, ValueError) as error:
            raise OnnxError("unreadable", part=part, reason=_reason(error)) from error
        self._check_inside(part, real)
        if not stat.S_ISREG(facts.st_mode):
            raise OnnxError("not_a_file", part=part)
        return Place(part, real, facts.st_size)

    def files(self, endings: tuple[str, ...]) -> list[Place]:
        """The files of the folder itself whose names end so; those that cannot be looked at are left out."""
        found = []
        with suppress(OSError):
            for file in self.real.iterdir():
                if file.name.lower().endswith(endings):
                    with suppress(OnnxError):
                        found.append(self.locate(file.name, file.name))
        return found

    def _check_link(self, name: str) -> None:
        # A link to nothing is missed where its file is looked for.
        with suppress(OSError, RuntimeError):
            real = (self.real / name).resolve(strict=True)
            self._check_inside(name, real)

    def _check_inside(self, part: str, real: Path) -> None:
        if real == self.real or self.real in real.parents:
            return
        if self._repository is None or real.parent != self._repository / "blobs":
            raise OnnxError("link_outside", part=part, target=str(real))


def read_place(place: Place, limit: int) -> bytes:
    """The whole content of a small file. Raises `too_large`, `empty`, `unreadable`."""
    if place.size > limit:
        raise OnnxError("too_large", part=place.part, what="size of the file", limit=limit)
    descriptor = open_place(place)
    with os.fdopen(descriptor, "rb") as file:
        try:
            data = file.read(limit + 1)
        except OSError as error:
            raise OnnxError("unreadable", part=place.part, reason=_reason(error)) from error
    if len(data) > limit:
        raise OnnxError("too_large", part=place.part, what="size of the file", limit=limit)
    if not data:
        raise OnnxError("empty", part=place.part)
    return data


def open_place(place: Place) -> int:
    """A descriptor of the file, which the caller closes. Never waits for the other end of a pipe."""
    flags = os.O_RDONLY
    for name in ("O_BINARY", "O_CLOEXEC", "O_NONBLOCK", "O_NOFOLLOW"):
        flags |= getattr(os, name, 0)
    try:
        descriptor = os.open(place.path, flags)
    except OSError as error:
        raise OnnxError("unreadable", part=place.part, reason=_reason(error)) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OnnxError("not_a_file", part=place.part)
    return descriptor


def leads_out(part: str) -> bool:
    """Whether a model's name for a file does not stay in the folder by itself, on this system or another."""
    if _NO_PART_OF_A_NAME.search(part) or part.startswith("/") or not part.strip("./ "):
        return True
    # Windows takes no notice of dots and spaces at the end: ".. " goes up as ".." does.
    return any(name not in ("", ".") and not name.strip(". ") for name in part.split("/"))


def _hub_repository(folder: Path) -> Path | None:
    """The repository whose snapshot `folder` is or lies in."""
    for parent in folder.parents:
        if parent.name == "snapshots" and parent.parent.name.startswith(_HUB_REPOSITORY):
            return parent.parent
    return None


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
