"""What is suggested where there is no model, and what is offered where the memory did not suffice."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from slmdesk.engines import LoadProgress, engine_of_format
from slmdesk.fit import FitQuestion, MemoryNeed, Parts, Step
from slmdesk.messages import ErrorKind, Message, UserError
from slmdesk.net import Network
from slmdesk.offers import subject_on_disk
from slmdesk.storage import Paths
from slmdesk.ui import MainWindow
from slmdesk.ui.download_size import size_words
from slmdesk.ui.widgets.labels import Label
from tests.hub.loopback import LoopbackHub
from tests.ui.advising import GIB, make_advice
from tests.ui.driving import PATIENCE_MS, MakeWindow, settle, words_of
from tests.ui.scripted import ScriptedChat, make_model, make_report

SHORT = UserError("engine-out-of-memory-loading", ErrorKind.MODEL, name="SmolLM2 135M", status="SIGKILL")


def test_one_model_is_suggested_where_none_is_installed(
    make_window: MakeWindow, qtbot: QtBot, network: Network, hub: LoopbackHub, paths: Paths
) -> None:
    advice = make_advice(network, paths.cache / "catalogue")
    window = make_window(models=(), open_advice=lambda: advice)
    page = window.chat.no_model
    qtbot.waitUntil(lambda: page.first_model is not None and window.settled, timeout=PATIENCE_MS)
    assert window.chat.stack.currentWidget() is page
    assert page.first_model is not None
    assert "tokens per second" in page.first_model.reason.text()
    assert not hub.requests
    name = page.first_model.name.text()
    page_words = " ".join(label.text() for label in page.findChildren(Label))
    page.first_model.show_button.click()
    panel = window.models_panel
    qtbot.waitUntil(lambda: panel.selected is not None and window.settled, timeout=PATIENCE_MS)
    assert window.stack.currentWidget() is panel
    assert panel.detail.name.text() == name
    # A size that a source rounds is told as such here, too.
    assert panel.selected is not None
    said = f", {size_words(panel.selected)}, is at "
    assert said in page_words
    assert "about" in said


def test_with_a_model_installed_the_empty_chat_comes_first(
    make_window: MakeWindow, qtbot: QtBot, network: Network, paths: Paths
) -> None:
    advice = make_advice(network, paths.cache / "catalogue")
    window = make_window(open_advice=lambda: advice)
    settle(qtbot, window)
    assert window.chat.stack.currentWidget() is window.chat.empty
    assert window.chat.no_model.first_model is None


def make_step(change: str, **question: object) -> Step:
    need = MemoryNeed(
        parts=Parts(weights=GIB),
        resident=GIB,
        devices=(),
        context_length=2048,
        kv_type="f16",
        gpu_layers=0,
        source="estimated",
    )
    facts: dict[str, str | int | float] = {"needed_memory": GIB, "device": "CUDA0", "label": "Q4_K_M"}
    return Step(
        change=change,  # type: ignore[arg-type]
        question=FitQuestion(**question),  # type: ignore[arg-type]
        memory=need,
        message=Message("ladder-context", facts),
    )


def failed_to_load(make_window: MakeWindow, qtbot: QtBot, steps: tuple[Step, ...]) -> MainWindow:
    chat = ScriptedChat(loading=(LoadProgress(0.5), SHORT))
    window = make_window(chat, find_steps=lambda model, length: steps)
    qtbot.waitUntil(lambda: window.chat.banners.banner is not None, timeout=PATIENCE_MS)
    settle(qtbot, window)
    chat.pool.loading = [LoadProgress(0.5), make_report()]
    return window


def buttons(window: MainWindow) -> list[str]:
    banner = window.chat.banners.banner
    assert banner is not None
    return [one.text().replace("\N{NO-BREAK SPACE}", " ") for one in banner.buttons]


def test_memory_that_did_not_suffice_is_answered_with_steps_and_their_sizes(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    steps = (
        make_step("context", context_length=2048),
        make_step("kv_type", kv_type="q8_0"),
        make_step("gpu_layers", gpu_layers=12),
        make_step("processor"),
    )
    window = failed_to_load(make_window, qtbot, steps)
    assert buttons(window) == [
        "Reload with 2,048-token context, 1 GiB",
        "Reload with a smaller KV cache (q8_0), 1 GiB",
        "Reload with 12 layers on CUDA0, 1 GiB there",
        "Reload on the processor alone, 1 GiB",
        "Find a smaller model",
        "Reload as before",
    ]
    assert "memory" in words_of(window.chat.banners.banner)
    banner = window.chat.banners.banner
    assert banner is not None
    banner.buttons[0].click()
    settle(qtbot, window)
    assert window.chat.conversation.options.context_length == 2048
    assert window.chat.banners.banner is None


@pytest.mark.parametrize(
    ("step", "changed"),
    [
        (make_step("kv_type", kv_type="q8_0"), {"kv_type": "q8_0"}),
        (make_step("gpu_layers", gpu_layers=12), {"gpu_layers": 12}),
        (make_step("processor"), {"device": "cpu"}),
    ],
)
def test_a_step_is_kept_for_the_model(
    make_window: MakeWindow, qtbot: QtBot, step: Step, changed: dict[str, object]
) -> None:
    window = failed_to_load(make_window, qtbot, (step,))
    banner = window.chat.banners.banner
    assert banner is not None
    banner.buttons[0].click()
    settle(qtbot, window)
    assert window.chat.model is not None
    own = window._settings.for_model(str(window.chat.model.path))
    assert {name: getattr(own, name) for name in changed} == changed
    assert window.chat.banners.banner is None


def test_what_the_settings_do_not_know_is_not_offered(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = failed_to_load(make_window, qtbot, (make_step("kv_type", kv_type="q4_0"),))
    assert buttons(window) == ["Find a smaller model", "Reload as before"]


def test_a_model_on_the_disk_has_the_format_of_its_engine() -> None:
    model = make_model(path=Path("models/phi-onnx"), engine=engine_of_format("onnx"))
    assert subject_on_disk(model).format == "onnx"
    assert subject_on_disk(make_model()).format == "gguf"
