"""The formulas beside llama.cpp's own simulation, for headers of real sizes and every kind of layer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from slmdesk.fit import FitQuestion, MemoryNeed
from slmdesk.fit.facts import facts_of_path
from slmdesk.fit.memory import MemorySimulator
from tests.fit.header_models import HEADER_MODELS

QUESTIONS = (
    FitQuestion(context_length=512),
    FitQuestion(context_length=4096, kv_type="q8_0"),
    FitQuestion(context_length=131072),
)


@pytest.fixture(scope="module")
def simulator() -> Iterator[MemorySimulator]:
    with MemorySimulator() as simulator:
        yield simulator


def both(path: Path, question: FitQuestion, simulator: MemorySimulator) -> tuple[MemoryNeed, MemoryNeed]:
    estimated = facts_of_path(path).estimate(question)
    assert estimated is not None
    return estimated, simulator.memory(path, question)


# Those that repeat a kind of layer run with the slow tests.
ALIKE = ("granite_h_1b", "lfm2_1b", "llama_8b", "mamba_1_4b")


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name in ALIKE else ()) for name in sorted(HEADER_MODELS)],
)
def test_formulas_are_near_the_simulation(name: str, simulator: MemorySimulator, tmp_path: Path) -> None:
    path = HEADER_MODELS[name]().write(tmp_path / f"{name}.gguf")
    for question in QUESTIONS:
        estimated, simulated = both(path, question, simulator)
        assert simulated.source == "simulated"
        # The engine tells its sizes in hundredths of a MiB.
        assert estimated.parts.kv == pytest.approx(simulated.parts.kv, abs=20_000), question
        assert estimated.parts.output == pytest.approx(simulated.parts.output, abs=10_000)
        assert estimated.parts.weights == simulated.parts.weights
        assert estimated.parts.compute == pytest.approx(simulated.parts.compute, rel=0.08), question
