"""Which engine loads a model, where somebody may have asked for one by name."""

from __future__ import annotations

from pathlib import Path

from slmdesk.engines.registry import ENGINES, engine_for, engine_names
from slmdesk.messages import ErrorKind, UserError


def choose_engine(path: str, engine: str | None) -> str:
    """Name of the engine that loads the model at `path`: `engine`, or where that is None, the one for it.

    Raises UserError `engine-unknown` (kind USAGE), and `engine-does-not-take` (kind MODEL) where another
    engine takes this model and the one asked for does not. What none takes goes to the one asked for, which
    says what is wrong with it.
    """
    if engine is None:
        return engine_for(path)
    if engine not in ENGINES:
        raise UserError("engine-unknown", ErrorKind.USAGE, name=engine, engines=", ".join(engine_names()))
    asked, other = ENGINES[engine], ENGINES[engine_for(path)]
    if not asked.accepts(path) and other.accepts(path):
        raise UserError(
            "engine-does-not-take",
            ErrorKind.MODEL,
            name=Path(path).name,
            engine=asked.title,
            other=other.title,
        )
    return engine
