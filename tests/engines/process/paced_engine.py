"""The real ONNX engine, slowed down: a tiny model has said everything before anybody can strike."""

from __future__ import annotations

import time
from typing import Any

from slmdesk.engines.child import child_main

STEP_S = 0.03


def paced_entry(connection: Any, engine: str, log_path: str) -> None:
    """The entry of an engine process in which each step of a prompt and each token takes a while."""
    from slmdesk.engines.onnx_genai.model import LoadedModel

    evaluate = LoadedModel.evaluate

    def slowly(model: LoadedModel, tokens: list[int]) -> None:
        time.sleep(STEP_S)
        evaluate(model, tokens)

    LoadedModel.evaluate = slowly  # type: ignore[assignment,method-assign]
    child_main(connection, engine, log_path)
