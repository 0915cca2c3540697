"""What to offer where the memory did not suffice, in which order, and with which sizes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from slmdesk.engines import ALL_LAYERS
from slmdesk.fit import DeviceFacts, DeviceNeed, FitQuestion, Machine, MemoryNeed, Parts, Speeds
from slmdesk.fit.changes import Alternative, Change
from slmdesk.fit.ladder import can_be_loaded, changes_below, fewer_layers, ladder, smaller_contexts
from slmdesk.messages import say

GIB = 2**30
LAPTOP = Machine(total_memory=16 * GIB, available_memory=10 * GIB)
GPU = DeviceFacts(name="CUDA0", title="RTX 4060", free_memory=6 * GIB, total_memory=8 * GIB)
WORKSTATION = replace(LAPTOP, devices=(GPU,))


def need(resident: float, on_device: float = 0, layers: int = 0) -> MemoryNeed:
    devices = [DeviceNeed(name="CPU", parts=Parts(weights=int(resident * GIB)), free=None)]
    if on_device:
        devices.append(DeviceNeed(name="CUDA0", parts=Parts(weights=int(on_device * GIB)), free=None))
    return MemoryNeed(
        parts=Parts(weights=int((resident + on_device) * GIB)),
        resident=int(resident * GIB),
        devices=tuple(devices),
        context_length=8192,
        kv_type="f16",
        gpu_layers=layers,
        source="simulated",
    )


def layered(question: FitQuestion) -> MemoryNeed:
    """A quarter of a GiB for each layer on the device, of 32."""
    layers = 33 if question.gpu_layers == ALL_LAYERS else question.gpu_layers
    layers = layers if question.devices else 0
    return need(1 + (33 - layers) / 4, layers / 4, layers)


def way(change: Change, memory: MemoryNeed, key: str = "", **asked: object) -> Alternative:
    question = FitQuestion(**{"context_length": 8192, **asked})  # type: ignore[arg-type]
    return Alternative(
        change=change, question=question, memory=memory, speeds=Speeds(), key=key, label=key.upper()
    )


def test_usual_contexts_below() -> None:
    assert smaller_contexts(10_000) == [8192, 4096, 2048, 1024]
    assert smaller_contexts(8192) == [4096, 2048, 1024]
    assert smaller_contexts(1024) == []


def test_what_costs_least_comes_first() -> None:
    question = FitQuestion(context_length=16384, devices=("CUDA0",))
    found = list(changes_below(question, 33, ("f16", "q8_0", "q4_0"), layered, WORKSTATION))
    assert [change for change, _ in found] == [
        "context", "context", "gpu_layers", "variant", "kv_type", "kv_type", "context", "context",
        "processor",
    ]  # fmt: skip
    contexts = [asked.context_length for change, asked in found if change == "context"]
    assert contexts == [8192, 4096, 2048, 1024]
    assert [asked.kv_type for change, asked in found if change == "kv_type"] == ["q8_0", "q4_0"]
    assert found[-1][1].devices == ()


def test_only_types_that_the_engine_takes_and_that_are_smaller() -> None:
    question = FitQuestion(context_length=1024, kv_type="q8_0")
    found = list(changes_below(question, 0, ("f16", "q8_0", "q4_0"), layered, LAPTOP))
    assert [asked.kv_type for change, asked in found if change == "kv_type"] == ["q4_0"]
    assert [change for change, _ in changes_below(question, 0, ("f16",), layered, LAPTOP)] == ["variant"]


@pytest.mark.parametrize(("free", "layers"), [(8.5, 32), (4.5, 16), (1, 2), (0.75, 1)])
def test_as_many_layers_as_fit(free: float, layers: int) -> None:
    asked: list[int] = []

    def memory_of(question: FitQuestion) -> MemoryNeed:
        asked.append(question.gpu_layers)
        return layered(question)

    # Half a GiB of it is for its driver.
    device = replace(GPU, free_memory=int(free * GIB), total_memory=16 * GIB)
    # Of the computer's memory there is hardly any: whether it suffices is another question.
    machine = replace(WORKSTATION, available_memory=1, devices=(device,))
    found = fewer_layers(FitQuestion(devices=("CUDA0",)), 33, memory_of, machine)
    assert found is not None
    assert found.gpu_layers == layers
    # Each question may take a tenth of a second.
    assert len(asked) <= 6


def test_no_number_of_layers_fits() -> None:
    question = FitQuestion(devices=("CUDA0",))
    full = replace(WORKSTATION, devices=(replace(GPU, free_memory=0),))
    assert fewer_layers(question, 33, layered, full) is None
    assert fewer_layers(question, 33, lambda _: None, WORKSTATION) is None


def test_steps_with_their_sizes() -> None:
    steps = ladder(
        need(12),
        [
            way("context", need(11), context_length=4096),
            way("context", need(9), context_length=2048),
            way("variant", need(11.5), "q6_k"),
            way("variant", need(7), "q4_k_m"),
            way("kv_type", need(8), kv_type="q8_0"),
        ],
        LAPTOP,
    )
    assert [say(step.message) for step in steps] == [
        "A context of 2,048 tokens: needs 9\N{NO-BREAK SPACE}GiB",
        "The smaller file Q4_K_M: needs 7\N{NO-BREAK SPACE}GiB",
        "A KV cache of type q8_0: needs 8\N{NO-BREAK SPACE}GiB",
    ]
    assert steps[1].variant == "q4_k_m"
    assert steps[0].question.context_length == 2048


def test_steps_from_a_device() -> None:
    steps = ladder(
        need(1, 8, 33),
        [
            way("gpu_layers", need(4, 5, 20), devices=("CUDA0",), gpu_layers=20),
            way("processor", need(9)),
        ],
        WORKSTATION,
    )
    assert [say(step.message) for step in steps] == [
        "20 layers on RTX 4060: needs 5\N{NO-BREAK SPACE}GiB there",
        "On the processor alone: needs 9\N{NO-BREAK SPACE}GiB",
    ]


def test_what_takes_as_much_as_what_failed_is_not_offered() -> None:
    # It was predicted to fit, and it did not.
    assert ladder(need(8), [way("context", need(8), context_length=4096)], LAPTOP) == ()


def test_nothing_fits() -> None:
    assert ladder(need(40), [way("context", need(30)), way("variant", need(20), "q2_k")], LAPTOP) == ()


def test_shared_memory_is_needed_once_for_both() -> None:
    shared = replace(WORKSTATION, devices=(replace(GPU, shared=True),))
    assert can_be_loaded(need(6, 5), WORKSTATION)
    assert not can_be_loaded(need(6, 5), shared)
    assert not can_be_loaded(need(1, 7), WORKSTATION)
    assert not can_be_loaded(need(1, 5), LAPTOP)
