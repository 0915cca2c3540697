"""What each layer keeps, by the kinds of layers there are."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from slmdesk.fit import Dimensions, FitQuestion, LayerCache, dimensions_of_header
from slmdesk.fit.caches import caches_of
from slmdesk.fit.estimate import kv_bytes
from slmdesk.formats.gguf import read_header
from tests.fit.header_models import (
    HeaderModel,
    deepseek_v2_lite,
    falcon_h1_1b,
    gemma3_4b,
    granite_h_1b,
    lfm2_1b,
    llama_8b,
    mamba_1_4b,
    qwen3_30b_a3b,
)
from tests.formats.gguf_writer import ARRAY, BOOL, I32, STRING, U32, Typed, header

_F16 = 2


def dimensions(model: HeaderModel) -> Dimensions:
    return dimensions_of_header(read_header(model.header()))


def kept(model: HeaderModel, context_length: int, *, full_windows: bool = True) -> int:
    found = kv_bytes(dimensions(model), FitQuestion(context_length=context_length), full_windows=full_windows)
    assert found is not None
    return found


def test_grouped_query_attention_keeps_as_many_heads_as_it_has_keys() -> None:
    assert kept(llama_8b(), 4096) == 32 * 2 * 8 * 128 * _F16 * 4096


def test_windows_of_both_kinds_of_layers() -> None:
    caches = dimensions(gemma3_4b()).caches
    assert sum(cache.window == 1024 for cache in caches) == 29
    assert [layer for layer, cache in enumerate(caches) if not cache.window] == [5, 11, 17, 23, 29]
    each = 2 * 4 * 256 * _F16
    assert kept(gemma3_4b(), 32768) == 34 * each * 32768
    # A window, and the 512 tokens that are being written.
    assert kept(gemma3_4b(), 32768, full_windows=False) == 5 * each * 32768 + 29 * each * (1024 + 512)
    # A context within the window is kept whole.
    assert kept(gemma3_4b(), 512, full_windows=False) == 34 * each * 512


def test_latent_attention_keeps_one_compressed_vector() -> None:
    assert kept(deepseek_v2_lite(), 4096) == 27 * (512 + 64) * _F16 * 4096


def test_recurrent_layers_keep_a_state_whatever_the_context() -> None:
    state = 48 * (3 * 4096 + 16 * 4096) * 4
    assert kept(mamba_1_4b(), 512) == kept(mamba_1_4b(), 131072) == state


def test_a_hybrid_keeps_keys_in_some_layers_and_a_state_in_the_others() -> None:
    caches = dimensions(granite_h_1b()).caches
    assert [layer for layer, cache in enumerate(caches) if cache.key_values] == [5, 15, 25, 35]
    assert all(bool(cache.key_values) != bool(cache.state_bytes) for cache in caches)
    state = 36 * (3 * (3072 + 2 * 128) + 128 * 3072) * 4
    assert kept(granite_h_1b(), 4096) == state + 4 * 2 * 4 * 128 * _F16 * 4096


def test_a_hybrid_with_both_in_every_layer() -> None:
    assert all(cache.key_values and cache.state_bytes for cache in dimensions(falcon_h1_1b()).caches)


def test_short_convolutions() -> None:
    caches = dimensions(lfm2_1b()).caches
    assert {cache.state_bytes for cache in caches if not cache.key_values} == {2 * 2048 * 4}


def test_a_quantized_cache_takes_whole_blocks() -> None:
    question = FitQuestion(context_length=4096, kv_type="q8_0")
    assert kv_bytes(dimensions(llama_8b()), question) == 32 * 2 * (8 * 128 // 32) * 34 * 4096


def test_the_context_is_rounded_up_as_the_engine_does() -> None:
    assert kept(llama_8b(), 4097) == kept(llama_8b(), 4352)


@pytest.mark.parametrize(
    ("architecture", "model"), [("qwen3_moe", qwen3_30b_a3b), ("gemma3_text", gemma3_4b), ("llama", llama_8b)]
)
def test_dimensions_of_a_list_say_the_same_as_the_header(
    architecture: str, model: Callable[[], HeaderModel]
) -> None:
    exact = dimensions(model())
    listed = Dimensions(
        architecture=architecture,
        layers=exact.layers,
        heads=exact.heads,
        kv_heads=exact.kv_heads,
        head_dim=exact.head_dim,
        sliding_window=exact.sliding_window,
    )
    assert caches_of(listed) == exact.caches


def test_every_fourth_layer_of_a_listed_qwen_hybrid_has_attention() -> None:
    listed = Dimensions(architecture="qwen3_5", layers=24, heads=8, kv_heads=2, head_dim=256)
    found = caches_of(listed)
    assert found is not None
    assert [layer for layer, cache in enumerate(found) if cache.key_values] == [3, 7, 11, 15, 19, 23]


def test_the_head_size_follows_from_the_width() -> None:
    found = caches_of(Dimensions(layers=1, heads=8, hidden_size=512))
    assert found == (LayerCache(key_values=512, value_values=512),)


@pytest.mark.parametrize(
    "known",
    [Dimensions(), Dimensions(layers=4), Dimensions(layers=4, heads=8), Dimensions(heads=8, head_dim=64)],
)
def test_what_is_not_known_is_no_answer(known: Dimensions) -> None:
    assert caches_of(known) is None
    assert kv_bytes(known, FitQuestion()) is None


def _damaged(**values: Typed) -> Dimensions:
    metadata: dict[str, Typed] = {"general.architecture": (STRING, "llama")}
    metadata |= {f"llama.{key.replace('__', '.')}": value for key, value in values.items()}
    return dimensions_of_header(read_header(header(metadata)))


def test_impossible_numbers_in_a_header_are_not_known() -> None:
    enormous = (U32, 2**32 - 1)
    found = _damaged(
        block_count=enormous,
        attention__head_count=enormous,
        embedding_length=enormous,
        nextn_predict_layers=enormous,
        attention__sliding_window=enormous,
    )
    assert found.hidden_size is None
    assert found.heads is None
    assert all(cache == LayerCache() for cache in found.caches)


def test_layers_that_only_predict_are_not_run() -> None:
    model = llama_8b()
    model.number("nextn_predict_layers", 2)
    assert len(dimensions(model).caches) == 30


def test_layers_that_use_the_keys_of_others_keep_none() -> None:
    model = llama_8b()
    model.number("attention.shared_kv_layers", 12)
    assert [bool(cache.key_values) for cache in dimensions(model).caches] == [True] * 20 + [False] * 12


def of_layers(architecture: str, layers: int, **values: Typed) -> tuple[LayerCache, ...]:
    """The caches of a header that says little: 4 heads of 64 numbers, 2 with keys of their own."""
    metadata: dict[str, Typed] = {
        "general.architecture": (STRING, architecture),
        f"{architecture}.block_count": (U32, layers),
        f"{architecture}.embedding_length": (U32, 256),
        f"{architecture}.attention.head_count": (U32, 4),
        f"{architecture}.attention.head_count_kv": (U32, 2),
    }
    metadata |= {f"{architecture}.{key.replace('__', '.')}": value for key, value in values.items()}
    return dimensions_of_header(read_header(header(metadata))).caches


def test_every_fourth_layer_of_a_delta_net_has_attention() -> None:
    ssm = {"conv_kernel": 4, "inner_size": 512, "state_size": 16, "group_count": 2}
    stated = {f"ssm__{key}": (U32, value) for key, value in ssm.items()}
    caches = of_layers("qwen35", 8, **stated)
    assert [layer for layer, cache in enumerate(caches) if cache.key_values] == [3, 7]
    assert {cache.state_bytes for cache in caches} == {0, (3 * (512 + 2 * 2 * 16) + 16 * 512) * 4}
    every = of_layers("qwen35", 8, full_attention_interval=(U32, 2), **stated)
    assert [layer for layer, cache in enumerate(every) if cache.key_values] == [1, 3, 5, 7]
    listed = (ARRAY, (BOOL, [False, True, True, True]))
    told = of_layers("qwen35", 4, attention__recurrent_layers=listed, **stated)
    assert [layer for layer, cache in enumerate(told) if cache.key_values] == [0]


def test_layers_of_neither_kind_keep_nothing() -> None:
    caches = of_layers(
        "nemotron_h", 3,
        attention__head_count_kv=(ARRAY, (I32, [0, 0, 2])),
        feed_forward_length=(ARRAY, (I32, [0, 1024, 0])),
        ssm__inner_size=(U32, 512), ssm__state_size=(U32, 16), ssm__conv_kernel=(U32, 4),
    )  # fmt: skip
    assert [(cache.key_values > 0, cache.state_bytes > 0) for cache in caches] == [
        (False, True), (False, False), (True, False),
    ]  # fmt: skip


def test_states_of_other_recurrences() -> None:
    rwkv = of_layers("rwkv7", 1, wkv__head_size=(U32, 64))
    assert rwkv == (LayerCache(state_bytes=(2 * 256 + 256 * 64) * 4),)
    kimi = of_layers(
        "kimi-linear", 2,
        attention__head_count_kv=(ARRAY, (I32, [0, 2])), kda__head_dim=(U32, 32), ssm__conv_kernel=(U32, 4),
    )  # fmt: skip
    assert kimi[0] == LayerCache(state_bytes=(3 * 3 * 4 * 32 + 32 * 32 * 4) * 4)


@pytest.mark.parametrize(
    ("architecture", "layers", "windowed"),
    [
        ("gemma2", 4, [0, 2]),
        ("gpt-oss", 4, [0, 2]),
        ("gemma3", 7, [0, 1, 2, 3, 4, 6]),
        ("smallthinker", 5, [1, 2, 3]),
        # llama.cpp leaves these windows alone.
        ("phi3", 4, []),
        ("exaone4", 4, []),
        # What is not known keeps the whole context.
        ("never heard of", 4, []),
    ],
)
def test_which_layers_have_a_window(architecture: str, layers: int, windowed: list[int]) -> None:
    caches = of_layers(architecture, layers, attention__sliding_window=(U32, 512))
    assert [layer for layer, cache in enumerate(caches) if cache.window] == windowed


def test_a_header_may_tell_the_pattern_and_smaller_heads_for_it() -> None:
    caches = of_layers(
        "gemma4", 3,
        attention__sliding_window=(U32, 512),
        attention__sliding_window_pattern=(ARRAY, (BOOL, [True, False, True])),
        attention__key_length=(U32, 128), attention__value_length=(U32, 128),
        attention__key_length_swa=(U32, 32), attention__value_length_swa=(U32, 32),
    )  # fmt: skip
    assert [(cache.window, cache.key_values) for cache in caches] == [(512, 64), (0, 256), (512, 64)]
