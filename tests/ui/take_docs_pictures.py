"""Takes the pictures in docs/ of the real window: the real starter model, engine process and database.

    python -m tests.ui.take_docs_pictures [FOLDER]

FOLDER is docs/ unless it is given. Takes some minutes. Run it after any change to the window, and look at
what it made.
"""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from slmdesk.storage import Database, Paths
    from slmdesk.ui import MainWindow

    Steps = Callable[[MainWindow], Iterator[Callable[[], bool]]]

_DAY_S = 24 * 3600.0


@dataclass(frozen=True)
class _Words:
    """What is said in the pictures, in their language."""

    question: str
    long_question: str
    follow_up: str
    instructions: str
    earlier: tuple[tuple[str, float], ...]
    """Questions of earlier chats, and how many days ago they were asked."""


# Of the starter model, which writes English best.
_QUESTION = (
    "Write a short Python function that adds two numbers. Show it in a code block, then explain it in two "
    "sentences."
)
_WORDS = {
    "en": _Words(
        question=_QUESTION,
        long_question="Write a long story about the sea.",
        follow_up="Can it add three numbers as well?",
        instructions="Answer in plain words. Say so when you do not know.",
        earlier=(
            ("Rewrite the release notes in plain words", 3.0),
            ("Why is the sky dark at night?", 1.0),
            ("Letter to the housing cooperative", 1.1),
            ("Packing list, three days in the mountains", 4.0),
            ("A toast for a retirement, two minutes", 6.0),
            ("Names of the bones of the hand", 12.0),
        ),
    ),
    "pl": _Words(
        question=_QUESTION,
        long_question="Write a long story about the sea.",
        follow_up="Czy doda też trzy liczby?",
        instructions="Odpowiadaj prostymi słowami. Powiedz, gdy czegoś nie wiesz.",
        earlier=(
            ("Opis zmian w nowej wersji prostymi słowami", 3.0),
            ("Dlaczego niebo jest ciemne w nocy?", 1.0),
            ("List do spółdzielni o remoncie", 1.1),
            ("Lista rzeczy na trzy dni w Tatrach", 4.0),
            ("Toast na pożegnanie koleżanki, dwie minuty", 6.0),
            ("Nazwy kości dłoni", 12.0),
        ),
    ),
}


def _store_earlier(database: Database, words: _Words, logs: Path) -> None:
    """Chats that were had before, each at its own time and answered in a few words, the first pinned."""
    from slmdesk.chat import ChatOptions, ChatService, Conversation, ConversationStore
    from slmdesk.engines import EnginePool
    from slmdesk.library import resolve_model
    from slmdesk.storage import find_paths

    model = resolve_model("starter", find_paths())
    pool = EnginePool(logs)
    for number, (question, days) in enumerate(words.earlier):
        then = time.time() - days * _DAY_S
        store = ConversationStore(database, now=lambda then=then: then)  # type: ignore[misc]
        chat = ChatService(pool, store, now=lambda then=then: then)  # type: ignore[misc]
        conversation = Conversation(options=ChatOptions(max_tokens=8))
        chat.answer(conversation, question, model=model, on_event=lambda event: None)
        if number == 0:
            store.set_pinned(conversation.id, True)
    pool.close()


def _save(window: MainWindow, file: Path) -> None:
    window.grab().save(str(file))


def _conversation(words: _Words, language: str, folder: Path) -> Steps:
    """Empty, answered in light and dark, narrow."""

    def steps(window: MainWindow) -> Iterator[Callable[[], bool]]:
        chat = window.chat
        _save(window, folder / f"chat-empty-light-{language}.png")
        chat.send(words.question)
        yield lambda: chat.live is None and window.settled
        chat.composer.set_text(words.follow_up)
        yield _after(0.5)
        yield lambda: window.settled
        for theme in ("dark", "light"):
            window._change_settings(theme=theme)
            yield _after(0.1)
            _save(window, folder / f"chat-{theme}-{language}.png")
        window.resize(900, 600)
        yield _after(0.2)
        _save(window, folder / f"narrow-chat-light-{language}.png")

    return steps


def _streaming(words: _Words, language: str, folder: Path) -> Steps:
    """Writing, with the drawer open, in dark."""

    def steps(window: MainWindow) -> Iterator[Callable[[], bool]]:
        chat = window.chat
        window._change_settings(theme="dark")
        chat.drawer.instructions.set_value(words.instructions)
        chat.drawer.instructions_changed.emit(words.instructions)
        chat.show_drawer(True)
        chat.send(words.long_question)
        yield lambda: chat.live is not None and len("".join(chat.live.text)) > 400
        chat.focus_input()
        yield _after(0.1)
        _save(window, folder / f"chat-streaming-dark-{language}.png")
        chat.stop()
        yield lambda: window.settled

    return steps


def _crashed(words: _Words, language: str, folder: Path) -> Steps:
    """The engine process is killed in the middle of an answer."""

    def steps(window: MainWindow) -> Iterator[Callable[[], bool]]:
        chat = window.chat
        chat.send(words.long_question)
        yield lambda: chat.live is not None and len("".join(chat.live.text)) > 400
        from tests.ui.driving import engine_pid

        os.kill(engine_pid(window), signal.SIGKILL)
        yield lambda: chat.live is None and window.settled
        yield _after(0.1)
        _save(window, folder / f"engine-crashed-light-{language}.png")

    return steps


def _engines(words: _Words, language: str, folder: Path) -> Steps:
    """The page about engines and devices, as this computer is."""

    def steps(window: MainWindow) -> Iterator[Callable[[], bool]]:
        window.show_settings()
        panel = window.settings_panel
        panel.show_engines()
        yield lambda: panel.engines.looked and window.settled
        for theme in ("dark", "light"):
            window._change_settings(theme=theme)
            yield _after(0.3)
            _save(window, folder / f"settings-{theme}-{language}.png")

    return steps


def _after(seconds: float) -> Callable[[], bool]:
    """Let the window draw for a while."""
    until = time.monotonic() + seconds
    return lambda: time.monotonic() > until


def take(folder: Path, language: str) -> None:
    """Every picture in one language."""
    from slmdesk.chat import ChatOptions
    from slmdesk.engines import Sampling
    from slmdesk.messages import choose_language
    from slmdesk.storage import Database, Settings, find_paths, resources_folder
    from tests.real_window import drive

    choose_language(language, resources_folder() / "locale")
    words = _WORDS[language]
    options = ChatOptions(sampling=Sampling(temperature=0.3, seed=3), max_tokens=300)
    for make in (_conversation, _streaming, _crashed, _engines):
        with tempfile.TemporaryDirectory() as home:
            paths: Paths = find_paths({"SLMDESK_HOME": home})
            database = Database(paths.database_file)
            _store_earlier(database, words, paths.logs)
            drive(
                paths,
                database,
                make(words, language, folder),
                settings=Settings(theme="light", reopen_last_chat=False),
                new_chat_options=lambda: options,
            )
            database.close()
    _take_states(folder, language)


def _take_states(folder: Path, language: str) -> None:
    from slmdesk.ui import Theme
    from slmdesk.ui.gallery import Gallery

    for choice in ("light", "dark"):
        theme = Theme(make_app(), choice)
        theme.set_style()
        gallery = Gallery(theme)
        gallery.resize(gallery.whole_size())
        gallery.show()
        gallery.grab().save(str(folder / f"states-{choice}-{language}.png"))
        gallery.close()


def make_app() -> QApplication:
    """With the font of the pictures that the window is judged beside, where it is installed."""
    from PySide6.QtGui import QFont, QFontDatabase
    from PySide6.QtWidgets import QApplication as Application

    from slmdesk.ui import make_application

    app = Application.instance() or make_application()
    assert isinstance(app, Application)
    if "Inter" in QFontDatabase.families():
        font = QFont(app.font())
        font.setFamily("Inter")
        app.setFont(font)
    return app


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.ui.take_docs_pictures")
    parser.add_argument("folder", nargs="?", type=Path, default=Path("docs"))
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    make_app()
    for language in ("en", "pl"):
        take(folder, language)


if __name__ == "__main__":
    main()
