"""Outside engines/ nobody asks for an engine by its name: what differs is a capability, a fact or a table."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import slmdesk
from slmdesk import engines
from slmdesk.engines import ENGINES

PACKAGE = Path(slmdesk.__file__).parent
# An engine has the name of a file format. The format is said here, and by its constant elsewhere.
FORMATS = PACKAGE / "catalogue" / "model.py"
SOURCES = [
    file
    for file in sorted(PACKAGE.rglob("*.py"))
    if file.relative_to(PACKAGE).parts[0] != "engines" and file != FORMATS
]

NAMES = {text for entry in ENGINES.values() for text in (entry.name, entry.title)}
# What the room exports under a name of its own: `LLAMA_CPP` says no less than "llama.cpp".
CONSTANTS = {
    name
    for name in engines.__all__
    if isinstance(getattr(engines, name), str) and getattr(engines, name) in NAMES
}


def _docstrings(tree: ast.AST) -> set[ast.Constant]:
    """The strings that only explain: of modules, classes, functions, and below an attribute."""
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def find_names(source: str) -> Iterator[str]:
    """Where `source` names an engine in its code. A longer text that mentions one is a sentence."""
    tree = ast.parse(source)
    explaining = _docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node not in explaining:
            if isinstance(node.value, str | bytes) and _plain(node.value) in NAMES:
                yield f"{node.lineno}: {node.value!r}"
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.lineno}: {one.name}" for one in node.names if one.name in CONSTANTS)
        elif isinstance(node, ast.Attribute) and node.attr in CONSTANTS:
            yield f"{node.lineno}: {node.attr}"


def _plain(text: str | bytes) -> str:
    return (text.decode("utf-8", "replace") if isinstance(text, bytes) else text).strip()


def test_there_is_something_to_look_for() -> None:
    assert len(NAMES) >= len(ENGINES) >= 2
    assert CONSTANTS
    assert len(SOURCES) > 100


@pytest.mark.parametrize("name", sorted(NAMES))
@pytest.mark.parametrize(
    "code",
    [
        "if model.engine == {name!r}: pass",
        "match engine:\n case {name!r}: pass",
        "TABLE = {{{name!r}: 1}}",
        "engine in ({name!r}, 'other')",
        "f(engine={name!r})",
        "b = {name!r}.encode() or {bytes!r}",
    ],
)
def test_a_name_is_found(code: str, name: str) -> None:
    assert list(find_names(code.format(name=name, bytes=name.encode())))


@pytest.mark.parametrize("constant", sorted(CONSTANTS))
def test_a_constant_is_found(constant: str) -> None:
    assert list(find_names(f"from slmdesk.engines import {constant}"))
    assert list(find_names(f"import slmdesk.engines\nx = slmdesk.engines.{constant}"))


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_sentence_may_mention_one(name: str) -> None:
    assert not list(find_names(f'"""{name}"""\nx = tr("{name} cannot be loaded")  # {name}\n"""{name}"""'))


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_no_engine_is_named(file: Path) -> None:
    found = list(find_names(file.read_text(encoding="utf-8")))
    assert not found, f"{file.relative_to(PACKAGE)}: ask for a capability or a fact instead: {found}"
