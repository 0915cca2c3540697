"""What the person chose, and where it is kept."""

from __future__ import annotations

import dataclasses
import json
import logging
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args, get_type_hints

from slmdesk.messages import ErrorKind, Message, UserError
from slmdesk.storage.folders import write_atomically

_log = logging.getLogger(__name__)

Theme: TypeAlias = Literal["system", "light", "dark"]
LanguageChoice: TypeAlias = Literal["system", "en", "pl"]


def _setting(default: Any, label: str, *, least: int | None = None, most: int | None = None) -> Any:
    """A field of `Settings`: its default, the key of its label, and for numbers its range (inclusive)."""
    return field(default=default, metadata={"label": Message(label), "least": least, "most": most})


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, once: type, default, range and label. Changed with `dataclasses.replace`.

    Raises ValueError for a value outside the type or range of its field.
    """

    theme: Theme = _setting("system", "setting-theme")
    language: LanguageChoice = _setting("system", "setting-language")
    model: str = _setting("", "setting-model")
    """Id or path of the model last chosen; empty: none yet."""
    window_width: int = _setting(1280, "setting-window-width", least=900, most=16384)
    window_height: int = _setting(800, "setting-window-height", least=600, most=16384)

    def __post_init__(self) -> None:
        hints = get_type_hints(Settings)
        for one in dataclasses.fields(self):
            _check(one, hints[one.name], getattr(self, one.name))


def _check(one: dataclasses.Field[Any], kind: Any, value: object) -> None:
    choices = get_args(kind)
    if choices:
        if value not in choices:
            raise ValueError(f"{one.name} is {value!r}, not one of {choices}")
        return
    # bool is an int to Python, but not to a person.
    if not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool):
        raise ValueError(f"{one.name} is {value!r}, not {kind.__name__}")
    least, most = one.metadata["least"], one.metadata["most"]
    if least is not None and not least <= value <= most:
        raise ValueError(f"{one.name} is {value!r}, not between {least} and {most}")


class SettingsStore:
    """Settings as a JSON file. Blocking; may be called from any thread.

    A value that cannot be used falls back to its default and is named in `problems`; a file that cannot be
    read at all is kept beside the new one, never overwritten. Keys of a newer version are left in the file.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.problems: list[Message] = []
        self._lock = threading.Lock()
        self._unknown: dict[str, Any] = {}

    def load(self) -> Settings:
        """The settings of the file, or the defaults. Never raises for a bad file."""
        with self._lock:
            self.problems.clear()
            values = self._read()
            known = {one.name for one in dataclasses.fields(Settings)}
            self._unknown = {name: value for name, value in values.items() if name not in known}
            usable: dict[str, Any] = {}
            for name in known & values.keys():
                try:
                    Settings(**{name: values[name]})
                except (ValueError, TypeError) as error:
                    _log.warning("setting ignored: %s", error)
                    self.problems.append(Message("setting-ignored", {"name": name}))
                else:
                    usable[name] = values[name]
            return Settings(**usable)

    def _read(self) -> dict[str, Any]:
        try:
            text = self.file.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            _log.warning("settings cannot be read: %r", error)
            self.problems.append(Message("settings-unreadable", {"file": str(self.file)}))
            return {}
        try:
            values = json.loads(text)
            if not isinstance(values, dict):
                raise ValueError("not a JSON object")
        except (ValueError, RecursionError) as error:
            aside = self.file.with_name(self.file.name + ".damaged")
            self.file.replace(aside)
            _log.warning("settings are damaged and kept as %s: %s", aside, error)
            self.problems.append(Message("settings-damaged", {"file": str(aside)}))
            return {}
        return values

    def save(self, settings: Settings) -> None:
        """Write `settings`, whole or not at all. Raises UserError (kind USAGE) where the disk refuses."""
        with self._lock:
            content = json.dumps(
                {**self._unknown, **dataclasses.asdict(settings)}, indent=2, ensure_ascii=False
            )
            try:
                write_atomically(self.file, content.encode())
            except OSError as error:
                raise UserError(
                    "settings-not-saved",
                    ErrorKind.USAGE,
                    file=str(self.file),
                    reason=error.strerror or str(error),
                    details=repr(error),
                ) from error
