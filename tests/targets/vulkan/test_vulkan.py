"""llama.cpp on a GPU, for real: Vulkan on Mesa's software device. `.ci/vulkan` builds it and runs this."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from slmdesk.chat import LoadPlanner, LoadWishes
from slmdesk.engines import (
    ALL_LAYERS,
    ANY_GPU,
    AUTO,
    LLAMA_CPP,
    EngineFacts,
    EnginePool,
    EngineSurvey,
    LoadOptions,
    Preference,
    probe_engine,
    resolve,
)
from slmdesk.hardware import describe_computer
from slmdesk.library import InstalledModel
from slmdesk.messages import UserError, error_sentences, say
from tests.targets.vulkan.conftest import Load, Process, Tell

pytestmark = [
    pytest.mark.target,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        os.environ.get("SLMDESK_TARGET") != "vulkan", reason="SLMDESK_TARGET is not vulkan: run .ci/vulkan"
    ),
]

DEVICE = "Vulkan0"
# A driver that was loaded by Vulkan's loader, which every Vulkan build has in memory.
DRIVER = re.compile(r"libvulkan_\w+\.so")
CPU_ONLY = LoadOptions(threads=1)
MIB = 2**20


def options(layers: int, **others: object) -> LoadOptions:
    return LoadOptions(threads=1, devices=(DEVICE,), gpu_layers=layers, **others)  # type: ignore[arg-type]


def drivers(process: Process) -> set[str]:
    return {name for name in process.mapped() if DRIVER.match(name)}


def mebibytes_on_device(process: Process, what: str) -> float:
    return sum(map(float, re.findall(rf"{DEVICE} +{what} buffer size = +([0-9.]+) MiB", process.log())))


@pytest.fixture(scope="session")
def facts() -> EngineFacts:
    return probe_engine(LLAMA_CPP)


def test_the_build_and_its_device(facts: EngineFacts) -> None:
    assert facts.problem is None
    assert {"Vulkan", "CPU"} <= set(facts.backends)
    assert facts.capabilities.gpu_offload
    [device] = [one for one in facts.devices if one.kind != "cpu"]
    assert (device.name, device.backend, device.kind) == (DEVICE, "Vulkan", "gpu")
    assert "llvmpipe" in device.description
    assert 0 < device.free_memory <= device.total_memory


@pytest.mark.parametrize(
    ("layers", "placed", "weights", "kv"), [(0, 0, 0, 0), (15, 15, 58, 42), (ALL_LAYERS, 31, 92, 90)]
)
def test_layers_are_where_they_were_asked_to_be(
    load: Load, tell: Tell, layers: int, placed: int, weights: int, kv: int
) -> None:
    process = load(options(layers))
    report = process.report
    assert (report.gpu_layers, report.layers) == (placed, 31)
    assert report.used_devices == ((DEVICE,) if placed else ())
    assert report.device == ("llvmpipe" if placed else "CPU")
    found = [mebibytes_on_device(process, what) for what in ("model", "KV")]
    assert found == pytest.approx([weights, kv], abs=1)
    text, stats = process.answer()
    reserved = mebibytes_on_device(process, "compute")
    tell(
        f"{layers} layers: {report.load_seconds:.1f} s to load, {stats.tokens_per_second:.1f} tok/s, "
        f"{found[0]:.0f} + {found[1]:.0f} + {reserved:.0f} MiB of weights, KV cache and buffers on the device"
    )
    assert "Paris" in text


def test_the_same_text_wherever_the_layers_are(load: Load) -> None:
    texts = {load(one).answer()[0] for one in (CPU_ONLY, options(15), options(ALL_LAYERS))}
    assert len(texts) == 1


@pytest.mark.parametrize("chosen", [CPU_ONLY, options(0)])
def test_the_processor_alone_touches_no_device(load: Load, chosen: LoadOptions) -> None:
    process = load(chosen)
    process.answer()
    assert drivers(process) == set()
    assert "Vulkan" not in process.log().replace("GGML_DISABLE_VULKAN", "")
    with_device = load(options(1))
    assert drivers(with_device), "and one would be seen"
    assert DEVICE in with_device.log()


def test_layers_on_two_devices(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same one twice: llama.cpp does not mind."""
    monkeypatch.setenv("GGML_VK_VISIBLE_DEVICES", "0,0")
    chosen = LoadOptions(threads=1, devices=("Vulkan1", "Vulkan0"), tensor_split=(3, 1), context_length=512)
    process = load(chosen)
    assert process.report.used_devices == ("Vulkan1", "Vulkan0")
    assert process.report.device == "2 × llvmpipe"
    assert process.report.gpu_layers == 31
    assert "Paris" in process.answer()[0]


def test_a_wrong_device_index_is_noticed(
    load: Load, monkeypatch: pytest.MonkeyPatch, facts: EngineFacts
) -> None:
    """llama.cpp itself says "Invalid device index", uses the processor, and ends with success."""
    monkeypatch.setenv("GGML_VK_VISIBLE_DEVICES", "7")
    seen = probe_engine(LLAMA_CPP)
    assert seen.problem is None
    assert [device.kind for device in seen.devices] == ["cpu"]
    assert "Vulkan" in seen.backends, "what it was built for is known all the same"
    placement = resolve(seen, describe_computer(), Preference(device=DEVICE, wisher="person"))
    assert placement.devices == ()
    assert placement.warning is not None
    assert placement.warning.key == "gpu-gone-none"
    any_gpu = resolve(seen, describe_computer(), Preference(device=ANY_GPU, wisher="person"))
    assert any_gpu.warning is not None
    with pytest.raises(UserError) as caught:
        load(options(ALL_LAYERS))
    assert caught.value.key == "device-unknown-none"


def test_another_name_is_an_error(load: Load) -> None:
    with pytest.raises(UserError) as caught:
        load(LoadOptions(threads=1, devices=("Vulkan3",)))
    assert caught.value.key == "device-unknown"
    assert caught.value.facts["devices"] == DEVICE


@pytest.mark.parametrize(
    ("limit", "chosen"),
    [
        ("10000000", options(ALL_LAYERS)),
        ("100000000", options(ALL_LAYERS, context_length=8192, kv_type="f32")),
    ],
    ids=["weights", "KV cache"],
)
def test_memory_of_the_device_that_does_not_suffice(
    load: Load, tell: Tell, monkeypatch: pytest.MonkeyPatch, limit: str, chosen: LoadOptions
) -> None:
    """A limit on one buffer stands for a card that is full: the device's own limit is not enforced."""
    monkeypatch.setenv("GGML_VK_FORCE_MAX_BUFFER_SIZE", limit)
    with pytest.raises(UserError) as caught:
        load(chosen)
    tell(error_sentences(caught.value).why)
    assert caught.value.key.startswith("device-memory-too-small")
    assert caught.value.facts["device"] == "llvmpipe"


def test_software_is_used_only_where_it_is_named(facts: EngineFacts) -> None:
    computer = describe_computer()
    itself = resolve(facts, computer, Preference(device=AUTO))
    assert (itself.devices, itself.reason.key) == ((), "placed-cpu-software")
    named = resolve(facts, computer, Preference(device=DEVICE, wisher="person"))
    assert named.devices == (DEVICE,)
    assert say(named.reason) == "Runs on llvmpipe (Vulkan): it was chosen in the settings."


def test_a_planned_load_runs_where_it_was_planned(starter: InstalledModel, tmp_path: Path) -> None:
    survey = EngineSurvey()
    wishes = LoadWishes(preference=Preference(device=DEVICE, wisher="model"), threads=1, context_length=512)
    plan = LoadPlanner(survey, describe_computer, lambda model: wishes).plan(starter)
    assert plan.options.devices == (DEVICE,)
    assert plan.options.gpu_layers == ALL_LAYERS
    pool = EnginePool(tmp_path)
    try:
        with pool.use(str(starter.path), plan.options) as lease:
            assert lease is not None
            assert lease.report.used_devices == (DEVICE,)
            assert lease.report.gpu_layers == 31
    finally:
        pool.close()
