"""The real command line in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from slmdesk.storage import Paths

RunCli = Callable[..., subprocess.CompletedProcess[str]]

_LIMIT_S = 120


@pytest.fixture
def cli_environment(_own_home: None, paths: Paths) -> dict[str, str]:
    """The environment of a terminal without a display, with the home of this test.

    Its settings ask for one thread: several wait for each other where other programs work, too.
    """
    paths.settings_file.parent.mkdir(parents=True, exist_ok=True)
    paths.settings_file.write_text(json.dumps({"threads": 1}))
    left_out = {
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "WAYLAND_SOCKET",
        "QT_QPA_PLATFORM",
        "LANGUAGE",
        "SLMDESK_LANGUAGE",
    }
    return {name: value for name, value in os.environ.items() if name not in left_out}


@pytest.fixture
def run_cli(cli_environment: dict[str, str], tmp_path: Path) -> RunCli:
    """Runs `slmdesk` with arguments and returns what it said; `stdin` is piped in, nothing by default.

    What it says is checked to be no traceback and no native abort.
    """

    def run(
        *arguments: str, stdin: bytes | None = None, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "slmdesk", *arguments],
            input=stdin or b"",
            capture_output=True,
            env={**cli_environment, **(environment or {})},
            cwd=tmp_path,
            timeout=_LIMIT_S,
            check=False,
        )
        out, err = done.stdout.decode(), done.stderr.decode()
        assert "Traceback" not in err, err
        assert done.returncode >= 0, f"ended by signal {-done.returncode}\n{err}"
        return subprocess.CompletedProcess(done.args, done.returncode, out, err)

    return run
