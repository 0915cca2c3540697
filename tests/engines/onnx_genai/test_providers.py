"""Which device a model is to run on, and what is told where that cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from slmdesk.engines.onnx_genai.build import nvidia_devices
from slmdesk.engines.onnx_genai.providers import (
    CPU,
    PROVIDERS,
    Choice,
    backends_of,
    choose,
    require_used,
)
from slmdesk.messages import ErrorKind, UserError, error_sentences

EVERYTHING = backends_of([provider.runtime_name for provider in PROVIDERS])


def refused(*devices: str, backends: tuple[str, ...] = (CPU,), present: tuple[str, ...] = ()) -> UserError:
    with pytest.raises(UserError) as caught:
        choose(devices, backends, present)
    assert caught.value.kind is ErrorKind.MODEL
    return caught.value


@pytest.mark.parametrize("devices", [(), ("CPU",)])
def test_no_device_means_the_processor(devices: tuple[str, ...]) -> None:
    assert choose(devices, EVERYTHING, ("CUDA0",)) == Choice(CPU)


@pytest.mark.parametrize(
    ("device", "provider", "option", "index"),
    [
        ("CUDA1", "cuda", "device_id", "1"),
        ("NvTensorRtRtx0", "NvTensorRtRtx", "device_id", "0"),
        ("DirectML0", "dml", "device_index", "0"),
        ("OpenVINO-GPU.1", "OpenVINO", "device_type", "GPU.1"),
        ("QNN0", "QNN", "", ""),
        ("WebGPU0", "webgpu", "", ""),
    ],
)
def test_a_device_by_its_name(device: str, provider: str, option: str, index: str) -> None:
    choice = choose((device,), EVERYTHING, (device,))
    assert choice.provider is not None
    assert (choice.provider.name, choice.provider.option, choice.index) == (provider, option, index)


def test_a_package_without_it_is_named_with_the_one_to_install() -> None:
    error = refused("CUDA0")
    assert error.key == "onnx-provider-missing"
    assert "onnxruntime-genai-cuda" in error_sentences(error).do


def test_a_device_that_is_not_there() -> None:
    error = refused("CUDA1", backends=EVERYTHING, present=("CUDA0",))
    assert error.key == "onnx-device-unknown"
    assert "CPU, CUDA0" in error_sentences(error).why
    assert refused("Abacus").key == "onnx-device-unknown"


def test_several_devices_at_once() -> None:
    assert refused("CUDA0", "CUDA1", backends=EVERYTHING, present=("CUDA0", "CUDA1")).key == "onnx-one-device"


def test_another_device_than_was_asked_for_is_told() -> None:
    cuda = choose(("CUDA0",), EVERYTHING, ("CUDA0",))
    require_used(cuda, "CUDA")
    require_used(Choice(CPU), "CPU")
    for choice, used in ((cuda, "CPU"), (Choice(CPU), "CUDA")):
        with pytest.raises(UserError) as caught:
            require_used(choice, used)
        assert caught.value.key == "onnx-device-not-used"


class _Driver:
    """NVIDIA's driver with two devices, the second of which is broken."""

    def __init__(self, *, status: int = 0) -> None:
        self._status = status

    def cuInit(self, flags: int) -> int:
        return self._status

    def cuDeviceGetCount(self, count: Any) -> int:
        count._obj.value = 2
        return 0

    def cuDeviceGet(self, device: Any, index: int) -> int:
        return index

    def cuDeviceGetName(self, name: Any, size: int, device: Any) -> int:
        name.value = b"NVIDIA Something"
        return 0

    def cuDeviceTotalMem_v2(self, total: Any, device: Any) -> int:
        total._obj.value = 8 * 2**30
        return 0


def test_the_devices_of_nvidias_driver() -> None:
    assert nvidia_devices(_Driver()) == [("NVIDIA Something", 8 * 2**30)]
    assert nvidia_devices(_Driver(status=100)) == []
