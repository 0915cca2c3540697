"""`slmdesk` at a terminal: a real process, a real model, and keys that are pressed."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from slmdesk.chat import ConversationStore
from slmdesk.library import InstalledModel
from slmdesk.storage import Database, Paths

_EXACT = ("--temperature", "0", "--seed", "1")
_LIMIT_S = 120


class Terminal:
    """`slmdesk` in a terminal of its own: what it shows, and keys to press."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        import pty

        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            # Whoever runs the tests (nohup, a background job) may have them ignored, which is inherited.
            for number in (signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            os.execve(sys.executable, [sys.executable, "-m", "slmdesk", *arguments], environment)
        self.shown = ""

    @property
    def pid(self) -> int:
        return self._pid

    def press(self, keys: str) -> None:
        os.write(self._fd, keys.encode())

    def press_ctrl_c_at_the_prompt(self) -> None:
        """Press Ctrl-C once the process really waits for a key.

        Python overlooks the key in the moment between showing the prompt and waiting. A busy machine makes it
        sleep here and there before that, so only a long sleep counts.
        """
        process, asleep = psutil.Process(self._pid), 0
        deadline = time.monotonic() + _LIMIT_S
        while asleep < 50:
            assert time.monotonic() < deadline
            asleep = asleep + 1 if process.status() == psutil.STATUS_SLEEPING else 0
            time.sleep(0.01)
        self.press("\x03")

    def wait_for(self, pattern: str) -> str:
        """Read until `pattern` is shown after what was waited for before; return what came before it."""
        deadline = time.monotonic() + _LIMIT_S
        while (found := re.search(pattern, self.shown)) is None:
            left = deadline - time.monotonic()
            if left <= 0 or not self._read(left):
                pytest.fail(f"{pattern!r} was not shown, but: {self.shown!r}")
        before, self.shown = self.shown[: found.start()], self.shown[found.end() :]
        return before

    def wait_for_end(self) -> int:
        """The exit code."""
        deadline = time.monotonic() + _LIMIT_S
        while self._read(max(0.0, deadline - time.monotonic())):
            pass
        code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        self._pid = 0
        return code

    def close(self) -> None:
        if self._pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        os.close(self._fd)

    def _read(self, limit_s: float) -> bool:
        if not select.select([self._fd], [], [], limit_s)[0]:
            return False
        try:
            data = os.read(self._fd, 65536)
        except OSError:
            # Linux says so when the other side has ended.
            return False
        self.shown += data.decode(errors="replace")
        return bool(data)


OpenTerminal = Callable[..., Terminal]


@pytest.fixture
def open_terminal(cli_environment: dict[str, str]) -> Iterator[OpenTerminal]:
    if sys.platform == "win32":
        pytest.skip("terminals of POSIX")
    opened: list[Terminal] = []

    def open_(*arguments: str) -> Terminal:
        opened.append(Terminal(list(arguments), {**cli_environment, "TERM": "xterm"}))
        return opened[-1]

    yield open_
    for terminal in opened:
        terminal.close()


_PROMPT = r"\n(?:\x1b\[\?2004h)?> "


def test_conversation_in_a_terminal(open_terminal: OpenTerminal, starter: InstalledModel) -> None:
    terminal = open_terminal("chat", "starter", *_EXACT)
    terminal.wait_for(r"System prompt: You are a helpful assistant\.")
    terminal.wait_for(r"SmolLM2 135M is ready \([^)]*CPU\)\.")
    terminal.wait_for(_PROMPT)

    terminal.press("What is the capital\\\nof France?\n")
    assert "Paris" in terminal.wait_for(r"Prompt tokens: \d+ \(reused: 0\)")
    terminal.wait_for(_PROMPT)

    terminal.press("Write a long story about a dragon.\n")
    terminal.wait_for(r"dragon\.\r\n\w+")
    terminal.press("\x03")
    terminal.wait_for(r"Stopped\.")
    terminal.wait_for(_PROMPT)

    # Stopped, not ended: the next message continues the conversation.
    terminal.press("Thank you.\n")
    terminal.wait_for(r"Thank you\.\r\n\w+")
    terminal.press("\x03")
    terminal.wait_for(r"Prompt tokens: \d+ \(reused: [1-9]\d*\)")
    terminal.wait_for(_PROMPT)
    terminal.press("\x04")
    assert terminal.wait_for_end() == 0
    assert "Traceback" not in terminal.shown


def test_leaving_a_terminal(open_terminal: OpenTerminal, starter: InstalledModel) -> None:
    terminal = open_terminal("chat", "starter")
    terminal.wait_for(_PROMPT)
    terminal.press_ctrl_c_at_the_prompt()
    terminal.wait_for(r"Press Ctrl-C again to leave")
    terminal.wait_for(_PROMPT)
    terminal.press("/bye\n")
    assert terminal.wait_for_end() == 0

    terminal = open_terminal("chat", "starter")
    terminal.wait_for(_PROMPT)
    terminal.press_ctrl_c_at_the_prompt()
    terminal.wait_for(r"Press Ctrl-C again to leave")
    terminal.wait_for(_PROMPT)
    terminal.press_ctrl_c_at_the_prompt()
    assert terminal.wait_for_end() == 130


def test_json_needs_one_message(open_terminal: OpenTerminal) -> None:
    terminal = open_terminal("chat", "starter", "--json")
    terminal.wait_for(r"Error: --json needs one message")
    assert terminal.wait_for_end() == 2


def test_without_a_display_the_chat_is_in_the_terminal(
    open_terminal: OpenTerminal, starter: InstalledModel
) -> None:
    terminal = open_terminal()
    before = terminal.wait_for(r"There is no display here, so SLM Desk goes on in the terminal\.")
    assert before == ""
    terminal.wait_for(r"SmolLM2 135M is ready \([^)]*CPU\)\.")
    terminal.wait_for(_PROMPT)
    terminal.press("\x04")
    assert terminal.wait_for_end() == 0


def _stored(paths: Paths) -> list[tuple[str, str]]:
    """Who said what in the last conversation kept; nothing where there is none yet."""
    database = Database(paths.database_file)
    try:
        conversation = ConversationStore(database).latest()
    finally:
        database.close()
    return [(message.role, message.text) for message in conversation.messages] if conversation else []


def test_a_message_is_kept_when_the_engine_crashes(
    open_terminal: OpenTerminal,
    starter: InstalledModel,
    paths: Paths,
    wait_until: Callable[[Callable[[], object], str], None],
) -> None:
    terminal = open_terminal("chat", "starter", "--save", "--max-tokens", "4", *_EXACT)
    terminal.wait_for(_PROMPT)
    (engine,) = [
        child
        for child in psutil.Process(terminal.pid).children()
        if "spawn_main" in " ".join(child.cmdline())
    ]
    engine.send_signal(signal.SIGSTOP)
    terminal.press("my long question\n")
    terminal.wait_for(r"my long question\r\n")
    # Stored just before the engine is asked; a request that comes after the kill starts another engine.
    wait_until(lambda: ("user", "my long question") in _stored(paths), "the question is stored")
    engine.kill()
    terminal.wait_for(r"The engine stopped while it was answering|Prompt tokens")
    terminal.wait_for(_PROMPT)
    terminal.press("\x04")
    assert terminal.wait_for_end() == 0
    assert ("user", "my long question") in _stored(paths)


def test_leaving_with_two_keys_keeps_the_answer_so_far(
    open_terminal: OpenTerminal, starter: InstalledModel, paths: Paths
) -> None:
    terminal = open_terminal("chat", "starter", "--save", "--prompt", "Write a long story about a dragon.")
    terminal.wait_for(r"\n\w+ \w+")
    terminal.press("\x03\x03")
    assert terminal.wait_for_end() == 130
    assert "Traceback" not in terminal.shown
    (_, question), (_, answer) = _stored(paths)
    assert question.startswith("Write a long story")
    assert answer
    # The thread that stores must not meet a closed database.
    log = paths.logs / "slmdesk.log"
    assert not log.exists() or "a bug" not in log.read_text()
