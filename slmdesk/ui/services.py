"""What the window is given: everything below it that it may use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from slmdesk.chat import ChatService
    from slmdesk.engines import LoadOptions, Sampling
    from slmdesk.library import InstalledModel
    from slmdesk.storage import Paths, Settings, SettingsStore


@dataclass(frozen=True)
class Services:
    """Made by the composition root. Callables may block: the window never calls them on the GUI thread.

    Nothing here needs an engine's native library before a model is loaded, so the window can show first.
    """

    paths: Paths
    log_file: Path
    settings: Settings
    """As loaded before the window opens; the window keeps it up to date and saves it."""
    settings_store: SettingsStore
    list_models: Callable[[], Sequence[InstalledModel]]
    open_chat: Callable[[], ChatService]
    """Called once, in the inference thread, after the window shows. The window closes its pool when it
    closes; whatever else this opened belongs to the caller."""
    engine_versions: Callable[[], Sequence[tuple[str, str]]]
    """Engines with their versions, for the About page."""
    load_options: Callable[[], LoadOptions] | None = None
    """None: the engine's own defaults."""
    sampling: Callable[[], Sampling] | None = None
    """None: the protocol's defaults."""
