"""A room is entered by its front door: other rooms import only what its `__init__` exports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import slmdesk

PACKAGE = Path(slmdesk.__file__).parent
ROOMS = {folder.name for folder in PACKAGE.iterdir() if (folder / "__init__.py").is_file()}

ALLOWED = {
    # The fronts start each other; each is one module, not a room's inside.
    ("__main__.py", "slmdesk.cli.main"),
    ("__main__.py", "slmdesk.cli.display"),
    # A format is a room in the room.
    ("*", "slmdesk.formats.gguf"),
    ("*", "slmdesk.formats.onnx"),
    # What runs in a child process is named by its module, so that the child imports no more than that.
    ("*", "slmdesk.engines.llama_cpp"),
}


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_no_room_reaches_into_another() -> None:
    reached = []
    for file in PACKAGE.rglob("*.py"):
        place = file.relative_to(PACKAGE)
        for module in imports(file):
            parts = module.split(".")
            if parts[0] != "slmdesk" or len(parts) < 3 or parts[1] not in ROOMS or parts[1] == place.parts[0]:
                continue
            if not {(str(place), module), ("*", module)} & ALLOWED:
                reached.append(f"{place} imports {module}")
    assert not reached, "\n".join(reached)
