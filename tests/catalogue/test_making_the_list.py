"""`.ci/catalogue.py`: what becomes of facts, and that the list that ships is what it makes."""

from __future__ import annotations

import copy
import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from slmdesk.catalogue import group_variants, load_curated
from slmdesk.catalogue.onnx_folders import onnx_variant
from slmdesk.storage import resources_folder

ROOT = Path(__file__).parents[2]
FACTS = ROOT.parent / "shared" / "data" / "model_facts.json"
LIST = resources_folder() / "catalogue" / "catalogue.json"
Json = dict[str, Any]

needs_facts = pytest.mark.skipif(not FACTS.is_file(), reason="the facts are not in ../shared/data")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_catalogue", ROOT / ".ci" / "catalogue.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def facts() -> Json:
    """One model with everything that must not be taken as it stands."""
    model = {
        "id": "a/Model-4B",
        "name": "Model 4B",
        "publisher": "A",
        "published_size": {"label": "4B", "billions": 4},
        "parameters_raw": 4_444_444_444,
        "parameters_source": 0,
        "active_parameters": None,
        "tier": "Small",
        "license": {
            "id": "apache-2.0", "url": "https://example.org", "commercial_use": "yes", "limit": None,
            "source": 0, "also_stated": [{"id": "other", "source": 1}], "conflict": True,
        },
        "languages": None,
        "abilities": {"tools": [1], "chat": [0, 1]},
        "context_length": None,
        "architecture": {
            "architecture": "qwen3_moe", "layers": 36, "heads": None, "kv_heads": None, "head_dim": None,
            "hidden_size": None, "vocab_size": None, "sliding_window": None, "is_moe": True, "experts": None,
            "active_experts": None, "source": [1],
        },
        "release_month": None,
        "gguf": [
            _file("exact-Q8_0.gguf", size_bytes=4_000, size_rounded="4.0 kB", md5="0" * 32),
            _file("rounded-Q4_K_M.gguf", size_rounded="2.9 GiB", sha256="a" * 64),
            _file("decimal-Q6_K.gguf", size_rounded="4.68 GB"),
            _file(
                "replaced-Q5_K_M.gguf", size_bytes=3_000, sha256="b" * 64, conflict=True,
                other_sha256=[{"sha256": "c" * 64, "source": 1, "kind": "same source at another commit"}],
            ),
            _file("nothing-Q2_K.gguf"),
        ],
        "gguf_repos": ["a/empty", "a/files"],
        "onnx": [],
        "sources": ["model_facts.json before this revision (its own note: public databases)", "b/c d.md @1"],
    }  # fmt: skip
    return {"about": "Collected 2026-11-24 from copies.", "models": [model]}


def _file(name: str, **known: object) -> Json:
    unknown = {"size_bytes": None, "size_rounded": None, "sha256": None}
    return {"repo": "a/files", "file": name, "quantization": "?", "source": [0], **unknown, **known}


def _row(label: str, quality: int, **file: object) -> Json:
    return {"label": label, "quantization": label, "quality": quality, "files": [file]}


WORDS: Json = {"descriptions": {"a/Model-4B": {"en": "A model.", "pl": "Model."}}, "limits": {"pl": {}}}


def make(script: ModuleType, facts: Json, words: Json = WORDS) -> Json:
    made: Json = json.loads(script.make_catalogue(facts, words))
    return made


def test_what_becomes_of_facts(script: ModuleType, facts: Json) -> None:
    made = make(script, facts)
    (model,) = made["models"]
    assert made["date"] == "2026-11-24"
    assert model["gguf"] == {
        "a/empty": [],
        "a/files": [
            _row("Q8_0", 5, path="exact-Q8_0.gguf", size_bytes=4_000),
            _row("Q6_K", 4, path="decimal-Q6_K.gguf", about_bytes=4_680_000_000),
            _row("Q5_K_M", 4, path="replaced-Q5_K_M.gguf", about_bytes=3_000, sha256_disputed=True),
            _row("Q4_K_M", 3, path="rounded-Q4_K_M.gguf", about_bytes=round(2.9 * 2**30), sha256="a" * 64),
            _row("Q2_K", 1, path="nothing-Q2_K.gguf"),
        ],
    }
    # Zero is a place, and not the same as nothing.
    assert model["licence"] == 0
    assert model["licence_also_stated"] == ["other"]
    assert model["abilities"] == ["chat", "tools"]
    assert model["dimensions"] == {"architecture": "qwen3moe", "layers": 36}
    # It may count some weights twice: for sizes alone, and not among the facts that are shown.
    assert model["size"] == {"label": "4B", "billions": 4, "counted": 4_444_444_444}
    assert "parameters" not in json.dumps(made)
    for unknown in ("languages", "context", "released", "onnx"):
        assert unknown not in model
    assert [made["sources"][place] for place in model["sources"]["licence"]] == [
        "public databases",
        "b/c d.md @1",
    ]
    assert [made["sources"][place] for place in model["sources"]["files"]] == [
        "public databases",
        "b/c d.md @1",
    ]


def test_limits_of_a_licence(script: ModuleType, facts: Json) -> None:
    limit = "Only on Sundays."
    words = {**WORDS, "limits": {"pl": {limit: "Tylko w niedziele."}}}
    licence = facts["models"][0]["license"]
    licence.update(commercial_use="with limits", limit=limit)
    said = {
        "id": "apache-2.0",
        "url": "https://example.org",
        "commercial_use": "limits",
        "limit": {"en": limit, "pl": "Tylko w niedziele."},
    }
    # Where the terms were read is not said: not in their own text.
    assert make(script, facts, words)["licences"] == [{**said, "second_hand": True}]
    licence["terms_source"] = 1
    assert make(script, facts, words)["licences"] == [said]
    facts["models"][0]["sources"][1] = "second-hand: a review"
    assert make(script, facts, words)["licences"] == [{**said, "second_hand": True}]
    with pytest.raises(KeyError, match="Only on Sundays"):
        make(script, facts)


def test_a_model_without_words_is_an_error(script: ModuleType, facts: Json) -> None:
    with pytest.raises(KeyError, match="a/Model-4B"):
        make(script, facts, {**WORDS, "descriptions": {}})


def test_words_without_a_model_are_an_error(script: ModuleType, facts: Json) -> None:
    words = copy.deepcopy(WORDS)
    words["descriptions"]["a/gone"] = {"en": "Gone.", "pl": "Nie ma."}
    with pytest.raises(KeyError, match="a/gone"):
        make(script, facts, words)


def test_a_model_that_nobody_can_fetch_is_left_out(script: ModuleType, facts: Json) -> None:
    facts["models"][0].update(gguf_repos=[], gguf=[], onnx=[])
    assert make(script, facts, {**WORDS, "descriptions": {}})["models"] == []


@needs_facts
def test_the_list_is_what_the_script_makes_of_the_facts(script: ModuleType) -> None:
    facts = json.loads(FACTS.read_text(encoding="utf-8"))
    words = json.loads(script.WORDS.read_text(encoding="utf-8"))
    assert script.make_catalogue(facts, words).encode() == LIST.read_bytes()


@needs_facts
def test_no_exact_size_or_hash_is_in_the_list_that_a_source_does_not_give() -> None:
    facts = json.loads(FACTS.read_text(encoding="utf-8"))
    known = {(file["repo"], file["file"]): file for model in facts["models"] for file in model["gguf"]}
    exact = hashes = 0
    for model in json.loads(LIST.read_text(encoding="utf-8"))["models"]:
        for repo, variants in model.get("gguf", {}).items():
            for file in _files(variants):
                fact = known[repo, file["path"]]
                if "size_bytes" in file:
                    assert file["size_bytes"] == fact["size_bytes"]
                    exact += 1
                if "sha256" in file:
                    assert file["sha256"] == fact["sha256"]
                    assert "conflict" not in fact
                    hashes += 1
                if "about_bytes" in file:
                    assert fact["size_rounded"] or fact["conflict"]
    assert exact > 30
    assert hashes > 100
    assert {model["tier"].lower() for model in facts["models"]} == {"micro", "small", "medium"}


def _files(variants: list[Json]) -> list[Json]:
    return [file for one in variants for file in (*one["files"], one.get("projector")) if file]


def test_variants_are_those_that_the_program_would_make() -> None:
    """The list holds them ready-made; a change of the rules has to come through the script."""
    listed = load_curated()
    for model in listed.models:
        for repo in model.gguf_repos:
            mine = [one for one in model.variants if (one.repo, one.format) == (repo, "gguf")]
            assert list(group_variants(repo, [file for one in mine for file in one.all_files])) == mine
        for one in model.variants:
            if one.format == "onnx":
                made = onnx_variant(
                    one.repo,
                    one.folder,
                    execution_provider=one.execution_provider,
                    size_bytes=one.folder_bytes,
                    about_bytes=one.folder_about_bytes,
                )
                assert msgspec.structs.replace(made, label=one.label) == one
