"""What every engine understands and answers: the requests, options and events, as frozen plain data.

The same structs cross the pipe to the engine process, so each holds only plain data and decodes strictly.
Lengths are in tokens, sizes in bytes, times in seconds, rates in tokens per second.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

Role: TypeAlias = Literal["system", "user", "assistant"]
KvType: TypeAlias = Literal["f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0"]
FlashAttention: TypeAlias = Literal["auto", "on", "off"]
EndReason: TypeAlias = Literal["stop", "length", "context_full", "cancelled", "error"]
Thinking: TypeAlias = Literal["no", "always", "optional"]

ALL_LAYERS = -1
"""`LoadOptions.gpu_layers` for every layer the model has."""


USUAL_CONTEXT_LENGTH = 4096
"""Tokens the KV cache holds where nothing else is said and the model was trained for as many."""


class LoadOptions(Struct, frozen=True, kw_only=True):
    """How to load a model. Checked against the model before any native code sees them."""

    context_length: int | None = None
    """Tokens the KV cache holds; None: 4096, or what the model was trained for where that is less."""
    threads: int | None = None
    """Threads that decode; None: chosen for this computer."""
    batch_size: int = 512
    """Most prompt tokens per decode call. A stop is noticed between and inside calls."""
    devices: tuple[str, ...] = ()
    """Names of the devices to use besides the processor, as `Build.devices` has them, the main one first.
    Empty: the processor alone; no other device is touched."""
    gpu_layers: int = ALL_LAYERS
    """Layers placed on `devices`; `ALL_LAYERS`: every layer. Without effect where there are no devices; 0
    touches none of them."""
    tensor_split: tuple[float, ...] = ()
    """Shares of the layers, one for each of `devices`; empty: by their free memory."""
    kv_type: KvType = "f16"
    """Number format of the KV cache, keys and values alike."""
    flash_attention: FlashAttention = "auto"
    check_tensors: bool = False
    """Look for NaN and impossible values in the weights while loading; slower."""


class Sampling(Struct, frozen=True, kw_only=True):
    """How the next token is drawn. The defaults are llama.cpp's own."""

    temperature: float = 0.8
    """0 always takes the most probable token."""
    top_k: int = 40
    """Keep the k most probable tokens; 0 keeps all."""
    top_p: float = 0.95
    min_p: float = 0.05
    repeat_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    penalty_window: int = 64
    """How many of the last tokens the penalties look at; 0: none, -1: the whole context."""
    seed: int | None = None
    """0 to 2**32 - 2 makes the draw repeatable; None draws a fresh seed, reported in `Stats.seed`."""


class ChatMessage(Struct, frozen=True):
    """One message as the model is shown it."""

    role: Role
    content: str


class GenerateRequest(Struct, frozen=True, kw_only=True):
    """Answer a conversation whose last message is the person's, or go on with an answer that was cut off."""

    messages: tuple[ChatMessage, ...]
    sampling: Sampling = Sampling()
    stop: tuple[str, ...] = ()
    """Strings that end the answer and are not part of it. Reasoning may contain them."""
    max_tokens: int | None = None
    """Most tokens to generate, reasoning among them; None: as many as the context has room for."""
    answer_so_far: str = ""
    """The beginning of the answer, which is continued as if it had just been generated. What is in the KV
    cache of it is reused. It is no part of the events, and its tokens count as prompt tokens in them."""
    reasoning_so_far: str = ""
    """The same of the reasoning before it, for models whose `LoadReport.thinking` is not `no`."""
    thinking: bool | None = None
    """Whether to think before answering, where `LoadReport.thinking` is `optional`; None: as the model's
    chat template has it by itself. Without effect elsewhere."""


class Capabilities(Struct, frozen=True, kw_only=True):
    """What an engine can do, so that a panel never asks for an engine's name."""

    gpu_offload: bool = False
    kv_types: tuple[KvType, ...] = ("f16",)
    """Values of `LoadOptions.kv_type` that it takes."""
    samplers: tuple[str, ...] = Sampling.__struct_fields__
    """Fields of `Sampling` that take effect."""
    load_options: tuple[str, ...] = LoadOptions.__struct_fields__
    """Fields of `LoadOptions` that take effect."""
    quiet_load: bool = False
    """Native code holds Python's lock while it loads: until then the process answers nothing, cannot stop,
    and shows signs of life only by the processor time and the reading that the system counts for it."""


class LoadProgress(Struct, frozen=True, tag="load_progress"):
    """How far loading is, 0 to 1."""

    fraction: float


class Reserved(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Bytes that a loaded model reserves on one device, by what they are for."""

    device: str
    """`CPU` for the computer's own memory, otherwise the engine's name of the device."""
    weights: int = 0
    kv: int = 0
    """KV cache, and the state of recurrent layers."""
    compute: int = 0
    output: int = 0

    @property
    def total(self) -> int:
        return self.weights + self.kv + self.compute + self.output


class SimulatedLoad(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What loading a model would take, found without loading it."""

    reserved: tuple[Reserved, ...]
    """By device, the processor first."""
    runtime_bytes: int
    """What of the engine's process is in the computer's memory with the model's vocabulary and plan, but
    without its weights, caches and buffers."""
    context_length: int
    gpu_layers: int
    """Layers on devices other than the processor, the output layer among them."""
    layers: int
    """Layers that can be placed, the output layer among them."""


class LoadReport(Struct, frozen=True, kw_only=True, tag="load_report"):
    """What was loaded, and how."""

    engine: str
    """The engine's own name, for people."""
    engine_version: str = ""
    model_name: str
    architecture: str
    parameters: int
    """Number of weights."""
    quantization: str
    context_length: int
    """Tokens the KV cache holds now."""
    trained_context_length: int
    """Tokens the model was trained to handle; 0 where the file does not say."""
    threads: int
    device: str
    """Where the layers are, for example `CPU`."""
    gpu_layers: int
    """Layers really placed on devices other than the processor."""
    layers: int = 0
    """Layers that can be placed, the output layer among them; 0 where the engine does not place layers."""
    used_devices: tuple[str, ...] = ()
    """Names of the devices besides the processor that really hold layers."""
    weights_bytes: int
    kv_bytes: int
    reserved: tuple[Reserved, ...] = ()
    """Every buffer of the model, as the engine counts them; nothing where it does not."""
    load_seconds: float
    has_chat_template: bool
    """False: the file brings no chat template and a plain one is used."""
    thinking: Thinking = "no"
    """Whether the model writes reasoning before its answers: `no`, `always` (as far as its chat template
    has a say), or `optional`, as `GenerateRequest.thinking` asks."""
    capabilities: Capabilities = Capabilities()
    """What can be asked of the model as it is loaded."""


class PromptProgress(Struct, frozen=True, kw_only=True, tag="prompt_progress"):
    """Prompt processing: `processed` of `total` tokens are in the KV cache, `reused` of them from before."""

    processed: int
    total: int
    reused: int


class Text(Struct, frozen=True, tag="text"):
    """The next piece of the answer: whole characters, never empty."""

    text: str


class Reasoning(Struct, frozen=True, tag="reasoning"):
    """The next piece of what the model thinks before its answer, without the marks around it. Never empty."""

    text: str


class Stats(Struct, frozen=True, kw_only=True, tag="stats"):
    """What one answer took. Sent once, before `End`; rates are 0 where nothing was measured."""

    prompt_tokens: int
    reused_tokens: int
    """Of the prompt tokens, those that were in the KV cache already."""
    prompt_tokens_per_second: float
    """Prompt processing, over the tokens really evaluated."""
    time_to_first_token_s: float
    generated_tokens: int
    """Tokens of the answer and of the reasoning before it."""
    tokens_per_second: float
    """Token generation, from the first token to the last."""
    seed: int
    context_tokens: int
    """Tokens in the KV cache afterwards."""


class End(Struct, frozen=True, kw_only=True, tag="end"):
    """The last event of an answer."""

    reason: EndReason
    needed_tokens: int = 0
    """With `context_full`: the prompt's tokens, or the position at which the answer had to end."""
    context_length: int = 0


Event: TypeAlias = PromptProgress | Reasoning | Text | Stats | End
"""What `generate` yields, always ending with `Stats` and `End`."""


class Device(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something that layers of a model can be placed on. Sizes are 0 where they are not known."""

    name: str
    """The engine's own, for example `CPU` or `Vulkan0`."""
    description: str
    kind: str
    """`cpu`, `gpu`, `integrated gpu`, `accelerator` or `other`."""
    backend: str = ""
    """What drives it, as people know it: `CPU`, `CUDA`, `Vulkan`, `Metal`, `DirectML`, ..."""
    free_memory: int
    total_memory: int
    largest_buffer: int = 0
    """The most that one tensor may take."""


class Build(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The native library behind an engine."""

    version: str
    """For people: the library's version and that of the Python package that brings it."""
    library: str
    """Path of the library file or folder."""
    devices: tuple[Device, ...]
    """What layers can be placed on here and now."""
    package: str = ""
    """The Python package that brings it, for example `onnxruntime-genai-cuda`."""
    backends: tuple[str, ...] = ()
    """What it was built for, whether or not this computer has such a device: `CPU`, `CUDA`, `Vulkan`, ..."""
