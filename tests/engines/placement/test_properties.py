"""What holds for every engine, computer, wish and model there could be."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from slmdesk.engines import (
    ALL_LAYERS,
    ANY_GPU,
    AUTO,
    CPU_ONLY,
    Capabilities,
    Device,
    EngineFacts,
    ModelNeeds,
    Preference,
    resolve,
    resolve_without_engine,
)
from slmdesk.engines.placement import Wisher
from slmdesk.hardware import Computer, Gpu
from slmdesk.hardware.gpu import GpuVendor
from slmdesk.messages import ErrorKind, Message, UserError, error_sentences, say
from tests.hardware.recorded import machines

SIZES = st.one_of(st.just(0), st.integers(0, 2**45))
BACKENDS = ["CUDA", "Vulkan", "Metal", "ROCm", "SYCL", "DirectML", "WebGPU", "OpenVINO", "Something"]
NAMES = st.one_of(
    st.sampled_from(["CUDA0", "CUDA1", "Vulkan0", "MTL0", "llvmpipe", ""]), st.text(max_size=12)
)
VENDORS: list[GpuVendor] = ["nvidia", "amd", "intel", "apple", "qualcomm", "other"]
MACHINES = list(machines().values())
WISHERS: list[Wisher] = ["default", "person", "model", "policy"]

gpus = st.builds(
    Gpu,
    vendor=st.sampled_from(VENDORS),
    name=NAMES,
    integrated=st.booleans(),
    total_memory_bytes=SIZES,
    free_memory_bytes=st.none() | SIZES,
    driver=st.sampled_from(["", "470.57", "550.1"]),
    cuda=st.sampled_from(["", "11.4", "12.0", "13.1", "x.y", "9"]),
)
notes = st.builds(
    Message,
    st.sampled_from(["nvidia-driver-silent", "nvidia-smi-missing", "gpu-stopped", "hardware-probe-late"]),
    st.fixed_dictionaries({"name": NAMES}),
)
devices = st.builds(
    Device,
    name=NAMES,
    description=NAMES,
    kind=st.sampled_from(["cpu", "gpu", "integrated gpu", "accelerator", "other"]),
    backend=st.sampled_from(["CPU", *BACKENDS]),
    free_memory=SIZES,
    total_memory=SIZES,
)
engines = st.builds(
    EngineFacts,
    st.just("one"),
    st.just("One"),
    devices=st.lists(devices, max_size=4).map(tuple),
    package=st.sampled_from(["llama-cpp-python", "onnxruntime-genai", "onnxruntime-genai-winml", "other"]),
    backends=st.lists(st.sampled_from(BACKENDS), max_size=3).map(tuple),
    capabilities=st.sampled_from([Capabilities(), Capabilities(load_options=())]),
    problem=st.none()
    | st.just(UserError("engine-could-not-start", ErrorKind.MODEL, engine="One", reason="x")),
)
preferences = st.builds(
    Preference,
    device=st.sampled_from([AUTO, CPU_ONLY, ANY_GPU, "CUDA0,CUDA1", "CPU", ",", "cpu,CUDA0"]) | NAMES,
    gpu_layers=st.none() | st.integers(-1, 200),
    tensor_split=st.lists(st.floats(0, 10), max_size=3).map(tuple),
    wisher=st.sampled_from(WISHERS),
)
needs = st.none() | st.builds(ModelNeeds, weights_bytes=SIZES, kv_bytes=SIZES, layers=st.integers(0, 200))


@st.composite
def computers(draw: st.DrawFn) -> Computer:
    base = draw(st.sampled_from(MACHINES))
    return replace(
        base,
        family=draw(st.sampled_from(["linux", "macos", "windows", "other"])),
        gpus=tuple(draw(st.lists(gpus, max_size=3))),
        notes=tuple(draw(st.lists(notes, max_size=2))),
    )


@given(engines, computers(), preferences, needs)
def test_every_decision(
    engine: EngineFacts, computer: Computer, preference: Preference, model: ModelNeeds | None
) -> None:
    placement = resolve(engine, computer, preference, model)
    assert say(placement.reason)
    if placement.warning is not None:
        assert error_sentences(placement.warning).why
        assert not placement.devices, "a warning is about a device that is not used"
    there = {device.name for device in engine.devices if device.name != "CPU"}
    assert set(placement.devices) <= there
    assert len(placement.tensor_split) in (0, len(placement.devices))
    assert placement.gpu_layers == ALL_LAYERS or placement.gpu_layers >= 0
    assert (placement.gpu_layers == 0) == (not placement.devices)
    assert placement.title
    names = [name.strip().lower() for name in preference.device.split(",") if name.strip()]
    for_processor = preference.gpu_layers == 0 or set(names) == {CPU_ONLY}
    if for_processor:
        assert not placement.devices
        assert placement.warning is None
    elif preference.device != AUTO:
        assert placement.devices or placement.warning is not None, "never silently on the processor"
    elif preference.gpu_layers is not None and "gpu_layers" in engine.capabilities.load_options:
        assert placement.devices or placement.warning is not None, "nor are layers that were chosen"


@given(engines, computers(), preferences, needs)
def test_what_is_decided_without_an_engine_uses_no_device(
    engine: EngineFacts, computer: Computer, preference: Preference, model: ModelNeeds | None
) -> None:
    early = resolve_without_engine(computer, preference)
    if early is None:
        return
    assert (early.devices, early.warning) == ((), None)
    if preference.device != AUTO or preference.gpu_layers == 0:
        assert early == resolve(engine, computer, preference, model)
