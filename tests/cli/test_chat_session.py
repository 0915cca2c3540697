"""One chat against a service that says what the test wants; the real one is in test_chat_command.py."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from slmdesk.chat import ChatEvent, ChatMessageRecord, ChatOptions, ChatService, Conversation
from slmdesk.cli import chat_session, reasoning_view
from slmdesk.cli.chat_session import ChatSession
from slmdesk.cli.output import Output
from slmdesk.cli.prompt_input import LeaveChat
from slmdesk.engines import (
    Capabilities,
    End,
    EndReason,
    LoadOptions,
    LoadProgress,
    LoadReport,
    Placement,
    Reasoning,
    Sampling,
    Stats,
    Text,
)
from slmdesk.library import InstalledModel
from slmdesk.messages import ErrorKind, Message, UserError

OnEvent = Callable[[ChatEvent], None]
Act = Callable[[OnEvent, threading.Event], End | None]

JSON_KEYS = [
    "text",
    "end_reason",
    "prompt_tokens",
    "reused_tokens",
    "prompt_tokens_per_second",
    "time_to_first_token_s",
    "generated_tokens",
    "tokens_per_second",
    "engine",
    "engine_name",
    "device",
    "gpu_layers",
]

MODEL = InstalledModel(
    id="m",
    title="Little Model",
    path=Path("m.gguf"),
    size_bytes=1,
    architecture="llama",
    parameters=1,
    quantization="Q4_1",
    trained_context_length=1024,
    system_prompt="Be good.",
)
STATS = Stats(
    prompt_tokens=1200,
    reused_tokens=3,
    prompt_tokens_per_second=99.5,
    time_to_first_token_s=0.25,
    generated_tokens=2,
    tokens_per_second=41.25,
    seed=1,
    context_tokens=1202,
)
REPORT = LoadReport(
    engine="scripted 1",
    model_name="m",
    architecture="llama",
    parameters=1,
    quantization="Q4_1",
    context_length=1024,
    trained_context_length=1024,
    threads=1,
    device="CPU",
    gpu_layers=0,
    weights_bytes=1,
    kv_bytes=1,
    load_seconds=0.1,
    has_chat_template=True,
)
IN_WORDS = (
    "Prompt tokens: 1,200 (reused: 3), 99.5 tok/s · time to first token: 0.2 s"
    " · generated tokens: 2, 41.2 tok/s\n"
)


class ScriptedService:
    """Answers as `acts` say, one for each question, and keeps the prompts it was asked with."""

    def __init__(self, *acts: Act) -> None:
        self.acts = list(acts)
        self.prompts: list[list[tuple[str, str]]] = []
        self.options: list[ChatOptions | LoadOptions] = []
        self.cancelled = threading.Event()

    def load(self, model: InstalledModel, options: LoadOptions, on_event: OnEvent) -> LoadReport | None:
        self.options.append(options)
        on_event(LoadProgress(fraction=0.5))
        on_event(REPORT)
        return REPORT

    def answer(self, conversation: Conversation, text: str, *, on_event: OnEvent, **_: Any) -> End | None:
        self._add(conversation, "user", text)
        self.options.append(conversation.options)
        self.prompts.append([(one.role, one.content) for one in conversation.prompt()])
        pieces: list[str] = []
        thoughts: list[str] = []

        def emit(event: ChatEvent) -> None:
            if isinstance(event, Text):
                pieces.append(event.text)
            elif isinstance(event, Reasoning):
                thoughts.append(event.text)
            on_event(event)

        try:
            return self.acts.pop(0)(emit, self.cancelled)
        finally:
            if pieces or thoughts:
                self._add(conversation, "assistant", "".join(pieces))

    def cancel(self) -> None:
        self.cancelled.set()

    @staticmethod
    def _add(conversation: Conversation, role: Any, text: str) -> None:
        conversation.messages.append(ChatMessageRecord(0, role, text, "complete", "", 0.0))


def _say(*pieces: str, reason: EndReason = "stop", **end: int) -> Act:
    def act(emit: OnEvent, cancelled: threading.Event) -> End:
        emit(REPORT)
        for piece in pieces:
            emit(Text(piece))
        emit(STATS)
        return End(reason=reason, **end)

    return act


def _think(thought: str, *pieces: str, reason: EndReason = "stop", **end: int) -> Act:
    say = _say(*pieces, reason=reason, **end)

    def act(emit: OnEvent, cancelled: threading.Event) -> End | None:
        emit(Reasoning(thought))
        return say(emit, cancelled)

    return act


def _fail_after(*pieces: str, kind: ErrorKind = ErrorKind.GENERATION) -> Act:
    def act(emit: OnEvent, cancelled: threading.Event) -> End:
        emit(REPORT)
        for piece in pieces:
            emit(Text(piece))
        raise UserError("message-empty", kind)

    return act


def _interrupted_after(*pieces: str) -> Act:
    def act(emit: OnEvent, cancelled: threading.Event) -> End:
        emit(REPORT)
        for piece in pieces:
            emit(Text(piece))
        os.kill(os.getpid(), signal.SIGINT)
        assert cancelled.wait(60)
        return End(reason="cancelled")

    return act


def _session(
    *acts: Act,
    as_json: bool = False,
    system_prompt: str | None = None,
    max_tokens: int | None = None,
    model: InstalledModel = MODEL,
    given: dict[str, str] | None = None,
) -> tuple[ChatSession, ScriptedService]:
    service = ScriptedService(*acts)
    session = ChatSession(
        cast(ChatService, service),
        model,
        options=ChatOptions(sampling=Sampling(seed=3), max_tokens=max_tokens, context_length=512),
        system_prompt=system_prompt,
        output=Output(as_json=as_json),
        given=given or {},
    )
    return session, service


def test_text_goes_to_stdout_and_the_rest_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    session, service = _session(_say("Hel", "lo"))
    assert session.answer_once("Hi") == 0
    out, err = capsys.readouterr()
    assert out == "Hello\n"
    assert err == "System prompt: Be good. (change it with --system)\n" + IN_WORDS
    assert service.prompts == [[("system", "Be good."), ("user", "Hi")]]


@pytest.mark.parametrize("system_prompt", ["", "Be brief."])
def test_own_system_prompt_replaces_the_default(
    system_prompt: str, capsys: pytest.CaptureFixture[str]
) -> None:
    session, service = _session(_say("x"), system_prompt=system_prompt)
    session.answer_once("Hi")
    assert capsys.readouterr().err == IN_WORDS
    system = [("system", system_prompt)] if system_prompt else []
    assert service.prompts == [[*system, ("user", "Hi")]]


def test_json_is_one_object_with_exactly_these_keys(capsys: pytest.CaptureFixture[str]) -> None:
    session, _ = _session(_say("Zażółć ", "🙂"), as_json=True)
    assert session.answer_once("Hi") == 0
    answer = json.loads(capsys.readouterr().out)
    assert list(answer) == JSON_KEYS
    assert list(answer.values()) == [
        "Zażółć 🙂",
        "stop",
        1200,
        3,
        99.5,
        0.25,
        2,
        41.25,
        "scripted 1",
        "llama.cpp",
        "CPU",
        0,
    ]


def test_reasoning_is_no_part_of_a_piped_answer(capsys: pytest.CaptureFixture[str]) -> None:
    session, _ = _session(_think("Let me see.", "Yes."), system_prompt="")
    assert session.answer_once("Hi") == 0
    assert capsys.readouterr() == ("Yes.\n", IN_WORDS)


def test_reasoning_is_a_field_of_the_json_object_where_there_is_any(
    capsys: pytest.CaptureFixture[str],
) -> None:
    session, _ = _session(_think("Let me ", "Yes."), as_json=True)
    session.answer_once("Hi")
    answer = json.loads(capsys.readouterr().out)
    assert list(answer) == ["text", "reasoning", *JSON_KEYS[1:]]
    assert (answer["text"], answer["reasoning"]) == ("Yes.", "Let me ")


def test_reasoning_is_shown_dimmed_to_who_watches(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reasoning_view, "stderr_is_terminal", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    session, _ = _session(_think("Let [b]me\x1b]0;\x07 see.", "Yes."), system_prompt="")
    assert session.answer_once("Hi") == 0
    out, err = capsys.readouterr()
    assert out == "Yes.\n"
    assert err == "\x1b[2mLet [b]me\\x1b]0;\\x07 see.\x1b[0m\n\n" + IN_WORDS


def test_a_context_full_of_thoughts_is_not_a_prompt_that_does_not_fit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    act = _think("Let me see", reason="context_full", needed_tokens=64, context_length=64)
    session, service = _session(act, _say("fine"), system_prompt="")
    assert _converse(monkeypatch, session, "a puzzle", "short", LeaveChat) == 0
    out, err = capsys.readouterr()
    assert out == "fine\n"
    assert "The answer was ended because the context of 64 tokens is full; a larger --ctx makes room." in err
    assert "does not fit" not in err
    # A question that came to no answer is not asked again.
    assert service.prompts[1] == [("user", "short")]


def test_limit_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    session, _ = _session(_say("x", reason="length"), max_tokens=1000)
    assert session.answer_once("Hi") == 0
    assert capsys.readouterr().err.endswith("The answer was ended at the limit of 1,000 tokens.\n")


@pytest.mark.parametrize("as_json", [False, True])
def test_prompt_that_does_not_fit(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    act = _say(reason="context_full", needed_tokens=5000, context_length=4096)
    session, _ = _session(act, as_json=as_json, system_prompt="")
    assert session.answer_once("Hi") == 4
    out, err = capsys.readouterr()
    assert err == (
        "slmdesk: The prompt of 5,000 tokens does not fit into the context of 4,096 tokens;"
        " it must be shorter, because the model handles at most 1,024.\n"
    )
    if as_json:
        assert json.loads(out)["end_reason"] == "context_full"
        assert json.loads(out)["text"] == ""
    else:
        assert out == ""


@pytest.mark.parametrize(
    ("context_length", "said"),
    [
        (512, "of 512 tokens is full; a larger --ctx makes room.\n"),
        (1024, "of 1,024 tokens is full, the most that the model handles.\n"),
    ],
)
def test_context_that_fills_up_later_is_no_failure(
    context_length: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    act = _say("text", reason="context_full", needed_tokens=context_length, context_length=context_length)
    session, _ = _session(act)
    assert session.answer_once("Hi") == 0
    out, err = capsys.readouterr()
    assert out == "text\n"
    assert err.endswith(f"The answer was ended because the context {said}")


def test_model_that_does_not_say_what_it_was_trained_for_is_not_said_to_handle_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    silent = replace(MODEL, trained_context_length=0)
    for pieces in ((), ("text",)):
        act = _say(*pieces, reason="context_full", needed_tokens=70, context_length=64)
        session, _ = _session(act, model=silent)
        session.answer_once("Hi")
        assert capsys.readouterr().err.endswith("; a larger --ctx makes room.\n")


@pytest.mark.parametrize("as_json", [False, True])
def test_failure_keeps_the_text_so_far(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    session, _ = _session(_fail_after("half a sen"), as_json=as_json)
    with pytest.raises(UserError):
        session.answer_once("Hi")
    out = capsys.readouterr().out
    if as_json:
        answer = json.loads(out)
        assert list(answer) == JSON_KEYS
        assert (answer["text"], answer["end_reason"]) == ("half a sen", "error")
        # The engine is gone, and with it the figures.
        assert set(list(answer.values())[2:-4]) == {None}
        assert list(answer.values())[-4:] == ["scripted 1", "llama.cpp", "CPU", 0]
    else:
        assert out == "half a sen\n"


def test_rate_that_was_not_measured_is_null(capsys: pytest.CaptureFixture[str]) -> None:
    def act(emit: OnEvent, cancelled: threading.Event) -> End:
        emit(Text("x"))
        unmeasured = dict.fromkeys(("prompt_tokens_per_second", "tokens_per_second"), 0.0)
        emit(msgspec.structs.replace(STATS, reused_tokens=0, generated_tokens=1, **unmeasured))
        return End(reason="stop")

    session, _ = _session(act, as_json=True)
    assert session.answer_once("Hi") == 0
    answer = json.loads(capsys.readouterr().out)
    assert list(answer.values()) == ["x", "stop", 1200, 0, None, 0.25, 1, *[None] * 5]


def test_engine_that_fails_is_told_with_what_to_try(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def act(emit: OnEvent, cancelled: threading.Event) -> End:
        raise UserError("engine-crashed", ErrorKind.GENERATION, status="SIGSEGV")

    session, _ = _session(act, system_prompt="")
    assert _converse(monkeypatch, session, "a", LeaveChat) == 0
    assert capsys.readouterr().err.endswith(
        "The engine stopped while it was answering: its native code crashed (SIGSEGV)."
        " Send your message again: the model is loaded anew, and nothing of the conversation is lost.\n"
    )


def test_model_that_cannot_be_loaded_prints_no_object(capsys: pytest.CaptureFixture[str]) -> None:
    session, _ = _session(_fail_after(kind=ErrorKind.MODEL), as_json=True)
    with pytest.raises(UserError):
        session.answer_once("Hi")
    assert capsys.readouterr().out == ""


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot send itself Ctrl-C there")
@pytest.mark.parametrize("as_json", [False, True])
def test_ctrl_c_ends_one_answer_with_130(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    session, _ = _session(_interrupted_after("so f", "ar"), as_json=as_json)
    assert session.answer_once("Hi") == 130
    out, err = capsys.readouterr()
    if as_json:
        assert (json.loads(out)["text"], json.loads(out)["end_reason"]) == ("so far", "cancelled")
    else:
        assert out == "so far\n"
        assert err.endswith("Stopped.\n")


class ScriptedReader:
    """Types `typed`: messages, or exceptions to raise."""

    def __init__(self, *typed: str | type[BaseException]) -> None:
        self.typed = list(typed)

    def read(self) -> str:
        item = self.typed.pop(0)
        if isinstance(item, str):
            return item
        raise item


def _converse(
    monkeypatch: pytest.MonkeyPatch, session: ChatSession, *typed: str | type[BaseException]
) -> int:
    reader = ScriptedReader(*typed)
    monkeypatch.setattr(chat_session, "MessageReader", lambda: reader)
    code = session.converse()
    assert reader.typed == []
    return code


def test_conversation_remembers(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    session, service = _session(_say("one"), _say("two"))
    assert _converse(monkeypatch, session, "first", "", "  ", "second", LeaveChat) == 0
    out, err = capsys.readouterr()
    assert out == "one\ntwo\n"
    options = ChatOptions(sampling=Sampling(seed=3), context_length=512)
    assert service.options == [LoadOptions(context_length=512), options, options]
    assert err.count("System prompt: Be good.") == 1
    assert err.count("Little Model is ready (scripted 1, CPU).") == 1
    assert service.prompts[1] == [
        ("system", "Be good."),
        ("user", "first"),
        ("assistant", "one"),
        ("user", "second"),
    ]


_NOT_USED = UserError("gpu-gone-none", ErrorKind.MODEL, device="CUDA0", engine="scripted")
_WARNING = (
    "slmdesk: CUDA0 is not used: scripted sees no device besides the processor."
    " Check that it is connected and switched on, or choose the processor.\n"
)


def _place(act: Act, report: LoadReport | None, *, warning: UserError | None = None, **where: Any) -> Act:
    """`act`, after the placement that comes before a load, and the report after it."""
    reason = Message("placed-cpu-no-gpu")
    placement = Placement(**{"title": "CPU", "reason": reason, "warning": warning, **where})

    def placed(emit: OnEvent, cancelled: threading.Event) -> End | None:
        emit(placement)
        end = act(emit, cancelled)
        if report is not None:
            emit(report)
        return end

    return placed


@pytest.mark.parametrize("as_json", [False, True])
def test_a_gpu_that_is_not_used_is_said_once(
    as_json: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    act = _place(_say("x"), None, warning=_NOT_USED)
    session, _ = _session(act, act, act, system_prompt="", as_json=as_json)
    assert _converse(monkeypatch, session, "a", "b", "c", LeaveChat) == 0
    assert capsys.readouterr().err.count(_WARNING) == 1


def test_what_is_not_used_any_more_is_said_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, good = _place(_say("x"), None, warning=_NOT_USED), _place(_say("x"), None)
    session, _ = _session(bad, good, bad, system_prompt="")
    assert _converse(monkeypatch, session, "a", "b", "c", LeaveChat) == 0
    assert capsys.readouterr().err.count(_WARNING) == 2


def test_an_option_that_the_engine_does_not_take_is_named_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    able = Capabilities(samplers=("temperature",), load_options=("context_length",))
    act = _place(_say("x"), msgspec.structs.replace(REPORT, capabilities=able))
    given = {"--temperature": "temperature", "--seed": "seed", "--gpu-layers": "gpu_layers"}
    session, service = _session(act, act, system_prompt="", given=given)
    monkeypatch.setattr(service, "load", lambda *_: REPORT)
    assert _converse(monkeypatch, session, "a", "b", LeaveChat) == 0
    said = [line for line in capsys.readouterr().err.splitlines() if "has no effect" in line]
    assert said == [
        "--seed has no effect: scripted 1 has nothing like it.",
        "--gpu-layers has no effect: scripted 1 has nothing like it.",
    ]


_CUDA = {"title": "NVIDIA GeForce RTX 4060 (CUDA)", "devices": ("CUDA0",), "gpu_layers": -1}


@pytest.mark.parametrize(
    ("placement", "loaded", "runs_on"),
    [
        ({}, {}, "CPU"),
        (
            _CUDA,
            {"device": "CUDA0", "used_devices": ("CUDA0",), "gpu_layers": 31, "layers": 31},
            "NVIDIA GeForce RTX 4060 (CUDA)",
        ),
        (
            _CUDA,
            {"device": "CPU, CUDA0", "used_devices": ("CUDA0",), "gpu_layers": 1200, "layers": 1300},
            "NVIDIA GeForce RTX 4060 (CUDA), 1,200 of 1,300 layers",
        ),
        # What the engine reports is what is so.
        (_CUDA, {"device": "CPU", "used_devices": (), "gpu_layers": 0, "layers": 31}, "CPU"),
    ],
)
def test_where_it_runs(placement: dict[str, Any], loaded: dict[str, Any], runs_on: str) -> None:
    session, _ = _session(_place(_say("x"), msgspec.structs.replace(REPORT, **loaded), **placement))
    session.answer_once("Hi")
    assert session._view.runs_on == runs_on


@pytest.mark.parametrize(
    "act",
    [_say(reason="context_full", needed_tokens=5000, context_length=4096), _fail_after()],
    ids=["does not fit", "fails"],
)
def test_unanswered_message_is_forgotten(
    act: Act, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    session, service = _session(act, _say("fine"), system_prompt="")
    assert _converse(monkeypatch, session, "far too long", "short", LeaveChat) == 0
    assert service.prompts[1] == [("user", "short")]
    assert capsys.readouterr().out == "fine\n"


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot send itself Ctrl-C there")
def test_ctrl_c_stops_the_answer_and_not_the_conversation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    session, service = _session(_interrupted_after("par"), _say("whole"), system_prompt="")
    assert _converse(monkeypatch, session, "a", "b", LeaveChat) == 0
    assert capsys.readouterr().out == "par\nwhole\n"
    assert service.prompts[1] == [("user", "a"), ("assistant", "par"), ("user", "b")]


def test_ctrl_c_twice_at_the_prompt_leaves(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    session, _ = _session(_say("x"))
    typed = (KeyboardInterrupt, "a", KeyboardInterrupt, KeyboardInterrupt)
    assert _converse(monkeypatch, session, *typed) == 130
    assert capsys.readouterr().err.count("Press Ctrl-C again to leave") == 2
