"""An answer is only text: nothing in it is loaded, run or opened, whatever a model writes."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import ClassVar

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QImage, QTextDocument
from PySide6.QtWidgets import QApplication, QTextEdit

from slmdesk.engines import End
from slmdesk.ui.transcript import Transcript
from slmdesk.ui.transcript.contents import SafeDocument
from slmdesk.ui.transcript.links import is_web_link
from tests.ui.transcript.scene import answer, said, show


class _Watch:
    """Hears of every file and socket that Python opens while `files` is a list."""

    files: ClassVar[list[str] | None] = None

    @classmethod
    def hook(cls, event: str, arguments: tuple[object, ...]) -> None:
        """An audit hook cannot be taken away again, so there is one for all tests."""
        if cls.files is not None and (
            event.startswith("socket.") or event in ("open", "os.system", "subprocess.Popen")
        ):
            cls.files.append(f"{event} {arguments[0]}")


sys.addaudithook(_Watch.hook)


def test_markdown_and_html_that_load_things_load_nothing(transcript: Transcript, tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    image = QImage(40, 40, QImage.Format.Format_RGB32)
    image.fill(0xFF0000)
    assert image.save(str(picture))
    os.utime(picture, ns=(1, 1))
    address = QUrl.fromLocalFile(str(picture)).toString()
    text = (
        f"![remote](http://127.0.0.1:9/x.png) ![local]({address}) ![plain]({picture})\n\n"
        f'<img src="{address}"> <script>alert(1)</script> <style>@import "{address}";</style>\n\n'
        '<iframe src="http://127.0.0.1:9/"></iframe>\n\n'
        f'| ![cell]({address}) | <img src="{address}"> |\n|---|---|\n| a | b |\n'
    )
    # What is read lazily for the first time, such as icons and lexers, is read before.
    show(transcript, said("Hi"), answer("Hello\n\n| a | b |\n|---|---|\n| c | d |\n"))
    transcript.grab()
    _Watch.files = []
    try:
        show(transcript, said(text, 3), answer(text, 4))
        transcript.begin_answer("SmolLM2 135M", 0)
        for letter in text:
            transcript.append(letter)
        transcript.end_answer(End(reason="stop"))
        transcript.grab()
        for _ in range(20):
            QApplication.processEvents()
        heard = [one for one in _Watch.files if not one.endswith((".svg", ".pyc", ".py"))]
    finally:
        _Watch.files = None
    assert heard == []
    assert picture.stat().st_atime_ns == 1
    shown = "\n".join(one.toPlainText() for one in transcript.findChildren(QTextEdit) if one.isVisible())
    assert "<script>alert(1)</script>" in shown
    assert "\N{OBJECT REPLACEMENT CHARACTER}" not in shown


@pytest.mark.parametrize("name", ["file:///etc/hostname", "http://127.0.0.1:9/x.png", "qrc:/x", "x.png"])
def test_a_document_finds_no_resource(qapp: QApplication, name: str) -> None:
    document = SafeDocument()
    for kind in QTextDocument.ResourceType:
        found = document.loadResource(kind.value, QUrl(name))
        assert isinstance(found, QImage)
        assert (found.width(), found.height()) == (1, 1)


@pytest.mark.parametrize(
    ("href", "is_link"),
    [
        ("https://example.org/a?b=c", True),
        ("HTTP://EXAMPLE.ORG", True),
        ("mailto:a@example.org", True),
        ("javascript:alert(1)", False),
        ("file:///etc/passwd", False),
        ("data:text/html,x", False),
        ("ftp://example.org", False),
        ("//example.org", False),
        ("https:", False),
        ("https://", False),
        ("mailto:", False),
        ("http://[::1", False),
        ("C:\\x", False),
        ("", False),
    ],
)
def test_only_web_and_mail_are_links(href: str, is_link: bool) -> None:
    assert is_web_link(href) is is_link
