"""What is asked about a model before it is loaded, and the answer. Sizes in bytes, lengths in tokens."""

from __future__ import annotations

from enum import Enum
from typing import Literal, TypeAlias

from msgspec import Struct

from slmdesk.engines import ALL_LAYERS, FlashAttention, KvType
from slmdesk.messages import Message

Source: TypeAlias = Literal["simulated", "estimated"]
"""`simulated`: the engine laid every buffer out; `estimated`: by formulas."""


class CannotSimulate(Exception):  # noqa: N818 - it is no error that anybody sees
    """The engine cannot lay the model out: it does not know it, is missing, or died of it. The text says why,
    for the log; formulas answer then."""

    def __init__(self, reason: str, *, cannot_run: Message | None = None) -> None:
        """`cannot_run`: why it could not run the model either, for people; None: it may be able to."""
        super().__init__(reason)
        self.cannot_run = cannot_run


class Verdict(Enum):
    """Whether a model runs on this computer; the thresholds are in `fit.thresholds`."""

    FITS = "fits"
    SLOW = "slow"
    TIGHT = "tight"
    TOO_BIG = "too_big"
    UNKNOWN = "unknown"


Room: TypeAlias = Literal["spare", "enough", "little", "none"]
"""How much of the memory that is free now is left: plenty, enough, too little for other programs; `none`:
less is free than is needed."""


class FitQuestion(Struct, frozen=True, kw_only=True):
    """How the model would be loaded. Hashable, so that answers can be kept."""

    context_length: int = 4096
    kv_type: KvType = "f16"
    batch_size: int = 512
    flash_attention: FlashAttention = "auto"
    devices: tuple[str, ...] = ()
    """Names of the devices besides the processor, as `LoadOptions.devices`; empty: the processor alone."""
    gpu_layers: int = ALL_LAYERS
    threads: int | None = None


class LayerCache(Struct, frozen=True, kw_only=True):
    """What one layer keeps of a conversation."""

    key_values: int = 0
    """Numbers kept of each token's key, in the type of the KV cache."""
    value_values: int = 0
    """The same of its value; 0 where one compressed vector serves for both."""
    window: int = 0
    """Tokens that are looked back at; 0: all."""
    state_bytes: int = 0
    """Of a recurrent state, whatever the context length."""


class Dimensions(Struct, frozen=True, kw_only=True):
    """What the formulas need of a model. None: not known, which widens nothing silently but gives no answer
    where it is needed."""

    architecture: str = ""
    layers: int | None = None
    heads: int | None = None
    kv_heads: int | None = None
    head_dim: int | None = None
    hidden_size: int | None = None
    vocab_size: int | None = None
    sliding_window: int | None = None
    experts: int | None = None
    active_experts: int | None = None
    parameters: int | None = None
    active_parameters: int | None = None
    """Weights read for each token; None: all of them."""
    trained_context_length: int | None = None
    feed_forward_size: int | None = None
    """Of the layers that have no experts."""
    expert_size: int | None = None
    """The same of one expert."""
    recurrent_size: int | None = None
    """Inner size of recurrent layers."""
    tied_output: bool | None = None
    """Whether the output layer is the table of words."""
    caches: tuple[LayerCache, ...] = ()
    """One for each layer, from a header; empty: they follow from the fields above."""
    active_bytes: int | None = None
    """Bytes of weights read for each token, from a header; None: the share that the active weights have."""


class Parts(Struct, frozen=True, kw_only=True):
    """Reserved bytes by what they are for."""

    weights: int = 0
    kv: int = 0
    """KV cache, and the state of recurrent layers."""
    compute: int = 0
    output: int = 0
    runtime: int = 0
    """The engine's process itself: Python, libraries, drivers."""

    @property
    def total(self) -> int:
        return self.weights + self.kv + self.compute + self.output + self.runtime


class DeviceNeed(Struct, frozen=True, kw_only=True):
    """What is reserved on one device."""

    name: str
    """`CPU` for the computer's own memory, otherwise the engine's name of the device."""
    parts: Parts
    free: int | None
    """None: not known."""
    total: int | None = None


class MemoryNeed(Struct, frozen=True, kw_only=True):
    """The memory a model takes, loaded as asked."""

    parts: Parts
    """Over all devices."""
    resident: int
    """Most of the computer's own memory that the engine's process really uses, its context filled."""
    devices: tuple[DeviceNeed, ...]
    context_length: int
    kv_type: KvType
    gpu_layers: int
    """Layers placed on devices besides the processor."""
    source: Source


class SpeedRange(Struct, frozen=True, kw_only=True):
    """Rate of token generation in tokens per second, at an empty context unless said otherwise."""

    low: float
    expected: float
    high: float
    measured: bool
    """Whether this model was run here with these settings; otherwise predicted."""


class FitReport(Struct, frozen=True, kw_only=True):
    """The answer."""

    verdict: Verdict
    reason: Message
    """One sentence: the limiting resource with its figures."""
    change: Message | None
    """What would change the verdict for the better; None: nothing needs to."""
    memory: MemoryNeed | None
    """None: not known (then the verdict is `unknown`)."""
    speed: SpeedRange | None
    speed_when_full: SpeedRange | None
    """The same with the context filled."""
    first_token_s: float | None
    """Time to first token after a prompt of 130 tokens (about a hundred words), in seconds."""
    speed_note: Message | None = None
    """Why the speeds are not known, or may be more, in one sentence; None: there is nothing to say."""
    room: Room | None = None
    """What is left of the memory that is free now, where it fits or is tight; None: neither, or not known."""
