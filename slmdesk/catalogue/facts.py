"""What the Hub says about a repository, as a `CatalogueModel`.

Whoever owns a repository writes its card, and another server may stand in for the Hub: a fact of the wrong
type or size is an unknown one.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from msgspec.structs import replace

from slmdesk.catalogue.curated import known_licence
from slmdesk.catalogue.model import (
    GGUF,
    ONNX,
    Ability,
    CatalogueModel,
    Languages,
    Licence,
    ModelFile,
    tier_of,
)
from slmdesk.catalogue.names import SoldSize, is_repository, is_safe_path, size_in, title_of
from slmdesk.catalogue.weights import is_sold_as
from slmdesk.fit import Dimensions

if TYPE_CHECKING:
    from huggingface_hub import ModelInfo

# What is not here makes pictures, sound or numbers of text, and cannot hold a chat.
_TASKS = frozenset(
    {
        "text-generation", "text2text-generation", "conversational", "question-answering", "summarization",
        "translation", "image-text-to-text", "audio-text-to-text", "video-text-to-text", "any-to-any",
    }
)  # fmt: skip
_ABILITIES: dict[str, Ability] = {
    "conversational": "chat",
    "chat": "chat",
    "reasoning": "reasoning",
    "code": "code",
    "vision": "vision",
    "image-text-to-text": "vision",
    "tools": "tools",
    "tool-use": "tools",
    "tool-calling": "tools",
    "function-calling": "tools",
}
_FREE = frozenset(
    {
        "apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "isc", "unlicense", "cc0-1.0", "cc-by-4.0",
        "wtfpl",
    }
)  # fmt: skip
_QUANTIZED_FROM = "base_model:quantized:"
_LICENCE_TAG = "license:"
_WORD = re.compile(r"[\w.+-]{1,80}", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_MOST_LANGUAGES = 400
_MOST_TAGS = 2_000
_MOST_FILES = 20_000
_LARGEST = 2**53
_SOLD_WRONGLY = 2.0
"""A name that differs so many times from what was counted tells something else: the active weights, the size
of one expert, or nothing true."""


def is_for_text(info: ModelInfo) -> bool:
    """Whether the Hub files the repository under a task that is about text; unfiled ones are."""
    return info.pipeline_tag is None or info.pipeline_tag in _TASKS


def model_of(info: ModelInfo) -> CatalogueModel | None:
    """The model in a repository, without its files; None where the repository's name is none.

    Its id is the repository that it was quantized from, where both belong to the same owner: anybody may say
    that theirs is made from a well-known model.
    """
    repo = info.id
    if not is_repository(repo):
        return None
    tags = _texts(info.tags)[:_MOST_TAGS]
    card = info.card_data
    original = _original(repo, tags)
    gguf = info.gguf if isinstance(info.gguf, dict) else {}
    parameters = number(gguf.get("total"))
    sold = _sold_size(original.rpartition("/")[2], parameters)
    billions = sold.billions if sold else (parameters / 1e9 if parameters else None)
    context = number(gguf.get("context_length"))
    return CatalogueModel(
        id=original,
        name=title_of(original),
        publisher=_word(info.author) or repo.partition("/")[0],
        size_label=sold.label if sold else "",
        billions=billions,
        active_billions=sold.active_billions if sold else None,
        tier=tier_of(billions),
        licence=_licence(card, tags),
        languages=_languages(card),
        abilities=_abilities(info.pipeline_tag, tags),
        context_length=context,
        context_kind="header" if context else "",
        dimensions=_dimensions(_word(gguf.get("architecture")), parameters, context),
        gguf_repos=(repo,) if GGUF in tags or gguf else (),
        onnx_repos=(repo,) if ONNX in tags else (),
        gated=_gated(info.gated),
        downloads=number(info.downloads, least=0),
        likes=number(info.likes, least=0),
        updated=_day(info.last_modified),
    )


def _sold_size(name: str, parameters: int | None) -> SoldSize | None:
    """What the name sells, unless the Hub counted something else altogether (`parameters`)."""
    sold = size_in(name)
    if sold is None or parameters is None or is_sold_as(sold.billions, parameters, _SOLD_WRONGLY):
        return sold
    return None


def named_files(info: ModelInfo) -> tuple[ModelFile, ...] | None:
    """The files of the repository, whose sizes a list does not have; None where it has no files either."""
    if info.siblings is None:
        return None
    revision = commit(info.sha)
    names = [one.rfilename for one in info.siblings[:_MOST_FILES]]
    return tuple(
        ModelFile(repo=info.id, path=name, revision=revision) for name in names if is_safe_path(name)
    )


def commit(sha: object) -> str:
    """`sha` where it is the name of a commit, else ""."""
    return sha if isinstance(sha, str) and re.fullmatch(r"[0-9a-f]{40}", sha) else ""


def number(value: object, least: int = 1) -> int | None:
    """`value` where it is a whole number of at least `least`, else None."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if least <= value <= _LARGEST else None


def _dimensions(architecture: str, parameters: int | None, context: int | None) -> Dimensions | None:
    if not architecture and parameters is None and context is None:
        return None
    return Dimensions(architecture=architecture, parameters=parameters, trained_context_length=context)


def _original(repo: str, tags: Iterable[str]) -> str:
    named = {tag.removeprefix(_QUANTIZED_FROM) for tag in tags if tag.startswith(_QUANTIZED_FROM)}
    one = named.pop() if len(named) == 1 else repo
    same_owner = one.partition("/")[0].casefold() == repo.partition("/")[0].casefold()
    return one if same_owner and is_repository(one) else repo


def _licence(card: object, tags: Iterable[str]) -> Licence:
    stated = getattr(card, "license", None)
    name = stated[0] if isinstance(stated, list) and stated else stated
    tagged = (tag.removeprefix(_LICENCE_TAG) for tag in tags if tag.startswith(_LICENCE_TAG))
    licence = (_word(name) or _word(next(tagged, ""))).lower()
    if licence == "other":
        licence = (_word(getattr(card, "license_name", None)) or licence).lower()
    commercial: Literal["yes", "no"] | None = None
    if licence in _FREE:
        commercial = "yes"
    elif licence.startswith("cc-by-nc"):
        commercial = "no"
    url = _web_address(getattr(card, "license_link", None))
    known = known_licence(licence) if licence not in ("", "other") and commercial is None else None
    if known is not None:
        return replace(known, url=url or known.url)
    return Licence(id=licence, url=url, commercial_use=commercial)


def _languages(card: object) -> Languages:
    stated = getattr(card, "language", None)
    every = _texts([stated] if isinstance(stated, str) else stated)[:_MOST_LANGUAGES]
    codes = dict.fromkeys(
        code for code in (one.strip().lower() for one in every) if _LANGUAGE.fullmatch(code)
    )
    return Languages(codes=tuple(codes), at_least="multilingual" in every)


def _abilities(task: str | None, tags: Iterable[str]) -> tuple[Ability, ...]:
    found = {_ABILITIES[tag] for tag in (*tags, task or "") if tag in _ABILITIES}
    order: tuple[Ability, ...] = ("chat", "reasoning", "code", "vision", "tools")
    return tuple(ability for ability in order if ability in found)


def _gated(value: object) -> Literal["", "auto", "manual"]:
    if value == "auto":
        return "auto"
    # A kind that is not known yet is asked for as the stricter one.
    return "manual" if value else ""


def _day(moment: object) -> str:
    return moment.date().isoformat() if isinstance(moment, datetime.datetime) else ""


def _texts(values: object) -> list[str]:
    return [value for value in values if isinstance(value, str)] if isinstance(values, list | tuple) else []


def _word(value: object) -> str:
    return value if isinstance(value, str) and _WORD.fullmatch(value) else ""


def _web_address(value: object) -> str:
    if not isinstance(value, str) or len(value) > 500 or not value.isprintable():
        return ""
    try:
        parts = urlsplit(value)
    except ValueError:
        return ""
    return value if parts.scheme in ("https", "http") and parts.hostname else ""
