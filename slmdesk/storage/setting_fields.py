"""How a setting is declared, and how its values are checked."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from slmdesk.messages import Message

# So that a file of settings cannot fill the memory.
_MOST_ENTRIES = 10_000


def setting(
    default: Any,
    label: str,
    *,
    least: int | None = None,
    most: int | None = None,
    check: Callable[[Any], None] | None = None,
) -> Any:
    """A field of settings: its default, the key of its label, and its range (inclusive).

    The range is that of a number, or of the length of a text. `check` raises ValueError for a value within
    it that still is none. `dict` as the default: an empty one.
    """
    metadata = {"label": Message(label), "least": least, "most": most, "check": check}
    if default is dict:
        return dataclasses.field(default_factory=dict, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def check_fields(settings: Any) -> None:
    """Look at every field of an instance. Raises ValueError for a value outside its type or range."""
    hints = _hints(settings.__class__)
    for one in dataclasses.fields(settings):
        _check(one, hints[one.name], getattr(settings, one.name))


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _check(one: dataclasses.Field[Any], kind: Any, value: Any) -> None:
    origin, inside = get_origin(kind), get_args(kind)
    if origin in (UnionType, Union):
        if value is not None:
            (kind,) = (part for part in inside if part is not NoneType)
            _check(one, kind, value)
    elif origin is Literal:
        if value not in inside:
            raise ValueError(f"{one.name} is {value!r}, not one of {inside}")
    elif origin is tuple:
        _check_entries(one, tuple, value)
        for entry in value:
            _check_plain(one, inside[0], entry)
    elif origin is Mapping:
        _check_entries(one, Mapping, value)
        for name, entry in value.items():
            _check_plain(one, inside[0], name)
            _check_plain(one, inside[1], entry)
    else:
        _check_plain(one, kind, value)
        _check_range(one, value)
        if one.metadata["check"] is not None:
            one.metadata["check"](value)


def _check_entries(one: dataclasses.Field[Any], kind: Any, value: Any) -> None:
    if not isinstance(value, kind):
        raise ValueError(f"{one.name} is {value!r}, not {kind.__name__}")
    if len(value) > _MOST_ENTRIES:
        raise ValueError(f"{one.name} has {len(value)} entries")


def _check_plain(one: dataclasses.Field[Any], kind: type, value: object) -> None:
    # bool is an int to Python, but not to a person.
    if not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool):
        raise ValueError(f"{one.name} is {value!r}, not {kind.__name__}")


def _check_range(one: dataclasses.Field[Any], value: Any) -> None:
    least, most = one.metadata["least"], one.metadata["most"]
    if least is None:
        return
    size = len(value) if isinstance(value, str) else value
    if not least <= size <= most:
        raise ValueError(f"{one.name} is {value!r}, not between {least} and {most}")
