"""How many weights a model has, and what they take where no source gives a size."""

from __future__ import annotations

import pytest

from slmdesk.catalogue import (
    CatalogueModel,
    ModelFile,
    expected_size,
    group_variants,
    load_curated,
    parameters_of,
    quantization_named,
)
from slmdesk.fit import Dimensions

REPO = "a/Model-E4B-GGUF"
_GB = 10**9


def made(*sizes: tuple[str, int | None], **facts: object) -> CatalogueModel:
    files = [
        ModelFile(repo=REPO, path=f"m-{name}.gguf", about_bytes=about, size_bytes=None)
        for name, about in sizes
    ]
    return CatalogueModel(id="a/Model-E4B", name="M", variants=group_variants(REPO, files), **facts)  # type: ignore[arg-type]


def size_of(model: CatalogueModel, label: str) -> int | None:
    return expected_size(model, next(one for one in model.variants if one.label == label))


@pytest.mark.parametrize(
    ("facts", "parameters"),
    [
        ({"dimensions": Dimensions(parameters=3), "counted": 2, "billions": 1.0}, 3),
        ({"dimensions": Dimensions(), "counted": 2, "billions": 1.0}, 2),
        ({"billions": 1.5}, 1_500_000_000),
        ({}, None),
    ],
)
def test_a_count_goes_before_what_it_is_sold_as(facts: dict[str, object], parameters: int | None) -> None:
    assert parameters_of(made(**facts)) == parameters


def test_without_any_size_the_weights_tell() -> None:
    model = made(("Q4_0", None), billions=4.0, counted=8 * _GB)
    assert size_of(model, "Q4_0") == round(8 * _GB * 4.64 / 8)
    assert size_of(made(("Q4_0", None)), "Q4_0") is None
    assert size_of(made(("MXFP4", None), billions=4.0), "MXFP4") is None


def test_the_file_that_is_most_like_it_tells_more() -> None:
    model = made(("Q4_0", None), ("Q4_K_M", 5 * _GB), ("Q8_0", 9 * _GB), counted=20 * _GB)
    bits = {name: quantization_named(name).bits or 0 for name in ("Q4_0", "Q4_K_M")}
    assert size_of(model, "Q4_0") == round(5 * _GB * bits["Q4_0"] / bits["Q4_K_M"])


def test_a_file_trained_for_its_quantization_comes_last() -> None:
    model = made(("Q4_0", None), ("qat-Q4_0", 3 * _GB), ("Q8_0", 4 * _GB))
    assert size_of(model, "Q4_0") == round(4 * _GB * 4.64 / 8.5008)
    assert size_of(made(("Q4_0", None), ("qat-Q4_0", 3 * _GB)), "Q4_0") == 3 * _GB


def test_a_set_that_lacks_parts_tells_nothing() -> None:
    model = made(("Q8_0-00001-of-00002", 1 * _GB), ("Q4_0", None), counted=8 * _GB)
    assert size_of(model, "Q4_0") == round(8 * _GB * 4.64 / 8)


def test_no_size_in_the_list_is_made_up_from_a_label() -> None:
    """Never far below what the counted weights take; above, where a file says that its tables take more."""
    checked = set()
    for model in load_curated().models:
        for one in model.variants:
            bits = quantization_named(one.quantization).bits
            unknown = any(not (file.size_bytes or file.about_bytes) for file in one.files)
            if model.counted and bits and unknown and (size := expected_size(model, one)):
                assert 0.75 < size / (model.counted * bits / 8) < 1.75, one.id
                checked.add(model.id)
    assert len(checked) > 40
    assert {"google/gemma-4-E4B-it", "google/gemma-4-E2B-it", "tiiuae/Falcon3-1B-Instruct"} <= checked


def test_files_of_one_quantization_are_expected_to_be_of_one_size() -> None:
    listed = load_curated().find("google/gemma-4-E4B-it")
    assert listed is not None
    sizes = []
    for one in listed.variants:
        if one.quantization == "Q4_K_M":
            known = sum(file.size_bytes or file.about_bytes or 0 for file in one.files)
            sizes.append(known or expected_size(listed, one) or 0)
    assert len(sizes) == 3
    assert max(sizes) == pytest.approx(min(sizes), rel=0.02)
    # Of its eight billion weights it reads four for a token.
    assert listed.counted == 7_996_156_490
    assert listed.dimensions is not None
    assert listed.dimensions.active_parameters == 4 * _GB
