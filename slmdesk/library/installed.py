"""A model on this disk, as the list shows it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from slmdesk.messages import UserError

STARTER_ID = "starter"


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model on this disk. A broken one is listed too, with its `problem` and without the facts."""

    id: str
    """Unique in the list: `starter`, else the name of the file without its ending or of the folder, else that
    with the folder it lies in."""
    title: str
    """For people, without the quantization."""
    path: Path
    """The file, the first part of a split model, or the folder."""
    size_bytes: int
    """Of all its files."""
    architecture: str
    parameters: int
    """Number of weights; of a split model, those of the first part."""
    quantization: str
    trained_context_length: int
    """Tokens; 0 where the file does not say."""
    system_prompt: str
    """The instructions to use where the person gives none."""
    problem: UserError | None = None
    """Why it cannot be loaded."""
    engine: str = ""
    """Name of the engine that loads it, as the registry has it; "" where that was not asked."""
    engine_title: str = ""
    """That engine's name for people."""
    layers: int = 0
    """Layers with weights, without the output layer; 0 where it is not known."""
    kv_bytes_per_token: int = 0
    """What one token takes in the KV cache: of a file in f16, of a folder in the type its graph has."""
