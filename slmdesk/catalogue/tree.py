"""The files of a repository at one commit, with the sizes and hashes that the Hub states."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from slmdesk.catalogue.facts import number
from slmdesk.catalogue.model import ModelFile
from slmdesk.catalogue.names import is_safe_path

if TYPE_CHECKING:
    from huggingface_hub.hf_api import RepoFile, RepoFolder

_MOST_FILES = 20_000
_SHA256 = re.compile(r"[0-9a-f]{64}")


def files_of(repo: str, revision: str, entries: Iterable[RepoFile | RepoFolder]) -> tuple[ModelFile, ...]:
    """The files among `entries` of `repo` at the commit `revision`.

    A name that would lead out of a folder is left out. Only large files, which the Hub keeps apart (LFS),
    have a SHA-256.
    """
    files = []
    for entry in itertools.islice(entries, _MOST_FILES):
        size = getattr(entry, "size", None)
        if size is None or not is_safe_path(entry.path):
            continue
        large = getattr(entry, "lfs", None)
        sha256 = getattr(large, "sha256", None)
        files.append(
            ModelFile(
                repo=repo,
                path=entry.path,
                # The tree gives a large file's own size too; where both are there, the one hashed counts.
                size_bytes=number(getattr(large, "size", size), least=0),
                sha256=sha256 if isinstance(sha256, str) and _SHA256.fullmatch(sha256) else "",
                revision=revision,
            )
        )
    return tuple(files)
