"""What the parent believes of what a child says: nothing that has not been checked."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from slmdesk.engines import (
    Build,
    Capabilities,
    Device,
    End,
    LoadProgress,
    PromptProgress,
    Reasoning,
    Text,
    frames,
)
from slmdesk.messages import ErrorKind, UserError, error_sentences, one_line
from slmdesk.messages.sentences import ERRORS
from tests.engines.reports import make_report

BUILD = Build(
    version="1",
    library="/lib",
    devices=(Device(name="CPU", description="", kind="cpu", free_memory=1, total_memory=2),),
)
REPORT = make_report()

GOOD: list[frames.Frame] = [
    frames.Hello(0, Capabilities(gpu_offload=False, kv_types=("f16",), samplers=("top_k",))),
    frames.Progress(1, LoadProgress(0.5)),
    frames.Loaded(1, None),
    frames.Happened(2, PromptProgress(processed=1, total=2, reused=0)),
    frames.Happened(2, Reasoning("hm 🙂")),
    frames.Happened(2, Text("zażółć 🙂")),
    frames.Happened(2, End(reason="stop")),
    frames.Done(2),
    frames.Counted(3, 7),
    frames.Described(4, BUILD),
    frames.Loaded(1, REPORT),
    frames.Failed(5, "engine-crashed", ErrorKind.GENERATION, {"status": "SIGSEGV"}, "details"),
    frames.Bug(6, "Traceback"),
    frames.Pong(9),
]


@pytest.mark.parametrize("frame", GOOD, ids=lambda frame: type(frame).__name__)
def test_frames_arrive_as_they_were(frame: frames.Frame) -> None:
    assert frames.decode_frame(frames.encode(frame)) == frame


def changed(frame: frames.Frame, **values: object) -> bytes:
    """The frame's bytes with keys set or added that its struct might not allow."""
    plain: dict[str, Any] = msgspec.msgpack.decode(frames.encode(frame))
    return msgspec.msgpack.encode({**plain, **values})


def stats(**values: object) -> dict[str, object]:
    return {
        "type": "stats",
        "prompt_tokens": 1,
        "reused_tokens": 0,
        "prompt_tokens_per_second": 1.0,
        "time_to_first_token_s": 0.1,
        "generated_tokens": 1,
        "tokens_per_second": 1.0,
        "seed": 1,
        "context_tokens": 2,
        **values,
    }


def report_as_plain_data() -> dict[str, object]:
    frame: dict[str, Any] = msgspec.msgpack.decode(frames.encode(frames.Loaded(1, REPORT)))
    report: dict[str, object] = frame["report"]
    return report


PROGRESS = frames.Progress(1, LoadProgress(0.5))
HAPPENED = frames.Happened(2, Text("a"))
FAILED = frames.Failed(5, "engine-crashed", ErrorKind.GENERATION, {"status": "SIGSEGV"}, "")
TOO_LARGE = frames.Failed(
    5, "engine-request-too-large", ErrorKind.GENERATION, {"size_bytes": 1, "limit_bytes": 2}, ""
)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"\x80\x04\x95",
        msgspec.msgpack.encode({"type": "load", "request": 1, "path": "", "options": {}}),
        msgspec.msgpack.encode([1, 2]),
        b"\x91" * 100_000 + b"\x00",
        frames.encode(HAPPENED) + b"\x00",
        frames.encode(HAPPENED)[:-1],
        changed(HAPPENED, more=1),
        changed(HAPPENED, request="2"),
        changed(HAPPENED, request=1.5),
        changed(HAPPENED, event={"type": "text", "text": b"bytes"}),
        changed(HAPPENED, event={"type": "reasoning", "text": b"bytes"}),
        changed(HAPPENED, event={"type": "reasoning"}),
        changed(HAPPENED, event={"type": "end", "reason": "because"}),
        changed(HAPPENED, event={"type": "prompt_progress", "processed": -1, "total": 2, "reused": 0}),
        changed(HAPPENED, event=stats(tokens_per_second=math.nan)),
        changed(HAPPENED, event=stats(tokens_per_second=math.inf)),
        changed(HAPPENED, event=stats(seed=2**64 - 1)),
        changed(PROGRESS, progress={"type": "load_progress", "fraction": math.nan}),
        changed(frames.Counted(1, 1), tokens=-1),
        changed(FAILED, key="no-such-key"),
        changed(FAILED, kind=99),
        changed(FAILED, kind=int(ErrorKind.POLICY)),
        changed(FAILED, facts={}),
        changed(FAILED, facts={"status": ["a"]}),
        changed(FAILED, facts={"status": True}),
        changed(FAILED, facts={"status": "a", "details": "b"}),
        changed(FAILED, facts={"status": "a", "key": "b"}),
        changed(FAILED, facts={"status": "a", "not a name": "b"}),
        changed(FAILED, facts={"status": "x" * (frames.FACT_LIMIT + 1)}),
        changed(FAILED, details="x" * (frames.TEXT_LIMIT + 1)),
        frames.encode(frames.Bug(1, "x" * (frames.TEXT_LIMIT + 1))),
        frames.encode(frames.Loaded(1, replace(REPORT, model_name="x" * (frames.STRING_LIMIT + 1)))),
        frames.encode(frames.Loaded(1, replace(REPORT, device="x" * (frames.STRING_LIMIT + 1)))),
        frames.encode(frames.Described(1, replace(BUILD, version="x" * (frames.STRING_LIMIT + 1)))),
        frames.encode(frames.Described(1, replace(BUILD, library="x" * (frames.FACT_LIMIT + 1)))),
        frames.encode(frames.Described(1, replace(BUILD, devices=BUILD.devices * 1000))),
        frames.encode(
            frames.Hello(0, Capabilities(gpu_offload=False, kv_types=(), samplers=("x" * 1000,)))
        ),
        frames.encode(frames.Hello(0, Capabilities(load_options=("x" * 1000,)))),
        frames.encode(frames.Loaded(1, replace(REPORT, used_devices=("x",) * 1000))),
        frames.encode(
            frames.Loaded(1, replace(REPORT, capabilities=Capabilities(samplers=("x" * 1000,))))
        ),
        frames.encode(frames.Described(1, replace(BUILD, backends=("x" * 1000,)))),
        changed(frames.Loaded(1, None), report={**report_as_plain_data(), "thinking": "sometimes"}),
        changed(TOO_LARGE, facts={"size_bytes": math.nan, "limit_bytes": 1}),
        changed(TOO_LARGE, facts={"size_bytes": 1e300, "limit_bytes": 1}),
    ],
)  # fmt: skip
def test_anything_else_is_garbled(data: bytes) -> None:
    with pytest.raises(frames.GarbledFrameError):
        frames.decode_frame(data)


# A machine under load is slow, and that is not what is tested here.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@patient
@given(st.binary(max_size=300))
def test_random_bytes_never_raise_anything_else(data: bytes) -> None:
    try:
        frames.decode_frame(data)
    except frames.GarbledFrameError:
        return


@patient
@given(
    key=st.sampled_from(sorted(ERRORS)),
    facts=st.dictionaries(
        st.sampled_from(["name", "file", "status", "engine", "size_bytes", "limit_bytes", "count", "key"]),
        st.one_of(st.text(max_size=20), st.integers(), st.floats()),
    ),
)
def test_an_accepted_failure_can_always_be_put_into_words(key: str, facts: dict[str, Any]) -> None:
    frame = {"type": "failed", "request": 1, "key": key, "kind": 3, "facts": facts, "details": ""}
    try:
        failure = frames.decode_frame(msgspec.msgpack.encode(frame))
    except (frames.GarbledFrameError, OverflowError):
        return
    assert isinstance(failure, frames.Failed)
    error = frames.failure_error(failure)
    assert error_sentences(error).what
    assert one_line(error)


def test_an_error_crosses_unchanged() -> None:
    error = UserError("engine-crashed-loading", ErrorKind.MODEL, details="d", name="a", status="SIGBUS", n=3)
    frame = frames.decode_frame(frames.encode(frames.failure_frame(1, error)))
    assert isinstance(frame, frames.Failed)
    copy = frames.failure_error(frame)
    assert (copy.key, copy.kind, copy.details, dict(copy.facts)) == (
        error.key,
        error.kind,
        error.details,
        dict(error.facts),
    )


def test_a_number_that_no_frame_can_carry_does_not_lose_the_error() -> None:
    error = UserError(
        "engine-crashed-loading", ErrorKind.MODEL, name="a", status="b", most=2**90, least=-(2**90)
    )
    frame = frames.decode_frame(frames.encode(frames.failure_frame(1, error)))
    assert isinstance(frame, frames.Failed)
    assert (frame.facts["most"], frame.facts["least"]) == (2**63 - 1, -(2**63 - 1))
