"""What a token of a model takes, from the tensor table and by rules of thumb."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from slmdesk.fit import Dimensions
from slmdesk.fit.probe_models import ProbeModel
from slmdesk.fit.work import TokenWork, work_of_dimensions, work_of_headers
from slmdesk.formats.gguf import bytes_of, read_header
from tests.fit.header_models import HeaderModel


def _model(layers: int = 2, *, tied: bool = False) -> HeaderModel:
    model = HeaderModel("llama", layers, 512, 4096)
    for key, value in (("attention.head_count", 8), ("attention.head_count_kv", 2)):
        model.number(key, value)
    model.tensor("token_embd.weight", 512, 4096)
    if not tied:
        model.tensor("output.weight", 512, 4096)
    for layer in range(layers):
        model.attention(layer, 8, 2, 64)
    return model


def _work(model: HeaderModel, folder: Path) -> TokenWork:
    file = folder / "model.gguf"
    model.write(file)
    return work_of_headers([read_header(file)])


def test_a_table_of_words_is_read_only_where_it_is_the_output_too(tmp_path: Path) -> None:
    own, tied = _work(_model(), tmp_path), _work(_model(tied=True), tmp_path)
    assert own.active_bytes == tied.active_bytes
    assert own.model_bytes - tied.model_bytes == bytes_of("Q4_K", 512 * 4096)


def test_of_experts_only_the_chosen_ones_are_read(tmp_path: Path) -> None:
    model = _model()
    for layer in range(2):
        model.feed_forward(layer, 1024)
    model.number("expert_count", 16)
    model.number("expert_used_count", 2)
    plain = _work(model, tmp_path)
    for layer in range(2):
        model.experts(layer, 256, 16)
    mixed = _work(model, tmp_path)
    experts = 2 * 3 * bytes_of("Q4_K", 512 * 256) * 16
    router = 2 * bytes_of("F32", 512 * 16)
    assert mixed.model_bytes - plain.model_bytes == experts + router
    assert mixed.active_bytes - plain.active_bytes == experts // 8 + router
    assert mixed.nodes > plain.nodes


def test_the_cache_that_is_read_grows_up_to_the_window(tmp_path: Path) -> None:
    model = _model(layers=4)
    model.architecture = "gemma3"
    model.metadata = {key.replace("llama", "gemma3"): value for key, value in model.metadata.items()}
    model.number("attention.sliding_window", 100)
    model.number("attention.sliding_window_pattern", 2)
    work = _work(model, tmp_path)
    one = 2 * (bytes_of("f16", 64) + bytes_of("f16", 64))
    assert work.kv_bytes_at(50, "f16") == 4 * 50 * one
    assert work.kv_bytes_at(1000, "f16") == 2 * 100 * one + 2 * 1000 * one
    assert work.kv_bytes_at(1000, "q8_0") < 0.6 * work.kv_bytes_at(1000, "f16")


def test_matrices_are_counted_by_their_type(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    ProbeModel(type="Q6_K", layers=3, vocabulary=1024).write(file)
    header = read_header(file)
    header.require_complete()
    work = work_of_headers([header])
    (matrices,) = work.matrices
    assert matrices.type == "Q6_K"
    assert matrices.bytes == bytes_of("Q6_K", matrices.values)
    assert matrices.rows == 3 * (1024 + 256 + 256 + 1024 + 4096 + 4096 + 1024) + 1024
    assert (work.layers, work.vocabulary, work.state_bytes) == (3, 1024, 0)


def test_a_recurrent_layer_has_a_state_and_no_cache(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    ProbeModel(type="Q8_0", width=256, forward_width=1024, state_length=64).write(file)
    work = work_of_headers([read_header(file)])
    assert work.attention == ()
    # The state proper, and the last inputs of the convolution.
    assert work.state_bytes == 2 * 4 * (64 * 1024 + 3 * (1024 + 2 * 64))
    assert work.decays == 0
    ProbeModel(type="Q8_0", width=256, forward_width=1024, heads=16, state_length=16, own_decays=True).write(
        file
    )
    assert work_of_headers([read_header(file)]).decays == 2 * 16 * 1024


def test_rules_of_thumb_come_near_the_header(tmp_path: Path) -> None:
    model = _model(layers=8)
    for layer in range(8):
        model.feed_forward(layer, 1536)
    exact = _work(model, tmp_path)
    dimensions = Dimensions(
        architecture="llama", layers=8, heads=8, kv_heads=2, hidden_size=512, vocab_size=4096, head_dim=64,
        parameters=round(exact.model_bytes / 4.5 * 8),
    )  # fmt: skip
    rough = work_of_dimensions(dimensions, exact.model_bytes, "Q4_K_M")
    assert rough is not None
    assert not rough.exact
    assert rough.matrices[0].type == "Q4_K"
    assert rough.kv_bytes_at(1000, "f16") == exact.kv_bytes_at(1000, "f16")
    assert rough.nodes == pytest.approx(exact.nodes, rel=0.25)
    assert rough.key != exact.key


def test_without_a_size_there_are_no_rules_of_thumb() -> None:
    assert work_of_dimensions(Dimensions(), 1_000_000_000) is None
    assert work_of_dimensions(Dimensions(parameters=1_000_000_000), 0) is None


@pytest.mark.parametrize("architecture", ["qwen3moe", "lfm2_moe", "mixtral", "gpt_oss"])
def test_how_much_of_a_mixture_is_read_is_not_guessed(architecture: str) -> None:
    known = Dimensions(architecture=architecture, parameters=30_000_000_000)
    assert work_of_dimensions(known, 18_000_000_000) is None
    told = work_of_dimensions(
        Dimensions(architecture=architecture, parameters=30_000_000_000, active_parameters=3_000_000_000),
        18_000_000_000,
    )
    assert told is not None
    assert told.active_bytes == 1_800_000_000


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Q4_K_M", "Q4_K"),
        ("Q3_K_XL", "Q3_K"),
        ("IQ4_XS", "IQ4_XS"),
        ("Q8_0", "Q8_0"),
        ("BF16", "BF16"),
        ("", "Q4_K"),
    ],
)
def test_the_type_is_told_from_the_name_or_the_bits(name: str, kind: str) -> None:
    known = work_of_dimensions(Dimensions(parameters=1_000_000_000), 570_000_000, name)
    assert known is not None
    assert known.matrices[0].type == kind


def test_a_model_of_other_weights_has_another_key(tmp_path: Path) -> None:
    assert _work(_model(2), tmp_path).key != _work(_model(3), tmp_path).key
    assert replace(_work(_model(2), tmp_path)).key == _work(_model(2), tmp_path).key
