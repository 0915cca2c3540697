"""How huggingface_hub behaves in this program: it reads settings from the environment as it is imported."""

from __future__ import annotations

import os

_SETTINGS = {
    # Without it, the library asks for a list of programs by itself, and says what is installed here.
    "HF_HUB_DISABLE_TELEMETRY": "1",
    # A token lies in a file of the person's home. It is sent when they say so.
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    # Its native downloader makes connections that nobody sees.
    "HF_HUB_DISABLE_XET": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
}


def keep_hub_quiet() -> None:
    """Set it up, for this process and those it starts. To be called before anyone imports the library."""
    os.environ.update(_SETTINGS)
