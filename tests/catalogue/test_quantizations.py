"""What names say of the way weights are stored, and what the table says of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slmdesk.catalogue.quantizations import (
    bits_per_weight,
    find_quantization,
    quantization_named,
)

IN_TABLE = (
    "F32", "BF16", "F16", "Q8_0", "Q6_K", "Q5_K_M", "Q5_K_S", "Q5_1", "Q5_0", "Q4_K_M", "IQ4_NL", "IQ4_XS",
    "Q4_K_S", "Q4_1", "Q4_0", "Q3_K_L", "Q3_K_M", "IQ3_M", "IQ3_S", "IQ3_XS", "IQ3_XXS", "Q3_K_S", "IQ2_M",
    "Q2_K", "Q2_K_S", "IQ2_S", "IQ2_XS", "IQ2_XXS", "IQ1_M", "IQ1_S",
)  # fmt: skip
OTHERS = (
    "MXFP4", "MXFP4_MOE", "NVFP4", "TQ1_0", "TQ2_0", "Q1_0", "Q2_0", "I2_S", "Q4_0_4_4", "Q4_0_8_8",
    "UD-Q4_K_XL", "UD-IQ2_XXS", "UD-Q6_K", "Q4_K_L", "Q3_K_XL", "Q8_K_XL", "IQ4_K", "IQ4_KSS", "IQ2_KT",
    "Q4_K_R4", "Q4",
)  # fmt: skip
# Words of real names, none of which says how weights are stored.
WORDS = st.sampled_from(
    (
        "Qwen3",
        "0.6B",
        "4b",
        "it",
        "Instruct",
        "2507",
        "gemma",
        "E2B",
        "v0.3",
        "Phi",
        "mini",
        "4k",
        "30B",
        "A3B",
        "i1",
    )
)
NAMES = st.lists(WORDS, min_size=1, max_size=5).flatmap(
    lambda words: st.sampled_from("-_.").map(lambda separator: separator.join(words))
)


@given(
    NAMES,
    st.sampled_from((*IN_TABLE, *OTHERS)),
    st.sampled_from("-_."),
    st.sampled_from(("", "-hip-optimized", "-it", ".v2")),
    st.booleans(),
)
def test_found_wherever_the_name_says_it(
    name: str, quantization: str, separator: str, behind: str, lower: bool
) -> None:
    written = quantization.lower() if lower else quantization
    said = find_quantization(f"{name}{separator}{written}{behind}")
    assert said is not None
    assert said[0] == quantization
    assert f"{name}{separator}{written}{behind}"[said[1] : said[2]] == written


@given(NAMES)
def test_not_found_where_the_name_does_not_say_it(name: str) -> None:
    assert find_quantization(name) is None


@given(st.text(max_size=40))
def test_no_name_is_too_strange(name: str) -> None:
    said = find_quantization(name)
    if said is not None:
        quantization, start, end = said
        assert 0 <= start < end <= len(name)
        assert quantization_named(quantization).name == quantization


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gemma-3-4b-it-qat-q4_0", "Q4_0"),
        ("gemma-4-E2B_q4_0-it", "Q4_0"),
        ("Phi-3-mini-4k-instruct-fp16", "F16"),
        ("Phi-3-mini-4k-instruct-q4", "Q4"),
        ("Model.i1-Q4_K_M", "Q4_K_M"),
        ("Model-F16-Q4_K_M", "Q4_K_M"),  # the last one wins
        ("Llama-3.2-1B-Instruct-UD-IQ1_S", "UD-IQ1_S"),
        ("straße-Q8_0", "Q8_0"),  # a letter that is two in upper case
        ("salamandra-7b-instruct.Q4_K_M-f32", "Q4_K_M"),  # made from F32
        ("Model-Q8_0.bf16", "Q8_0"),
        ("gemma-3-4b-it-qat-q4_0-unquantized-BF16", "BF16"),  # its weights are BF16 again
        ("Model-Q4_0-dequantized-f16", "F16"),
        ("Model-BF16-F16", "F16"),
        ("Qwen3-4B", None),
        ("", None),
    ],
)
def test_names_that_were_seen(name: str, said: str | None) -> None:
    found = find_quantization(name)
    assert (found[0] if found else None) == said


def test_grades_fall_with_the_loss() -> None:
    known = [quantization_named(name) for name in IN_TABLE]
    losses = [one.loss for one in known if one.loss is not None]
    assert len(losses) == len(IN_TABLE)
    assert losses == sorted(losses)
    grades = [one.quality for one in known if one.quality is not None]
    assert grades == sorted(grades, reverse=True)
    assert set(grades) == {5, 4, 3, 2, 1, 0}


@pytest.mark.parametrize(
    ("name", "grade"),
    [
        ("Q8_0", 5),
        ("Q6_K", 4),
        ("Q5_K_M", 4),
        ("Q4_K_M", 3),
        ("Q4_0", 3),
        ("Q3_K_M", 2),
        ("Q2_K", 1),
        ("IQ1_S", 0),
    ],
)
def test_grades(name: str, grade: int) -> None:
    assert quantization_named(name).quality == grade


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("Q4_K", "Q4_K_M"),
        ("Q4_K_L", "Q4_K_M"),
        ("UD-Q4_K_XL", "Q4_K_M"),
        ("UD-Q6_K", "Q6_K"),
        ("Q8_K_XL", "Q8_0"),
        ("Q2_K_L", "Q2_K"),
        ("UD-IQ2_XXS", "IQ2_XXS"),
    ],
)
def test_relatives_have_the_figures_of_the_type_that_was_measured(name: str, base: str) -> None:
    assert quantization_named(name).loss == quantization_named(base).loss


def test_what_was_not_measured_has_no_grade() -> None:
    for name in ("Q4", "Q4_K_P", "MXFP4", "TQ1_0", "I2_S", "Q9_9"):
        assert quantization_named(name).quality is None


def test_a_model_that_was_published_in_it_loses_nothing() -> None:
    assert quantization_named("MXFP4", "ggml-org/gpt-oss-20b-GGUF").quality == 5
    assert quantization_named("MXFP4_MOE", "someone/Qwen3-30B-A3B").quality is None


@pytest.mark.parametrize(
    "name", ["I2_S", "Q4_0_4_4", "Q4_0_8_8", "IQ4_K", "IQ4_KSS", "IQ2_KT", "Q4_K_R4", "IQ3_K"]
)
def test_what_the_engine_does_not_load(name: str) -> None:
    assert not quantization_named(name).runs


@pytest.mark.parametrize("name", ["Q4_K_M", "IQ4_XS", "UD-Q4_K_XL", "MXFP4", "TQ2_0", "Q4", "Q4_K_P"])
def test_what_the_engine_loads_or_may_load(name: str) -> None:
    assert quantization_named(name).runs


def test_bits_per_weight() -> None:
    # Llama 3.1 8B in Q4_K_M: llama.cpp's table says 4.8944 bits, 4.58 GiB.
    assert bits_per_weight(4_920_739_168, 8_030_261_312) == pytest.approx(4.90, abs=0.01)
    with pytest.raises(ValueError, match="no weights"):
        bits_per_weight(1, 0)
