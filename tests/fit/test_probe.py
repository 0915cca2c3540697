"""The probe against the real engine: its models are what their headers say, and are really run."""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import replace
from pathlib import Path

import msgspec
import psutil
import pytest
from msgspec.structs import asdict

from slmdesk.engines import EngineProcess, LoadOptions, engine_of_format
from slmdesk.fit import probe
from slmdesk.fit.correction import LEAST_SHARE, USEFUL_SHARE
from slmdesk.fit.probe import measure
from slmdesk.fit.probe_models import ProbeModel
from slmdesk.fit.probe_steps import ProbeStep, probe_steps
from slmdesk.fit.roofline import Sample
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


def test_what_is_usual_of_both_passes_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[Sample] = []
    really = probe._Bench.time

    def time(bench: probe._Bench, step: ProbeStep) -> Sample | None:
        sample = really(bench, step)
        assert sample is not None
        # As if the computer had been busy the second time.
        passes.append(msgspec.structs.replace(sample, token_s=0.01 * 4 ** len(passes)))
        return passes[-1]

    monkeypatch.setattr(probe._Bench, "time", time)
    found = measure(LoadOptions(threads=1), steps=[ProbeStep(role="type", model=SMALL, rounds=2)])
    assert found is not None
    assert [sample.token_s for sample in passes] == [0.01, 0.04]
    assert [sample.token_s for sample in found.samples] == [pytest.approx(0.02)]


class _Clock:
    """Each look at it takes a second."""

    now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def test_what_there_is_no_time_for_is_left_out_also_in_the_middle_of_an_answer() -> None:
    clock = _Clock()
    steps = [
        ProbeStep(role="type", model=SMALL, rounds=2),
        ProbeStep(role="type", model=replace(SMALL, type="F16"), rounds=2, tokens=100_000),
    ]
    told: list[float] = []
    found = measure(
        LoadOptions(threads=1), steps=steps, limit_s=300, patience_s=300, clock=clock, on_progress=told.append
    )
    assert found is not None
    assert [sample.work.matrices[0].type for sample in found.samples] == ["Q8_0"]
    assert not found.complete
    assert told == [0.25]
    assert 300 <= found.seconds < 310


def test_where_there_is_no_time_at_all_nothing_is_found() -> None:
    found = measure(LoadOptions(threads=1), steps=[ProbeStep(role="type", model=SMALL)], limit_s=0)
    assert found is not None
    assert (found.samples, found.complete, found.share) == ((), False, None)
    assert not found.is_enough


def test_a_busy_computer_is_noticed() -> None:
    """Of an engine with more threads than there are processors, some have to wait."""
    processors = len(psutil.Process().cpu_affinity()) if sys.platform == "linux" else os.cpu_count() or 1
    model = ProbeModel(type="Q8_0", layers=4, width=1024, forward_width=4096)
    step = ProbeStep(role="memory", model=model, tokens=16, rounds=2)
    found = measure(LoadOptions(threads=4 * processors), steps=[step])
    assert found is not None
    assert found.share is not None
    assert 0 < found.share < LEAST_SHARE


def test_a_computer_that_is_too_busy_is_not_kept_busy_for_longer() -> None:
    processors = len(psutil.Process().cpu_affinity()) if sys.platform == "linux" else os.cpu_count() or 1
    model = ProbeModel(type="Q8_0", layers=4, width=1024, forward_width=4096)
    steps = [ProbeStep(role="memory", model=model, tokens=16, rounds=2), ProbeStep(role="type", model=SMALL)]
    found = measure(LoadOptions(threads=4 * processors), steps=steps, patience_s=0)
    assert found is not None
    assert found.share is not None
    assert 0 < found.share < USEFUL_SHARE
    assert "type" not in {sample.role for sample in found.samples}
    assert not found.complete
    # One that has its processors to itself is not given up, whatever it takes.
    calm = measure(LoadOptions(threads=1), steps=[ProbeStep(role="type", model=SMALL)], patience_s=0)
    assert calm is not None
    assert calm.complete or (calm.share is not None and calm.share < USEFUL_SHARE)


def test_the_usual_comes_first() -> None:
    steps = probe_steps(10**10)
    roles = [step.role for step in steps]
    assert roles.index("memory") < roles.index("state")
    names = [step.model.type for step in steps if step.role == "type"]
    assert set(names[:3]) == {"Q8_0", "Q4_K", "Q6_K"}
    first = roles.index("state")
    assert {step.kv_type for step in steps[:first] if step.role == "attending"} == {"f16", "q8_0"}


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
