"""Whether a model runs on this computer, and how fast, before anything is downloaded or loaded."""

from slmdesk.fit.check import FitCheck
from slmdesk.fit.dimensions import dimensions_of_header
from slmdesk.fit.estimate_onnx import dimensions_of_config
from slmdesk.fit.folders import HeaderSet, SparseFolder
from slmdesk.fit.headers import SparseHeader
from slmdesk.fit.kept_answers import KeptAnswers
from slmdesk.fit.ladder import Step
from slmdesk.fit.largest import LayersThatFit, largest_context, layers_that_fit, most_gpu_layers
from slmdesk.fit.machine import DeviceFacts, Machine
from slmdesk.fit.memory import MemorySimulator, simulate_memory
from slmdesk.fit.speed import SpeedModel
from slmdesk.fit.speeds import PredictsSpeed, SpeedQuestion, Speeds, about_seconds
from slmdesk.fit.subject import Subject
from slmdesk.fit.thresholds import THRESHOLDS, Thresholds
from slmdesk.fit.types import (
    CannotSimulate,
    DeviceNeed,
    Dimensions,
    FitQuestion,
    FitReport,
    LayerCache,
    MemoryNeed,
    Parts,
    Room,
    Source,
    SpeedRange,
    Verdict,
)
from slmdesk.fit.verdict import explained, file_refused, headline, rank, verdict_word

__all__ = [
    "THRESHOLDS",
    "CannotSimulate",
    "DeviceFacts",
    "DeviceNeed",
    "Dimensions",
    "FitCheck",
    "FitQuestion",
    "FitReport",
    "HeaderSet",
    "KeptAnswers",
    "LayerCache",
    "LayersThatFit",
    "Machine",
    "MemoryNeed",
    "MemorySimulator",
    "Parts",
    "PredictsSpeed",
    "Room",
    "Source",
    "SparseFolder",
    "SparseHeader",
    "SpeedModel",
    "SpeedQuestion",
    "SpeedRange",
    "Speeds",
    "Step",
    "Subject",
    "Thresholds",
    "Verdict",
    "about_seconds",
    "dimensions_of_config",
    "dimensions_of_header",
    "explained",
    "file_refused",
    "headline",
    "largest_context",
    "layers_that_fit",
    "most_gpu_layers",
    "rank",
    "simulate_memory",
    "verdict_word",
]
