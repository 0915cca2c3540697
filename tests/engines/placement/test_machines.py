"""Every recorded computer with the builds that there are for it: where models run, and what is said of it.

The table is docs/devices.md in cases. The model has 5 GB of weights, 1 GB of KV cache and 32 layers, as one
of 8 B weights in four bits has.
"""

from __future__ import annotations

import itertools
import shlex
import sys
from dataclasses import replace

import pytest

from slmdesk.engines import (
    ALL_LAYERS,
    ANY_GPU,
    AUTO,
    CPU_ONLY,
    ModelNeeds,
    Placement,
    Preference,
    resolve,
    resolve_without_engine,
)
from slmdesk.engines.placement import Wisher
from slmdesk.messages import Message, error_sentences, one_line, say
from tests.engines.placement.builds import BUILDS, device
from tests.hardware.recorded import machines

NEEDS = ModelNeeds(weights_bytes=5 * 10**9, kv_bytes=10**9, layers=32)
MACHINES = machines()


def place(machine: str, build: str, wish: str = AUTO, *, wisher: Wisher = "default") -> Placement:
    computer = MACHINES[machine]
    preference = Preference(device=wish, wisher=wisher)
    return resolve(BUILDS[build](computer), computer, preference, NEEDS)


# Machine, build, device wished: devices used, key of the reason, key of the warning.
TABLE = """
windows-nvidia          | llama cuda    | auto    | CUDA0     | placed-gpu-whole         |
windows-nvidia          | llama vulkan  | auto    | Vulkan0   | placed-gpu-whole         |
windows-nvidia          | llama cpu     | auto    |           | placed-cpu-build         | gpu-build-without
windows-nvidia          | llama cpu     | gpu     |           | placed-cpu-build         | gpu-build-without
windows-nvidia          | llama cuda    | cpu     |           | placed-cpu-chosen        |
windows-nvidia          | llama cuda    | CUDA1   |           | placed-cpu-device-missing| gpu-gone
windows-nvidia          | llama cpu     | CUDA0   |           | placed-cpu-device-missing| gpu-gone-none
windows-nvidia          | onnx          | auto    |           | placed-cpu-build         | gpu-build-without
windows-nvidia          | onnx cuda     | auto    | CUDA0     | placed-gpu-whole         |
windows-nvidia          | onnx winml    | auto    | DirectML0 | placed-gpu-whole         |
windows-nvidia-without-smi | llama cuda | auto    |           | placed-cpu-not-seen      | gpu-not-seen
windows-nvidia-without-smi | llama vulkan | auto  | Vulkan0   | placed-gpu-whole         |
windows-hybrid-laptop   | llama vulkan  | auto    | Vulkan0   | placed-gpu-part          |
windows-hybrid-laptop   | onnx winml    | auto    |           | placed-cpu-memory       | gpu-memory-too-small
windows-hybrid-laptop   | llama vulkan  | Vulkan1 | Vulkan1   | placed-gpu-chosen        |
windows-no-driver       | llama vulkan  | auto    |           | placed-cpu-driver        | gpu-driver-silent
windows-amd             | llama vulkan  | auto    | Vulkan0   | placed-gpu-whole         |
windows-amd             | llama cuda    | auto    |           | placed-cpu-build         | gpu-build-without
windows-amd             | llama cpu     | auto    |           | placed-cpu-build         | gpu-build-without
windows-amd             | onnx          | auto    |           | placed-cpu-build         | gpu-build-without
windows-amd             | onnx directml | auto    | DirectML0 | placed-gpu-whole         |
windows-amd             | onnx winml    | auto    | DirectML0 | placed-gpu-whole         |
windows-amd-apu         | llama vulkan  | auto    |           | placed-cpu-integrated    |
windows-amd-apu         | onnx winml    | gpu     | DirectML0 | placed-gpu-chosen        |
windows-intel           | llama cpu     | auto    |           | placed-cpu-integrated    |
windows-intel           | llama vulkan  | auto    |           | placed-cpu-integrated    |
windows-intel           | llama vulkan  | gpu     | Vulkan0   | placed-gpu-chosen        |
windows-intel           | llama cpu     | gpu     |           | placed-cpu-build         | gpu-build-without
windows-intel           | onnx winml    | auto    |           | placed-cpu-integrated    |
windows-intel           | onnx winml    | DirectML0 | DirectML0 | placed-gpu-chosen      |
windows-intel-arc       | llama vulkan  | auto    | Vulkan0   | placed-gpu-whole         |
windows-arm             | llama cpu     | auto    |           | placed-cpu-integrated    |
windows-arm             | onnx winml    | auto    |           | placed-cpu-integrated    |
windows-arm             | onnx          | gpu     |           | placed-cpu-build         | gpu-build-without
mac-m-series            | llama metal   | auto    | MTL0      | placed-gpu-whole         |
mac-m-series            | llama metal   | cpu     |           | placed-cpu-chosen        |
mac-m-series            | llama cpu     | auto    |           | placed-cpu-build         | gpu-build-without
mac-m-series            | onnx          | auto    |           | placed-cpu-no-path       | gpu-no-path
mac-m-series            | onnx          | gpu     |           | placed-cpu-no-path       | gpu-no-path
mac-intel               | llama metal   | auto    | MTL0      | placed-gpu-part          |
linux-nvidia            | llama cuda    | auto    | CUDA0     | placed-gpu-whole         |
linux-nvidia            | llama cuda    | cuda    | CUDA0     | placed-gpu-chosen        |
linux-nvidia            | llama vulkan  | auto    | Vulkan0   | placed-gpu-whole         |
linux-nvidia            | llama cpu     | auto    |           | placed-cpu-build         | gpu-build-without
linux-nvidia            | onnx          | auto    |           | placed-cpu-build         | gpu-build-without
linux-nvidia            | onnx cuda     | auto    | CUDA0     | placed-gpu-whole         |
linux-two-nvidia        | llama cuda    | auto    | CUDA1     | placed-gpu-whole         |
linux-two-nvidia        | llama cuda    | CUDA0,CUDA1 | CUDA0,CUDA1 | placed-gpu-chosen  |
linux-two-nvidia        | llama cuda    | CUDA0,CUDA7 |       | placed-cpu-device-missing| gpu-gone
linux-two-nvidia        | llama cuda    | CUDA5,CUDA7 | | placed-cpu-device-missing-several | gpu-gone-several
linux-two-nvidia  | llama cpu | CUDA0,CUDA1 | | placed-cpu-device-missing-several | gpu-gone-none-several
linux-two-nvidia        | onnx cuda     | auto    |           | placed-cpu-driver        | gpu-driver-old
linux-nvidia-unified    | llama vulkan  | auto    | Vulkan0   | placed-gpu-whole         |
linux-nouveau           | llama cuda    | auto    |           | placed-cpu-driver        | gpu-driver-free
linux-amd               | llama vulkan  | auto    | Vulkan0   | placed-gpu-whole         |
linux-amd               | llama cuda    | auto    |           | placed-cpu-build         | gpu-build-without
linux-amd               | onnx          | auto    |           | placed-cpu-no-path       | gpu-no-path
linux-amd               | onnx cuda     | gpu     |           | placed-cpu-no-path       | gpu-no-path
linux-amd-apu           | llama vulkan  | auto    |           | placed-cpu-integrated    |
linux-amd-apu           | llama vulkan  | gpu     | Vulkan0   | placed-gpu-chosen        |
linux-intel-arc         | llama vulkan  | auto    | Vulkan0   | placed-gpu-whole         |
wsl-nvidia              | llama cuda    | auto    | CUDA0     | placed-gpu-whole         |
laptop-no-gpu           | llama cpu     | auto    |           | placed-cpu-integrated    |
laptop-no-gpu           | llama cpu     | cpu     |           | placed-cpu-chosen        |
server-no-gpu           | llama cuda    | auto    |           | placed-cpu-no-gpu        |
server-no-gpu           | llama cuda    | gpu     |           | placed-cpu-no-gpu        | gpu-none
server-no-gpu           | onnx cuda     | CUDA0   |           | placed-cpu-device-missing| gpu-gone-none
container               | llama cpu     | auto    |           | placed-cpu-no-gpu        |
container               | llama vulkan  | gpu     |           | placed-cpu-no-gpu        | gpu-none
nvidia-driver-too-old   | llama cuda    | auto    |           | placed-cpu-driver        | gpu-driver-old
nvidia-driver-too-old   | onnx cuda     | auto    |           | placed-cpu-driver        | gpu-driver-old
nvidia-driver-too-old   | onnx cuda     | gpu     |           | placed-cpu-driver        | gpu-driver-old
nvidia-driver-broken    | llama cuda    | auto    |           | placed-cpu-driver        | gpu-driver-mismatch
nvidia-driver-broken    | onnx cuda     | auto    |           | placed-cpu-driver        | gpu-driver-mismatch
nvidia-driver-silent    | llama cuda    | gpu     |           | placed-cpu-driver        | gpu-driver-silent
"""
ROWS = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip().splitlines()]


@pytest.mark.parametrize(
    ("machine", "build", "wish", "devices", "reason", "warning"), ROWS, ids=lambda cell: cell or "-"
)
def test_a_machine(machine: str, build: str, wish: str, devices: str, reason: str, warning: str) -> None:
    placement = place(machine, build, wish, wisher="default" if wish == AUTO else "person")
    found = (
        ",".join(placement.devices),
        placement.reason.key,
        placement.warning.key if placement.warning else "",
    )
    assert found == (devices, reason, warning)


def test_every_recorded_machine_is_in_the_table() -> None:
    assert {row[0] for row in ROWS} == set(MACHINES)


@pytest.mark.parametrize("machine", MACHINES)
def test_every_decision_can_be_said(machine: str) -> None:
    """A key or a fact that is missing raises."""
    wishes = (AUTO, ANY_GPU, CPU_ONLY, "CUDA0", "Vulkan0,Vulkan1", "x")
    for build, wish in itertools.product(BUILDS, wishes):
        placement = place(machine, build, wish)
        assert say(placement.reason).endswith(".")
        if placement.warning is not None:
            assert error_sentences(placement.warning).do


LAYERS_TABLE = """
server-no-gpu           | llama cpu     | gpu-none-for-layers
container               | llama vulkan  | gpu-none-for-layers
linux-nvidia            | llama cpu     | gpu-build-without
server-no-gpu           | onnx          |
"""


@pytest.mark.parametrize(
    ("machine", "build", "warning"),
    [[cell.strip() for cell in line.split("|")] for line in LAYERS_TABLE.strip().splitlines()],
)
@pytest.mark.parametrize("layers", [5, ALL_LAYERS])
def test_layers_are_never_silently_on_the_processor(
    machine: str, build: str, warning: str, layers: int
) -> None:
    """An engine that places no layers has nothing to do with them."""
    computer = MACHINES[machine]
    preference = Preference(gpu_layers=layers)
    early = resolve_without_engine(computer, preference)
    placement = early or resolve(BUILDS[build](computer), computer, preference, NEEDS)
    assert placement.devices == ()
    assert (placement.warning.key if placement.warning else "") == warning
    if placement.warning is not None:
        assert error_sentences(placement.warning).do


def test_layers_and_a_device_that_is_used_only_where_it_is_chosen() -> None:
    computer = MACHINES["server-no-gpu"]
    engine = BUILDS["llama cpu"](computer)
    for name, description, kind, key in (
        ("Vulkan0", "AMD Radeon 780M", "integrated gpu", "gpu-layers-integrated"),
        ("Vulkan0", "llvmpipe (LLVM 15)", "gpu", "gpu-only-software"),
    ):
        one = device(name, "Vulkan", 2**33, description=description, kind=kind)
        seeing = replace(engine, devices=(one, *engine.devices), backends=("Vulkan", "CPU"))
        assert resolve(seeing, computer, Preference(), NEEDS).warning is None
        warning = resolve(seeing, computer, Preference(gpu_layers=5), NEEDS).warning
        assert warning is not None
        assert warning.key == key
        assert error_sentences(warning).do


def test_several_devices_that_are_not_there() -> None:
    warning = place("linux-two-nvidia", "llama cuda", "CUDA5, CUDA7").warning
    assert warning is not None
    assert one_line(warning) == (
        "CUDA5, CUDA7 are not used: llama.cpp sees no such devices; it sees: CUDA0, CUDA1."
    )
    assert error_sentences(warning).do.startswith("Check that they are connected")


def test_in_words() -> None:
    assert say(place("windows-nvidia", "llama cuda").reason) == (
        "Runs on NVIDIA GeForce RTX 2080 SUPER (CUDA): the whole model fits into its memory."
    )
    warning = place("linux-nvidia", "onnx").warning
    assert warning is not None
    sentences = error_sentences(warning)
    assert sentences.what == "NVIDIA GeForce RTX 4080 SUPER is not used."
    assert sentences.why == "The installed ONNX Runtime GenAI was built without support for it."
    assert "-m pip install onnxruntime-genai-cuda==0.18.0" in sentences.do


@pytest.mark.parametrize(
    ("machine", "build", "command"),
    [
        ("linux-nvidia", "llama cpu", "CMAKE_ARGS=-DGGML_CUDA=on PYTHON -m pip install"),
        ("linux-amd", "llama cpu", "CMAKE_ARGS=-DGGML_VULKAN=on PYTHON -m pip install"),
        ("windows-amd", "llama cpu", "$env:CMAKE_ARGS='-DGGML_VULKAN=on'; & \"PYTHON\" -m pip install"),
        ("mac-m-series", "llama cpu", "CMAKE_ARGS=-DGGML_METAL=on PYTHON -m pip install"),
        ("windows-amd", "onnx", '; & "PYTHON" -m pip install onnxruntime-genai-winml==0.18.0'),
        ("windows-nvidia", "onnx", '& "PYTHON" -m pip uninstall -y onnxruntime-genai onnxruntime; '),
    ],
)
def test_the_right_build_is_named(
    machine: str, build: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "PYTHON")
    warning = place(machine, build).warning
    assert warning is not None
    assert command in str(warning.facts["command"])
    if "llama" in build:
        assert str(warning.facts["command"]).endswith(" llama-cpp-python==0.3.36")


@pytest.mark.parametrize(
    ("wish", "found"),
    [
        ("GPU1", ("GPU1",)),
        ("gpu10", ("GPU10",)),
        ("Card", ("Card0",)),
        ("card0,CARD", ("Card0",)),
        ("One0", ("One",)),
        ("GPU2", ()),
        ("Other", ()),
    ],
)
def test_names_are_read_kindly_and_never_as_another(wish: str, found: tuple[str, ...]) -> None:
    computer = MACHINES["server-no-gpu"]
    names = ("GPU10", "GPU1", "Card0", "One", "Other1")
    engine = replace(
        BUILDS["llama cpu"](computer),
        devices=tuple(device(name, "Vulkan", 2**35) for name in names),
    )
    assert resolve(engine, computer, Preference(device=wish), NEEDS).devices == found


def test_a_card_that_the_build_does_not_know() -> None:
    computer = MACHINES["linux-nvidia"]
    old = replace(computer, gpus=(replace(computer.gpus[0], compute_capability="6.1"),))
    placement = resolve(BUILDS["onnx cuda"](old), old, Preference(), NEEDS)
    assert placement.warning is not None
    assert placement.warning.key == "gpu-card-old"
    assert resolve(BUILDS["llama cuda"](old), old, Preference(), NEEDS).devices == ("CUDA0",)


@pytest.mark.parametrize(
    ("wisher", "cpu", "gpu"),
    [
        ("person", "placed-cpu-chosen", "placed-gpu-chosen"),
        ("model", "placed-cpu-chosen-for-model", "placed-gpu-chosen-for-model"),
        ("policy", "placed-cpu-policy", "placed-gpu-policy"),
    ],
)
def test_who_chose_is_said(wisher: Wisher, cpu: str, gpu: str) -> None:
    assert place("linux-nvidia", "llama cuda", CPU_ONLY, wisher=wisher).reason.key == cpu
    assert place("linux-nvidia", "llama cuda", "CUDA0", wisher=wisher).reason.key == gpu
    assert place("linux-nvidia", "llama cuda", ANY_GPU, wisher=wisher).reason.key == gpu


def test_layers_that_were_chosen_are_kept() -> None:
    computer = MACHINES["linux-nvidia"]
    engine = BUILDS["llama cuda"](computer)
    some = resolve(engine, computer, Preference(gpu_layers=7), NEEDS)
    assert (some.devices, some.gpu_layers, some.reason.key) == (("CUDA0",), 7, "placed-gpu-layers")
    none = resolve(engine, computer, Preference(gpu_layers=0), NEEDS)
    assert (none.devices, none.reason.key, none.warning) == ((), "placed-cpu-chosen", None)
    every = resolve(engine, computer, Preference(gpu_layers=ALL_LAYERS), NEEDS)
    assert every.gpu_layers == ALL_LAYERS


@pytest.mark.parametrize("build", ["llama cpu", "onnx"])
def test_a_command_can_be_pasted(build: str) -> None:
    """Each of its parts is a command that the shell splits as it is meant."""
    warning = place("linux-nvidia", build).warning
    assert warning is not None
    for part in str(warning.facts["command"]).split(" && "):
        words = shlex.split(part)
        assert words[words.index("-m") :][:2] == ["-m", "pip"]
        assert sys.executable in words
        assert not any(word.endswith(",") for word in words)


def test_nothing_is_installed_into_a_frozen_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.frozen", True, raising=False)
    warning = place("linux-nvidia", "llama cpu").warning
    assert warning is not None
    assert warning.key == "gpu-no-path"


def test_where_a_probe_did_not_answer_the_engine_is_asked() -> None:
    """Else a graphics processor that no probe told of would be lost without a word."""
    blind = replace(MACHINES["server-no-gpu"], notes=(Message("hardware-probe-late", {"probe": "sysfs"}),))
    assert resolve_without_engine(blind, Preference()) is None
    board = replace(MACHINES["server-no-gpu"], machine="aarch64")
    assert resolve_without_engine(board, Preference()) is None
    assert resolve_without_engine(blind, Preference(device=CPU_ONLY)) is not None


def test_without_an_engine_only_what_no_engine_changes_is_decided() -> None:
    decided = {
        (machine, device): placement.reason.key
        for machine in ("server-no-gpu", "container", "laptop-no-gpu", "linux-nvidia")
        for device in (AUTO, CPU_ONLY, ANY_GPU)
        if (placement := resolve_without_engine(MACHINES[machine], Preference(device=device))) is not None
    }
    assert decided == {
        ("server-no-gpu", AUTO): "placed-cpu-no-gpu",
        ("server-no-gpu", CPU_ONLY): "placed-cpu-chosen",
        ("container", AUTO): "placed-cpu-no-gpu",
        ("container", CPU_ONLY): "placed-cpu-chosen",
        ("laptop-no-gpu", CPU_ONLY): "placed-cpu-chosen",
        ("linux-nvidia", CPU_ONLY): "placed-cpu-chosen",
    }
