"""The ONNX engine on an execution provider other than the processor's own, as `.ci/providers` prepares it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from slmdesk.engines import (
    AUTO,
    ChatMessage,
    EngineFacts,
    EngineProcess,
    GenerateRequest,
    LoadOptions,
    LoadReport,
    Preference,
    Sampling,
    Stats,
    Text,
    engine_for,
    probe_engine,
    resolve,
)
from slmdesk.hardware import describe_computer
from slmdesk.messages import UserError, one_line
from tests.engines.shared.models import TINY_ONNX

TARGET = os.environ.get("SLMDESK_TARGET", "")
# By target: the device, what drives it, and another of its kind that is not there.
DEVICES = {
    "openvino": ("OpenVINO-CPU", "OpenVINO", "OpenVINO-GPU"),
    "webgpu": ("WebGPU0", "WebGPU", "WebGPU1"),
}
DEVICE, BACKEND, ABSENT = DEVICES.get(TARGET, ("", "", ""))

pytestmark = [
    pytest.mark.target,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        TARGET not in DEVICES, reason="SLMDESK_TARGET is neither openvino nor webgpu: run .ci/providers"
    ),
]

ENGINE = engine_for(str(TINY_ONNX))
REQUEST = GenerateRequest(
    messages=(ChatMessage("user", "Hello"),), sampling=Sampling(temperature=0), max_tokens=24
)

Load = Callable[..., tuple[EngineProcess, LoadReport]]


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    started: list[EngineProcess] = []

    def load(*devices: str) -> tuple[EngineProcess, LoadReport]:
        process = EngineProcess(ENGINE, log_file=tmp_path / "engine.log")
        started.append(process)
        report = process.load(str(TINY_ONNX), LoadOptions(threads=1, devices=devices))
        assert report is not None
        return process, report

    yield load
    for process in started:
        process.close()


@pytest.fixture(scope="session")
def facts() -> EngineFacts:
    return probe_engine(ENGINE)


def answer(process: EngineProcess) -> tuple[str, Stats]:
    events = list(process.generate(REQUEST))
    [stats] = [event for event in events if isinstance(event, Stats)]
    return "".join(event.text for event in events if isinstance(event, Text)), stats


def test_the_device_is_listed(facts: EngineFacts) -> None:
    assert facts.problem is None
    assert BACKEND in facts.backends
    [device] = [one for one in facts.devices if one.name == DEVICE]
    assert device.backend == BACKEND


def test_an_answer_on_the_device(load: Load, capsys: pytest.CaptureFixture[str]) -> None:
    process, report = load(DEVICE)
    assert report.used_devices == (DEVICE,)
    text, stats = answer(process)
    assert text
    assert answer(process)[0] == text, "reused, it is the same again"
    processor, on_processor = load()
    assert on_processor.used_devices == ()
    expected, beside = answer(processor)
    if BACKEND == "OpenVINO":
        # Half precision on WebGPU's software device decides otherwise between weights that are random.
        assert text == expected
    with capsys.disabled():
        sys.stdout.write(
            f"\n{DEVICE} ({report.device}): {report.load_seconds:.2f} s to load, "
            f"{stats.tokens_per_second:.1f} tok/s; the processor: {on_processor.load_seconds:.2f} s, "
            f"{beside.tokens_per_second:.1f} tok/s\n"
        )


def test_a_device_that_is_not_there_is_an_error(load: Load, facts: EngineFacts) -> None:
    with pytest.raises(UserError) as caught:
        load(ABSENT)
    assert ABSENT in one_line(caught.value)
    placement = resolve(facts, describe_computer(), Preference(device=ABSENT, wisher="person"))
    assert placement.warning is not None
    assert placement.warning.key == "gpu-gone"


def test_it_is_used_only_where_it_is_named(facts: EngineFacts) -> None:
    computer = describe_computer()
    assert resolve(facts, computer, Preference(device=DEVICE)).devices == (DEVICE,)
    if not computer.gpus:
        assert resolve(facts, computer, Preference(device=AUTO)).devices == ()


@pytest.mark.skipif(TARGET != "webgpu", reason="only WebGPU needs an adapter")
def test_without_an_adapter_it_is_an_error(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library raises, then ends its process with a crash."""
    monkeypatch.setenv("VK_ICD_FILENAMES", "/nowhere.json")
    with pytest.raises(UserError) as caught:
        load(DEVICE)
    assert one_line(caught.value)
