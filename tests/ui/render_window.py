"""Draws states of the window to PNG files, to be judged by eye: `python -m tests.ui.render_window FOLDER`.

Draws offscreen with scripted data, in both themes, at 1280x800 and 900x600, and some at 200% scale. Give
names of states after the folder to draw only those; `--scale 2` draws them at 200%, `--language pl` in
Polish.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slmdesk.library import InstalledModel
    from slmdesk.ui import MainWindow
    from tests.ui.scripted import ScriptedChat

SMALL, USUAL = (900, 600), (1280, 800)

QUESTION = "How should I store tomatoes, and for how long do they keep?"
ANSWER = (
    "Keep ripe tomatoes at room temperature, away from the sun, with the stem side down. They stay good for "
    "two or three days.\n\nUnripe ones keep longer:\n- in a paper bag they ripen within a week\n"
    "- next to a banana it goes faster\n- in the fridge they stop ripening and lose some of their taste\n\n"
    "Once a tomato is cut, cover it, put it in the fridge and use it within a day. Take it out half an hour "
    "before you eat it, so that the taste comes back."
)
LONG_QUESTION = "A question that is long enough to be wrapped in its bubble, because it goes on and on. " * 4
MIXED = "שלום עולם! 😀 זה טקסט מימין לשמאל.\nمرحبا بالعالم 👋🏽\nAnd English with an emoji 🧑‍🚀 again."


def _draw(folder: Path, only: list[str], scale: str, language: str) -> None:
    import qasync
    from PySide6.QtGui import QFont, QFontDatabase

    from slmdesk.chat import ChatMessageRecord, Conversation
    from slmdesk.engines import End, LoadProgress, PromptProgress, Text
    from slmdesk.messages import ErrorKind, UserError, choose_language
    from slmdesk.storage import Settings, find_paths, resources_folder
    from slmdesk.ui import MainWindow, Theme, make_application
    from slmdesk.ui.main_window import SETTINGS
    from slmdesk.ui.state import Phase
    from tests.ui.scripted import (
        BROKEN_MODEL,
        Gate,
        ScriptedChat,
        Step,
        answer_script,
        make_model,
        make_services,
        make_stats,
    )

    choose_language(language, resources_folder() / "locale")
    app = make_application(language=language)
    if "Inter" in QFontDatabase.families():
        # As in the pictures that the window is judged beside.
        font = QFont(app.font())
        font.setFamily("Inter")
        app.setFont(font)

    def wait(done: Callable[[], object]) -> None:
        deadline = time.monotonic() + 20
        while not done():
            app.processEvents()
            if time.monotonic() > deadline:
                raise TimeoutError("the state was not reached")

    def settle(seconds: float = 0.15) -> None:
        end = time.monotonic() + seconds
        wait(lambda: time.monotonic() > end)

    error = UserError(
        "engine-crashed",
        ErrorKind.GENERATION,
        status="SIGABRT",
        details="exit status -6 (SIGABRT)\nGGML_ASSERT failed",
    )
    models = (
        make_model(),
        make_model(
            "qwen3-4b-instruct-2507",
            "Qwen3 4B Instruct 2507 with a long name that goes on",
            size_bytes=2_497_281_120,
            quantization="Q4_K_M",
        ),
        BROKEN_MODEL,
    )
    earlier = Conversation(
        1,
        "How should I store tomatoes, and for how long…",
        "You are a helpful assistant.",
        [
            ChatMessageRecord(1, "user", QUESTION, "complete", "", 1.79e9),
            ChatMessageRecord(
                2, "assistant", ANSWER, "complete", "SmolLM2 135M", 1.79e9, "stop", make_stats()
            ),
            ChatMessageRecord(3, "user", LONG_QUESTION, "complete", "", 1.79e9),
            ChatMessageRecord(
                4,
                "assistant",
                MIXED,
                "stopped",
                "SmolLM2 135M",
                1.79e9,
                "cancelled",
                make_stats(generated_tokens=41),
            ),
        ],
    )

    def send(window: MainWindow, text: str = QUESTION) -> None:
        window.chat.composer.input.setPlainText(text)
        window.chat.composer.input.sent.emit()

    def ready(window: MainWindow, chat: ScriptedChat) -> None:
        wait(lambda: window.inference.state.phase is Phase.READY)

    def empty(window: MainWindow, chat: ScriptedChat) -> None:
        ready(window, chat)

    def typing(window: MainWindow, chat: ScriptedChat) -> None:
        ready(window, chat)
        window.chat.composer.fill("One line\nand another\nand a third one")

    def loading(window: MainWindow, chat: ScriptedChat) -> None:
        wait(lambda: window.inference.state.fraction > 0)

    def answered(window: MainWindow, chat: ScriptedChat) -> None:
        ready(window, chat)
        send(window)
        wait(lambda: window.chat.answering)
        wait(lambda: not window.chat.answering)
        last = window.chat.transcript.messages[-1]
        last.foot.set_pointer_near(True)  # type: ignore[attr-defined]

    def writing(window: MainWindow, chat: ScriptedChat) -> None:
        ready(window, chat)
        send(window)
        wait(lambda: window.inference.state.phase is Phase.WRITING)

    def reading(window: MainWindow, chat: ScriptedChat) -> None:
        ready(window, chat)
        send(window)
        wait(lambda: window.inference.state.phase is Phase.READING)

    def failed(window: MainWindow, chat: ScriptedChat) -> None:
        ready(window, chat)
        send(window)
        wait(lambda: window.chat.banner is not None)

    def details(window: MainWindow, chat: ScriptedChat) -> None:
        failed(window, chat)
        assert window.chat.banner is not None
        window.chat.banner.details_button.click()

    def reopened(window: MainWindow, chat: ScriptedChat) -> None:
        ready(window, chat)

    def picker(window: MainWindow, chat: ScriptedChat) -> None:
        ready(window, chat)
        window.chat.composer.model_button.open_list()

    def no_model(window: MainWindow, chat: ScriptedChat) -> None:
        wait(lambda: window.chat.stack.currentWidget() is window.chat.no_model)

    def appearance(window: MainWindow, chat: ScriptedChat) -> None:
        ready(window, chat)
        window.show_panel(SETTINGS)

    def about(window: MainWindow, chat: ScriptedChat) -> None:
        ready(window, chat)
        window.show_panel(SETTINGS)
        window.settings_panel.show_page(1)
        settle()

    def focus(window: MainWindow, chat: ScriptedChat) -> None:
        ready(window, chat)
        for _ in range(2):
            window.focusNextChild()
            from PySide6.QtCore import Qt

            widget = app.focusWidget()
            assert widget is not None
            widget.clearFocus()
            widget.setFocus(Qt.FocusReason.TabFocusReason)

    gated: list[Step] = [
        PromptProgress(processed=54, total=54, reused=0),
        *(Text(w + " ") for w in ANSWER.split(" ")[:40]),
        Gate(),
    ]
    states: dict[
        str,
        tuple[
            Callable[[MainWindow, ScriptedChat], None], Callable[[], ScriptedChat], tuple[InstalledModel, ...]
        ],
    ] = {
        "empty": (empty, ScriptedChat, models),
        "typing": (typing, ScriptedChat, models),
        "focus": (focus, ScriptedChat, models),
        "loading": (loading, lambda: ScriptedChat(loading=[LoadProgress(0.43), Gate()]), models),
        "answered": (answered, lambda: ScriptedChat([answer_script(ANSWER)]), models),
        "writing": (writing, lambda: ScriptedChat([gated]), models),
        "reading": (
            reading,
            lambda: ScriptedChat([[PromptProgress(processed=120, total=300, reused=0), Gate()]]),
            models,
        ),
        "failed": (failed, lambda: ScriptedChat([[*gated[:-1], error]]), models),
        "details": (details, lambda: ScriptedChat([[*gated[:-1], error]]), models),
        "full": (
            failed,
            lambda: ScriptedChat(
                [[make_stats(), End(reason="context_full", needed_tokens=5200, context_length=4096)]]
            ),
            models,
        ),
        "bug": (failed, lambda: ScriptedChat([[RuntimeError("a bug")]]), models),
        "reopened": (reopened, lambda: ScriptedChat(latest=earlier), models),
        "picker": (picker, ScriptedChat, models),
        "no-model": (no_model, ScriptedChat, ()),
        "appearance": (appearance, ScriptedChat, models),
        "about": (about, ScriptedChat, models),
    }

    loop = qasync.QEventLoop(app)

    def draw_all() -> None:
        try:
            draw_states()
        finally:
            loop.stop()

    def draw_states() -> None:
        for name, (reach, make_chat, present) in states.items():
            if only and name not in only:
                continue
            for look in ("light", "dark"):
                for size in (USUAL, SMALL):
                    with tempfile.TemporaryDirectory() as home:
                        paths = find_paths({"SLMDESK_HOME": home})
                        chat = make_chat()
                        settings = Settings(theme=look)
                        theme = Theme(app, settings.theme)
                        window = MainWindow(make_services(paths, chat, present, settings), theme)
                        window.resize(*size)
                        window.show()
                        window.activateWindow()
                        window.start()
                        reach(window, chat)
                        settle()
                        suffix = f"-{scale}x" if scale != "1" else ""
                        window.grab().save(str(folder / f"{name}-{look}-{size[0]}{suffix}.png"))
                        window.close()
                        settle(0.02)

    loop.set_default_executor(ThreadPoolExecutor(1))
    with loop:
        # Inside a callback of the loop, so that Qt's and asyncio's events go on while a state is awaited.
        loop.call_soon(draw_all)
        loop.run_forever()


def main() -> int:
    """Draw what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("states", nargs="*")
    parser.add_argument("--scale", default="1")
    parser.add_argument("--language", choices=("en", "pl"), default="en")
    arguments = parser.parse_args()
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ["QT_SCALE_FACTOR"] = arguments.scale
    arguments.folder.mkdir(parents=True, exist_ok=True)
    _draw(arguments.folder, arguments.states, arguments.scale, arguments.language)
    return 0


if __name__ == "__main__":
    sys.exit(main())
