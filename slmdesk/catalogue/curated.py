"""The curated list: models chosen by us, with what public sources said about them on its date.

`resources/catalogue/catalogue.json`, made by `.ci/catalogue.py` and described by `schema.json` beside it.
Nothing in it was checked against the Hub: sizes may be rounded, hashes are hints. Asking the Hub is done
elsewhere in this room.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from slmdesk.catalogue.model import (
    GGUF,
    ONNX,
    Ability,
    CatalogueModel,
    CommercialUse,
    ContextKind,
    Languages,
    Licence,
    ModelFile,
    Topic,
    Variant,
    tier_of,
    variant_id,
)
from slmdesk.fit import Dimensions
from slmdesk.messages import Message, format_integer
from slmdesk.storage import resources_folder

_FORMAT = 1
_EFFECTIVE = "E"
"""Before a size: so many weights are read for a token, and one row each of the tables that are the rest."""


class CuratedList(Struct, frozen=True, kw_only=True):
    """The list and its age."""

    models: tuple[CatalogueModel, ...]
    """In the order of the file: by publisher and family."""
    date: str
    """The day its facts were collected, `2026-11-24`."""

    def find(self, model_id: str) -> CatalogueModel | None:
        """The model of this id, whatever the case of its letters."""
        return next((model for model in self.models if model.id.lower() == model_id.lower()), None)


class _Row(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whatever the file holds is known here: a misspelt key must not be lost in silence."""


class _Licence(_Row, frozen=True, kw_only=True):
    id: str = ""
    url: str = ""
    commercial_use: CommercialUse | None = None
    limit: dict[str, str] = {}
    second_hand: bool = False


class _Size(_Row, frozen=True, kw_only=True):
    label: str
    billions: float
    active_billions: float | None = None
    counted: int | None = None


class _Context(_Row, frozen=True, kw_only=True):
    tokens: int
    kind: ContextKind
    others: tuple[int, ...] = ()


class _File(_Row, frozen=True, kw_only=True):
    path: str
    size_bytes: int | None = None
    about_bytes: int | None = None
    sha256: str = ""
    sha256_disputed: bool = False


class _Variant(_Row, frozen=True, kw_only=True):
    """Files of one repository, grouped when the list was made; an ONNX folder has none yet."""

    label: str
    quantization: str = ""
    quality: int | None = None
    files: tuple[_File, ...] = ()
    projector: _File | None = None
    folder: str = ""
    folder_bytes: int | None = None
    folder_about_bytes: int | None = None
    execution_provider: str = ""
    trained_for: bool = False
    unloadable: bool = False


class _Model(_Row, frozen=True, kw_only=True):
    id: str
    name: str
    publisher: str
    description: dict[str, str]
    size: _Size
    licence: int | None = None
    """Place in the list's licences."""
    licence_also_stated: tuple[str, ...] = ()
    languages: Languages = Languages()
    abilities: tuple[Ability, ...] = ()
    context: _Context | None = None
    dimensions: Dimensions | None = None
    released: str = ""
    gguf: dict[str, tuple[_Variant, ...]] = {}
    """By repository, in the order in which they are to be looked at; empty: none of its files is known."""
    onnx: dict[str, tuple[_Variant, ...]] = {}
    sources: dict[Topic, tuple[int, ...]] = {}
    """Places in the list's sources."""


class _CuratedFile(_Row, frozen=True, kw_only=True):
    """The whole file."""

    format: int
    date: str
    licences: tuple[_Licence, ...]
    models: tuple[_Model, ...]
    sources: tuple[str, ...]


def curated_file() -> Path:
    """Where the list that ships with the program is."""
    return resources_folder() / "catalogue" / "catalogue.json"


@cache
def load_curated(file: Path | None = None) -> CuratedList:
    """The list that ships with the program, or the one in `file`. Read once.

    Raises OSError or msgspec.ValidationError where it is missing or not as described: a broken installation.
    """
    read = msgspec.json.decode((file or curated_file()).read_bytes(), type=_CuratedFile)
    if read.format != _FORMAT:
        raise msgspec.ValidationError(f"the list has format {read.format}, not {_FORMAT}")
    return CuratedList(models=tuple(_model(row, read) for row in read.models), date=read.date)


def curated_notes(model: CatalogueModel) -> tuple[Message, ...]:
    """What to know about how sure its facts are, a sentence each: that it is gone, where sources differ or
    round."""
    notes = [Message("model-gone")] if model.is_gone else []
    if model.context_others:
        others = ", ".join(format_integer(tokens) for tokens in model.context_others)
        notes.append(Message("context-others", {"others": others, "count": len(model.context_others)}))
    if model.context_kind == "rounded":
        notes.append(Message("context-rounded"))
    disputed = sum(file.sha256_disputed for file in _files(model.variants))
    if disputed:
        notes.append(Message("hashes-disputed", {"count": disputed}))
    return tuple(notes)


def _files(variants: Iterable[Variant]) -> tuple[ModelFile, ...]:
    """Each file once, although several variants may share a projector."""
    return tuple({(file.repo, file.path): file for one in variants for file in one.all_files}.values())


def _model(row: _Model, read: _CuratedFile) -> CatalogueModel:
    size = row.size
    return CatalogueModel(
        id=row.id,
        name=row.name,
        publisher=row.publisher,
        size_label=size.label,
        billions=size.billions,
        active_billions=size.active_billions,
        counted=size.counted,
        tier=tier_of(size.billions),
        licence=_licence(row, read),
        languages=row.languages,
        abilities=row.abilities,
        context_length=row.context.tokens if row.context else None,
        context_kind=row.context.kind if row.context else "",
        context_others=row.context.others if row.context else (),
        dimensions=_dimensions(row.dimensions, row) if row.dimensions else None,
        released=row.released,
        description=row.description,
        gguf_repos=tuple(row.gguf),
        onnx_repos=tuple(row.onnx),
        variants=(*_gguf_variants(row), *_onnx_variants(row)),
        sources={
            topic: tuple(read.sources[place] for place in places) for topic, places in row.sources.items()
        },
        curated=True,
    )


@cache
def known_licence(licence_id: str) -> Licence | None:
    """What the list that ships says about the licence called so on the Hub; None: nothing, or not always
    the same."""
    stated = [model.licence for model in load_curated().models if model.licence.id == licence_id]
    uses = {licence.commercial_use for licence in stated}
    return replace(stated[0], also_stated=()) if len(uses) == 1 and uses != {None} else None


def _licence(row: _Model, read: _CuratedFile) -> Licence:
    if row.licence is None:
        return Licence(also_stated=row.licence_also_stated)
    said = read.licences[row.licence]
    return Licence(
        id=said.id,
        url=said.url,
        commercial_use=said.commercial_use,
        limit=said.limit.get("en", ""),
        limit_in={code: text for code, text in said.limit.items() if code != "en"},
        second_hand=said.second_hand,
        also_stated=row.licence_also_stated,
    )


def _dimensions(said: Dimensions, row: _Model) -> Dimensions:
    active = row.size.active_billions
    if active is None and row.size.label.startswith(_EFFECTIVE):
        active = row.size.billions
    return msgspec.structs.replace(
        said,
        active_parameters=round(active * 10**9) if active is not None else None,
        trained_context_length=row.context.tokens if row.context else None,
    )


def _gguf_variants(row: _Model) -> Iterable[Variant]:
    for repo, variants in row.gguf.items():
        for said in variants:
            files = tuple([_file(repo, file) for file in said.files])
            yield Variant(
                id=variant_id(repo, files[0].path),
                repo=repo,
                format=GGUF,
                label=said.label,
                quantization=said.quantization,
                files=files,
                projector=_file(repo, said.projector) if said.projector else None,
                quality=said.quality,
                trained_for=said.trained_for,
                loadable=not said.unloadable,
            )


def _onnx_variants(row: _Model) -> Iterable[Variant]:
    for repo, variants in row.onnx.items():
        for said in variants:
            yield Variant(
                id=variant_id(repo, said.folder),
                repo=repo,
                format=ONNX,
                label=said.label,
                quantization=said.quantization,
                files=(),
                folder=said.folder,
                folder_bytes=said.folder_bytes,
                folder_about_bytes=said.folder_about_bytes,
                execution_provider=said.execution_provider,
                quality=said.quality,
            )


def _file(repo: str, file: _File) -> ModelFile:
    return ModelFile(
        repo=repo,
        path=file.path,
        size_bytes=file.size_bytes,
        about_bytes=file.about_bytes,
        sha256=file.sha256,
        sha256_disputed=file.sha256_disputed,
    )
