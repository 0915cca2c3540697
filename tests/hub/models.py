"""The models of the loopback Hub: their commits, and what the Hub says about them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.hub.content import Content, HubFile

Gated = Literal[False, "auto", "manual"]

_LIST_FIELDS = (
    "_id",
    "createdAt",
    "downloads",
    "id",
    "library_name",
    "likes",
    "modelId",
    "pipeline_tag",
    "private",
    "tags",
    "trendingScore",
)
_FULL_FIELDS = (*_LIST_FIELDS, "author", "disabled", "gated", "lastModified", "sha", "siblings")
_INFO_FIELDS = (*_FULL_FIELDS, "cardData", "config", "gguf", "spaces", "usedStorage")


@dataclass
class HubModel:
    """One repository. The newest commit is the last one; older ones go on answering."""

    id: str
    gated: Gated = False
    downloads: int = 0
    likes: int = 0
    trending: int = 0
    gguf: Mapping[str, Any] | None = None
    tags: Sequence[str] = ()
    card: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] | None = None
    pipeline_tag: str | None = "text-generation"
    library_name: str | None = None
    created_at: str = "2026-01-02T03:04:05.000Z"
    last_modified: str = "2026-11-24T00:00:00.000Z"
    accepted_by: frozenset[str] = frozenset()
    """Tokens of those who may fetch the files of a gated model."""
    denied: frozenset[str] = frozenset()
    """Tokens of those whom its authors have turned down."""
    commits: dict[str, dict[str, HubFile]] = field(default_factory=dict)

    @property
    def sha(self) -> str:
        return next(reversed(self.commits))

    @property
    def all_tags(self) -> list[str]:
        """Those given, and the ones the Hub derives from the card and the files."""
        tags = dict.fromkeys(self.tags)
        if any(path.endswith(".gguf") for path in self.commits[self.sha]):
            tags["gguf"] = None
        if any(path.endswith(".onnx") for path in self.commits[self.sha]):
            tags["onnx"] = None
        if licence := self.card.get("license"):
            tags[f"license:{licence}"] = None
        base = self.card.get("base_model", ())
        for name in [base] if isinstance(base, str) else base:
            tags[f"base_model:{name}"] = None
        language = self.card.get("language", ())
        for code in [language] if isinstance(language, str) else language:
            tags[code] = None
        return list(tags)

    def commit(self, files: Mapping[str, Content]) -> str:
        """Make `files` the newest state; returns the commit's name, 40 hexadecimal digits."""
        made = {path: HubFile(path, content) for path, content in sorted(files.items())}
        text = f"{self.id} {len(self.commits)} " + " ".join(f"{one.path} {one.oid}" for one in made.values())
        sha = hashlib.sha1(text.encode()).hexdigest()
        self.commits[sha] = made
        return sha

    def files_at(self, revision: str) -> tuple[str, dict[str, HubFile]] | None:
        """The commit that `revision` (`main` or a commit) means, and its files; None: there is none."""
        sha = self.sha if revision == "main" else revision
        files = self.commits.get(sha)
        return None if files is None else (sha, files)

    def describe(self, sha: str, *, fields: Sequence[str], with_sizes: bool = False) -> dict[str, object]:
        """The named fields at one commit; unknown names are left out, as on the Hub without a value."""
        files = self.commits[sha]
        known: dict[str, object] = {
            "_id": hashlib.sha1(self.id.encode()).hexdigest()[:24],
            "id": self.id,
            "modelId": self.id,
            "author": self.id.partition("/")[0],
            "sha": sha,
            "lastModified": self.last_modified,
            "createdAt": self.created_at,
            "private": False,
            "gated": self.gated,
            "disabled": False,
            "downloads": self.downloads,
            "likes": self.likes,
            "trendingScore": self.trending,
            "tags": self.all_tags,
            "pipeline_tag": self.pipeline_tag,
            "library_name": self.library_name,
            "cardData": dict(self.card) or None,
            "config": dict(self.config) if self.config is not None else None,
            "gguf": dict(self.gguf) if self.gguf is not None else None,
            "siblings": [one.as_sibling(with_sizes=with_sizes) for one in files.values()],
            "spaces": [],
            "usedStorage": sum(one.size for one in files.values()),
        }
        return {name: known[name] for name in fields if known.get(name) is not None}

    def as_info(self, sha: str, expand: Sequence[str], *, with_sizes: bool) -> dict[str, object]:
        """The answer about this one model."""
        fields = ("_id", "id", *expand) if expand else _INFO_FIELDS
        return self.describe(sha, fields=fields, with_sizes=with_sizes)

    def as_row(self, expand: Sequence[str], *, full: bool, with_card: bool) -> dict[str, object]:
        """One row of a list of models."""
        if expand:
            return self.describe(self.sha, fields=("_id", "id", *expand))
        fields = _FULL_FIELDS if full else _LIST_FIELDS
        return self.describe(self.sha, fields=(*fields, "cardData") if with_card else fields)
