"""Draws states of the window to PNG files, to be judged by eye: `python -m tests.ui.render_window FOLDER`.

Draws offscreen with scripted answers and a real database, in both themes, at 1280x800 and 900x600. Give
names of states after the folder to draw only those; `--scale 2` draws them at 200%, `--text-scale 3` with
text three times as large as usual, `--language pl` in Polish, `--look dark` and `--size 900` only that.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

LOOKS = ("light", "dark")
SIZES = {"1280": (1280, 800), "900": (900, 600)}


def _draw(
    folder: Path,
    only: list[str],
    scale: str,
    text_scale: float,
    language: str,
    looks: list[str],
    sizes: list[str],
) -> None:
    import qasync
    from PySide6.QtGui import QFont, QFontDatabase

    from slmdesk.messages import choose_language
    from slmdesk.storage import Settings, find_paths, resources_folder
    from slmdesk.ui import MainWindow, Theme, make_application
    from tests.ui.render_states import STATES, settle
    from tests.ui.scripted import make_services

    choose_language(language, resources_folder() / "locale")
    app = make_application(language=language)
    if "Inter" in QFontDatabase.families():
        # As in the pictures that the window is judged beside.
        font = QFont(app.font())
        font.setFamily("Inter")
        app.setFont(font)
    loop = qasync.QEventLoop(app)

    def draw_all() -> None:
        try:
            for name in only or STATES:
                for look in looks:
                    for size in sizes:
                        draw(name, look, SIZES[size])
        finally:
            loop.stop()

    def draw(name: str, look: str, size: tuple[int, int]) -> None:
        state = STATES[name]
        with tempfile.TemporaryDirectory() as home:
            machine = state.make_machine()
            chat = state.make_chat(machine)
            settings = Settings(theme=look)  # type: ignore[arg-type]
            theme = Theme(app, settings.theme, scale=text_scale)
            paths = find_paths({"SLMDESK_HOME": home})
            settings = dataclasses.replace(settings, **state.settings)
            services = make_services(
                paths,
                chat,
                state.models,
                settings,
                state.fixed,
                machine=machine,
                open_advice=state.make_advice(Path(home)),
            )
            window = MainWindow(services, theme)
            window.resize(*size)
            window.show()
            window.activateWindow()
            window.start()
            state.reach(window)
            settle()
            suffix = f"-{scale}x" if scale != "1" else ""
            suffix += f"-text{text_scale:g}" if text_scale != 1 else ""
            window.grab().save(str(folder / f"{name}-{look}-{size[0]}{suffix}.png"))
            chat.pool.release()
            window.close()
            chat.close()
            window.deleteLater()
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
    parser.add_argument("--text-scale", type=float, default=1.0)
    parser.add_argument("--language", choices=("en", "pl"), default="en")
    parser.add_argument("--look", choices=LOOKS, action="append", help="both where none is given")
    parser.add_argument("--size", choices=SIZES, action="append", help="both where none is given")
    arguments = parser.parse_args()
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ["QT_SCALE_FACTOR"] = arguments.scale
    from tests.ui.render_states import STATES

    if unknown := [one for one in arguments.states if one not in STATES]:
        parser.error(f"there is no state {', '.join(unknown)}; there are {', '.join(STATES)}")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    _draw(
        arguments.folder,
        arguments.states,
        arguments.scale,
        arguments.text_scale,
        arguments.language,
        arguments.look or list(LOOKS),
        arguments.size or list(SIZES),
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
