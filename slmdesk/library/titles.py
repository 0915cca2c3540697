"""Names of models as people read them."""

from __future__ import annotations

import re
from pathlib import Path

from slmdesk.formats.gguf import find_part

# Q4_K_M, IQ2_XXS, BF16, MXFP4 and the like at the end of a name; the list shows it in a column of its own.
_QUANTIZATION = re.compile(
    r"[-_. (\[]+(?:i1-)?"
    r"(?:I?Q[1-8]_[0-9A-Z]+(?:_[A-Z]+)*|I?Q[1-8]|TQ[12]_0|BF16|FP?16|FP?32|MXFP4(?:_MOE)?)"
    r"[)\]]?$",
    re.IGNORECASE,
)
# What builders of model folders write behind the model's name, and a folder named after what it is built for.
_FOLDER_ENDING = re.compile(r"(?<=.)[-_. ]+(?:onnx|ort|genai|cpu|int[48]|fp16|fp32|bf16)$", re.IGNORECASE)
_VARIANT = re.compile(r"(?:cpu|gpu|cuda|directml|dml|webgpu|npu|qnn)[-_]", re.IGNORECASE)
_LONGEST_TITLE = 80
_HUB_REPOSITORY = "models--"


def hub_repository(folder: Path) -> str:
    """The Hugging Face Hub repository whose cached snapshot `folder` is or lies in: its name, else "".

    The snapshot itself is named by its commit: models--org--name/snapshots/<commit>.
    """
    for parent in folder.parents:
        if parent.name == "snapshots" and parent.parent.name.startswith(_HUB_REPOSITORY):
            return parent.parent.name.rpartition("--")[2]
    return ""


def make_folder_title(name: str, folder: Path) -> str:
    """A title for the model in `folder`, from the `name` that its files give, or from that of the folder.

    One line of printable characters, without number format and runtime. A folder that is only named after a
    device is one of several of the same model, in the folder that has its name.
    """
    name = name or hub_repository(folder)
    if not name:
        name = folder.parent.name if _VARIANT.match(folder.name) and folder.parent.name else folder.name
    while (shorter := _FOLDER_ENDING.sub("", name)) != name:
        name = shorter
    return _clean(name) or "?"


def make_title(name: str, stem: str) -> str:
    """A title from the `name` that a model file gives itself, or from the `stem` of its file name.

    One line of printable characters, without the quantization.
    """
    title = _clean(name)
    if not title:
        part = find_part(stem)
        title = _clean(part.name if part else stem)
    return title or "?"


def _clean(text: str) -> str:
    shown = "".join(c if c.isprintable() else " " for c in text)
    shown = shown.strip().removesuffix(".gguf")
    shown = _QUANTIZATION.sub("", shown)
    if " " not in shown.strip():
        # A name made for file systems: words are joined by dashes or underscores, 1.5B stays as it is.
        shown = re.sub(r"[-_]+", " ", shown)
    shown = " ".join(shown.split())
    return shown if len(shown) <= _LONGEST_TITLE else shown[: _LONGEST_TITLE - 1].rstrip() + "…"
