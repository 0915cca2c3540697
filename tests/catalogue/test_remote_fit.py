"""Whether a model on the Hub would run here, from nothing but its header."""

from __future__ import annotations

from pathlib import Path

import pytest

from slmdesk.catalogue import HubCatalogue
from slmdesk.fit import FitQuestion, MemorySimulator
from tests.fit.small_models import write_small_model
from tests.hub import LoopbackHub

REPO = "maker/Model-GGUF"
# What may be fetched for nothing, of each file: a piece (net.ranged) behind the reader's window.
MOST_AHEAD_BYTES = 2 * 1024 * 1024 + 256 * 1024
QUESTIONS = [FitQuestion(context_length=4096), FitQuestion(context_length=1024, kv_type="q8_0")]


def check(hub: LoopbackHub, catalogue: HubCatalogue, files: list[Path]) -> None:
    """The answer from the Hub is the one that the file itself gives, and of the file only the header came."""
    hub.add_model(REPO, {file.name: file for file in files})
    (variant,) = catalogue.find(REPO).variants
    headers = catalogue.header(variant)
    fetched = hub.sent_bytes("/resolve") + hub.sent_bytes(host="localhost")
    assert fetched <= sum(len(one.data) + MOST_AHEAD_BYTES for one in headers)
    assert fetched < sum(file.stat().st_size for file in files) / 10
    asked = len(hub.requests)
    with MemorySimulator() as simulator:
        for question in QUESTIONS:
            far = simulator.memory(headers, question)
            assert far.source == "simulated"
            near = simulator.memory(files[0], question)
            assert (far.parts, far.resident) == (near.parts, near.resident)
    assert len(hub.requests) == asked


def test_the_starter(hub: LoopbackHub, catalogue: HubCatalogue, starter_file: Path) -> None:
    check(hub, catalogue, [starter_file])


@pytest.mark.slow
def test_a_split_set(hub: LoopbackHub, catalogue: HubCatalogue, tmp_path: Path) -> None:
    first = write_small_model("mixture of experts", tmp_path, parts=2)
    check(hub, catalogue, sorted(first.parent.glob("*.gguf")))
