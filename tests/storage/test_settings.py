"""Settings survive bad files, bad values and newer versions."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import pytest

from slmdesk.messages import UserError, choose_language, error_sentences, one_line, say
from slmdesk.storage import ModelSettings, Settings, SettingsStore, WindowLock, resources_folder


@pytest.fixture
def store(tmp_path: Path) -> SettingsStore:
    return SettingsStore(tmp_path / "config" / "settings.json")


def test_what_is_saved_is_loaded(store: SettingsStore) -> None:
    wanted = Settings(theme="dark", language="pl", model="starter", window_width=900)
    store.save(wanted)
    assert store.load() == wanted
    assert store.problems == []


def test_without_a_file_the_defaults(store: SettingsStore) -> None:
    assert store.load() == Settings()
    assert not store.file.exists()


def test_a_damaged_file_is_kept_and_told(store: SettingsStore) -> None:
    store.file.parent.mkdir()
    store.file.write_text('{"theme": "dark"')
    assert store.load() == Settings()
    aside = store.file.with_name("settings.json.damaged")
    assert aside.read_text() == '{"theme": "dark"'
    assert [one_line(problem) for problem in store.problems] == [
        f"The settings were damaged and are kept as {aside}: the defaults are used instead."
    ]


def test_each_damaged_copy_is_kept(store: SettingsStore) -> None:
    store.file.parent.mkdir()
    for content in ("first", "second", "third"):
        store.file.write_text(content)
        store.load()
    kept = {file.name: file.read_text() for file in store.file.parent.iterdir()}
    assert kept == {
        "settings.json.damaged": "first",
        "settings.json.damaged-2": "second",
        "settings.json.damaged-3": "third",
    }


def test_a_damaged_file_that_cannot_be_moved_is_told_and_not_overwritten(
    store: SettingsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.file.parent.mkdir()
    store.file.write_text("damaged")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    assert store.load() == Settings()
    assert [problem.key for problem in store.problems] == ["settings-damaged-in-place"]
    with pytest.raises(UserError):
        store.save(Settings(theme="dark"))
    monkeypatch.undo()
    store.save(Settings(theme="dark"))
    assert store.file.with_name("settings.json.damaged").read_text() == "damaged"
    assert store.load().theme == "dark"


def test_a_file_that_cannot_be_read_is_told_and_kept(
    store: SettingsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(Settings(theme="dark"))

    def refuse(*_: object) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert store.load() == Settings()
    assert [one_line(problem) for problem in store.problems] == [
        f"The settings in {store.file} cannot be read: the system says “Permission denied”."
    ]
    store.save(Settings())
    monkeypatch.undo()
    assert '"dark"' in store.file.with_name("settings.json.damaged").read_text()


@pytest.mark.parametrize("content", [b"[]", b"\xff\xfe", b"[" * 100_000, b"null"])
def test_any_other_content_is_damage_too(store: SettingsStore, content: bytes) -> None:
    store.file.parent.mkdir()
    store.file.write_bytes(content)
    assert store.load() == Settings()
    assert [problem.key for problem in store.problems] == ["settings-damaged"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("theme", "pink"),
        ("theme", ["dark"]),
        ("model", 3),
        ("window_width", 12),
        ("window_width", True),
        ("window_height", "800"),
    ],
)
def test_a_value_that_cannot_be_used_costs_only_itself(
    store: SettingsStore, name: str, value: object
) -> None:
    store.file.parent.mkdir()
    store.file.write_text(json.dumps({"language": "pl", name: value}))
    assert store.load() == Settings(language="pl")
    (problem,) = store.problems
    label = say(Settings.__dataclass_fields__[name].metadata["label"])
    assert one_line(problem) == (
        f"The setting “{label}” has a value that cannot be used: the default is used instead."
    )


def test_problems_name_a_setting_in_the_language_spoken_when_they_are_shown(store: SettingsStore) -> None:
    store.file.parent.mkdir()
    store.file.write_text('{"theme": "pink"}')
    store.load()
    choose_language("pl", resources_folder() / "locale")
    label = say(Settings.__dataclass_fields__["theme"].metadata["label"])
    assert label != "Theme"
    assert store.problems[0].facts["name"] == label


def test_settings_of_a_newer_version_are_not_lost(store: SettingsStore) -> None:
    store.file.parent.mkdir()
    store.file.write_text('{"later": {"a": 1}, "theme": "light"}')
    settings = store.load()
    store.save(dataclasses.replace(settings, theme="dark"))
    assert json.loads(store.file.read_text())["later"] == {"a": 1}


def test_a_disk_that_refuses_is_told_and_the_old_file_stays(
    store: SettingsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save(Settings(theme="dark"))

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(UserError) as caught:
        store.save(Settings(theme="light"))
    assert caught.value.key == "settings-not-saved"
    assert caught.value.facts["reason"] == "No space left on device"
    monkeypatch.undo()
    assert store.load().theme == "dark"
    assert [file.name for file in store.file.parent.iterdir()] == ["settings.json"]


def test_every_setting_has_a_label_in_words() -> None:
    for field in dataclasses.fields(Settings):
        assert say(field.metadata["label"])


def test_only_this_person_can_read_them(store: SettingsStore) -> None:
    store.save(Settings())
    if os.name == "posix":
        assert store.file.stat().st_mode & 0o077 == 0
        assert store.file.parent.stat().st_mode & 0o077 == 0


def test_a_window_lock_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    lock = WindowLock(tmp_path / "window.lock")
    lock.attention_file.symlink_to(tmp_path / "no such folder" / "file")
    with pytest.raises(UserError) as caught:
        lock.take()
    assert caught.value.key == "window-lock-unusable"
    assert one_line(caught.value).startswith(
        f"SLM Desk cannot open its window: the file {tmp_path / 'attention'} cannot be written"
    )
    lock.release()


OF_ENGINES: dict[str, object] = {
    "device": "Vulkan0",
    "gpu_layers": 12,
    "threads": 6,
    "context_length": 8192,
    "kv_type": "q8_0",
    "idle_unload_minutes": 0,
    "engines_off": ("one",),
    "model_settings": {
        "/models/a.gguf": ModelSettings(device="cpu", threads=2),
        "/models/zażółć.gguf": ModelSettings(gpu_layers=-1, kv_type="f16", context_length=0),
    },
}


def test_settings_of_engines_and_of_single_models_are_kept(store: SettingsStore) -> None:
    wanted = dataclasses.replace(Settings(), **OF_ENGINES)  # type: ignore[arg-type]
    store.save(wanted)
    assert store.load() == wanted
    assert store.problems == []
    assert wanted.for_model("/models/a.gguf").threads == 2
    assert wanted.for_model("/models/b.gguf").is_empty


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("device", ""),
        ("device", "x" * 300),
        ("device", None),
        ("device", ",,"),
        ("device", "cpu,gpu"),
        ("device", "gpu,CUDA0"),
        ("device", "CUDA0,CUDA0"),
        ("gpu_layers", -2),
        ("gpu_layers", "all"),
        ("threads", -1),
        ("threads", 2.5),
        ("threads", 10**9),
        ("context_length", -1),
        ("kv_type", "q2"),
        ("idle_unload_minutes", True),
        ("idle_unload_minutes", 10**6),
        ("engines_off", "one"),
        ("engines_off", [1]),
        ("engines_off", {"one": 1}),
        ("model_settings", []),
        ("model_settings", {str(one): {"threads": 1} for one in range(20_000)}),
    ],
)
def test_a_bad_value_of_an_engine_costs_only_itself(store: SettingsStore, name: str, value: object) -> None:
    store.file.parent.mkdir()
    store.file.write_text(json.dumps({"theme": "dark", name: value}))
    assert store.load() == Settings(theme="dark")
    label = say(Settings.__dataclass_fields__[name].metadata["label"])
    assert [one_line(problem) for problem in store.problems] == [
        f"The setting “{label}” has a value that cannot be used: the default is used instead."
    ]


def test_devices_that_can_be_named(store: SettingsStore) -> None:
    for device in ("auto", "cpu", "CPU", "gpu", "CUDA0", "CUDA0,CUDA1", "CUDA1, Vulkan0", "Karta 1"):
        assert Settings(device=device).device == device
        assert ModelSettings(device=device).device == device
    with pytest.raises(ValueError, match="not alone"):
        ModelSettings(device="gpu,CUDA0")


def test_an_engine_that_there_is_not_is_told_and_kept(tmp_path: Path) -> None:
    """A newer version may have it; and what else is off must not run because of it."""
    file = tmp_path / "settings.json"
    store = SettingsStore(file, lambda: ("one", "two"))
    file.write_text('{"engines_off": ["tow", "one"]}')
    assert store.load().engines_off == ("tow", "one")
    [problem] = store.problems
    assert one_line(problem) == (
        "The setting “Engines” names “tow”, and no engine is called so: the engines are called one, two."
    )
    assert str(file) in error_sentences(problem).do
    file.write_text('{"engines_off": ["one"]}')
    store.load()
    assert store.problems == []


def test_a_bad_value_of_one_model_costs_only_itself(store: SettingsStore) -> None:
    store.file.parent.mkdir()
    models = {"/a.gguf": {"threads": -3, "device": "cpu"}, "/b.gguf": "fast", "/c.gguf": {"kv_type": "q8_0"}}
    store.file.write_text(json.dumps({"model_settings": models}))
    assert store.load().model_settings == {
        "/a.gguf": ModelSettings(device="cpu"),
        "/c.gguf": ModelSettings(kv_type="q8_0"),
    }
    assert [one_line(problem) for problem in store.problems] == [
        "The setting “Threads” of the model /a.gguf has a value that cannot be used: what is set for all"
        " models is used instead.",
        "The setting “Settings of single models” of the model /b.gguf has a value that cannot be used: what"
        " is set for all models is used instead.",
    ]


def test_what_a_newer_version_set_for_a_model_is_not_lost(store: SettingsStore) -> None:
    store.file.parent.mkdir()
    models = {"/a.gguf": {"threads": 2, "later": [1]}, "/b.gguf": {"later": 2}}
    store.file.write_text(json.dumps({"model_settings": models}))
    store.save(dataclasses.replace(store.load(), model_settings={}))
    kept = json.loads(store.file.read_text())["model_settings"]
    assert kept == {"/a.gguf": {"later": [1]}, "/b.gguf": {"later": 2}}


def test_a_model_without_anything_of_its_own_is_not_in_the_file(store: SettingsStore) -> None:
    store.save(Settings(model_settings={"/a.gguf": ModelSettings()}))
    assert json.loads(store.file.read_text())["model_settings"] == {}


def test_a_path_that_is_no_text_is_kept_as_it_is(store: SettingsStore) -> None:
    wanted = Settings(model_settings={"/\udcff.gguf": ModelSettings(threads=1)})
    store.save(wanted)
    assert store.load() == wanted
