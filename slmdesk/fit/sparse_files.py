"""Files that begin with a header and have the right size, but hold nothing else and take no room.

An engine that lays a model out reads only the header, but looks whether the file is as large as the header
says. On a disk that cannot keep such a file without filling it, none is made.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from slmdesk.fit.headers import SparseHeader
from slmdesk.messages import ErrorKind, UserError

_TRIAL_BYTES = 8 * 2**20
_FSCTL_SET_SPARSE = 0x900C4
"""Windows' number, from <winioctl.h>."""


@contextlib.contextmanager
def sparse_files(parts: Sequence[SparseHeader]) -> Iterator[Path]:
    """The first of the files of a model, the others beside it, in a private folder that is gone afterwards.

    Raises GgufError for a header that cannot be of a file of its size, and UserError `simulation-file` where
    the disk is full or fills such files.
    """
    # Not at the top: a window starts without it.
    import tempfile

    for part in parts:
        part.check()
    with contextlib.ExitStack() as stack:
        try:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slmdesk-fit-")))
            paths = [folder / name for name in _names(len(parts))]
            for path, part in zip(paths, parts, strict=True):
                _write(path, part)
        except OSError as error:
            reason = error.strerror or str(error)
            raise UserError("simulation-file", ErrorKind.MODEL, details=str(error), reason=reason) from error
        yield paths[0]


def _names(count: int) -> list[str]:
    if count == 1:
        return ["model.gguf"]
    return [f"model-{number:05d}-of-{count:05d}.gguf" for number in range(1, count + 1)]


def _write(path: Path, part: SparseHeader) -> None:
    with path.open("xb", buffering=0) as file:
        if sys.platform == "win32":
            _make_sparse(file.fileno())
        view = memoryview(part.data)
        while view:
            view = view[file.write(view) :]
        # A little first: where it takes room, the whole would fill the disk.
        trial = min(part.size, len(part.data) + _TRIAL_BYTES)
        file.truncate(trial)
        if sys.platform != "win32":
            if _taken_bytes(file.fileno()) > len(part.data) + _TRIAL_BYTES // 2:
                raise OSError(0, "the file system keeps no sparse files")
        file.truncate(part.size)


def _taken_bytes(descriptor: int) -> int:
    """What an open file takes on the disk."""
    return os.fstat(descriptor).st_blocks * 512


if sys.platform == "win32":

    def _make_sparse(descriptor: int) -> None:
        """Raises OSError where the file system keeps no sparse files."""
        import ctypes
        import msvcrt

        handle, returned = msvcrt.get_osfhandle(descriptor), ctypes.c_ulong()
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        done = kernel.DeviceIoControl(
            ctypes.c_void_p(handle), _FSCTL_SET_SPARSE, None, 0, None, 0, ctypes.byref(returned), None
        )
        if not done:
            raise ctypes.WinError(ctypes.get_last_error())
