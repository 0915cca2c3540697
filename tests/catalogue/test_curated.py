"""The list that ships with the program: that it is as described, and that it loads to what it says."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from slmdesk.catalogue import CatalogueModel, curated_notes, load_curated, tier_of
from slmdesk.messages import say
from slmdesk.storage import resources_folder

FOLDER = resources_folder() / "catalogue"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def written() -> Json:
    read: Json = json.loads((FOLDER / "catalogue.json").read_text(encoding="utf-8"))
    return read


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.fixture(scope="module")
def models() -> dict[str, CatalogueModel]:
    return {model.id: model for model in load_curated().models}


def test_the_list_is_as_its_schema_describes(written: Json, validator: Any) -> None:
    assert [f"{list(error.absolute_path)}: {error.message}" for error in validator.iter_errors(written)] == []


def one_file(**facts: object) -> Json:
    return {"label": "Q8_0", "files": [facts]}


def test_the_schema_allows_what_is_spoilt_below(written: Json, validator: Any) -> None:
    fine = copy.deepcopy(written)
    fine["models"][0].update(
        gguf={"a/b": [one_file(path="m.gguf", size_bytes=1, sha256="0" * 64)]},
        onnx={"a/b": [{"label": "CPU", "folder": "root", "folder_about_bytes": 1}]},
    )
    assert validator.is_valid(fine)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda read: read.pop("date"),
        lambda read: read.update(date="24.11.2026"),
        lambda read: read["models"][0].update(parameters=134_515_584),
        lambda read: read["models"][0].update(description={"en": "No Polish."}),
        lambda read: read["models"][0]["description"].update(en="Two\nlines."),
        lambda read: read["models"][0]["size"].update(billions=70),
        lambda read: read["models"][0].update(abilities=["magic"]),
        lambda read: read["models"][0].update(gguf={"../../etc": []}),
        lambda read: read["models"][0].update(gguf={"a/b": [one_file(path="../m.gguf")]}),
        lambda read: read["models"][0].update(gguf={"a/b": [one_file(path="m.exe")]}),
        lambda read: read["models"][0].update(gguf={"a/b": [one_file(path="m.gguf", sha256="0" * 32)]}),
        lambda read: read["models"][0].update(
            gguf={"a/b": [one_file(path="m.gguf", size_bytes=1, about_bytes=1)]}
        ),
        lambda read: read["models"][0].update(onnx={"a/b": [{"label": "CPU", "folder": "/root"}]}),
        lambda read: read["licences"].append({"id": "x", "commercial_use": "limits"}),
        lambda read: read["licences"].append({"id": "x", "url": "http://example.org"}),
        lambda read: (read["models"][0].pop("gguf"), read["models"][0].pop("onnx", None)),
        lambda read: read.update(models=read["models"][:69]),
    ],
)
def test_the_schema_refuses(spoil: Callable[[Json], object], written: Json, validator: Any) -> None:
    """Each of these would be a fact invented, a path that leads out, or a person without words."""
    spoilt = copy.deepcopy(written)
    spoil(spoilt)
    assert not validator.is_valid(spoilt)


def test_places_are_within_their_tables(written: Json) -> None:
    for model in written["models"]:
        assert model.get("licence", 0) < len(written["licences"])
        for places in model.get("sources", {}).values():
            assert max(places) < len(written["sources"])


def test_no_model_is_in_it_twice(written: Json) -> None:
    for fact in ("id", "name"):
        values = [model[fact].lower() for model in written["models"]]
        assert len(set(values)) == len(values)
    lines = [model["description"][code] for model in written["models"] for code in ("en", "pl")]
    assert len(set(lines)) == len(lines)


def test_everything_is_loaded(written: Json, models: dict[str, CatalogueModel]) -> None:
    assert load_curated().date == written["date"]
    assert list(models) == [model["id"] for model in written["models"]]
    for row in written["models"]:
        model = models[row["id"]]
        assert model.curated
        assert (model.name, model.publisher, model.description) == (
            row["name"],
            row["publisher"],
            row["description"],
        )
        assert (model.size_label, model.billions) == (row["size"]["label"], row["size"]["billions"])
        assert model.tier == tier_of(model.billions)
        assert model.tier in ("micro", "small", "medium")
        assert model.gguf_repos == tuple(row.get("gguf", {}))
        assert model.onnx_repos == tuple(row.get("onnx", {}))
        assert set(model.sources) == set(row.get("sources", {}))
        rows = [one for part in ("gguf", "onnx") for ones in row.get(part, {}).values() for one in ones]
        assert [one.label for one in model.variants] == [one["label"] for one in rows]
        assert len({one.id for one in model.variants}) == len(model.variants)
        labels = [(one.repo, one.label) for one in model.variants]
        assert len(set(labels)) == len(labels)


def test_facts_of_some_models(models: dict[str, CatalogueModel]) -> None:
    """By hand from the facts file, so that a shift in the reading cannot go unseen."""
    qwen = models["Qwen/Qwen3-8B"]
    assert (qwen.size_label, qwen.tier, qwen.licence.id) == ("8B", "small", "apache-2.0")
    assert (qwen.context_length, qwen.context_kind, qwen.context_others) == (40960, "catalogue", (131072,))
    assert qwen.languages.count == 119
    assert qwen.abilities == ("chat", "reasoning", "tools")
    assert qwen.dimensions is not None
    assert (qwen.dimensions.architecture, qwen.dimensions.layers) == ("qwen3", 36)
    assert qwen.dimensions.trained_context_length == 40960

    experts = models["Qwen/Qwen3-30B-A3B-Instruct-2507"]
    assert (experts.billions, experts.active_billions, experts.tier) == (30, 3, "medium")
    assert experts.dimensions is not None
    assert (experts.dimensions.architecture, experts.dimensions.experts) == ("qwen3moe", 128)
    assert experts.dimensions.active_parameters == 3_000_000_000

    phi = models["microsoft/Phi-4-mini-instruct"]
    onnx = [one for one in phi.variants if one.format == "onnx"]
    assert [(one.label, one.size_bytes) for one in onnx] == [
        ("int4, CPU", 4_930_563_630),
        ("int4, GPU", 3_435_353_033),
    ]

    tiny = models["HuggingFaceTB/SmolLM2-135M-Instruct"]
    exact = next(one for one in tiny.variants if one.repo == "bartowski/SmolLM2-135M-Instruct-GGUF")
    assert (exact.size_bytes, exact.files[0].sha256[:8], exact.files[0].revision) == (
        105454432,
        "2e8040ce",
        "",
    )
    rounded = next(one for one in tiny.variants if one.repo.startswith("unsloth") and one.label == "Q8_0")
    assert (rounded.size_bytes, rounded.about_bytes) == (None, round(138.1 * 2**20))

    research = models["Qwen/Qwen2.5-3B-Instruct"].licence
    assert (research.id, research.commercial_use, research.second_hand) == ("qwen-research", "no", True)
    assert research.limit.startswith("Research and evaluation only")
    assert research.limit_in["pl"].startswith("Tylko do badań")
    assert models["meta-llama/Llama-3.2-1B-Instruct"].licence.second_hand is False
    assert models["deepseek-ai/DeepSeek-R1-Distill-Llama-8B"].licence.also_stated == ("llama3.1",)
    assert models["janhq/Jan-v1-4B"].licence.id == ""

    # Its repositories are known, none of its files.
    assert models["ibm-granite/granite-4.0-350m"].variants == ()
    assert not models["ibm-granite/granite-4.0-350m"].variants_known


def test_the_families_that_must_be_in_it(models: dict[str, CatalogueModel]) -> None:
    assert len(models) >= 70
    for family in ("phi", "qwen", "gemma", "bitnet", "bielik", "pllum", "smollm"):
        assert any(family in model_id.lower() for model_id in models), family
    assert {model.tier for model in models.values()} == {"micro", "small", "medium"}


def test_doubts_are_told(models: dict[str, CatalogueModel]) -> None:
    assert [say(note) for note in curated_notes(models["Qwen/Qwen3-8B"])] == [
        "Another source says a different context length: 131,072 tokens."
    ]
    gemma = [say(note) for note in curated_notes(models["google/gemma-4-E2B-it"])]
    assert gemma[0] == "The context length is rounded by its source."
    assert gemma[1].startswith("Sources know different contents of 3 files")
    assert curated_notes(models["microsoft/phi-4"])
    assert curated_notes(models["Qwen/Qwen3-4B"]) == ()


def test_found_by_id_whatever_the_case() -> None:
    listed = load_curated()
    assert listed.find("qwen/qwen3-4b") is listed.find("Qwen/Qwen3-4B") is not None
    assert listed.find("nobody/nothing") is None


_IN_WORDS = {"six": 6, "eight": 8, "nine": 9, "eleven": 11, "twelve": 12}
_SAYS = {
    "vision": (r"\bimages?\b", r"\bobraz"),
    "reasoning": (r"\bthinks?(ing)?\b", r"namy|przemyśl"),
    "tools": (r"\btools?\b", r"narzędzi"),
    "code": (r"\bcode\b", r"\bkod"),
    "chat": (r"\b(chat|talks)\b", r"rozm[oa]w"),
}


def test_descriptions_say_nothing_that_no_source_says(models: dict[str, CatalogueModel]) -> None:
    wrong = []
    for model in models.values():
        english, polish = model.description["en"], model.description["pl"]
        for ability, (in_english, in_polish) in _SAYS.items():
            said = [re.search(in_english, english.lower()), re.search(in_polish, polish.lower())]
            if any(said) and ability not in model.abilities:
                wrong.append(f"{model.id}: {ability}")
            if bool(said[0]) != bool(said[1]):
                wrong.append(f"{model.id}: {ability} in one language only")
        weights = {float(number) for number in re.findall(r"(\d+(?:\.\d+)?) billion", english)}
        if not weights <= {model.billions, model.active_billions}:
            wrong.append(f"{model.id}: {weights} billion")
        for number in re.findall(r"(\w+) (?:European )?languages", english):
            count = int(_IN_WORDS.get(number, number)) if number not in ("many", "more") else None
            if count is not None and count not in (model.languages.count, len(model.languages.codes)):
                wrong.append(f"{model.id}: {number} languages")
        for year in re.findall(r"\b(20\d\d)\b", english):
            if not model.released.startswith(year):
                wrong.append(f"{model.id}: {year}")
        if re.search(r"\b(best|powerful|leading|amazing|cutting|state-of-the-art)\b", english.lower()):
            wrong.append(f"{model.id}: praise")
    assert wrong == []


def test_a_file_that_is_not_as_described_is_not_half_read(tmp_path: Path, written: Json) -> None:
    file = tmp_path / "catalogue.json"
    for spoilt in ({**written, "format": 2}, {**written, "model": []}):
        file.write_text(json.dumps(spoilt), encoding="utf-8")
        load_curated.cache_clear()
        with pytest.raises(msgspec.ValidationError):
            load_curated(file)


def test_the_list_needs_no_network_library() -> None:
    """The window starts with it."""
    code = (
        "import sys; from slmdesk.catalogue import load_curated; assert load_curated().models;"
        "print([name for name in ('huggingface_hub', 'httpx2', 'truststore', 'babel', 'llama_cpp', 'ssl')"
        " if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
