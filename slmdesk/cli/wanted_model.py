"""Which model of the catalogue or of the Hub somebody means who types a name."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from slmdesk.catalogue import CatalogueModel, HubCatalogue, Variant, is_projector, is_repository, listed_parts
from slmdesk.messages import ErrorKind, UserError

_ENDING = ".gguf"
_HUB_PAGES = ("https://huggingface.co/", "http://huggingface.co/", "huggingface.co/", "hf.co/")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A model, and which of its variants is meant; neither a quantization nor a file: the recommended one."""

    model_id: str
    """Of the catalogue, or a repository of the Hub, `owner/name`."""
    quantization: str = ""
    file: str = ""
    """Path in the repository."""

    @property
    def text(self) -> str:
        """Model and file as they were typed."""
        return f"{self.model_id}/{self.file}" if self.file else self.model_id


def is_local(text: str) -> bool:
    """Whether somebody who types `text` means something on this disk rather than a name: it is there, or it
    is written as only a path is."""
    path = Path(text).expanduser()
    if os.path.lexists(path) or path.is_absolute() or text.startswith(("./", "../", "~", ".\\", "..\\")):
        return True
    if os.sep != "/" and os.sep in text:
        return True
    # `owner/name/file.gguf` is a file of the Hub; what ends like that and has no owner and name is not.
    return text.lower().endswith(_ENDING) and text.count("/") < 2


def parse_wanted(text: str) -> Wanted:
    """`owner/name`, `owner/name:Q4_K_M`, `owner/name/folder/file.gguf`, or a plain name; also behind the
    address of the Hub."""
    for page in _HUB_PAGES:
        if text.lower().startswith(page):
            text = text[len(page) :].replace("/resolve/main/", "/").replace("/blob/main/", "/").rstrip("/")
            break
    owner_and_name, colon, quantization = text.rpartition(":")
    if colon and "/" not in quantization:
        return Wanted(owner_and_name, quantization=quantization)
    parts = text.split("/", 2)
    if len(parts) == 3:
        return Wanted("/".join(parts[:2]), file=parts[2])
    return Wanted(text)


def find_model(wanted: Wanted, curated: Sequence[CatalogueModel], hub: HubCatalogue) -> CatalogueModel:
    """The model that is meant: of the curated list by its id or name, else the repository of the Hub, which
    is asked then. Where it cannot be reached, what the list says of that repository.

    Raises UserError: kind MODEL where nothing can be meant or the Hub does not have it, NETWORK where that
    cannot be reached and the list says nothing.
    """
    name = wanted.model_id.casefold()
    known = [model for model in curated if model.id.casefold() == name]
    if not known and not wanted.file and "/" not in name:
        known = [model for model in curated if name in (_last(model), model.name.casefold())]
    if len(known) > 1:
        names = ", ".join(model.id for model in known)
        raise UserError("wanted-model-ambiguous", ErrorKind.MODEL, name=wanted.model_id, names=names)
    if known and not wanted.file:
        return known[0]
    if not is_repository(wanted.model_id):
        raise UserError(
            "wanted-model-unknown", ErrorKind.MODEL, name=wanted.text, query=_as_argument(wanted.text)
        )
    try:
        return hub.find(wanted.model_id)
    except UserError as error:
        listed = _listed(wanted.model_id, curated) if not error.facts.get("status") else None
        if listed is None:
            raise
        return listed


def _listed(repo: str, curated: Iterable[CatalogueModel]) -> CatalogueModel | None:
    """What the list says of a repository: the model, with the variants that lie there."""
    name = repo.casefold()
    for model in curated:
        variants = tuple(one for one in model.variants if one.repo.casefold() == name)
        if variants:
            return replace(model, variants=variants)
    return None


def find_variant(wanted: Wanted, model: CatalogueModel) -> Variant | None:
    """The variant of `model` that is meant; None: the recommended one.

    Raises UserError (kind MODEL) where it has none such, or only one that lacks parts.
    """
    if wanted.file:
        if is_projector(wanted.file) and not any(wanted.file in _paths(one) for one in model.variants):
            raise UserError("hub-file-is-projector", ErrorKind.MODEL, file=wanted.file)
        return _first(wanted, (one for one in model.variants if wanted.file in _paths(one)), model)
    if wanted.quantization:
        asked = wanted.quantization.casefold()
        return _first(wanted, (one for one in model.variants if asked in _labels(one)), model)
    if model.variants and all(one.parts for one in model.variants):
        raise _incomplete(model.variants[0])
    return None


def _first(wanted: Wanted, found: Iterable[Variant], model: CatalogueModel) -> Variant:
    matching = list(found)
    for variant in matching:
        if not variant.parts:
            return variant
    if matching:
        raise _incomplete(matching[0])
    labels = ", ".join(dict.fromkeys(variant.label for variant in model.variants))
    name = wanted.file or wanted.quantization
    if not labels:
        raise UserError("wanted-variant-none", ErrorKind.MODEL, model=model.id)
    raise UserError("wanted-variant-unknown", ErrorKind.MODEL, model=model.id, name=name, names=labels)


def _incomplete(variant: Variant) -> UserError:
    return UserError(
        "hub-variant-incomplete",
        ErrorKind.MODEL,
        variant=variant.label,
        repo=variant.repo,
        count=variant.parts,
        missing=listed_parts(variant),
    )


def _as_argument(text: str) -> str:
    """`text` as a shell takes it for one argument, and no option."""
    quoted = subprocess.list2cmdline([text]) if os.name == "nt" else shlex.quote(text)
    return f"-- {quoted}" if text.startswith("-") else quoted


def _paths(variant: Variant) -> set[str]:
    """The files of a set, and the folder."""
    return {file.path for file in variant.files} | ({variant.folder} - {""})


def _labels(variant: Variant) -> set[str]:
    return {variant.label.casefold(), variant.quantization.casefold()} - {""}


def _last(model: CatalogueModel) -> str:
    return model.id.rpartition("/")[2].casefold()
