"""Memory of ONNX models by formulas, and what is read from a genai_config.json that lies elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slmdesk.engines import EngineSurvey
from slmdesk.fit import DeviceFacts, Dimensions, FitCheck, FitQuestion, Subject, dimensions_of_config
from slmdesk.fit.estimate_onnx import estimate_onnx
from slmdesk.formats.onnx import OnnxError, parse_config, read_folder
from tests.fit.test_check import LAPTOP
from tests.fit.test_estimate import all_dimensions, devices_of, numbers_of, questions, with_context
from tests.formats.onnx_folders import REAL, TINY, needs_real_model

CUDA = DeviceFacts(name="CUDA0", free_memory=8 * 2**30, total_memory=8 * 2**30)
CONFIG = "genai_config.json"


@given(all_dimensions, st.integers(0, 10**12), questions, st.integers(0, 2**20))
def test_more_context_never_needs_less_and_every_figure_is_a_size(
    dimensions: Dimensions, size: int, question: FitQuestion, more: int
) -> None:
    devices = devices_of(question)
    before = estimate_onnx(dimensions, size, question, devices)
    after = estimate_onnx(dimensions, size, with_context(question, question.context_length + more), devices)
    assert (before is None) == (after is None)
    if before is not None and after is not None:
        assert before.resident <= after.resident
        assert before.parts.total <= after.parts.total
        assert all(type(number) is int and number >= 0 for number in numbers_of(after))
        assert after.parts.total == sum(device.parts.total for device in after.devices)


@needs_real_model
@pytest.mark.parametrize(("context_length", "peak_mib"), [(512, 248), (2048, 319), (4096, 410)])
def test_the_estimate_is_near_what_was_measured(context_length: int, peak_mib: int) -> None:
    """Most memory that was resident after the context was filled, on Linux with onnxruntime-genai 0.18.0."""
    folder = read_folder(REAL)
    memory = estimate_onnx(
        dimensions_of_config(folder.config),
        folder.weights_bytes,
        FitQuestion(context_length=context_length),
        kv_bytes_per_token=folder.kv_bytes_per_token,
    )
    assert memory is not None
    assert memory.resident / 2**20 == pytest.approx(peak_mib, rel=0.07)
    assert memory.parts.kv == 30 * 2 * 3 * 64 * 4 * context_length
    assert memory.kv_type == "f32"


@needs_real_model
def test_a_config_and_the_size_of_the_files_say_nearly_the_same_as_the_folder() -> None:
    config = parse_config((REAL / CONFIG).read_bytes())
    size = sum(file.stat().st_size for file in REAL.iterdir())
    check = FitCheck(computer=lambda: LAPTOP, survey=EngineSurvey(), simulate=None, speed=None)
    question = FitQuestion(context_length=2048)
    elsewhere = Subject(key="a", format="onnx", dimensions=dimensions_of_config(config), weights_bytes=size)
    remote = check.memory(elsewhere, question)
    local = check.memory(Subject(key="a", format="onnx", path=REAL), question)
    assert remote is not None
    assert local is not None
    assert remote.parts.kv == local.parts.kv
    assert remote.resident == pytest.approx(local.resident, rel=0.05)
    assert check.usual_question(elsewhere).context_length == 4096


def test_a_device_gets_all_of_it_or_nothing() -> None:
    known = Dimensions(layers=4, heads=8, head_dim=64, vocab_size=1000)
    question = FitQuestion(devices=("CUDA0",), gpu_layers=2)
    memory = estimate_onnx(known, 10**9, question, [CUDA])
    assert memory is not None
    own, device = memory.devices
    assert (own.parts.weights, device.parts.weights) == (0, 10**9)
    assert memory.gpu_layers == 5
    # Half precision there.
    assert device.parts.kv == 4 * 2 * 8 * 64 * 2 * 4096
    assert memory.kv_type == "f16"
    assert memory.resident < 100 * 2**20


def test_a_config_from_elsewhere_is_read_as_strictly(tmp_path: Path) -> None:
    data = (TINY / CONFIG).read_bytes()
    assert parse_config(data) == read_folder(TINY).config
    with pytest.raises(OnnxError, match="bad_json"):
        parse_config(data[:-5])
    with pytest.raises(OnnxError, match="empty"):
        parse_config(b" ")
    with pytest.raises(OnnxError, match="too_large"):
        parse_config(b" " * 2**26)
