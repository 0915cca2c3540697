"""Providers of Windows' catalogue: found, registered and listed, against one that records what is asked.

It has not been run on Windows. The fakes have the interface of `windowsml` 2.5: `EpCatalog`, its providers,
and their states.
"""

from __future__ import annotations

import enum
import json
import logging
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slmdesk.engines.onnx_genai import build, native, windows_catalogue
from slmdesk.engines.onnx_genai.model import _config
from slmdesk.engines.onnx_genai.options import LoadPlan
from slmdesk.engines.onnx_genai.providers import PROVIDERS, Choice, choose
from slmdesk.engines.onnx_genai.windows_catalogue import (
    InstalledProvider,
    installed_providers,
    register_providers,
)

TINY = Path(__file__).parents[2] / "data" / "tiny-onnx"


class State(enum.IntEnum):
    """`windowsml.EpReadyState`."""

    Ready = 0
    NotReady = 1
    NotPresent = 2


class Entry:
    """A provider of the catalogue; it has a library once it is ready."""

    def __init__(
        self,
        name: str,
        state: State,
        calls: list[str],
        *,
        problem: Exception | None = None,
        library: str = "",
    ) -> None:
        self.name = name
        self.ready_state = state
        self._calls = calls
        self._problem = problem
        self._library = library or f"C:/WindowsApps/{name}.dll"

    def ensure_ready(self) -> None:
        self._calls.append(f"ensure_ready {self.name}")
        if self._problem is not None:
            raise self._problem
        assert self.ready_state is not State.NotPresent, "that would download it"
        self.ready_state = State.Ready

    @property
    def library_path(self) -> str:
        return self._library if self.ready_state is State.Ready else ""


class Catalogue:
    """`windowsml.EpCatalog`."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.entries: list[Entry] = []
        self.problem: Exception | None = None

    def add(self, name: str, state: State, **more: Any) -> None:
        self.entries.append(Entry(name, state, self.calls, **more))

    def open(self) -> Catalogue:
        self.calls.append("open")
        return self

    def find_all_providers(self) -> list[Entry]:
        if self.problem is not None:
            raise self.problem
        return self.entries

    def close(self) -> None:
        self.calls.append("close")


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue()


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(windows_catalogue, "_open_catalogues", [])
    build._usable_providers.cache_clear()
    yield
    build._usable_providers.cache_clear()


def names(found: tuple[InstalledProvider, ...]) -> list[str]:
    return [one.runtime_name for one in found]


def test_what_is_installed_is_found_in_the_order_of_devices(catalogue: Catalogue) -> None:
    catalogue.add("VitisAIExecutionProvider", State.Ready)
    catalogue.add("QNNExecutionProvider", State.NotReady)
    catalogue.add("OpenVINOExecutionProvider", State.Ready)
    catalogue.add("NvTensorRtRtxExecutionProvider", State.NotReady)
    found = installed_providers(catalogue.open)
    assert names(found) == [
        "NvTensorRTRTXExecutionProvider",
        "OpenVINOExecutionProvider",
        "QNNExecutionProvider",
        "VitisAIExecutionProvider",
    ]
    assert found[1].library == "C:/WindowsApps/OpenVINOExecutionProvider.dll"
    # What is ready is taken as it is; what is only installed is opened to this process.
    assert catalogue.calls == [
        "open",
        "ensure_ready QNNExecutionProvider",
        "ensure_ready NvTensorRtRtxExecutionProvider",
    ]


def test_nothing_is_downloaded(catalogue: Catalogue) -> None:
    catalogue.add("OpenVINOExecutionProvider", State.NotPresent)
    catalogue.add("QNNExecutionProvider", State.NotPresent)
    assert installed_providers(catalogue.open) == ()
    assert catalogue.calls == ["open"]


def test_what_we_know_nothing_of_is_left_alone(catalogue: Catalogue) -> None:
    catalogue.add("MIGraphXExecutionProvider", State.NotReady)
    assert installed_providers(catalogue.open) == ()
    assert catalogue.calls == ["open"]


def test_a_provider_that_fails_costs_nothing_but_itself(
    catalogue: Catalogue, caplog: pytest.LogCaptureFixture
) -> None:
    catalogue.add("OpenVINOExecutionProvider", State.NotReady, problem=OSError(-2147467259, "no driver"))
    catalogue.add("QNNExecutionProvider", State.Ready)
    with caplog.at_level(logging.WARNING):
        assert names(installed_providers(catalogue.open)) == ["QNNExecutionProvider"]
    assert "OpenVINOExecutionProvider" in caplog.text
    assert "no driver" in caplog.text


def test_a_catalogue_that_cannot_be_read_is_none(
    catalogue: Catalogue, caplog: pytest.LogCaptureFixture
) -> None:
    catalogue.problem = OSError(-2147221164, "class not registered")
    assert installed_providers(catalogue.open) == ()
    assert "class not registered" in caplog.text


def test_the_catalogue_stays_open(catalogue: Catalogue) -> None:
    installed_providers(catalogue.open)
    assert windows_catalogue._open_catalogues == [catalogue]
    assert "close" not in catalogue.calls


def test_elsewhere_than_on_windows_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    assert installed_providers() == ()


def test_without_the_package_there_is_none(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    monkeypatch.setitem(sys.modules, "windowsml", None)
    assert installed_providers() == ()
    assert caplog.text == ""


def test_the_package_of_windows_is_asked(monkeypatch: pytest.MonkeyPatch, catalogue: Catalogue) -> None:
    catalogue.add("QNNExecutionProvider", State.Ready)
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    monkeypatch.setitem(sys.modules, "windowsml", SimpleNamespace(EpCatalog=catalogue.open))
    assert names(installed_providers()) == ["QNNExecutionProvider"]


QNN = InstalledProvider("QNNExecutionProvider", "q.dll")
OPENVINO = InstalledProvider("OpenVINOExecutionProvider", "o.dll")


def test_a_library_is_registered_with_both_libraries_unless_it_is_built_in() -> None:
    lists: list[tuple[str, str]] = []
    runs: list[tuple[str, str]] = []
    taken = register_providers(
        (OPENVINO, QNN),
        ("OpenVINOExecutionProvider",),
        (lambda name, path: lists.append((name, path)), lambda name, path: runs.append((name, path))),
    )
    assert taken == ("QNNExecutionProvider",)
    assert lists == runs == [("QNNExecutionProvider", "q.dll")]


def test_a_library_that_is_refused_is_not_offered(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(name: str, path: str) -> None:
        if name == QNN.runtime_name:
            raise RuntimeError("built for another version")

    assert register_providers((QNN, OPENVINO), (), (refuse,)) == ("OpenVINOExecutionProvider",)
    assert "built for another version" in caplog.text


@pytest.mark.parametrize("library", ["runtime", "og"])
def test_both_real_libraries_say_no_with_an_error_that_is_expected(library: str, tmp_path: Path) -> None:
    register = getattr(native, library).register_execution_provider_library
    lost = InstalledProvider("QNNExecutionProvider", str(tmp_path / "nowhere.dll"))
    assert register_providers((lost,), (), (register,), native.RUNTIME_ERRORS) == ()


class Runtime:
    """ONNX Runtime as in onnxruntime-genai-winml: DirectML is built in, the rest is registered."""

    def __init__(self) -> None:
        self.registered: list[str] = []

    def get_available_providers(self) -> list[str]:
        return ["DmlExecutionProvider", "CPUExecutionProvider"]

    def register_execution_provider_library(self, name: str, path: str) -> None:
        self.registered.append(name)

    def get_ep_devices(self) -> list[Any]:
        def device(provider: str, kind: str, description: str, **metadata: str) -> Any:
            return SimpleNamespace(
                ep_name=provider,
                ep_metadata=metadata,
                device=SimpleNamespace(
                    type=f"OrtHardwareDeviceType.{kind}", vendor="", metadata={"Description": description}
                ),
            )

        here = [
            device("DmlExecutionProvider", "GPU", "Arc A770"),
            device("OpenVINOExecutionProvider", "NPU", "AI Boost", ov_device="NPU"),
            device("OpenVINOExecutionProvider", "GPU", "Arc A770", ov_device="GPU"),
            device("QNNExecutionProvider", "CPU", "Oryon"),
            device("QNNExecutionProvider", "NPU", "Hexagon"),
        ]
        return [one for one in here if one.ep_name in (*self.registered, "DmlExecutionProvider")]


@pytest.fixture
def on_windows(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> tuple[Runtime, Runtime]:
    """The runtime and GenAI of a computer with WinML."""
    runtime, genai = Runtime(), Runtime()
    monkeypatch.setattr(native, "runtime", runtime)
    monkeypatch.setattr(native, "og", genai)
    monkeypatch.setattr(windows_catalogue, "_find_catalogue", lambda: catalogue.open)
    return runtime, genai


def test_devices_of_the_catalogue_are_listed_behind_those_that_are_built_in(
    on_windows: tuple[Runtime, Runtime], catalogue: Catalogue
) -> None:
    catalogue.add("QNNExecutionProvider", State.NotReady)
    catalogue.add("OpenVINOExecutionProvider", State.Ready)
    catalogue.add("VitisAIExecutionProvider", State.NotPresent)
    assert build.built_in_backends() == ("CPU", "DirectML")
    assert catalogue.calls == [], "for the processor alone nothing is opened"
    assert build.list_backends() == ("CPU", "DirectML", "OpenVINO", "QNN")
    assert [(one.name, one.kind) for one in build.list_devices()] == [
        ("CPU", "cpu"),
        ("DirectML0", "gpu"),
        ("OpenVINO-GPU", "gpu"),
        ("OpenVINO-NPU", "accelerator"),
        ("QNN0", "accelerator"),
    ]
    assert build.list_devices()[4].description == "Hexagon"
    for library in on_windows:
        assert library.registered == ["OpenVINOExecutionProvider", "QNNExecutionProvider"], "once"
    assert choose(("QNN0",), build.list_backends(), ("QNN0",)).provider is not None


def test_a_library_without_plug_ins_is_left_as_it_is(
    on_windows: tuple[Runtime, Runtime], catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue.add("QNNExecutionProvider", State.Ready)
    monkeypatch.setattr(native, "og", SimpleNamespace())
    assert build.list_backends() == ("CPU", "DirectML")
    assert catalogue.calls == []


@pytest.mark.parametrize("backend", ["QNN", "VitisAI"])
def test_of_several_kinds_of_devices_the_accelerator_is_asked_for(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []

    class Config:
        def __init__(self, path: str) -> None:
            assert json.loads(Path(path, "genai_config.json").read_text(encoding="utf-8"))

        def __getattr__(self, name: str) -> Any:
            return lambda *arguments: asked.append((name, *arguments))

    monkeypatch.setattr("slmdesk.engines.onnx_genai.model.og", SimpleNamespace(Config=Config))
    provider = next(one for one in PROVIDERS if one.backend == backend)
    _config(str(TINY), LoadPlan(256, 1, 64, Choice(f"{backend}0", provider), 0))
    assert ("append_provider", backend) in asked
    assert ("set_decoder_provider_options_hardware_device_type", backend, "npu") in asked
