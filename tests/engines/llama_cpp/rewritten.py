"""The starter model with another chat template: a real model in the form of a family that is not here."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

from slmdesk.formats.gguf import read_header
from tests.formats.gguf_writer import STRING, text

_KEY = "tokenizer.chat_template"


def with_template(model: Path, template: str, target: Path) -> Path:
    """Write `model` with `template` to `target`; returns that."""
    header = read_header(model)
    assert header.chat_template is not None
    old = text(header.chat_template)
    # The tensors keep their place behind the header: its length may change by whole steps of alignment only.
    missing = (len(old) - len(text(template)) - len("{##}")) % header.alignment
    new = text(template + "{#" + " " * missing + "#}")
    with model.open("rb") as source, target.open("wb") as copy:
        head = source.read(header.data_offset)
        begin = text(_KEY) + struct.pack("<I", STRING)
        assert head.count(begin + old) == 1
        copy.write(head.replace(begin + old, begin + new))
        shutil.copyfileobj(source, copy)
    return target
