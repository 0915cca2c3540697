"""Which model somebody means who types a name."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from slmdesk.catalogue import HubCatalogue, ModelFile, group_variants
from slmdesk.cli.wanted_model import Wanted, find_model, find_variant, is_local, parse_wanted
from slmdesk.messages import ErrorKind, UserError, one_line
from slmdesk.net import Network
from tests.offers.made import make_model, make_variant


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Qwen/Qwen3-4B", Wanted("Qwen/Qwen3-4B")),
        ("Qwen/Qwen3-4B-GGUF:Q4_K_M", Wanted("Qwen/Qwen3-4B-GGUF", quantization="Q4_K_M")),
        ("a/b/c.gguf", Wanted("a/b", file="c.gguf")),
        ("a/b/c/d.gguf", Wanted("a/b", file="c/d.gguf")),
        ("https://huggingface.co/a/b", Wanted("a/b")),
        ("https://huggingface.co/a/b/", Wanted("a/b")),
        ("https://huggingface.co/a/b/resolve/main/c/d.gguf", Wanted("a/b", file="c/d.gguf")),
        ("https://huggingface.co/a/b/blob/main/d.gguf", Wanted("a/b", file="d.gguf")),
        ("hf.co/a/b:Q8_0", Wanted("a/b", quantization="Q8_0")),
        ("qwen3-4b", Wanted("qwen3-4b")),
        ("qwen3-4b:q4_k_m", Wanted("qwen3-4b", quantization="q4_k_m")),
    ],
)
def test_names_are_taken_apart(text: str, wanted: Wanted) -> None:
    assert parse_wanted(text) == wanted


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("/models/a.gguf", True),
        ("./a", True),
        ("../a/b", True),
        ("~/a", True),
        ("a.gguf", True),
        ("folder/a.GGUF", True),
        ("a/b/c.gguf", False),
        ("a/b", False),
        ("qwen3-4b", False),
    ],
)
def test_what_is_written_like_a_path_is_one(
    text: str, local: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_local(text) is local


def test_what_is_there_is_local_whatever_it_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert is_local("a/b")


FILES = "maker/files-GGUF"
SPLIT = make_variant(
    "Q8_0",
    8,
    FILES,
    files=tuple(ModelFile(repo=FILES, path=f"big/part-0000{part}-of-00002.gguf") for part in (1, 2)),
)
MODEL = make_model(
    "maker/Model-4B", name="Model 4B", variants=(make_variant("Q4_K_M", 4, FILES), SPLIT), gguf_repos=(FILES,)
)
OTHER = make_model("other/Model-4B", name="Other Model 4B")
PLAIN = make_model("maker/Plain-1B", name="Plain 1B")
CURATED = (MODEL, OTHER, PLAIN)


@pytest.fixture
def offline_hub(tmp_path: Path) -> HubCatalogue:
    return HubCatalogue(Network(offline=lambda: True, environment={}), tmp_path)


@pytest.mark.parametrize(
    "text", ["maker/Plain-1B", "MAKER/plain-1b", "plain-1b", "Plain 1B", "plain-1b:Q4_K_M"]
)
def test_a_model_of_the_list_is_found_without_the_hub(text: str, offline_hub: HubCatalogue) -> None:
    assert find_model(parse_wanted(text), CURATED, offline_hub) is PLAIN


def _refused(text: str, hub: HubCatalogue) -> UserError:
    with pytest.raises(UserError) as caught:
        find_model(parse_wanted(text), CURATED, hub)
    assert one_line(caught.value)
    return caught.value


def test_what_cannot_be_meant_is_an_error_about_the_model(offline_hub: HubCatalogue) -> None:
    for text in ("no-such", "", "no-such:Q4_K_M"):
        error = _refused(text, offline_hub)
        assert (error.key, error.kind) == ("wanted-model-unknown", ErrorKind.MODEL)
    error = _refused("model-4b", offline_hub)
    assert (error.key, error.kind) == ("wanted-model-ambiguous", ErrorKind.MODEL)
    assert "maker/Model-4B, other/Model-4B" in one_line(error)


def test_what_only_the_hub_can_know_is_asked_there(offline_hub: HubCatalogue) -> None:
    for text in ("who/knows", "who/knows:Q4_K_M", "maker/Model-4B/file.gguf"):
        assert _refused(text, offline_hub).kind is ErrorKind.NETWORK


def test_without_the_hub_the_list_is_asked_about_the_repository(offline_hub: HubCatalogue) -> None:
    aside = make_variant("Q6_K", 6, "aside/files-GGUF")
    model = replace(MODEL, variants=(*MODEL.variants, aside))
    found = find_model(parse_wanted("aside/Files-gguf:Q6_K"), [PLAIN, model], offline_hub)
    assert (found.id, found.variants) == (model.id, (aside,))


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("maker/Model-4B", None),
        ("maker/Model-4B:q4_k_m", "Q4_K_M"),
        (f"{FILES}/model-Q4_K_M.gguf", "Q4_K_M"),
        (f"{FILES}/big/part-00001-of-00002.gguf", "Q8_0"),
        (f"{FILES}/big/part-00002-of-00002.gguf", "Q8_0"),
    ],
)
def test_the_variant_by_quantization_or_file(text: str, label: str | None) -> None:
    found = find_variant(parse_wanted(text), MODEL)
    assert (found.label if found is not None else None) == label


@pytest.mark.parametrize(
    ("text", "model", "key"),
    [
        ("maker/Model-4B:Q5_K_M", MODEL, "wanted-variant-unknown"),
        (f"{FILES}/none.gguf", MODEL, "wanted-variant-unknown"),
        ("maker/Plain-1B:Q4_K_M", PLAIN, "wanted-variant-none"),
    ],
)
def test_a_variant_that_is_not_there(text: str, model: object, key: str) -> None:
    with pytest.raises(UserError) as caught:
        find_variant(parse_wanted(text), model)  # type: ignore[arg-type]
    assert (caught.value.key, caught.value.kind) == (key, ErrorKind.MODEL)
    assert one_line(caught.value)


@pytest.mark.parametrize(
    ("text", "query"), [("--json", "-- --json"), ("two words", None), ("http://a.org/x.gguf", None)]
)
def test_the_command_for_a_search_can_be_typed(
    text: str, query: str | None, offline_hub: HubCatalogue
) -> None:
    error = _refused(text, offline_hub)
    assert (error.key, error.kind) == ("wanted-model-unknown", ErrorKind.MODEL)
    if query:
        assert error.facts["query"] == query
    else:
        assert error.facts["name"] == text


def test_what_lacks_parts_or_is_a_projector_is_named_as_that() -> None:
    [cut] = group_variants("a/b", [ModelFile(repo="a/b", path="m-Q4_K_M-00001-of-00002.gguf")])
    model = replace(MODEL, variants=(cut,))
    for text in ("a/b", "a/b:Q4_K_M", "a/b/m-Q4_K_M-00001-of-00002.gguf"):
        with pytest.raises(UserError) as caught:
            find_variant(parse_wanted(text), model)
        assert (caught.value.key, caught.value.kind) == ("hub-variant-incomplete", ErrorKind.MODEL)
        assert caught.value.facts["missing"] == "2"
    with pytest.raises(UserError) as caught:
        find_variant(parse_wanted("maker/Model-4B/mmproj-f16.gguf"), MODEL)
    assert caught.value.key == "hub-file-is-projector"
