"""The curated list and the Hub as one list."""

from __future__ import annotations

from slmdesk.catalogue import CatalogueModel, Licence, ModelFile, merge
from slmdesk.catalogue.variants import group_variants
from slmdesk.fit import Dimensions

CURATED = CatalogueModel(
    id="Qwen/Qwen3-4B",
    name="Qwen3 4B",
    licence=Licence(id="apache-2.0"),
    dimensions=Dimensions(architecture="qwen3", layers=36),
    gguf_repos=("Qwen/Qwen3-4B-GGUF", "bartowski/Qwen3-4B-GGUF"),
    variants=group_variants(
        "bartowski/Qwen3-4B-GGUF",
        [ModelFile(repo="bartowski/Qwen3-4B-GGUF", path="Qwen3-4B-Q4_K_M.gguf", size_bytes=7)],
    ),
    curated=True,
)


def found(repo: str, *names: str, model_id: str = "", **facts: object) -> CatalogueModel:
    variants = group_variants(repo, [ModelFile(repo=repo, path=name) for name in names])
    return CatalogueModel(
        id=model_id or repo,
        name="?",
        gguf_repos=(repo,),
        variants=variants,
        **facts,  # type: ignore[arg-type]
    )


def test_a_repository_of_the_list_adds_what_the_list_does_not_say() -> None:
    hub = found(
        "bartowski/Qwen3-4B-GGUF", "Qwen3-4B-Q4_K_M.gguf", "Qwen3-4B-Q8_0.gguf", downloads=9, likes=4,
        licence=Licence(id="wrong"), context_length=40960, context_kind="header", updated="2026-11-01",
        dimensions=Dimensions(architecture="other", parameters=4_000_000_000),
    )  # fmt: skip
    (model,) = merge([CURATED], [hub])
    assert model.id == "Qwen/Qwen3-4B"
    assert (model.name, model.licence.id, model.curated) == ("Qwen3 4B", "apache-2.0", True)
    assert (model.downloads, model.likes, model.updated) == (9, 4, "2026-11-01")
    assert (model.context_length, model.context_kind) == (40960, "header")
    assert model.dimensions == Dimensions(architecture="qwen3", layers=36, parameters=4_000_000_000)
    assert [(one.label, one.size_bytes) for one in model.variants] == [("Q4_K_M", 7), ("Q8_0", None)]


def test_a_new_repository_of_the_publisher_is_added() -> None:
    hub = found("Qwen/Qwen3-4B-QAT-GGUF", "m-Q4_0.gguf", model_id="Qwen/Qwen3-4B")
    (model,) = merge([CURATED], [hub])
    assert model.gguf_repos == (*CURATED.gguf_repos, "Qwen/Qwen3-4B-QAT-GGUF")
    assert len(model.variants) == 2


def test_a_strangers_repository_stays_by_itself() -> None:
    hub = found("stranger/Qwen3-4B-GGUF", "m-Q4_0.gguf")
    assert [model.id for model in merge([CURATED], [hub])] == ["Qwen/Qwen3-4B", "stranger/Qwen3-4B-GGUF"]


def test_letters_may_differ_in_case() -> None:
    assert len(merge([CURATED], [found("BARTOWSKI/qwen3-4b-gguf", "m-Q4_0.gguf")])) == 1


def test_found_twice_is_listed_once() -> None:
    both = [
        found("a/B-GGUF", "m-Q4_0.gguf", model_id="a/B"),
        found("a/B-ONNX", "n-Q4_0.gguf", model_id="a/B"),
    ]
    (model,) = merge([], both)
    assert model.gguf_repos == ("a/B-GGUF", "a/B-ONNX")
    assert len(model.variants) == 2


def test_the_order_stays() -> None:
    hub = [found("z/Z"), found("a/A"), found("z/Z")]
    assert [model.id for model in merge([CURATED], hub)] == ["Qwen/Qwen3-4B", "z/Z", "a/A"]
