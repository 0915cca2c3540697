"""Takes the pictures in docs/ of the real window: the real starter model, engine process and database.

    python -m tests.ui.take_docs_pictures [FOLDER]

FOLDER is docs/ unless it is given. Run it after any change to the window, and look at what it made.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

QUESTION = "Explain in three sentences how a rainbow forms."


def take(folder: Path, theme: str, language: str, home: Path) -> None:
    """One window, from start to its first answer, saved as window-THEME-LANGUAGE.png."""
    from PySide6.QtCore import QTimer

    from slmdesk.app import make_services
    from slmdesk.engines import Sampling
    from slmdesk.messages import choose_language
    from slmdesk.storage import Database, Settings, SettingsStore, find_paths, log_file, resources_folder
    from slmdesk.ui import open_window, run_until_closed

    choose_language(language, resources_folder() / "locale")
    paths = find_paths({"SLMDESK_HOME": str(home)})
    database = Database(paths.database_file)
    settings = dataclasses.replace(Settings(), theme=theme)  # type: ignore[arg-type]
    services = dataclasses.replace(
        make_services(paths, SettingsStore(paths.settings_file), settings, database, log_file(paths)),
        sampling=lambda: Sampling(temperature=0.0),
    )
    window = open_window(make_app(), services)
    problems: list[str] = []
    asked = False

    def go_on(ticket: int) -> None:
        nonlocal asked
        if window.chat.model is None or window.inference.running:
            return
        if not asked:
            asked = True
            window.chat.send(QUESTION)
            return
        QTimer.singleShot(300, finish)

    def finish() -> None:
        window.grab().save(str(folder / f"window-{theme}-{language}.png"))
        window.close()

    def fail(problem: str) -> None:
        problems.append(problem)
        window.close()

    def listen() -> None:
        window.inference.finished.connect(go_on)
        window.inference.failed.connect(lambda ticket, error: fail(str(error)))
        window.inference.crashed.connect(lambda ticket, report: fail(report))

    window.started.connect(listen)
    try:
        run_until_closed(make_app(), window)
    finally:
        database.close()
    if problems:
        raise RuntimeError(problems[0])


def make_app() -> QApplication:
    from PySide6.QtGui import QFont, QFontDatabase
    from PySide6.QtWidgets import QApplication as Application

    from slmdesk.ui import make_application

    app = Application.instance() or make_application()
    assert isinstance(app, Application)
    if "Inter" in QFontDatabase.families():
        # As in the pictures that the window is judged beside.
        font = QFont(app.font())
        font.setFamily("Inter")
        app.setFont(font)
    return app


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.ui.take_docs_pictures")
    parser.add_argument("folder", nargs="?", type=Path, default=Path("docs"))
    folder: Path = parser.parse_args().folder
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    for theme, language in (("light", "en"), ("dark", "en"), ("light", "pl")):
        with tempfile.TemporaryDirectory() as home:
            take(folder, theme, language, Path(home))


if __name__ == "__main__":
    main()
