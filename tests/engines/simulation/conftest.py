"""Small models of several architectures, made once.

small   the path of the small model called NAME, with matrices of KIND: `small("recurrent", kind="q8_0")`
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3]))

from tests.fit.small_models import write_small_model

Small = Callable[..., Path]


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    folder = tmp_path_factory.mktemp("small")

    def make(name: str, *, kind: str = "q8_0") -> Path:
        path = folder / f"{name.replace(' ', '-')}-{kind}.gguf"
        if not path.exists():
            write_small_model(name, path, kind=kind, vocabulary=1024)
        return path

    return make
