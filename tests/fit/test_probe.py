"""The probe against the real engine: its models are what their headers say, and are really run."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import asdict

from slmdesk.engines import EngineProcess, LoadOptions, engine_of_format
from slmdesk.fit.probe import ProbeStep, measure, probe_steps
from slmdesk.fit.probe_models import ProbeModel
from slmdesk.fit.solving import solve
from slmdesk.fit.work import speed_key
from slmdesk.messages import UserError
from tests.fit.speed_samples import work_of

SMALL = ProbeModel(type="Q8_0", layers=1, width=256, forward_width=256, heads=4, kv_heads=2)
STATE = ProbeModel(type="F32", layers=2, width=256, forward_width=512, heads=8, state_length=16)


def test_small_models_are_timed_where_they_are_asked_to_be() -> None:
    steps = [
        ProbeStep(role="type", model=SMALL, read=64, rounds=2),
        ProbeStep(role="attending", model=SMALL, kv_type="q8_0", depth=100, rounds=2),
        ProbeStep(role="state", model=STATE),
        ProbeStep(role="decay", model=replace(STATE, own_decays=True)),
    ]
    found = measure(LoadOptions(threads=1), steps=steps)
    assert found is not None
    assert found.version
    assert [sample.role for sample in found.samples] == ["type", "attending", "state", "decay"]
    plain, deep, state, decay = found.samples
    assert decay.work.decays > 0
    assert (plain.read_tokens, deep.read_tokens) == (64, 0)
    assert plain.read_s > 0
    assert (deep.kv_type, deep.depth) == ("q8_0", 105)
    assert state.work.state_bytes > 0
    assert all(0 < sample.token_s < 1 for sample in found.samples)
    costs = asdict(solve(found.samples, 1))
    assert set(costs["paces"]) == {"Q8_0", "F32"}


def test_what_cannot_run_is_left_out() -> None:
    """A head of no whole number of blocks cannot have a quantized cache."""
    odd = replace(SMALL, head_length=80)
    steps = [
        ProbeStep(role="type", model=SMALL, rounds=2),
        ProbeStep(role="attending", model=odd, kv_type="q8_0", rounds=2),
        ProbeStep(role="type", model=replace(SMALL, type="F16"), rounds=2),
    ]
    found = measure(LoadOptions(threads=1), steps=steps)
    assert found is not None
    assert [sample.work.matrices[0].type for sample in found.samples] == ["Q8_0", "F16"]


def test_an_engine_on_which_nothing_runs_is_an_error() -> None:
    odd = ProbeStep(role="attending", model=replace(SMALL, head_length=80), kv_type="q8_0", rounds=2)
    with pytest.raises(UserError, match="kv-type-does-not-fit"):
        measure(LoadOptions(threads=1), steps=[odd])


def test_runs_of_a_model_are_kept_under_what_its_header_says(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    SMALL.write(file)
    process = EngineProcess(engine_of_format("gguf"), log_file=tmp_path / "engine.log")
    try:
        report = process.load(str(file), LoadOptions(context_length=64, threads=1))
    finally:
        process.close()
    assert report is not None
    key = speed_key("gguf", report.architecture, report.parameters, report.weights_bytes)
    assert work_of(file).key == key


def test_a_probe_that_is_stopped_ends() -> None:
    stop = threading.Event()
    stop.set()
    assert measure(LoadOptions(threads=1), steps=[ProbeStep(role="type", model=SMALL)], stop=stop) is None


@pytest.mark.parametrize("step", probe_steps(20_000_000), ids=lambda step: f"{step.role}-{step.model.type}")
def test_each_model_is_complete_and_takes_no_room(tmp_path: Path, step: ProbeStep) -> None:
    file = tmp_path / "model.gguf"
    step.model.write(file)
    work = work_of(file)
    assert work.layers == step.model.layers
    # What decays in its own way has a small matrix of another type.
    assert {matrices.type for matrices in work.matrices} - {"F32"} <= {step.model.type}
    assert file.stat().st_size > work.active_bytes
