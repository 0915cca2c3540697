"""What --engine, --device and --gpu-layers mean, before anything is loaded."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
import pytest

from slmdesk.cli.placing import (
    PlacingWishes,
    StrictPlanner,
    check_device,
    check_wishes,
    preferred,
    with_engine,
)
from slmdesk.engines import ENGINES, Device, EngineFacts, EngineSurvey, Preference, engine_names
from slmdesk.hardware import Computer, Gpu
from slmdesk.library import InstalledModel
from slmdesk.messages import UserError, error_sentences
from slmdesk.storage import ModelSettings, Settings

RunCli = Callable[..., subprocess.CompletedProcess[str]]


def _checked(value: str | None) -> str | None:
    command = click.Command("chat")
    return check_device(click.Context(command), click.Option(["--device"]), value)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (None, None),
        ("auto", "auto"),
        ("CPU", "cpu"),
        (" Gpu ", "gpu"),
        ("Vulkan0", "Vulkan0"),
        ("CUDA1, CUDA0", "CUDA1,CUDA0"),
        ("Karta zażółć", "Karta zażółć"),
    ],
)
def test_device(given: str | None, meant: str | None) -> None:
    assert _checked(given) == meant


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("", "it is no name of a device"),
        ("CUDA0,", "it is no name of a device"),
        ("CUDA\x1b[0m", "it is no name of a device"),
        ("CUDA0,CPU", "“cpu” stands alone"),
        ("auto,gpu", "stands alone"),
        ("CUDA0,CUDA0", "it names a device twice"),
    ],
)
def test_what_is_no_device(given: str, reason: str) -> None:
    with pytest.raises(click.BadParameter, match=reason):
        _checked(given)


@pytest.mark.parametrize(
    ("wishes", "wants"),
    [
        (PlacingWishes(), False),
        (PlacingWishes(device="auto"), False),
        (PlacingWishes(device="cpu"), False),
        (PlacingWishes(device="gpu"), True),
        (PlacingWishes(device="CUDA0"), True),
        (PlacingWishes(gpu_layers=0), False),
        (PlacingWishes(gpu_layers=-1), True),
        (PlacingWishes(device="auto", gpu_layers=12), True),
    ],
)
def test_what_asks_for_a_gpu(wishes: PlacingWishes, wants: bool) -> None:
    assert wishes.wants_a_gpu == wants


def test_layers_on_a_gpu_that_is_not_wanted() -> None:
    with pytest.raises(click.UsageError):
        check_wishes(PlacingWishes(device="cpu", gpu_layers=3))
    for device in ("gpu", "Vulkan0"):
        with pytest.raises(click.UsageError):
            check_wishes(PlacingWishes(device=device, gpu_layers=0))
    assert check_wishes(PlacingWishes(device="auto", gpu_layers=0)).gpu_layers == 0
    assert check_wishes(PlacingWishes(device="cpu", gpu_layers=0)).gpu_layers == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--engine", "nonsense"), "'nonsense' is not one of " + ", ".join(map(repr, engine_names()))),
        (("--device", ""), "it is no name of a device; `slmdesk doctor` lists them"),
        (("--gpu-layers", "-2"), "-2 is not in the range"),
        (("--gpu-layers", "some"), "'some' is not a whole number."),
        (("--device", "cpu", "--gpu-layers", "4"), "--gpu-layers needs another --device than cpu"),
        (("--device", "gpu", "--gpu-layers", "0"), "with --gpu-layers 0 nothing runs on the device"),
    ],
)
def test_a_wrong_command_line_loads_nothing(
    arguments: tuple[str, ...], reason: str, run_cli: RunCli, tmp_path: Path
) -> None:
    # The file is not there: whoever looked at it would say so.
    done = run_cli("chat", str(tmp_path / "nowhere.gguf"), "--prompt", "Hi", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr


SECOND = Preference(device="CUDA1", gpu_layers=7, wisher="person")


@pytest.mark.parametrize(
    ("settled", "wishes", "preference"),
    [
        (Preference(), PlacingWishes(), Preference()),
        (SECOND, PlacingWishes(), SECOND),
        (SECOND, PlacingWishes(device="cpu"), Preference(device="cpu", gpu_layers=7, wisher="model")),
        (SECOND, PlacingWishes(gpu_layers=-1), Preference(device="CUDA1", gpu_layers=-1, wisher="model")),
        # Layers need a device: without a word about it, any GPU is meant.
        (
            Preference(),
            PlacingWishes(gpu_layers=4),
            Preference(device="gpu", gpu_layers=4, wisher="model"),
        ),
        # Layers settled as none do not undo a device that is named.
        (
            Preference(gpu_layers=0, wisher="person"),
            PlacingWishes(device="Vulkan0"),
            Preference(device="Vulkan0", gpu_layers=-1, wisher="model"),
        ),
        (Preference(), PlacingWishes(gpu_layers=0), Preference(gpu_layers=0, wisher="model")),
        # With the word for letting the computer choose, too.
        (
            Preference(),
            PlacingWishes(device="auto", gpu_layers=4),
            Preference(device="gpu", gpu_layers=4, wisher="model"),
        ),
        (
            Preference(gpu_layers=4),
            PlacingWishes(device="auto"),
            Preference(device="auto", gpu_layers=4, wisher="model"),
        ),
        (
            Preference(device="cpu", wisher="person"),
            PlacingWishes(gpu_layers=4),
            Preference(device="gpu", gpu_layers=4, wisher="model"),
        ),
    ],
)
def test_the_command_line_comes_before_the_settings(
    settled: Preference, wishes: PlacingWishes, preference: Preference
) -> None:
    assert preferred(settled, wishes) == preference


MODEL = InstalledModel(
    id="m",
    title="Little Model",
    path=Path("m.gguf"),
    size_bytes=10**9,
    architecture="llama",
    parameters=1,
    quantization="Q4_1",
    trained_context_length=1024,
    system_prompt="",
    engine=engine_names()[0],
    engine_title="<engine>",
    layers=30,
    kv_bytes_per_token=1000,
)
GIB = 2**30


def _planner(
    wishes: PlacingWishes,
    *,
    with_gpu: bool = False,
    with_card: bool = True,
    settings: Settings | None = None,
) -> StrictPlanner:
    cpu = Device(name="CPU", description="a processor", kind="cpu", free_memory=0, total_memory=0)
    gpu = Device(
        name="CUDA0",
        description="NVIDIA GeForce RTX 4060",
        kind="gpu",
        backend="CUDA",
        free_memory=7 * GIB,
        total_memory=8 * GIB,
    )
    card = Gpu(vendor="nvidia", name="NVIDIA GeForce RTX 4060", total_memory_bytes=8 * GIB, cuda="12.4")

    def probe(name: str) -> EngineFacts:
        devices = (cpu, gpu) if with_gpu else (cpu,)
        return EngineFacts(
            name, "<engine>", devices=devices, backends=("CUDA", "CPU") if with_gpu else ("CPU",)
        )

    computer = Computer(
        "Linux",
        "x86_64",
        "a processor",
        4,
        8,
        4,
        16 * GIB,
        9 * GIB,
        family="linux",
        gpus=(card,) if with_card else (),
    )
    return StrictPlanner(
        settings or Settings(), wishes, survey=EngineSurvey(probe), computer=lambda: computer
    )


@pytest.mark.parametrize("device", ["gpu", "CUDA0", "Nowhere7"])
def test_a_gpu_that_was_asked_for_and_is_not_used_ends_it(device: str) -> None:
    with pytest.raises(UserError) as raised:
        _planner(PlacingWishes(device=device)).plan(MODEL)
    assert raised.value.kind == 3
    with pytest.raises(UserError):
        _planner(PlacingWishes(gpu_layers=3)).plan(MODEL)


@pytest.mark.parametrize("wishes", [PlacingWishes(), PlacingWishes(device="auto")])
def test_a_gpu_that_nobody_asked_for_is_only_warned_of(wishes: PlacingWishes) -> None:
    plan = _planner(wishes).plan(MODEL)
    assert plan.options.devices == ()
    assert plan.placement.warning is not None


def test_a_device_of_the_settings_is_only_warned_of() -> None:
    plan = _planner(PlacingWishes(), settings=Settings(device="Nowhere7")).plan(MODEL)
    assert plan.options.devices == ()
    assert plan.placement.warning is not None


@pytest.mark.parametrize("engine", engine_names())
def test_layers_that_were_asked_for_without_a_gpu_end_it(engine: str) -> None:
    model = replace(MODEL, engine=engine)
    for device in (None, "auto", "gpu"):
        with pytest.raises(UserError, match="gpu-none") as raised:
            _planner(PlacingWishes(device=device, gpu_layers=20), with_card=False).plan(model)
        assert raised.value.kind == 3


def test_layers_of_the_settings_without_a_gpu_are_warned_of() -> None:
    for_all = Settings(gpu_layers=5)
    for_it = Settings(model_settings={str(MODEL.path): ModelSettings(gpu_layers=5)})
    for settings in (for_all, for_it):
        for wishes in (PlacingWishes(), PlacingWishes(device="auto")):
            plan = _planner(wishes, with_card=False, settings=settings).plan(MODEL)
            assert plan.options.devices == ()
            assert plan.placement.warning is not None
            assert plan.placement.warning.key == "gpu-none-for-layers"
        assert _planner(PlacingWishes(device="cpu"), settings=settings).plan(MODEL).placement.warning is None


@pytest.mark.parametrize("device", [None, "auto", "gpu", "CUDA0"])
def test_a_gpu_that_can_be_used(device: str | None) -> None:
    plan = _planner(PlacingWishes(device=device), with_gpu=True).plan(MODEL)
    assert plan.options.devices == ("CUDA0",)
    assert plan.placement.warning is None


def test_only_the_processor() -> None:
    plan = _planner(PlacingWishes(device="cpu"), with_gpu=True).plan(MODEL)
    assert plan.options.devices == ()
    assert plan.placement.warning is None


def test_layers_that_were_asked_for() -> None:
    plan = _planner(PlacingWishes(gpu_layers=12), with_gpu=True).plan(MODEL)
    assert (plan.options.devices, plan.options.gpu_layers) == (("CUDA0",), 12)


def test_settings_of_the_one_model_count() -> None:
    settings = Settings(model_settings={str(MODEL.path): ModelSettings(device="cpu", context_length=256)})
    plan = _planner(PlacingWishes(), with_gpu=True, settings=settings).plan(MODEL)
    assert plan.options.devices == ()
    assert plan.options.context_length == 256


def test_an_engine_that_is_switched_off_does_not_run_by_name_either() -> None:
    off = Settings(engines_off=(MODEL.engine,))
    file = Path("settings.json")
    assert with_engine(MODEL, PlacingWishes(), Settings(), file) == MODEL
    assert with_engine(MODEL, PlacingWishes(engine=MODEL.engine), Settings(), file).engine == MODEL.engine
    with pytest.raises(UserError, match="engine-turned-off"):
        with_engine(MODEL, PlacingWishes(), off, file)
    unnamed = replace(MODEL, engine="", engine_title="")
    with pytest.raises(UserError, match="engine-turned-off") as raised:
        with_engine(unnamed, PlacingWishes(engine=MODEL.engine), off, file)
    assert raised.value.facts == {
        "name": MODEL.title,
        "engine": ENGINES[MODEL.engine].title,
        "engine_name": MODEL.engine,
        "file": str(file),
    }
    # Where there is no window, the file is what can be followed.
    assert f"take “{MODEL.engine}” out of “engines_off” in {file}." in error_sentences(raised.value).do


def test_what_else_is_wished_comes_from_the_settings() -> None:
    settings = Settings(threads=3, context_length=512, kv_type="q8_0")
    options = _planner(PlacingWishes(), settings=settings).plan(MODEL).options
    assert (options.threads, options.context_length, options.kv_type) == (3, 512, "q8_0")
    assert _planner(PlacingWishes(), settings=settings).plan(MODEL, 256).options.context_length == 256
