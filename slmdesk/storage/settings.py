"""What the person chose, and where it is kept."""

from __future__ import annotations

import dataclasses
import json
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args, get_type_hints

from slmdesk.messages import ErrorKind, Message, UserError, say
from slmdesk.storage.folders import write_atomically

Theme: TypeAlias = Literal["system", "light", "dark"]
LanguageChoice: TypeAlias = Literal["system", "en", "pl"]
MotionSetting: TypeAlias = Literal["system", "on", "off"]
SendKey: TypeAlias = Literal["enter", "ctrl_enter"]

TEXT_ZOOM_LEAST, TEXT_ZOOM_MOST = 50, 300
"""Percent."""

WINDOW_SIDE_LEAST, WINDOW_SIDE_MOST = 240, 16384
"""Logical pixels. A window manager may make a window smaller than the window itself would."""


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
    send_with: SendKey = _setting("enter", "setting-send-with")
    """What sends a message; with `ctrl_enter`, Enter starts a new line."""
    reopen_last_chat: bool = _setting(True, "setting-reopen-last-chat")
    load_model_at_start: bool = _setting(True, "setting-load-model-at-start")
    text_zoom: int = _setting(100, "setting-text-zoom", least=TEXT_ZOOM_LEAST, most=TEXT_ZOOM_MOST)
    """Size of the text of conversations, in percent."""
    reduce_motion: MotionSetting = _setting("system", "setting-reduce-motion")
    show_figures: bool = _setting(True, "setting-show-figures")
    """Whether answers say what they took."""
    window_width: int = _setting(1280, "setting-window-width", least=WINDOW_SIDE_LEAST, most=WINDOW_SIDE_MOST)
    window_height: int = _setting(
        800, "setting-window-height", least=WINDOW_SIDE_LEAST, most=WINDOW_SIDE_MOST
    )

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
        self._problems: list[tuple[str, dict[str, str | Message]]] = []
        # A file that could not be read is moved away before another takes its name.
        self._in_the_way = False
        self._lock = threading.Lock()
        self._unknown: dict[str, Any] = {}

    @property
    def problems(self) -> list[UserError]:
        """What was wrong at the last `load`. Names of settings are in the language spoken now: when the
        settings are loaded, it is not known yet.
        """
        errors: list[UserError] = []
        for key, facts in self._problems:
            words = {name: say(fact) if isinstance(fact, Message) else fact for name, fact in facts.items()}
            errors.append(UserError(key, ErrorKind.STORAGE, **words))
        return errors

    def load(self) -> Settings:
        """The settings of the file, or the defaults. Never raises for a bad file."""
        with self._lock:
            self._problems.clear()
            self._in_the_way = False
            values = self._read()
            labels = {one.name: one.metadata["label"] for one in dataclasses.fields(Settings)}
            known = labels.keys()
            self._unknown = {name: value for name, value in values.items() if name not in known}
            usable: dict[str, Any] = {}
            for name in [one for one in labels if one in values]:
                try:
                    Settings(**{name: values[name]})
                except (ValueError, TypeError) as error:
                    self._note("setting-ignored", error, name=labels[name], file=str(self.file))
                else:
                    usable[name] = values[name]
            return Settings(**usable)

    def _read(self) -> dict[str, Any]:
        try:
            text = self.file.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            reason = error.strerror or str(error)
            self._note("settings-unreadable", error, file=str(self.file), reason=reason)
            self._in_the_way = True
            return {}
        try:
            values = json.loads(text)
            if not isinstance(values, dict):
                raise ValueError("not a JSON object")
        except (ValueError, RecursionError) as error:
            try:
                aside = self._move_aside()
            except OSError as refused:
                self._note("settings-damaged-in-place", refused, file=str(self.file))
                self._in_the_way = True
            else:
                self._note("settings-damaged", error, file=str(aside))
            return {}
        return values

    def _note(self, key: str, cause: Exception, **facts: str | Message) -> None:
        """Remember a problem. The front logs it: there is no log yet when settings are loaded."""
        self._problems.append((key, {"details": repr(cause), **facts}))

    def _move_aside(self) -> Path:
        """Give the file a name that is not taken: each damaged copy may be the one with a person's work."""
        aside, number = self.file.with_name(f"{self.file.name}.damaged"), 1
        while aside.exists():
            number += 1
            aside = self.file.with_name(f"{self.file.name}.damaged-{number}")
        self.file.replace(aside)
        return aside

    def save(self, settings: Settings) -> None:
        """Write `settings`, whole or not at all. Raises UserError (kind STORAGE) where the disk refuses."""
        with self._lock:
            content = json.dumps(
                {**self._unknown, **dataclasses.asdict(settings)}, indent=2, ensure_ascii=False
            )
            try:
                if self._in_the_way:
                    self._move_aside()
                    self._in_the_way = False
                write_atomically(self.file, content.encode())
            except OSError as error:
                raise UserError(
                    "settings-not-saved",
                    ErrorKind.STORAGE,
                    file=str(self.file),
                    reason=error.strerror or str(error),
                    details=repr(error),
                ) from error
