"""One suite for all engines: whatever the protocol promises is tested on each of them with a real model.

| fixture   | what it is                                                                        |
|-----------|-----------------------------------------------------------------------------------|
| `subject` | an engine and its model; every test runs with each                                  |
| `engine`  | the engine with the model loaded, shared by a module                                |
| `ask`     | asks `engine` and collects the answer                                               |
| `speak`   | makes the model write a given text, token by token, through the real decode loop    |
| `needs`   | skips a test whose engine lacks a capability                                        |

Nothing here asks for an engine's name: a test skips by what `Capabilities` says, and how many did so is
printed at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from slmdesk.engines.engine import Engine
from slmdesk.engines.protocol import (
    Capabilities,
    ChatMessage,
    Event,
    GenerateRequest,
    LoadReport,
    Sampling,
)
from tests.engines.answers import GREEDY, Answer, collect
from tests.engines.shared.models import REAL_ONNX, TINY_ONNX
from tests.engines.shared.subjects import OPTIONS, LlamaCppSubject, OnnxSubject, Subject

Ask = Callable[..., Answer]
Speak = Callable[[str], None]
Needs = Callable[..., None]

_LACKED = "lacked capability"
"""A property of the report of a test that was skipped: such reports come from other processes as well."""


# A real model takes its time.
@pytest.fixture(
    scope="session",
    params=[
        pytest.param("starter.gguf", marks=pytest.mark.slow),
        "tiny-onnx",
        pytest.param("smollm2-onnx", marks=pytest.mark.slow),
    ],
)
def subject(request: pytest.FixtureRequest) -> Subject:
    if request.param == "starter.gguf":
        return LlamaCppSubject(request.getfixturevalue("starter_file"))
    if request.param == "tiny-onnx":
        return OnnxSubject(TINY_ONNX)
    if not REAL_ONNX.is_dir():
        pytest.skip(f"the model {REAL_ONNX.name} is not there")
    return OnnxSubject(REAL_ONNX)


@pytest.fixture(scope="module")
def loaded(subject: Subject) -> Iterator[tuple[Engine, LoadReport]]:
    engine = subject.create()
    report = engine.load(str(subject.path), OPTIONS, lambda progress: None)
    assert report is not None
    yield engine, report
    engine.unload()


@pytest.fixture
def engine(loaded: tuple[Engine, LoadReport]) -> Engine:
    return loaded[0]


@pytest.fixture
def report(loaded: tuple[Engine, LoadReport]) -> LoadReport:
    return loaded[1]


@pytest.fixture
def ask(engine: Engine) -> Ask:
    def ask(
        *messages: ChatMessage,
        sampling: Sampling = GREEDY,
        max_tokens: int | None = 24,
        stop: tuple[str, ...] = (),
        on_event: Callable[[Event], None] = lambda event: None,
        **more: Any,
    ) -> Answer:
        request = GenerateRequest(
            messages=messages, sampling=sampling, max_tokens=max_tokens, stop=stop, **more
        )
        return collect(engine.generate(request), on_event)

    return ask


@pytest.fixture
def speak(subject: Subject, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Speak:
    def speak(text: str) -> None:
        subject.say(monkeypatch, iter([*subject.tokens(engine, text), subject.end_token(engine)]))

    return speak


@pytest.fixture
def needs(report: LoadReport, request: pytest.FixtureRequest) -> Needs:
    """Skip unless `needs(samplers="seed")`, `needs(load_options="threads")`, ... holds for the engine."""

    def needs(**wanted: str) -> None:
        capabilities: Capabilities = report.capabilities
        for field, value in wanted.items():
            if value not in getattr(capabilities, field):
                request.node.user_properties.append((_LACKED, value))
                pytest.skip(f"{report.engine} has no {value} among its {field}")

    return needs


def pytest_terminal_summary(terminalreporter: Any) -> None:
    skipped = [
        report
        for report in terminalreporter.getreports("skipped")
        if any(name == _LACKED for name, _ in getattr(report, "user_properties", ()))
    ]
    terminalreporter.write_line(f"engine tests skipped for want of a capability: {len(skipped)}")
    for report in skipped:
        terminalreporter.write_line(f"  {report.nodeid}")
