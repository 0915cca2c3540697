"""An answer with Markdown that tries to load something or to run something does neither."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTextEdit
from pytestqt.qtbot import QtBot

from tests.ui.driving import MakeWindow, ask_and_wait
from tests.ui.scripted import ScriptedChat, answer_script

_IN_OPEN = 0x20
_watched: list[str] = []
_armed = False


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if _armed and event.startswith(("socket.", "subprocess.", "os.exec", "os.posix_spawn", "os.system")):
        _watched.append(event)
    if _armed and event == "open" and "secret" in str(arguments[0]):
        _watched.append(event)


sys.addaudithook(_audit)


class OpenWatch:
    """Tells which files of a folder anything in this computer has opened since, Python or not."""

    def __init__(self, folder: Path) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = self._libc.inotify_init1(os.O_NONBLOCK)
        assert self._libc.inotify_add_watch(self._fd, os.fsencode(folder), _IN_OPEN) >= 0

    def opened(self) -> set[str]:
        try:
            content = os.read(self._fd, 100_000)
        except BlockingIOError:
            return set()
        names, at = set(), 0
        while at < len(content):
            (length,) = struct.unpack_from("I", content, at + 12)
            names.add(content[at + 16 : at + 16 + length].rstrip(b"\0").decode())
            at += 16 + length
        return names

    def close(self) -> None:
        os.close(self._fd)


@pytest.fixture
def files(tmp_path: Path) -> Iterator[tuple[Path, OpenWatch]]:
    if sys.platform != "linux":
        pytest.skip("inotify is Linux's")
    folder = tmp_path / "secret"
    folder.mkdir()
    image = QImage(8, 8, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    assert image.save(str(folder / "picture.png"))
    (folder / "style.css").write_text("body { background: red }")
    watch = OpenWatch(folder)
    (folder / "style.css").read_bytes()
    assert watch.opened() == {"style.css"}, "the watch sees what is opened"
    yield folder, watch
    watch.close()


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


def hostile(folder: Path, port: int) -> str:
    remote, local = f"http://127.0.0.1:{port}", folder.as_uri()
    return f"""# ![head]({remote}/head.png)

![remote]({remote}/a.png) and ![local]({local}/picture.png) and ![data](data:image/png;base64,AAAA)

<img src="{remote}/b.png" onerror="alert(1)"><img src="{local}/picture.png"><img src="qrc:/x">

<script>fetch("{remote}/c")</script>
<link rel="stylesheet" href="{local}/style.css"><style>@import url({remote}/d.css);</style>
<iframe src="{remote}/e"></iframe><object data="{local}/picture.png"></object>

- [ ] <body background="{local}/picture.png">
> ![quote][ref]

| a | b |
|---|---|
| ![cell]({local}/picture.png) | <img src="{remote}/f.png"> |

[run](javascript:alert(1)) [file]({local}/picture.png) [exe](command:run) [data](data:text/html,<script>)

```html
<img src="{remote}/g.png"><script>alert(1)</script>
```

Footnote[^1].

[^1]: ![note]({remote}/h.png)

[ref]: {local}/picture.png
"""


def test_nothing_is_loaded_and_nothing_run(
    make_window: MakeWindow,
    qtbot: QtBot,
    files: tuple[Path, OpenWatch],
    server: socket.socket,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    global _armed
    folder, watch = files
    opened: list[object] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    text = hostile(folder, server.getsockname()[1])
    window = make_window(ScriptedChat([answer_script(text)]))
    transcript = window.chat.transcript
    _watched.clear()
    _armed = True
    try:
        assert ask_and_wait(qtbot, window) == text
        shown = ""
        for _ in range(12):
            window.grab()
            shown += "\n".join(
                one.toPlainText() for one in transcript.findChildren(QTextEdit) if one.isVisible()
            )
            transcript.scroll_page(-1)
            QTest.qWait(5)
        transcript.select_all()
        transcript.copy()
        copied = QGuiApplication.clipboard().text()
        window.chat.copy_conversation()
        number = window.chat.conversation.id
        window.chat.start_new_chat()
        window.chat.open_conversation(number)
        qtbot.waitUntil(lambda: bool(transcript.messages))
        window.grab()
    finally:
        _armed = False
    assert _watched == []
    assert watch.opened() == set()
    with pytest.raises(BlockingIOError):
        server.accept()
    assert opened == []
    # It is there to be read, as the text that it is.
    assert '<script>fetch("' in shown
    assert 'onerror="alert(1)"' in shown
    assert "remote" in copied


@pytest.mark.parametrize(
    "href", ["javascript:alert(1)", "file:///etc/passwd", "command:run", "data:text/html,x", "qrc:/x", "//x"]
)
def test_only_web_and_mail_addresses_lead_anywhere(make_window: MakeWindow, qtbot: QtBot, href: str) -> None:
    window = make_window(ScriptedChat([answer_script(f"[here]({href}) and [there](https://example.org)")]))
    wanted: list[str] = []
    window.chat.transcript.link_wanted.connect(wanted.append)
    ask_and_wait(qtbot, window)
    for word in ("here", "there"):
        click_on(window.chat.transcript, word)
    assert wanted == ["https://example.org"]


def click_on(transcript: object, word: str) -> None:
    from tests.ui.transcript.scene import point_of

    assert hasattr(transcript, "viewport")
    point = point_of(transcript, word)  # type: ignore[arg-type]
    point.setX(point.x() + 4)
    QTest.mouseClick(transcript.viewport(), Qt.MouseButton.LeftButton, pos=point)
