"""What engines report of themselves, by build and by the computer they are on.

`llama_cpu()` is as recorded from llama-cpp-python 0.3.36 without options. The others are composed: their
names begin with `composed_`, and their devices are what such a build lists where the computer's drivers work.
The devices of llama.cpp carry free memory; those of ONNX Runtime do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from slmdesk.engines import Capabilities, Device, EngineFacts
from slmdesk.hardware import Computer, Gpu

Build: TypeAlias = Callable[[Computer], EngineFacts]

_ONNX = Capabilities(load_options=("context_length", "threads", "devices"))


def device(name: str, backend: str, free: int, *, description: str = "", kind: str = "gpu") -> Device:
    """A device with all of its memory free."""
    return Device(
        name=name,
        description=description or name,
        kind=kind,
        backend=backend,
        free_memory=free,
        total_memory=free,
    )


def _cpu(computer: Computer) -> Device:
    return device("CPU", "CPU", computer.total_memory_bytes, description=computer.cpu_name, kind="cpu")


def _llama(computer: Computer, backends: Iterable[str], devices: Iterable[Device]) -> EngineFacts:
    return EngineFacts(
        "llama.cpp",
        "llama.cpp",
        "0.5.0-dev (llama-cpp-python 0.3.36)",
        devices=(*devices, _cpu(computer)),
        package="llama-cpp-python",
        backends=(*backends, "CPU"),
        capabilities=Capabilities(gpu_offload=bool(tuple(backends))),
    )


def _onnx(
    computer: Computer, package: str, backends: Iterable[str], devices: Iterable[Device]
) -> EngineFacts:
    return EngineFacts(
        "onnx",
        "ONNX Runtime GenAI",
        f"0.18.0 ({package})",
        devices=(_cpu(computer), *devices),
        package=package,
        backends=("CPU", *backends),
        capabilities=_ONNX,
    )


def _numbered(prefix: str, backend: str, gpus: Iterable[Gpu], *, asked: bool = True) -> list[Device]:
    """One device for each; `asked`: with its memory, as an engine that has spoken to it has it."""
    return [
        Device(
            name=f"{prefix}{index}",
            description=gpu.name,
            kind="integrated gpu" if gpu.integrated and asked else "gpu",
            backend=backend,
            free_memory=(gpu.free_memory_bytes or gpu.total_memory_bytes) if asked else 0,
            total_memory=gpu.total_memory_bytes if asked else 0,
        )
        for index, gpu in enumerate(gpus)
    ]


def _of(computer: Computer, *vendors: str) -> list[Gpu]:
    return [gpu for gpu in computer.gpus if gpu.vendor in vendors and gpu.total_memory_bytes]


def _with_cuda(computer: Computer) -> list[Gpu]:
    return [gpu for gpu in _of(computer, "nvidia") if gpu.cuda and int(gpu.cuda.split(".")[0]) >= 12]


def llama_cpu(computer: Computer) -> EngineFacts:
    """llama-cpp-python as pip builds it by itself."""
    return _llama(computer, (), ())


def composed_llama_cuda(computer: Computer) -> EngineFacts:
    """Built with CUDA: lists what the driver runs CUDA 12 on."""
    return _llama(computer, ("CUDA",), _numbered("CUDA", "CUDA", _with_cuda(computer)))


def composed_llama_vulkan(computer: Computer) -> EngineFacts:
    """Built with Vulkan: lists every GPU of a working driver."""
    gpus = [gpu for gpu in computer.gpus if gpu.total_memory_bytes and gpu.driver]
    return _llama(computer, ("Vulkan",), _numbered("Vulkan", "Vulkan", gpus))


def composed_llama_metal(computer: Computer) -> EngineFacts:
    """As pip builds it on macOS."""
    found = [
        device("MTL0", "Metal", gpu.total_memory_bytes * 2 // 3, description=gpu.name)
        for gpu in _of(computer, "apple", "amd")[:1]
    ]
    return _llama(computer, ("Metal", "BLAS"), found)


def composed_onnx_cpu(computer: Computer) -> EngineFacts:
    """The plain package."""
    return _onnx(computer, "onnxruntime-genai", (), ())


def composed_onnx_cuda(computer: Computer) -> EngineFacts:
    """onnxruntime-genai-cuda: asks the driver for devices, not for what it runs."""
    return _onnx(
        computer,
        "onnxruntime-genai-cuda",
        ("CUDA",),
        [
            Device(
                name=f"CUDA{index}",
                description=gpu.name,
                kind="gpu",
                backend="CUDA",
                free_memory=0,
                total_memory=gpu.total_memory_bytes,
            )
            for index, gpu in enumerate(_of(computer, "nvidia"))
        ],
    )


def _directml(computer: Computer, package: str) -> EngineFacts:
    # Windows always offers an adapter, if only the one that imitates a GPU.
    adapters = _numbered("DirectML", "DirectML", computer.gpus, asked=False)
    return _onnx(computer, package, ("DirectML",), adapters or [device("DirectML0", "DirectML", 0)])


def composed_onnx_directml(computer: Computer) -> EngineFacts:
    """onnxruntime-genai-directml."""
    return _directml(computer, "onnxruntime-genai-directml")


def composed_onnx_winml(computer: Computer) -> EngineFacts:
    """onnxruntime-genai-winml, its successor."""
    return _directml(computer, "onnxruntime-genai-winml")


BUILDS: Mapping[str, Build] = {
    "llama cpu": llama_cpu,
    "llama cuda": composed_llama_cuda,
    "llama vulkan": composed_llama_vulkan,
    "llama metal": composed_llama_metal,
    "onnx": composed_onnx_cpu,
    "onnx cuda": composed_onnx_cuda,
    "onnx directml": composed_onnx_directml,
    "onnx winml": composed_onnx_winml,
}
