"""What crosses the pipe between the window's process and an engine process: frames of plain data.

Each frame is one msgpack message, sent with `Connection.send_bytes` and read with a size limit. It is never
pickle: a model file that took the engine process over must not run code in the window by answering. So the
parent trusts nothing that a child says: `decode_frame` checks types, keys, numbers and sentences, and
whatever fails there is a `GarbledFrameError`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import TypeAlias, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from slmdesk.engines.protocol import (
    Build,
    Capabilities,
    ChatMessage,
    Event,
    GenerateRequest,
    LoadOptions,
    LoadProgress,
    LoadReport,
    Reasoning,
    Reserved,
    SimulatedLoad,
    Text,
)
from slmdesk.messages import ErrorKind, Fact, UserError, facts_of_error

COMMAND_LIMIT = 64 * 1024 * 1024
"""Largest command in bytes: far more text than any context holds."""
FRAME_LIMIT = 1024 * 1024
"""Largest frame in bytes that a child may send."""
TEXT_LIMIT = 64 * 1024
"""Longest traceback or details, in characters, that a child sends."""

STRING_LIMIT = 500
"""Longest name or description, in characters, in what a child says of itself and of a model."""
FACT_LIMIT = 8192
"""Longest fact of an error, in characters; the longest path of a file is half of it."""
MOST_DEVICES = 256

_LARGEST_NUMBER = 2**63 - 1
# Parameters of UserError itself: a fact of that name would be taken for them.
_RESERVED_FACTS = frozenset({"self", "key", "kind", "details"})
_CHILD_KINDS = frozenset({ErrorKind.USAGE, ErrorKind.MODEL, ErrorKind.GENERATION})


class GarbledFrameError(Exception):
    """The child sent something that is no frame. Nothing it says can be trusted from here on."""


# From the parent to the child. `request` is a number the parent chose; it comes back with each answer.


class Load(Struct, frozen=True, forbid_unknown_fields=True, tag="load"):
    """Load a model; answered by `Progress` and then `Loaded`."""

    request: int
    path: str
    options: LoadOptions


class Generate(Struct, frozen=True, forbid_unknown_fields=True, tag="generate"):
    """Answer a conversation; answered by `Happened` and then `Done`."""

    request: int
    body: GenerateRequest


class CountTokens(Struct, frozen=True, forbid_unknown_fields=True, tag="count_tokens"):
    """Count, also while generating; answered by `Counted`."""

    request: int
    messages: tuple[ChatMessage, ...]


class Describe(Struct, frozen=True, forbid_unknown_fields=True, tag="describe"):
    """Say which native library runs here and on what; answered by `Described`."""

    request: int


class Simulate(Struct, frozen=True, forbid_unknown_fields=True, tag="simulate"):
    """Say what loading a model would take; answered by `Simulated`."""

    request: int
    path: str
    options: LoadOptions


class Cancel(Struct, frozen=True, forbid_unknown_fields=True, tag="cancel"):
    """End the load or answer `request` early; it still answers as usual."""

    request: int


class Ping(Struct, frozen=True, forbid_unknown_fields=True, tag="ping"):
    """Show a sign of life; answered by `Pong`, whatever else is going on."""


class Quit(Struct, frozen=True, forbid_unknown_fields=True, tag="quit"):
    """End the process at once."""


Work: TypeAlias = Load | Generate | Describe | Simulate
"""What the engine itself does, one after the other."""
Command: TypeAlias = Work | CountTokens | Cancel | Ping | Quit


# From the child to the parent.


class Hello(Struct, frozen=True, forbid_unknown_fields=True, tag="hello"):
    """The engine is there and takes commands."""

    request: int
    capabilities: Capabilities


class Progress(Struct, frozen=True, forbid_unknown_fields=True, tag="progress"):
    """A load goes on."""

    request: int
    progress: LoadProgress


class Loaded(Struct, frozen=True, forbid_unknown_fields=True, tag="loaded"):
    """A load is over; without a report it was cancelled."""

    request: int
    report: LoadReport | None


class Happened(Struct, frozen=True, forbid_unknown_fields=True, tag="happened"):
    """An event of an answer."""

    request: int
    event: Event


class Done(Struct, frozen=True, forbid_unknown_fields=True, tag="done"):
    """The answer is over, and the engine is free for the next."""

    request: int


class Counted(Struct, frozen=True, forbid_unknown_fields=True, tag="counted"):
    """The answer to `CountTokens`."""

    request: int
    tokens: int


class Described(Struct, frozen=True, forbid_unknown_fields=True, tag="described"):
    """The answer to `Describe`."""

    request: int
    build: Build


class Simulated(Struct, frozen=True, forbid_unknown_fields=True, tag="simulated"):
    """The answer to `Simulate`."""

    request: int
    load: SimulatedLoad


class Failed(Struct, frozen=True, forbid_unknown_fields=True, tag="failed"):
    """A `UserError` ended the request. `decode_frame` has checked that it can be put into words."""

    request: int
    key: str
    kind: ErrorKind
    facts: dict[str, Fact]
    details: str


class Bug(Struct, frozen=True, forbid_unknown_fields=True, tag="bug"):
    """Something that is not a `UserError` ended the request."""

    request: int
    traceback: str


class Pong(Struct, frozen=True, forbid_unknown_fields=True, tag="pong"):
    """The answer to `Ping`, with the engine's `activity`."""

    activity: int


Answer: TypeAlias = (
    Hello | Progress | Loaded | Happened | Done | Counted | Described | Simulated | Failed | Bug
)
"""A frame that belongs to a request."""
Frame: TypeAlias = Answer | Pong

Shown = TypeVar("Shown", bound=Struct)

START_REQUEST = 0
"""The request that `Hello`, or a failure before it, answers. No command bears it."""

_encoder = msgspec.msgpack.Encoder()
_command_decoder: msgspec.msgpack.Decoder[Command] = msgspec.msgpack.Decoder(Command)
_frame_decoder: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)


def encode(message: Command | Frame) -> bytes:
    """The bytes of a command or frame."""
    return _encoder.encode(message)


def decode_command(data: bytes) -> Command:
    """The command in `data`. Raises msgspec.DecodeError: a bug, since the parent is trusted."""
    return _command_decoder.decode(data)


def decode_frame(data: bytes) -> Frame:
    """The frame in `data`, checked. Raises GarbledFrameError."""
    try:
        frame = _frame_decoder.decode(data)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise GarbledFrameError(str(error)) from None
    match frame:
        case Happened(event=Text() | Reasoning()):
            # The one frame per token: a string that msgspec has checked needs nothing more.
            return frame
        case Happened(event=event):
            _check_numbers(event)
        case Progress(progress=progress):
            _check_numbers(progress)
        case Loaded(report=LoadReport() as report):
            _check_numbers(report)
            _check_strings(report)
            _check_names(report.used_devices)
            _check_capabilities(report.capabilities)
            _check_reserved(report.reserved)
        case Hello(capabilities=capabilities):
            _check_capabilities(capabilities)
        case Counted():
            _check_numbers(frame)
        case Described(build=build):
            _check_strings(build, but={"library"})
            _check_names(build.backends)
            if len(build.library) > FACT_LIMIT or len(build.devices) > MOST_DEVICES:
                raise GarbledFrameError("a build without end")
            for device in build.devices:
                _check_numbers(device)
                _check_strings(device)
        case Simulated(load=load):
            _check_numbers(load)
            _check_reserved(load.reserved)
        case Bug(traceback=traceback):
            _check_text(traceback)
        case Failed():
            _check_failure(frame)
        case _:
            pass
    return frame


def _check_numbers(struct: Struct) -> None:
    """Sizes, counts, rates and times are finite, not negative and no longer than 64 bits."""
    for name in struct.__struct_fields__:
        value = getattr(struct, name)
        if isinstance(value, int | float) and not 0 <= value <= _LARGEST_NUMBER:
            raise GarbledFrameError(f"{type(struct).__name__}.{name} is {value}")


def _check_strings(struct: Struct, *, but: Collection[str] = ()) -> None:
    """Names are as short as names are: they are drawn in one line of a window."""
    for name in struct.__struct_fields__:
        value = getattr(struct, name)
        if isinstance(value, str) and len(value) > STRING_LIMIT and name not in but:
            raise GarbledFrameError(f"{type(struct).__name__}.{name} has {len(value)} characters")


def _check_capabilities(capabilities: Capabilities) -> None:
    _check_names((*capabilities.kv_types, *capabilities.samplers, *capabilities.load_options))


def _check_reserved(reserved: Collection[Reserved]) -> None:
    if len(reserved) > MOST_DEVICES:
        raise GarbledFrameError("buffers without end")
    for one in reserved:
        _check_numbers(one)
        _check_strings(one)


def _check_names(names: Collection[str]) -> None:
    if len(names) > STRING_LIMIT or any(len(name) > STRING_LIMIT for name in names):
        raise GarbledFrameError("names without end")


def _check_text(text: str) -> None:
    if len(text) > TEXT_LIMIT:
        raise GarbledFrameError(f"details of {len(text)} characters")


def _check_failure(failure: Failed) -> None:
    """The key exists, and its sentences find in the facts what they mention."""
    wanted = facts_of_error(failure.key)
    if wanted is None:
        raise GarbledFrameError(f"unknown error key {failure.key[:100]!r}")
    if failure.kind not in _CHILD_KINDS:
        raise GarbledFrameError(f"{failure.key} of kind {failure.kind!r}")
    _check_text(failure.details)
    for name, value in failure.facts.items():
        if not name.isidentifier() or name in _RESERVED_FACTS:
            raise GarbledFrameError(f"{failure.key} with a fact called {name[:100]!r}")
        if isinstance(value, str) and len(value) > FACT_LIMIT:
            raise GarbledFrameError(f"{failure.key} whose {name[:100]} has {len(value)} characters")
        if not isinstance(value, str) and not (math.isfinite(value) and abs(value) <= _LARGEST_NUMBER):
            raise GarbledFrameError(f"{failure.key} with {name[:100]} = {value}")
    for name, is_count in wanted.items():
        if name not in failure.facts:
            raise GarbledFrameError(f"{failure.key} without the fact {name!r}")
        if is_count and not isinstance(failure.facts[name], int):
            raise GarbledFrameError(f"{failure.key} whose {name} is not a whole number")


def shortened(struct: Shown) -> Shown:
    """`struct` with its names cut to what the parent takes."""
    long = {
        name: value[: STRING_LIMIT - 1] + "…"
        for name in struct.__struct_fields__
        if isinstance(value := getattr(struct, name), str) and len(value) > STRING_LIMIT
    }
    return replace(struct, **long) if long else struct


def failure_frame(request: int, error: UserError) -> Failed:
    """The frame that carries `error`."""
    return Failed(request, error.key, error.kind, _sendable(error.facts), error.details[:TEXT_LIMIT])


def _sendable(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """Numbers that a hostile file made are larger than any that a frame can carry."""
    return {
        name: max(-_LARGEST_NUMBER, min(value, _LARGEST_NUMBER)) if isinstance(value, int) else value
        for name, value in facts.items()
    }


def failure_error(failure: Failed) -> UserError:
    """The error that `failure` carried."""
    return UserError(failure.key, failure.kind, details=failure.details, **failure.facts)
