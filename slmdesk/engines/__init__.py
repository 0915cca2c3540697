"""Run a model: one protocol, several engines, each in a process of its own.

`EnginePool` is what others use: it keeps a model loaded in an `EngineProcess` and loads it again after a
crash. An engine itself (`engine.Engine`) lives only inside such a process.
"""

from slmdesk.engines.alone import Alone
from slmdesk.engines.calls import ProcessLimits
from slmdesk.engines.deaths import Cause, Death, last_words
from slmdesk.engines.device_titles import PROCESSOR
from slmdesk.engines.effort import EffortMeter, processor_seconds
from slmdesk.engines.engine import Engine
from slmdesk.engines.engine_choice import choose_engine
from slmdesk.engines.gguf_problems import gguf_problem, other_parts, read_whole_header
from slmdesk.engines.installed import installed_version
from slmdesk.engines.lease import Lease, Loaded
from slmdesk.engines.limits import context_length_for, most_threads, usual_context_length
from slmdesk.engines.onnx_problems import onnx_problem
from slmdesk.engines.placement import (
    ANY_GPU,
    AUTO,
    CPU_ONLY,
    ModelNeeds,
    Placement,
    Preference,
    Wisher,
    resolve,
    resolve_without_engine,
)
from slmdesk.engines.placing_devices import Usable, named_devices
from slmdesk.engines.pool import EnginePool
from slmdesk.engines.probe import EngineFacts, probe_engine
from slmdesk.engines.process import EngineProcess
from slmdesk.engines.protocol import (
    ALL_LAYERS,
    USUAL_CONTEXT_LENGTH,
    Build,
    Capabilities,
    ChatMessage,
    Device,
    End,
    EndReason,
    Event,
    FlashAttention,
    GenerateRequest,
    KvType,
    LoadOptions,
    LoadProgress,
    LoadReport,
    PromptProgress,
    Reasoning,
    Reserved,
    Role,
    Sampling,
    SimulatedLoad,
    Stats,
    Text,
    Thinking,
)
from slmdesk.engines.registry import (
    ENGINES,
    LLAMA_CPP,
    EngineEntry,
    ModelFormat,
    engine_for,
    engine_names,
    engine_of_format,
)
from slmdesk.engines.survey import EngineSurvey

__all__ = [
    "ALL_LAYERS",
    "ANY_GPU",
    "AUTO",
    "CPU_ONLY",
    "ENGINES",
    "LLAMA_CPP",
    "PROCESSOR",
    "USUAL_CONTEXT_LENGTH",
    "Alone",
    "Build",
    "Capabilities",
    "Cause",
    "ChatMessage",
    "Death",
    "Device",
    "EffortMeter",
    "End",
    "EndReason",
    "Engine",
    "EngineEntry",
    "EngineFacts",
    "EnginePool",
    "EngineProcess",
    "EngineSurvey",
    "Event",
    "FlashAttention",
    "GenerateRequest",
    "KvType",
    "Lease",
    "LoadOptions",
    "LoadProgress",
    "LoadReport",
    "Loaded",
    "ModelFormat",
    "ModelNeeds",
    "Placement",
    "Preference",
    "ProcessLimits",
    "PromptProgress",
    "Reasoning",
    "Reserved",
    "Role",
    "Sampling",
    "SimulatedLoad",
    "Stats",
    "Text",
    "Thinking",
    "Usable",
    "Wisher",
    "choose_engine",
    "context_length_for",
    "engine_for",
    "engine_names",
    "engine_of_format",
    "gguf_problem",
    "installed_version",
    "last_words",
    "most_threads",
    "named_devices",
    "onnx_problem",
    "other_parts",
    "probe_engine",
    "processor_seconds",
    "read_whole_header",
    "resolve",
    "resolve_without_engine",
    "usual_context_length",
]
