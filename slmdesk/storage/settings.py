"""What the person chose, and where it is kept."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Callable, Collection, Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from slmdesk.messages import ErrorKind, Message, UserError, say
from slmdesk.storage.device_names import check_devices
from slmdesk.storage.folders import write_atomically
from slmdesk.storage.model_settings import (
    LONGEST_CONTEXT_LENGTH,
    LONGEST_NAME,
    MOST_GPU_LAYERS,
    MOST_THREADS,
    KvPrecision,
    ModelSettings,
)
from slmdesk.storage.setting_fields import check_fields, setting

Theme: TypeAlias = Literal["system", "light", "dark"]
LanguageChoice: TypeAlias = Literal["system", "en", "pl"]
MotionSetting: TypeAlias = Literal["system", "on", "off"]
SendKey: TypeAlias = Literal["enter", "ctrl_enter"]

TEXT_ZOOM_LEAST, TEXT_ZOOM_MOST = 50, 300
"""Percent."""

WINDOW_SIDE_LEAST, WINDOW_SIDE_MOST = 240, 16384
"""Logical pixels. A window manager may make a window smaller than the window itself would."""

LONGEST_IDLE_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, once: type, default, range and label. Changed with `dataclasses.replace`.

    Raises ValueError for a value outside the type or range of its field.
    """

    theme: Theme = setting("system", "setting-theme")
    language: LanguageChoice = setting("system", "setting-language")
    model: str = setting("", "setting-model")
    """Id or path of the model last chosen; empty: none yet."""
    send_with: SendKey = setting("enter", "setting-send-with")
    """What sends a message; with `ctrl_enter`, Enter starts a new line."""
    reopen_last_chat: bool = setting(True, "setting-reopen-last-chat")
    load_model_at_start: bool = setting(True, "setting-load-model-at-start")
    text_zoom: int = setting(100, "setting-text-zoom", least=TEXT_ZOOM_LEAST, most=TEXT_ZOOM_MOST)
    """Size of the text of conversations, in percent."""
    reduce_motion: MotionSetting = setting("system", "setting-reduce-motion")
    show_figures: bool = setting(True, "setting-show-figures")
    """Whether answers say what they took."""
    window_width: int = setting(1280, "setting-window-width", least=WINDOW_SIDE_LEAST, most=WINDOW_SIDE_MOST)
    window_height: int = setting(800, "setting-window-height", least=WINDOW_SIDE_LEAST, most=WINDOW_SIDE_MOST)

    device: str = setting("auto", "setting-device", least=1, most=LONGEST_NAME, check=check_devices)
    """Where models run: `auto`, `cpu`, `gpu`, or the name of a device as an engine has it, several with
    commas between them."""
    gpu_layers: int = setting(-1, "setting-gpu-layers", least=-1, most=MOST_GPU_LAYERS)
    """Layers of a model to place on a device that is not the processor; -1: as many as fit."""
    threads: int = setting(0, "setting-threads", least=0, most=MOST_THREADS)
    """That decode; 0: as many as suit this computer."""
    context_length: int = setting(0, "setting-context-length", least=0, most=LONGEST_CONTEXT_LENGTH)
    """Tokens, of chats without a length of their own; 0: the engine's usual."""
    kv_type: KvPrecision = setting("f16", "setting-kv-type")
    """Number format of the KV cache."""
    idle_unload_minutes: int = setting(15, "setting-idle-unload", least=0, most=LONGEST_IDLE_MINUTES)
    """A model that nobody has used for so long gives its memory back; 0: never."""
    engines_off: tuple[str, ...] = setting((), "setting-engines-off")
    """Engines that shall not run, by the names they have in the registry."""
    model_settings: Mapping[str, ModelSettings] = setting(dict, "setting-model-settings")
    """What differs for single models, by the paths of their files. Never changed in place."""
    warnings_dismissed: tuple[str, ...] = setting((), "setting-warnings-dismissed")
    """Warnings about the device that the person does not want to see again, the newest last."""

    offline: bool = setting(False, "setting-offline")
    """Whether nothing is asked of the network."""
    allowed_hosts: tuple[str, ...] = setting((), "setting-allowed-hosts")
    """Hosts that may be asked beside the Hub's own: names, or `*.name` for every name below one."""
    loopback_when_offline: bool = setting(False, "setting-loopback-when-offline")
    """Whether other programs on this computer may be asked even offline; they might pass on what is asked."""

    def __post_init__(self) -> None:
        check_fields(self)

    def for_model(self, path: str) -> ModelSettings:
        """What differs for the model at `path`."""
        return self.model_settings.get(path) or ModelSettings()

    def in_effect_for(self, path: str, fixed: Container[str] = ()) -> ModelSettings:
        """What the model at `path` is run with; nothing is None. `fixed`: the names of settings that a policy
        has fixed, which no model has its own of.
        """
        own = ModelSettings() if "model_settings" in fixed else self.for_model(path)
        values: dict[str, Any] = {}
        for one in dataclasses.fields(ModelSettings):
            value = None if one.name in fixed else getattr(own, one.name)
            values[one.name] = getattr(self, one.name) if value is None else value
        return ModelSettings(**values)


# Of what JSON has only lists for.
_LISTS = frozenset({"allowed_hosts", "engines_off", "warnings_dismissed"})


class SettingsStore:
    """Settings as a JSON file. Blocking; may be called from any thread.

    A value that cannot be used falls back to its default and is named in `problems`; a file that cannot be
    read at all is kept beside the new one, never overwritten. Keys of a newer version are left in the file,
    those of single models among them.
    """

    def __init__(self, file: Path, engines: Callable[[], Collection[str]] | None = None) -> None:
        """`engines` tells the names that `Settings.engines_off` may have, where somebody has set that; None:
        any will do.
        """
        self.file = file
        self._engines = engines
        self._problems: list[tuple[str, dict[str, str | Message]]] = []
        # A file that could not be read is moved away before another takes its name.
        self._in_the_way = False
        self._lock = threading.Lock()
        self._unknown: dict[str, Any] = {}
        # Of single models, by their paths.
        self._unknown_of_models: dict[str, dict[str, Any]] = {}

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
            self._unknown_of_models = {}
            usable: dict[str, Any] = {}
            for name in [one for one in labels if one in values]:
                try:
                    value = self._from_plain(name, values[name])
                    Settings(**{name: value})
                except (ValueError, TypeError) as error:
                    self._note("setting-ignored", error, name=labels[name], file=str(self.file))
                else:
                    usable[name] = value
            settings = Settings(**usable)
            self._look_at_engines(settings, labels["engines_off"])
            return settings

    def _look_at_engines(self, settings: Settings, label: Message) -> None:
        """Note names of engines that there are not. They are kept: a newer version may have them."""
        if self._engines is None or not settings.engines_off:
            return
        known = self._engines()
        for engine in [one for one in settings.engines_off if one not in known]:
            self._note(
                "setting-engine-unknown",
                ValueError(f"no engine is called {engine!r}"),
                name=label,
                engine=engine,
                engines=", ".join(known),
                file=str(self.file),
            )

    def _from_plain(self, name: str, value: Any) -> Any:
        """What JSON has no type of its own for. Raises ValueError where it is something else."""
        if name in _LISTS:
            if not isinstance(value, list):
                raise ValueError(f"{name} is {value!r}, not a list")
            return tuple(value)
        if name == "model_settings":
            return self._model_settings_from_plain(value)
        return value

    def _model_settings_from_plain(self, value: object) -> dict[str, ModelSettings]:
        """One bad value costs only itself."""
        if not isinstance(value, dict):
            raise ValueError(f"model_settings is {value!r}, not an object")
        labels = {one.name: one.metadata["label"] for one in dataclasses.fields(ModelSettings)}
        found: dict[str, ModelSettings] = {}
        for path, entry in value.items():
            if not isinstance(entry, dict):
                label = Settings.__dataclass_fields__["model_settings"].metadata["label"]
                self._note_of_model(path, label, ValueError(f"{entry!r} is no object"))
                continue
            unknown = {name: one for name, one in entry.items() if name not in labels}
            if unknown:
                self._unknown_of_models[path] = unknown
            usable: dict[str, Any] = {}
            for name in [one for one in labels if one in entry]:
                try:
                    ModelSettings(**{name: entry[name]})
                except (ValueError, TypeError) as error:
                    self._note_of_model(path, labels[name], error)
                else:
                    usable[name] = entry[name]
            settings = ModelSettings(**usable)
            if not settings.is_empty:
                found[path] = settings
        return found

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

    def _as_plain(self, settings: Settings) -> dict[str, Any]:
        """All of it, and what a newer version has left, for JSON."""
        plain = {one.name: getattr(settings, one.name) for one in dataclasses.fields(settings)}
        of_models: dict[str, dict[str, object]] = {
            path: dict(unknown) for path, unknown in self._unknown_of_models.items()
        }
        for path, model in settings.model_settings.items():
            if not model.is_empty:
                of_models.setdefault(path, {}).update(model.as_plain())
        return {**self._unknown, **plain, "model_settings": of_models}

    def _note_of_model(self, path: str, label: Message, cause: Exception) -> None:
        self._note("setting-of-model-ignored", cause, name=label, model=path, file=str(self.file))

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
            content = json.dumps(self._as_plain(settings), indent=2, ensure_ascii=False)
            try:
                if self._in_the_way:
                    self._move_aside()
                    self._in_the_way = False
                # What is no text, the path of a file for example, is read again as it was.
                write_atomically(self.file, content.encode("utf-8", "surrogatepass"))
            except OSError as error:
                raise UserError(
                    "settings-not-saved",
                    ErrorKind.STORAGE,
                    file=str(self.file),
                    reason=error.strerror or str(error),
                    details=repr(error),
                ) from error
