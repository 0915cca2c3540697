"""Run a model: one protocol, several engines, each in a process of its own.

`EnginePool` is what others use: it keeps a model loaded in an `EngineProcess` and loads it again after a
crash. An engine itself (`engine.Engine`) lives only inside such a process.
"""

from slmdesk.engines.alone import Alone
from slmdesk.engines.calls import ProcessLimits
from slmdesk.engines.deaths import Cause, Death
from slmdesk.engines.engine import Engine
from slmdesk.engines.engine_choice import choose_engine
from slmdesk.engines.gguf_problems import gguf_problem
from slmdesk.engines.lease import Lease, Loaded
from slmdesk.engines.limits import most_threads
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
    Role,
    Sampling,
    Stats,
    Text,
    Thinking,
)
from slmdesk.engines.registry import ENGINES, LLAMA_CPP, EngineEntry, engine_for, engine_names
from slmdesk.engines.survey import EngineSurvey

__all__ = [
    "ALL_LAYERS",
    "ANY_GPU",
    "AUTO",
    "CPU_ONLY",
    "ENGINES",
    "LLAMA_CPP",
    "USUAL_CONTEXT_LENGTH",
    "Alone",
    "Build",
    "Capabilities",
    "Cause",
    "ChatMessage",
    "Death",
    "Device",
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
    "ModelNeeds",
    "Placement",
    "Preference",
    "ProcessLimits",
    "PromptProgress",
    "Reasoning",
    "Role",
    "Sampling",
    "Stats",
    "Text",
    "Thinking",
    "Wisher",
    "choose_engine",
    "engine_for",
    "engine_names",
    "gguf_problem",
    "most_threads",
    "onnx_problem",
    "probe_engine",
    "resolve",
    "resolve_without_engine",
]
