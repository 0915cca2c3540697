"""What the settings say becomes what is wished of a load, and every engine finds the device it is to use."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from slmdesk.chat import wishes_of
from slmdesk.engines import Device, EngineFacts, Preference
from slmdesk.library import InstalledModel
from slmdesk.storage import ModelSettings, Settings

PATH = "/models/one"
ONE, OTHER = "one", "other"


def model(engine: str = ONE) -> InstalledModel:
    return InstalledModel("one", "One", Path(PATH), 1, "", 1, "", 0, "", engine=engine, engine_title="One")


def device(name: str, description: str, backend: str) -> Device:
    return Device(
        name=name, description=description, kind="gpu", backend=backend, free_memory=1, total_memory=1
    )


ENGINES = (
    EngineFacts(ONE, "One", devices=(device("Vulkan0", "Card", "Vulkan"), device("CUDA0", "Card", "CUDA"))),
    EngineFacts(OTHER, "Other", devices=(device("cuda", "Card", "CUDA"),)),
)


def test_the_defaults_wish_for_nothing() -> None:
    wishes = wishes_of(Settings(), model())
    assert wishes.preference == Preference()
    assert (wishes.threads, wishes.context_length, wishes.kv_type) == (None, None, "f16")


def test_what_is_set_for_all_models_is_wished_by_the_person() -> None:
    settings = Settings(device="cpu", gpu_layers=0, threads=3, context_length=2048, kv_type="q8_0")
    wishes = wishes_of(settings, model())
    assert wishes.preference == Preference(device="cpu", gpu_layers=0, wisher="person")
    assert (wishes.threads, wishes.context_length, wishes.kv_type) == (3, 2048, "q8_0")


def test_what_is_set_for_one_model_stands_in_place_of_that() -> None:
    own = ModelSettings(device="Vulkan0", threads=0)
    settings = Settings(device="cpu", threads=3, gpu_layers=5, model_settings={PATH: own})
    wishes = wishes_of(settings, model())
    assert wishes.preference == Preference(device="Vulkan0", gpu_layers=5, wisher="model")
    assert wishes.threads is None, "as found here, for this one"
    other = InstalledModel("two", "Two", Path("/models/two"), 1, "", 1, "", 0, "")
    assert wishes_of(settings, other).preference.device == "cpu"


def test_a_model_has_nothing_of_its_own_of_what_a_policy_has_fixed() -> None:
    settings = Settings(
        device="cpu", threads=3, model_settings={PATH: ModelSettings(device="Vulkan0", threads=1)}
    )
    wishes = wishes_of(settings, model(), fixed={"device"})
    assert wishes.preference == Preference(device="cpu", wisher="policy")
    assert wishes.threads == 1
    assert wishes_of(settings, model(), fixed={"model_settings"}).threads == 3


@pytest.mark.parametrize(
    ("chosen", "engine", "wished"),
    [
        ("auto", OTHER, "auto"),
        ("cpu", OTHER, "cpu"),
        ("CUDA0", ONE, "CUDA0"),
        # The same device, by the name that the other engine has for it.
        ("CUDA0", OTHER, "cuda"),
        # One that this engine does not reach: it says why not.
        ("Vulkan0", OTHER, "gpu"),
        # One that nobody has: it was pulled out.
        ("Vulkan7", OTHER, "Vulkan7"),
    ],
)
def test_each_engine_finds_the_device_that_was_chosen(chosen: str, engine: str, wished: str) -> None:
    assert wishes_of(Settings(device=chosen), model(engine), ENGINES).preference.device == wished


def test_a_context_that_is_set_for_all_models_is_no_longer_than_the_model_was_trained_for() -> None:
    settings = Settings(context_length=16_384)
    assert wishes_of(settings, replace(model(), trained_context_length=8192)).context_length == 8192
    assert wishes_of(settings, replace(model(), trained_context_length=0)).context_length == 16_384
    assert wishes_of(settings, replace(model(), trained_context_length=32_768)).context_length == 16_384
