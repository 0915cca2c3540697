"""Memory by formulas: properties that hold for every model, and how it is split over devices."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slmdesk.engines import KvType
from slmdesk.fit import DeviceFacts, Dimensions, FitQuestion, LayerCache, MemoryNeed, dimensions_of_header
from slmdesk.fit.estimate import estimate_memory
from slmdesk.formats.gguf import read_header
from tests.fit.header_models import HeaderModel, gemma3_4b, llama_8b, qwen3_30b_a3b

GIB = 2**30
CUDA = DeviceFacts(name="CUDA0", free_memory=8 * GIB, total_memory=8 * GIB)
SECOND = DeviceFacts(name="CUDA1", free_memory=24 * GIB, total_memory=24 * GIB)

counts = st.one_of(st.none(), st.integers(min_value=0, max_value=10_000))
layer_caches = st.builds(
    LayerCache,
    key_values=st.integers(0, 100_000),
    value_values=st.integers(0, 100_000),
    window=st.integers(0, 100_000),
    state_bytes=st.integers(0, 10**9),
)
all_dimensions = st.builds(
    Dimensions,
    architecture=st.sampled_from(["llama", "gemma3", "qwen35", "mamba", "never heard of"]),
    layers=st.one_of(st.none(), st.integers(0, 200)),
    heads=counts,
    kv_heads=counts,
    head_dim=counts,
    hidden_size=counts,
    vocab_size=st.one_of(st.none(), st.integers(0, 10**6)),
    sliding_window=counts,
    experts=counts,
    active_experts=counts,
    parameters=st.one_of(st.none(), st.integers(0, 10**12)),
    active_parameters=st.one_of(st.none(), st.integers(0, 10**12)),
    feed_forward_size=counts,
    expert_size=counts,
    tied_output=st.sampled_from([None, True, False]),
    recurrent_size=counts,
    caches=st.one_of(st.just(()), st.lists(layer_caches, max_size=8).map(tuple)),
)
questions = st.builds(
    FitQuestion,
    context_length=st.integers(1, 2**20),
    kv_type=st.sampled_from(get_args(KvType)),
    batch_size=st.integers(1, 4096),
    flash_attention=st.sampled_from(["auto", "on", "off"]),
    devices=st.sampled_from([(), ("CUDA0",), ("CUDA0", "CUDA1")]),
    gpu_layers=st.integers(-1, 300),
)
weights = st.integers(0, 10**12)


def devices_of(question: FitQuestion) -> list[DeviceFacts]:
    return [device for device in (CUDA, SECOND) if device.name in question.devices]


def with_context(question: FitQuestion, context_length: int) -> FitQuestion:
    values = {name: getattr(question, name) for name in FitQuestion.__struct_fields__}
    return FitQuestion(**{**values, "context_length": context_length})


def numbers_of(memory: MemoryNeed) -> list[int]:
    parts = [memory.parts, *(device.parts for device in memory.devices)]
    return [memory.resident, *(getattr(one, name) for one in parts for name in one.__struct_fields__)]


@given(all_dimensions, weights, questions, st.integers(0, 2**20), st.booleans())
def test_more_context_never_needs_less(
    dimensions: Dimensions, size: int, question: FitQuestion, more: int, full_windows: bool
) -> None:
    longer = with_context(question, question.context_length + more)
    devices = devices_of(question)
    before = estimate_memory(dimensions, size, question, devices, full_windows=full_windows)
    after = estimate_memory(dimensions, size, longer, devices, full_windows=full_windows)
    assert (before is None) == (after is None)
    if before is None or after is None:
        return
    assert before.resident <= after.resident
    for one, other in zip(before.devices, after.devices, strict=True):
        assert one.parts.total <= other.parts.total


@given(all_dimensions, st.integers(-(10**6), 10**12), questions)
def test_every_figure_is_a_size(dimensions: Dimensions, size: int, question: FitQuestion) -> None:
    memory = estimate_memory(dimensions, size, question, devices_of(question))
    if memory is not None:
        assert all(type(number) is int and number >= 0 for number in numbers_of(memory))
        # Nothing is lost between the devices, and nothing counted twice.
        assert memory.parts.total == sum(device.parts.total for device in memory.devices)
        # What is resident is reserved before.
        assert memory.resident <= memory.parts.total
        copied = memory.parts.weights - max(0, size)
        assert copied == 0 or (question.devices and 0 < copied <= size)


def of_model(model: HeaderModel, question: FitQuestion, *devices: DeviceFacts) -> MemoryNeed:
    header = read_header(model.header())
    memory = estimate_memory(dimensions_of_header(header), header.weights_bytes, question, devices)
    assert memory is not None
    return memory


def test_without_devices_everything_is_in_the_computers_memory() -> None:
    memory = of_model(llama_8b(), FitQuestion())
    assert [device.name for device in memory.devices] == ["CPU"]
    assert memory.gpu_layers == 0
    assert memory.source == "estimated"


def test_layers_are_shared_by_what_is_free_on_the_devices() -> None:
    question = FitQuestion(devices=("CUDA0", "CUDA1"))
    memory = of_model(llama_8b(), question, CUDA, SECOND)
    assert memory.gpu_layers == 33
    own, first, second = memory.devices
    # The table of words.
    assert own.parts.weights == pytest.approx(128256 * 4096 * 4.5 / 8, rel=0.01)
    # 25 layers with the output layer, and 8.
    assert second.parts.kv == 3 * first.parts.kv
    assert second.parts.weights > 3 * first.parts.weights
    assert (own.parts.kv, first.parts.kv + second.parts.kv) == (0, memory.parts.kv)


def test_the_last_layers_are_placed_and_the_output_layer_is_one_of_them() -> None:
    memory = of_model(llama_8b(), FitQuestion(devices=("CUDA0",), gpu_layers=1), CUDA)
    assert memory.devices[1].parts.kv == 0
    half = of_model(llama_8b(), FitQuestion(devices=("CUDA0",), gpu_layers=17), CUDA)
    assert half.devices[1].parts.kv == half.parts.kv // 2


def test_a_device_gets_a_copy_of_a_table_that_is_the_output_layer_too() -> None:
    whole = of_model(gemma3_4b(), FitQuestion(devices=("CUDA0",)), CUDA)
    alone = of_model(gemma3_4b(), FitQuestion())
    table = 262144 * 2560 * 4.5 / 8
    assert whole.devices[0].parts.weights == pytest.approx(table, rel=0.01)
    assert whole.devices[1].parts.weights == pytest.approx(alone.parts.weights, rel=0.01)
    # A header that does not tell its number of weights does not tell where they are.
    header = read_header(gemma3_4b().header())
    known = msgspec.structs.replace(dimensions_of_header(header), parameters=None)
    memory = estimate_memory(known, header.weights_bytes, FitQuestion(devices=("CUDA0",)), [CUDA])
    assert memory is not None
    assert memory.devices[0].parts.weights < 100


def test_windows_that_are_not_kept_whole_take_less() -> None:
    header = read_header(gemma3_4b().header())
    dimensions = dimensions_of_header(header)
    question = FitQuestion(context_length=32768)
    whole = estimate_memory(dimensions, header.weights_bytes, question)
    windowed = estimate_memory(dimensions, header.weights_bytes, question, full_windows=False)
    assert whole is not None
    assert windowed is not None
    assert windowed.parts.kv < 0.2 * whole.parts.kv
    assert windowed.parts.compute < whole.parts.compute


def test_of_a_mixture_only_the_chosen_experts_are_read() -> None:
    header = read_header(qwen3_30b_a3b().header())
    dimensions = dimensions_of_header(header)
    # Sold as 30.5B with 3.3B active, the table of words among them, of which one row is read.
    assert dimensions.parameters == pytest.approx(30.5e9, rel=0.01)
    assert dimensions.active_parameters == pytest.approx(3.3e9 - 151_936 * 2048, rel=0.03)
    assert dimensions.active_bytes == pytest.approx(header.weights_bytes / 10, rel=0.05)


def test_a_model_without_an_output_layer_reads_its_table_of_words() -> None:
    header = read_header(gemma3_4b().header())
    assert dimensions_of_header(header).active_bytes == header.weights_bytes
