"""Which files of a repository are one thing to fetch, and what each is called."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slmdesk.catalogue import (
    CatalogueModel,
    ModelFile,
    Variant,
    group_variants,
    quality_order,
    quality_words,
)
from slmdesk.catalogue.variants import listed_parts, missing_parts, of_this_model
from slmdesk.messages import say

REPO = "someone/Some-Model-GGUF"


def files(*paths: str, size: int | None = 1_000) -> list[ModelFile]:
    return [ModelFile(repo=REPO, path=path, size_bytes=size) for path in paths]


def group(*paths: str) -> tuple[Variant, ...]:
    return group_variants(REPO, files(*paths))


def labels(variants: Sequence[Variant]) -> list[str]:
    return [variant.label for variant in variants]


def test_the_best_comes_first_and_each_is_named_by_its_quantization() -> None:
    found = group(
        "m-Q2_K.gguf", "m-Q8_0.gguf", "m-IQ4_XS.gguf", "m-Q4_K_M.gguf", "m-Q5_K_M.gguf", "m-f16.gguf"
    )
    assert labels(found) == ["F16", "Q8_0", "Q5_K_M", "Q4_K_M", "IQ4_XS", "Q2_K"]
    assert [one.quality for one in found] == [5, 5, 4, 3, 3, 1]
    assert {one.format for one in found} == {"gguf"}


def test_a_split_set_is_one_variant_with_its_parts_in_order() -> None:
    found = group(
        "BF16/m-BF16-00002-of-00003.gguf",
        "BF16/m-BF16-00003-of-00003.gguf",
        "BF16/m-BF16-00001-of-00003.gguf",
        "m-Q4_K_M.gguf",
    )
    assert labels(found) == ["BF16", "Q4_K_M"]
    assert [file.path for file in found[0].files] == [
        f"BF16/m-BF16-0000{number}-of-00003.gguf" for number in (1, 2, 3)
    ]
    assert found[0].size_bytes == 3_000
    assert found[0].id == f"{REPO}/BF16/m-BF16-00001-of-00003.gguf"


def test_a_split_set_with_missing_parts_is_named_and_not_loadable() -> None:
    [found] = group("m-Q8_0-00001-of-00003.gguf", "m-Q8_0-00003-of-00003.gguf")
    assert (found.loadable, found.parts, missing_parts(found)) == (False, 3, (2,))
    [found] = group("m-Q8_0-00001-of-00099.gguf")
    assert listed_parts(found) == "2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …"
    [whole] = group("m-Q8_0-00001-of-00001.gguf")
    assert (whole.loadable, whole.parts, missing_parts(whole)) == (True, 0, ())


def test_numbers_that_no_split_set_has_are_nothing_to_fetch() -> None:
    assert group("m-Q8_0-00000-of-00001.gguf", "m-Q8_0-00002-of-00001.gguf") == ()
    assert group("m-Q8_0-00000-of-00000.gguf") == ()
    assert group("m-Q8_0-00001-of-00002.gguf", "m-Q8_0-00003-of-00002.gguf") == ()


def test_sets_of_the_same_name_and_other_counts_are_not_mixed() -> None:
    found = group(
        "m-Q8_0-00001-of-00002.gguf",
        "m-Q8_0-00002-of-00002.gguf",
        "m-Q8_0-00001-of-00001.gguf",
        "m-Q8_0.gguf",
    )
    assert sorted(len(one.files) for one in found) == [1, 1, 2]
    assert len(set(labels(found))) == 3


def test_a_folder_says_what_the_file_does_not() -> None:
    (found,) = group("Q4_K_M/model.gguf")
    assert (found.label, found.quantization) == ("Q4_K_M", "Q4_K_M")


def test_a_name_that_says_nothing_is_the_label() -> None:
    (found,) = group("the-model.gguf")
    assert (found.label, found.quantization, found.quality) == ("the-model", "", None)


def test_labels_tell_apart_what_has_the_same_quantization() -> None:
    assert labels(group("LFM2-Q4_K_M.gguf", "LFM2-Q4_K_M-hip-optimized.gguf")) == [
        "Q4_K_M (hip-optimized)",
        "Q4_K_M",
    ]
    found = group("gemma-4-E2B-it-Q8_0.gguf", "gemma-4-e2b-it-Q8_0.gguf")
    assert labels(found) == ["Q8_0 (gemma-4-E2B-it-Q8_0.gguf)", "Q8_0 (gemma-4-e2b-it-Q8_0.gguf)"]


def test_training_for_a_quantization_is_told() -> None:
    repo = "google/gemma-3-4b-it-qat-q4_0-gguf"
    (found,) = group_variants(repo, [ModelFile(repo=repo, path="gemma-3-4b-it-q4_0.gguf")])
    assert (found.label, found.trained_for) == ("Q4_0 QAT", True)
    (plain,) = group("gemma-3-4b-it-q4_0.gguf")
    assert not plain.trained_for
    assert quality_order(found) < quality_order(plain)


def test_what_no_engine_loads_is_told() -> None:
    repo = "microsoft/bitnet-b1.58-2B-4T-gguf"
    (found,) = group_variants(repo, [ModelFile(repo=repo, path="ggml-model-i2_s.gguf")])
    assert (found.label, found.loadable, found.quality) == ("I2_S", False, None)


@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "config.json",
        ".gitattributes",
        ".azDownload-42-m-Q8_0.gguf",
        "imatrix.dat",
        "imatrix.gguf",
        "m-imatrix.gguf",
        "m.imatrix",
        "imatrix_unsloth.gguf_file",
        "mtp-m-Q8_0.gguf",
        "eagle3-m-Q8_0.gguf",
        "dflash-m-Q4_K_M.gguf",
        "m-draft-Q8_0.gguf",
        "DRAFT-m-Q8_0.gguf",
        "m-lora-adapter-f16.gguf",
        "ggml-vocab-m.gguf",
        "m-control-vector.gguf",
        "m-Q8_0.gguf.part1of2",
        "m-Q8_0.gguf.incomplete",
        "m-00001-of-00002.safetensors",
        "mmproj-F16.gguf",
    ],
)
def test_what_is_no_model(path: str) -> None:
    assert group(path) == ()
    (found,) = group("m-Q4_K_M.gguf", path)
    assert [file.path for file in found.files] == ["m-Q4_K_M.gguf"]


@pytest.mark.parametrize(
    "name", ["Qwen3.6-27B-MTP-Q4_K_M.gguf", "merged-lora-Q8_0.gguf", "Drafting-Q8_0.gguf"]
)
def test_a_whole_model_whose_name_speaks_of_parts(name: str) -> None:
    assert len(group(name)) == 1


def test_every_variant_has_the_projector_of_its_repository() -> None:
    found = group(
        "m-Q8_0.gguf", "m-Q4_K_M.gguf", "mmproj-m-f32.gguf", "mmproj-m-F16.gguf", "mmproj-m-bf16.gguf"
    )
    assert [one.projector and one.projector.path for one in found] == ["mmproj-m-F16.gguf"] * 2
    assert found[0].size_bytes == 2_000
    assert [file.path for file in found[0].all_files] == ["m-Q8_0.gguf", "mmproj-m-F16.gguf"]


def test_the_projector_of_the_same_model_wins() -> None:
    found = group(
        "m-2B-Q8_0.gguf",
        "m-7B-Q8_0.gguf",
        "mmproj-m-2B-Q8_0.gguf",
        "mmproj-m-7B-Q8_0.gguf",
        "mmproj-model-f16.gguf",
    )
    assert {one.files[0].path: one.projector and one.projector.path for one in found} == {
        "m-2B-Q8_0.gguf": "mmproj-m-2B-Q8_0.gguf",
        "m-7B-Q8_0.gguf": "mmproj-m-7B-Q8_0.gguf",
    }


def test_a_projector_in_another_folder_is_of_another_model() -> None:
    found = group("a/m-Q8_0.gguf", "b/m-Q8_0.gguf", "m-Q8_0.gguf", "b/mmproj-F16.gguf")
    assert {one.files[0].path: one.projector is not None for one in found} == {
        "a/m-Q8_0.gguf": False,
        "b/m-Q8_0.gguf": True,
        "m-Q8_0.gguf": False,
    }
    nearest = group("a/m-Q8_0.gguf", "mmproj-F16.gguf", "a/mmproj-F32.gguf")
    assert nearest[0].projector is not None
    assert nearest[0].projector.path == "a/mmproj-F32.gguf"


def test_names_of_projectors_that_were_seen() -> None:
    for model, projector in (
        ("gemma-4-26B_q4_0-it.gguf", "gemma-4-26B-it-mmproj.gguf"),
        ("Ministral-3-3B-Instruct-2512-Q8_0.gguf", "Ministral-3-3B-Instruct-2512-BF16-mmproj.gguf"),
    ):
        (found,) = group(model, projector)
        assert found.projector is not None
        assert found.projector.path == projector


def test_bits_per_weight_are_those_of_the_model_without_its_projector() -> None:
    both = files("m-Q4_K_M.gguf", "mmproj-F16.gguf", size=5_000)
    (found,) = group_variants(REPO, both, parameters=8_000)
    assert found.bits_per_weight == 5.0
    assert group_variants(REPO, both)[0].bits_per_weight is None
    unsized = files("m-Q4_K_M.gguf", size=None)
    assert group_variants(REPO, unsized, parameters=8_000)[0].bits_per_weight is None


def test_sizes_are_exact_or_about_or_unknown() -> None:
    exact = ModelFile(repo=REPO, path="m-Q4_K_M.gguf", size_bytes=10)
    about = ModelFile(repo=REPO, path="mmproj-F16.gguf", about_bytes=7)
    (found,) = group_variants(REPO, [exact, about])
    assert (found.size_bytes, found.about_bytes) == (None, 17)
    (found,) = group_variants(REPO, [ModelFile(repo=REPO, path="m-Q4_K_M.gguf")])
    assert (found.size_bytes, found.about_bytes) == (None, None)


def test_quality_in_words() -> None:
    found = group(
        "m-Q8_0.gguf", "m-Q6_K.gguf", "m-Q4_K_M.gguf", "m-Q3_K_M.gguf", "m-Q2_K.gguf", "m-IQ1_S.gguf"
    )
    assert [say(quality_words(one)) for one in found] == [
        "As good as the original",
        "Excellent",
        "Very good",
        "Noticeably worse",
        "Poor",
        "Only for experiments",
    ]
    assert say(quality_words(group("m.gguf")[0])) == "Not known"


def test_folders_of_other_models_in_the_same_repository() -> None:
    repo = "onnxruntime/DeepSeek-R1-Distill-ONNX"
    paths = [
        f"deepseek-r1-distill-qwen-{size}B/{folder}/genai_config.json"
        for size in ("1.5", "7")
        for folder in ("cpu_and_mobile/cpu-int4-rtn-block-32-acc-level-4", "gpu/gpu-int4-rtn-block-32")
    ]
    everything = group_variants(repo, [ModelFile(repo=repo, path=path) for path in paths])
    assert len(everything) == 4
    assert all("(" in label for label in labels(everything))
    model = CatalogueModel(id="a/b", name="b", onnx_repos=(repo,), variants=(everything[0],))
    mine = of_this_model(model, everything)
    assert {one.folder.split("/")[0] for one in mine} == {everything[0].folder.split("/")[0]}
    assert labels(mine) == ["int4, CPU", "int4, GPU"]
    # Nothing is known of it: all of them may be its own.
    assert len(of_this_model(CatalogueModel(id="a/b", name="b", onnx_repos=(repo,)), everything)) == 4


STEMS = st.sampled_from(
    ("m", "Qwen3-4B", "gemma-3-4b-it-qat", "M.i1", "a_b", "mmproj", "mmproj-m", "imatrix", "draft-m")
)
KINDS = st.sampled_from(("", "Q4_K_M", "q8_0", "UD-Q4_K_XL", "IQ2_XXS", "f16", "I2_S", "Q4", "MXFP4"))
FOLDERS = st.sampled_from(("", "Q4_K_M/", "a/", "a/b/"))
PARTS = st.sampled_from(
    (
        "",
        "-00001-of-00002",
        "-00002-of-00002",
        "-00001-of-00001",
        "-00003-of-00002",
        "-00000-of-00000",
        "-hip",
    )
)
ENDINGS = st.sampled_from((".gguf", ".gguf", ".gguf", ".GGUF", ".safetensors", ".gguf.tmp"))
ONNX = st.sampled_from(
    (
        "genai_config.json",
        "cpu-int4/genai_config.json",
        "cpu-int4/model.onnx",
        "gpu/x/genai_config.json",
        "x/model.onnx",
    )
)
PATHS = st.one_of(
    st.builds(
        lambda folder, stem, kind, part, ending: f"{folder}{stem}{'-' if kind else ''}{kind}{part}{ending}",
        FOLDERS, STEMS, KINDS, PARTS, ENDINGS,
    ),
    ONNX,
    st.text(min_size=1, max_size=30),
)  # fmt: skip


@settings(max_examples=150)
@given(st.lists(PATHS, max_size=12, unique=True), st.randoms(use_true_random=False))
def test_whatever_a_repository_holds(paths: list[str], shuffler: random.Random) -> None:
    given_files = files(*paths)
    found = group_variants(REPO, given_files, parameters=1_000)

    shuffled = list(given_files)
    shuffler.shuffle(shuffled)
    assert group_variants(REPO, shuffled, parameters=1_000) == found

    taken = [file.path for one in found for file in one.files]
    assert len(taken) == len(set(taken)), "a file is in two variants"
    assert set(taken) <= set(paths)
    assert len({one.id for one in found}) == len(found)
    assert len(set(labels(found))) == len(found)
    assert all(one.label for one in found)
    ggufs = [one for one in found if one.format == "gguf"]
    assert ggufs == sorted(ggufs, key=quality_order)
    for one in ggufs:
        assert all(file.path.lower().endswith(".gguf") for file in one.files)
        assert not any("mmproj" in file.path.rpartition("/")[2].lower() for file in one.files)
        if len(one.files) > 1:
            assert [file.path[-len("00001-of-00002.gguf") :][:5] for file in one.files] == ["00001", "00002"]
    for one in found:
        if one.format == "onnx":
            prefix = f"{one.folder}/" if one.folder else ""
            assert f"{prefix}genai_config.json" in {file.path for file in one.files}
            assert all(file.path.rpartition("/")[0] == one.folder for file in one.files)
