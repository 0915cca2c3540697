"""What ONNX Runtime runs a model with other than the processor: its execution providers, by device name.

Pure: no native code. The order of `PROVIDERS` is that in which devices are listed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from slmdesk.messages import ErrorKind, UserError

CPU = "CPU"


@dataclass(frozen=True, slots=True)
class Provider:
    """One execution provider."""

    backend: str
    """As people know it."""
    name: str
    """In `og.Config`."""
    runtime_name: str
    """In `onnxruntime.get_available_providers()`."""
    device_types: frozenset[str]
    """What `og.Model.device_type` says, in small letters, when it is really used."""
    package: str
    """The Python package to install for it."""
    option: str = ""
    """The option that chooses the device; empty: there is only one."""
    prefix: str = ""
    """What the names of its devices begin with, before what is given to `option`; empty: as `backend`."""
    hardware: str = ""
    """Which of the devices of a provider with several kinds is meant, where no option says so."""

    @property
    def device_prefix(self) -> str:
        """See `prefix`."""
        return self.prefix or self.backend


PROVIDERS = (
    Provider(
        "CUDA", "cuda", "CUDAExecutionProvider", frozenset({"cuda"}), "onnxruntime-genai-cuda", "device_id"
    ),
    Provider(
        "TensorRT RTX", "NvTensorRtRtx", "NvTensorRTRTXExecutionProvider", frozenset({"nvtensorrtrtx"}),
        "onnxruntime-genai-winml", "device_id", "NvTensorRtRtx",
    ),
    Provider(
        "DirectML", "dml", "DmlExecutionProvider", frozenset({"directml"}), "onnxruntime-genai-winml",
        "device_index",
    ),
    Provider(
        "OpenVINO", "OpenVINO", "OpenVINOExecutionProvider", frozenset({"openvino"}),
        "onnxruntime-openvino", "device_type", "OpenVINO-",
    ),
    # Without memory that it shares with the processor, QNN's tensors are the processor's, and VitisAI's are.
    Provider(
        "QNN", "QNN", "QNNExecutionProvider", frozenset({"qnnwithsharedmemory", "cpu"}),
        "onnxruntime-genai-winml", hardware="npu",
    ),
    Provider(
        "VitisAI", "VitisAI", "VitisAIExecutionProvider", frozenset({"cpu"}), "onnxruntime-genai-winml",
        hardware="npu",
    ),
    Provider(
        "WebGPU", "webgpu", "WebGpuExecutionProvider", frozenset({"webgpu"}), "onnxruntime-webgpu"
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choice:
    """The device that a model is to run on."""

    device: str
    """Its name; `CPU` without a provider."""
    provider: Provider | None = None
    index: str = ""
    """For the provider's `option`."""


def backends_of(runtime_names: Collection[str]) -> tuple[str, ...]:
    """What a library with these providers can use, as people know it."""
    return (CPU, *(p.backend for p in PROVIDERS if p.runtime_name in runtime_names))


def choose(devices: Sequence[str], backends: Collection[str], present: Sequence[str]) -> Choice:
    """The device to use for `LoadOptions.devices`; none means the processor.

    `backends`: what the installed library can use; `present`: names of the devices that are there. Raises
    UserError (kind MODEL): a device that was asked for is used, or it is told why not.
    """
    others = [device for device in devices if device != CPU]
    if not others:
        return Choice(CPU)
    if len(others) > 1:
        raise UserError("onnx-one-device", ErrorKind.MODEL, devices=", ".join(others))
    [device] = others
    provider = next((p for p in PROVIDERS if device.startswith(p.device_prefix)), None)
    if provider is None or (provider.backend in backends and device not in present):
        raise UserError(
            "onnx-device-unknown", ErrorKind.MODEL, device=device, present=", ".join((CPU, *present))
        )
    if provider.backend not in backends:
        raise UserError(
            "onnx-provider-missing", ErrorKind.MODEL,
            device=device, backend=provider.backend, package=provider.package,
        )  # fmt: skip
    index = device.removeprefix(provider.device_prefix) if provider.option else ""
    return Choice(device, provider, index)


def require_used(choice: Choice, device_type: str) -> None:
    """Raise UserError (kind MODEL) where the loaded model says that it runs somewhere else."""
    expected = choice.provider.device_types if choice.provider is not None else frozenset({"cpu"})
    if device_type.lower() not in expected:
        raise UserError("onnx-device-not-used", ErrorKind.MODEL, device=choice.device, used=device_type)
