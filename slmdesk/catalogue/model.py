"""A model that can be fetched, and what is known of it. Unknown stays unknown: None or empty, no guess."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from msgspec import Struct

from slmdesk.fit import Dimensions

Tier: TypeAlias = Literal["below", "micro", "small", "medium", "above", "unknown"]
CommercialUse: TypeAlias = Literal["yes", "no", "limits"]
Ability: TypeAlias = Literal["chat", "reasoning", "code", "vision", "tools"]
Format: TypeAlias = Literal["gguf", "onnx"]
"""Of files. Which engine runs it is known in `engines` alone."""
GGUF: Final = "gguf"
ONNX: Final = "onnx"
ContextKind: TypeAlias = Literal["", "vendor", "catalogue", "rounded", "config", "header"]
"""Who says how long the context may be: the publisher; another catalogue, exactly or rounded; the model's
configuration; the header of a file. "": nobody."""
Topic: TypeAlias = Literal[
    "licence", "terms", "languages", "abilities", "context", "architecture", "released", "files"
]
"""What a source is the source of."""


class Licence(Struct, frozen=True, kw_only=True):
    """Under which terms a model may be used."""

    id: str = ""
    """As the Hub writes it, for example `apache-2.0`; "" where no source says."""
    url: str = ""
    commercial_use: CommercialUse | None = None
    limit: str = ""
    """What the limits are, in one English sentence; "" where there are none or they are not known."""
    limit_in: dict[str, str] = {}
    """The same sentence in other languages, by their code."""
    second_hand: bool = False
    """The limits were read in a summary of the terms, not in their text."""
    also_stated: tuple[str, ...] = ()
    """Other licences (ids) that a source names for the same model."""


class Languages(Struct, frozen=True, kw_only=True):
    """Which languages a model was made for, as far as a source says."""

    codes: tuple[str, ...] = ()
    """ISO 639-1."""
    count: int | None = None
    at_least: bool = False
    """The source lists only some."""


class ModelFile(Struct, frozen=True, kw_only=True):
    """One file of a repository."""

    repo: str
    path: str
    """Within the repository, with `/`."""
    size_bytes: int | None = None
    """Exact; None where only `about_bytes` is known, or nothing."""
    about_bytes: int | None = None
    """From a source that rounds; shown as "about"."""
    sha256: str = ""
    """A hint until `revision` says that the Hub confirmed it. "" also where sources differ."""
    sha256_disputed: bool = False
    """Sources give different hashes: the file was replaced at least once."""
    revision: str = ""
    """The commit that the Hub was asked at; "": from the list alone."""

    @property
    def content_key(self) -> str:
        """The same for the same content: the hash, or the place in a commit, which never changes either."""
        return self.sha256 or f"{self.repo}/{self.path}@{self.revision}"


class Variant(Struct, frozen=True, kw_only=True):
    """One thing that can be fetched and loaded: a quantization, or an ONNX folder."""

    id: str
    """Unique within the model: repository and name of the first file or folder."""
    repo: str
    format: Format
    label: str
    """For people: `Q4_K_M`, or for ONNX for example `int4, CPU`."""
    quantization: str
    """As the file's name says, upper case; "" where it does not say."""
    files: tuple[ModelFile, ...]
    """Parts of a split set in order; all files of an ONNX folder."""
    projector: ModelFile | None = None
    folder: str = ""
    """Of an ONNX variant, within the repository; "" for its root."""
    folder_bytes: int | None = None
    """Of an ONNX variant whose files are not known yet (`files` is empty): the size of its folder."""
    folder_about_bytes: int | None = None
    """The same from a source that rounds."""
    execution_provider: str = ""
    bits_per_weight: float | None = None
    """Measured on this file; None where its exact size or the number of weights is not known."""
    quality: int | None = None
    """5 as good as the original, 4 excellent, 3 very good, 2 noticeably worse, 1 poor, 0 for experiments;
    None: unknown. `quality_words` says it, `catalogue.quantizations` tells where it comes from."""
    trained_for: bool = False
    """The model was trained for this quantization (quantization-aware training), so it loses less."""
    loadable: bool = True
    """False: its quantization is known to none of our engines, as its name tells."""

    parts: int = 0
    """Of a split set that lacks some: how many its names promise; it cannot be loaded. 0: nothing lacks."""

    @property
    def size_bytes(self) -> int | None:
        """All files and the projector; None where one is not known exactly."""
        if not self.files:
            return self.folder_bytes
        sizes = [file.size_bytes for file in self.all_files]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    @property
    def about_bytes(self) -> int | None:
        """All files and the projector, rounded where only that is known; None where one is not known."""
        if not self.files:
            return self.folder_bytes or self.folder_about_bytes
        sizes = [file.size_bytes or file.about_bytes for file in self.all_files]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    @property
    def all_files(self) -> tuple[ModelFile, ...]:
        """The files, and the projector after them."""
        return (*self.files, self.projector) if self.projector is not None else self.files


class CatalogueModel(Struct, frozen=True, kw_only=True):
    """A model of the curated list or of the Hub, with its variants as far as they are known."""

    id: str
    """Repository of the original model, or of the files where it is not known."""
    name: str
    publisher: str = ""
    size_label: str = ""
    """As sold, for example `4B` or `30B-A3B`; "" unknown."""
    billions: float | None = None
    """Billions of weights as sold."""
    active_billions: float | None = None
    counted: int | None = None
    """Weights as a source of the list counted them, some perhaps twice: only sizes are worked out from it
    (`parameters_of`), and nobody is shown it. What the Hub counted is in `dimensions`."""
    tier: Tier = "unknown"
    licence: Licence = Licence()
    languages: Languages = Languages()
    abilities: tuple[Ability, ...] = ()
    """Absent: no source says so, not "cannot"."""
    context_length: int | None = None
    """Tokens. The header of a file wins where it is known."""
    context_kind: ContextKind = ""
    context_others: tuple[int, ...] = ()
    """What other sources say, often a window stretched by scaling."""
    dimensions: Dimensions | None = None
    released: str = ""
    """`2025-04`; "" unknown."""
    description: dict[str, str] = {}
    """One line in our words by language (`en`, `pl`); empty for models of the Hub."""
    gguf_repos: tuple[str, ...] = ()
    onnx_repos: tuple[str, ...] = ()
    variants: tuple[Variant, ...] = ()
    sources: dict[Topic, tuple[str, ...]] = {}
    """Where the facts come from: `owner/repository path @commit`, a page, or a note. Empty for models of the
    Hub, which is then the source of all."""
    variants_known: bool = False
    """Whether the Hub was asked for the files of all its repositories."""
    curated: bool = False
    gated: Literal["", "auto", "manual"] = ""
    downloads: int | None = None
    likes: int | None = None
    updated: str = ""
    """Day of the last change on the Hub, `2026-11-24`; "" unknown."""
    asked: float | None = None
    """When the Hub was asked for its files; seconds since 1970, UTC. None: never."""

    @property
    def is_gone(self) -> bool:
        """Whether it is of the list, and the Hub has none of its repositories any more."""
        return self.curated and self.asked is not None and not (self.gguf_repos or self.onnx_repos)


def variant_id(repo: str, place: str) -> str:
    """The id of the variant whose first file or folder is at `place` in `repo` ("": its root)."""
    return f"{repo}/{place}" if place else repo


def tier_of(billions: float | None) -> Tier:
    """The tier of a published size in billions of weights; half-open, so 1.5 is `small`. Medium reaches to 30
    as sold (30.5 is sold as 30)."""
    if billions is None:
        return "unknown"
    for limit, tier in ((0.1, "below"), (1.5, "micro"), (14.0, "small"), (31.0, "medium")):
        if billions < limit:
            return tier  # type: ignore[return-value]
    return "above"
