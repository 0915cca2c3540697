"""Why an engine does not use a graphics processor that this computer has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slmdesk.engines.device_titles import plain_name
from slmdesk.engines.gpu_builds import ON_CUDA, command_for, cuda_needs, serving_backends, version_in
from slmdesk.messages import ErrorKind, Message, UserError

if TYPE_CHECKING:
    from slmdesk.engines.probe import EngineFacts
    from slmdesk.hardware import Computer, Gpu

# What the probes noted about a driver, and the warning that tells how to mend it.
_OF_NVIDIA: Mapping[str, str] = {
    "nvidia-driver-mismatch": "gpu-driver-mismatch",
    "nvidia-driver-silent": "gpu-driver-silent",
    "nvidia-free-driver": "gpu-driver-free",
    "nvidia-smi-missing": "gpu-hidden",
    "nvidia-no-device": "gpu-driver-broken",
    "nvidia-smi-failed": "gpu-driver-broken",
}
_OF_ANY: Mapping[str, str] = {
    "gpu-without-driver": "gpu-driver-silent",
    "gpu-switched-off": "gpu-off",
    "gpu-stopped": "gpu-driver-broken",
    "gpu-refused": "gpu-refused",
}
_HIDING: Mapping[str, str] = {
    "CUDA": "CUDA_VISIBLE_DEVICES",
    "ROCm": "HIP_VISIBLE_DEVICES",
    "SYCL": "ONEAPI_DEVICE_SELECTOR",
    "Vulkan": "GGML_VK_VISIBLE_DEVICES",
}


@dataclass(frozen=True, slots=True)
class Cause:
    """Why not: the sentence for where the model runs instead, and the warning."""

    reason: Message
    warning: UserError


def why_not(engine: EngineFacts, computer: Computer, gpu: Gpu) -> Cause:
    """Why `engine` offers no device for `gpu`. The first of these that holds:

    1. the build has no backend for it: install the one that has, or there is none on this system;
    2. the probes found its driver missing, broken or switched off;
    3. NVIDIA: the driver was not found, or it or the card is too old for this build for CUDA;
    4. the engine does not see it, and nothing tells why.
    """
    title = plain_name(gpu.name) or gpu.vendor
    serving = serving_backends(engine.backends, gpu.vendor)
    if not serving:
        command = command_for(engine.package, engine.version, computer, gpu.vendor)
        if not command:
            return _cause("placed-cpu-no-path", "gpu-no-path", title, engine=engine.title)
        return _cause("placed-cpu-build", "gpu-build-without", title, engine=engine.title, command=command)
    noted = _noted(computer, gpu)
    if noted:
        return _cause("placed-cpu-driver", noted, title)
    if set(serving) <= set(ON_CUDA):
        needs = cuda_needs(engine.package)
        if not gpu.driver and not gpu.cuda:
            return _cause("placed-cpu-driver", "gpu-driver-silent", title)
        if gpu.compute_capability and version_in(gpu.compute_capability) < needs.capability:
            return _cause(
                "placed-cpu-no-path", "gpu-card-old", title,
                engine=engine.title, capability=gpu.compute_capability, needed=_dotted(needs.capability),
            )  # fmt: skip
        if gpu.cuda and version_in(gpu.cuda) < needs.version:
            return _cause(
                "placed-cpu-driver", "gpu-driver-old", title,
                driver=gpu.driver, cuda=gpu.cuda, needed=_dotted(needs.version), engine=engine.title,
            )  # fmt: skip
    backend = serving[0]
    variable = _HIDING.get(backend, "CUDA_VISIBLE_DEVICES")
    return _cause(
        "placed-cpu-not-seen", "gpu-not-seen", title,
        engine=engine.title, backend=backend, variable=variable,
    )  # fmt: skip


def _noted(computer: Computer, gpu: Gpu) -> str:
    """The warning for what the probes noted about the driver of `gpu`, or ""."""
    for note in computer.notes:
        if gpu.vendor == "nvidia" and note.key in _OF_NVIDIA and not (gpu.driver and gpu.cuda):
            return _OF_NVIDIA[note.key]
        if note.key in _OF_ANY and note.facts.get("name") == gpu.name:
            return _OF_ANY[note.key]
    return ""


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _cause(reason: str, warning: str, device: str, **facts: str) -> Cause:
    return Cause(
        Message(reason, {"device": device, **facts}),
        UserError(warning, ErrorKind.MODEL, device=device, **facts),
    )
