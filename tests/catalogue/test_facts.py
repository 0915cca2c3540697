"""What the Hub's words about a repository mean."""

from __future__ import annotations

from typing import Any

import pytest
from huggingface_hub import ModelInfo
from huggingface_hub.hf_api import RepoFile, RepoFolder

from slmdesk.catalogue import CatalogueModel, Languages
from slmdesk.catalogue.facts import is_for_text, model_of
from slmdesk.catalogue.tree import files_of

SHA = "c" * 40


def described(**facts: Any) -> CatalogueModel:
    model = model_of(ModelInfo(id="maker/Some-Model-GGUF", **facts))  # type: ignore[no-untyped-call]
    assert model is not None
    return model


def test_nothing_said_is_nothing_known() -> None:
    assert described() == CatalogueModel(id="maker/Some-Model-GGUF", name="Some Model", publisher="maker")


@pytest.mark.parametrize(
    ("card", "tags", "licence", "commercial"),
    [
        ({"license": "mit"}, [], "mit", "yes"),
        ({}, ["license:apache-2.0"], "apache-2.0", "yes"),
        ({"license": ["CC-BY-NC-4.0", "mit"]}, [], "cc-by-nc-4.0", "no"),
        ({"license": "other", "license_name": "Qwen-Research"}, [], "qwen-research", "no"),
        ({"license": "other"}, [], "other", None),
        ({"license": "gemma"}, [], "gemma", "limits"),
        ({"license": {"a": 1}}, [], "", None),
        ({"license": "free beer!"}, [], "", None),
    ],
)
def test_licences(card: dict[str, Any], tags: list[str], licence: str, commercial: str | None) -> None:
    found = described(cardData=card, tags=tags).licence
    assert (found.id, found.commercial_use) == (licence, commercial)


@pytest.mark.parametrize(
    ("link", "kept"),
    [
        ("https://a.example/terms", True), ("javascript:alert(1)", False), ("LICENSE", False),
        ("https://[", False), ("file:///etc/passwd", False), (7, False), ("https://a.example/\u202e", False),
    ],
)  # fmt: skip
def test_the_link_to_the_licence_is_one_to_the_web(link: object, kept: bool) -> None:
    found = described(cardData={"license": "other", "license_link": link}).licence
    assert found.url == (link if kept else "")


@pytest.mark.parametrize(
    ("language", "languages"),
    [
        ("pl", Languages(codes=("pl",))),
        (["en", "PL", "en", "zho", "English", 5], Languages(codes=("en", "pl", "zho"))),
        (["multilingual", "en"], Languages(codes=("en",), at_least=True)),
        ({"en": 1}, Languages()),
    ],
)
def test_languages(language: object, languages: Languages) -> None:
    assert described(cardData={"language": language}).languages == languages


@pytest.mark.parametrize(
    ("task", "tags", "abilities"),
    [
        ("text-generation", ["transformers", "en"], ()),
        ("text-generation", ["conversational"], ("chat",)),
        ("image-text-to-text", ["function-calling", "code", "reasoning", "conversational"],
         ("chat", "reasoning", "code", "vision", "tools")),
        (None, ["tool-use", "tools"], ("tools",)),
    ],
)  # fmt: skip
def test_abilities_are_those_that_a_tag_names(
    task: str | None, tags: list[str], abilities: tuple[str, ...]
) -> None:
    assert described(pipeline_tag=task, tags=tags).abilities == abilities


@pytest.mark.parametrize(
    ("repo", "tags", "model_id"),
    [
        ("Qwen/Q-GGUF", ["base_model:quantized:Qwen/Q"], "Qwen/Q"),
        ("qwen/Q-GGUF", ["base_model:quantized:Qwen/Q"], "Qwen/Q"),
        ("other/Q-GGUF", ["base_model:quantized:Qwen/Q"], "other/Q-GGUF"),
        ("Qwen/Q-GGUF", ["base_model:quantized:Qwen/Q", "base_model:quantized:Qwen/R"], "Qwen/Q-GGUF"),
        ("Qwen/Q-GGUF", ["base_model:finetune:Qwen/Q"], "Qwen/Q-GGUF"),
        ("Qwen/Q-GGUF", ["base_model:quantized:Qwen/../x"], "Qwen/Q-GGUF"),
    ],
)
def test_whose_model_it_is(repo: str, tags: list[str], model_id: str) -> None:
    model = model_of(ModelInfo(id=repo, tags=tags))  # type: ignore[no-untyped-call]
    assert model is not None
    assert model.id == model_id


@pytest.mark.parametrize(
    ("name", "total", "label", "billions", "tier"),
    [
        ("Qwen3-4B-GGUF", 4_022_468_096, "4B", 4.0, "small"),
        ("Phi-4-mini-GGUF", 3_836_021_856, "", 3.836021856, "small"),
        ("Qwen3-30B-A3B-GGUF", 30_532_122_624, "30B-A3B", 30.0, "medium"),
        ("Mystery-GGUF", None, "", None, "unknown"),
        ("Card-1B-GGUF", 8_030_000_000, "", 8.03, "small"),
        ("Mix-8x7B-GGUF", 46_702_792_704, "8x7B", 56.0, "above"),
        ("Scout-17B-16E-GGUF", 107_769_861_120, "", 107.76986112, "above"),
        ("SmolLM2-135M-GGUF", None, "135M", 0.135, "micro"),
    ],
)
def test_sizes_are_as_sold_else_as_counted(
    name: str, total: int | None, label: str, billions: float | None, tier: str
) -> None:
    gguf = {"total": total} if total else None
    model = model_of(ModelInfo(id=f"a/{name}", gguf=gguf))  # type: ignore[no-untyped-call]
    assert model is not None
    assert (model.size_label, model.billions, model.tier) == (label, billions, tier)


@pytest.mark.parametrize(
    ("task", "is_text"),
    [(None, True), ("text-generation", True), ("text-to-image", False), ("fill-mask", False)],
)
def test_tasks(task: str | None, is_text: bool) -> None:
    assert is_for_text(ModelInfo(id="a/b", pipeline_tag=task)) is is_text  # type: ignore[no-untyped-call]


def test_files_of_a_tree() -> None:
    lfs = {"oid": "d" * 64, "size": 5_000, "pointerSize": 134}
    entries: list[RepoFile | RepoFolder] = [
        RepoFolder(path="cpu", oid="1"),  # type: ignore[no-untyped-call]
        RepoFile(path="cpu/model.onnx", size=5_000, oid="1", lfs=lfs),  # type: ignore[no-untyped-call]
        RepoFile(path="README.md", size=7, oid="1"),  # type: ignore[no-untyped-call]
        RepoFile(path="odd", size=-1, oid="1"),  # type: ignore[no-untyped-call]
        RepoFile(path="worse", size="many", oid="1", lfs={**lfs, "oid": "short"}),  # type: ignore[no-untyped-call]
        RepoFile(path="../up", size=7, oid="1"),  # type: ignore[no-untyped-call]
    ]
    files = files_of("a/b", SHA, entries)
    assert [(file.path, file.size_bytes, file.sha256) for file in files] == [
        ("cpu/model.onnx", 5_000, "d" * 64),
        ("README.md", 7, ""),
        ("odd", None, ""),
        ("worse", 5_000, ""),
    ]
    assert {(file.repo, file.revision) for file in files} == {("a/b", SHA)}
