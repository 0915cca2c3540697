"""What the person chose for one model, in place of what holds for all of them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal, TypeAlias

from slmdesk.storage.device_names import check_devices
from slmdesk.storage.setting_fields import check_fields, setting

KvPrecision: TypeAlias = Literal["f16", "q8_0"]

LONGEST_NAME = 256
MOST_GPU_LAYERS = 1024
MOST_THREADS = 1024
LONGEST_CONTEXT_LENGTH = 2**20
"""Tokens. No model that runs on a computer at home was trained for more."""


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """None: as for all models. Otherwise each is as in `Settings`, which see.

    Raises ValueError for a value outside the type or range of its field.
    """

    device: str | None = setting(None, "setting-device", least=1, most=LONGEST_NAME, check=check_devices)
    gpu_layers: int | None = setting(None, "setting-gpu-layers", least=-1, most=MOST_GPU_LAYERS)
    threads: int | None = setting(None, "setting-threads", least=0, most=MOST_THREADS)
    context_length: int | None = setting(None, "setting-context-length", least=0, most=LONGEST_CONTEXT_LENGTH)
    kv_type: KvPrecision | None = setting(None, "setting-kv-type")

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def is_empty(self) -> bool:
        """Whether everything is as for all models."""
        return self == ModelSettings()

    def as_plain(self) -> dict[str, object]:
        """For a file: only what differs."""
        values = dataclasses.asdict(self)
        return {name: value for name, value in values.items() if value is not None}
