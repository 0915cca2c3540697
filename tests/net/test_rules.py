"""What the import contract cannot see: parts of the standard library, and Qt's network classes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import slmdesk

PACKAGE = Path(slmdesk.__file__).parent

FORBIDDEN = (
    "urllib.request",
    "http.client",
    "PySide6.QtNetwork",
    "PySide6.QtWebSockets",
    "PySide6.QtWebEngineCore",
)
CALLS = ("get_session", "open_connection", "create_connection", "urlopen", "QNetworkAccessManager")
WORDS = (*(name.rpartition(".")[2] for name in FORBIDDEN), *CALLS)


def reaches(source: str) -> Iterator[str]:
    """What of the network a module names: imports, attributes of asyncio, and the library's own client."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.Attribute):
            names = [node.attr]
        else:
            continue
        for name in names:
            if name.startswith(FORBIDDEN) or name.rpartition(".")[2] in CALLS:
                yield name


def test_no_other_room_reaches_the_network() -> None:
    found = []
    for file in PACKAGE.rglob("*.py"):
        place, source = file.relative_to(PACKAGE), file.read_text(encoding="utf-8")
        # Parsing is slow, and most modules have none of these words.
        if place.parts[0] != "net" and any(word in source for word in WORDS):
            found += [f"{place}: {name}" for name in reaches(source)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "source",
    [
        "import urllib.request",
        "from urllib import request",
        "from PySide6.QtNetwork import QTcpSocket",
        "from PySide6 import QtNetwork",
        "asyncio.open_connection('a', 1)",
        "from huggingface_hub.utils import get_session",
    ],
)
def test_the_rule_sees(source: str) -> None:
    assert list(reaches(source))
