"""What the window is given: everything below it that it may use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from slmdesk.chat import ChatOptions, ChatService, PlannedLoad
    from slmdesk.engines import LoadOptions
    from slmdesk.fit import Step
    from slmdesk.library import InstalledModel
    from slmdesk.storage import Paths, RepairReport, Settings, SettingsStore
    from slmdesk.ui.advice import ModelAdvice
    from slmdesk.ui.surroundings import Surroundings


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
    """Called once, in a thread, after the window shows. The window closes its pool when it closes; whatever
    else this opened belongs to the caller."""
    check_conversations: Callable[[], RepairReport | None]
    """Look whether what is stored is sound, repair it where it is not, and make a backup where it is time for
    one. None: it is sound."""
    engine_versions: Callable[[], Sequence[tuple[str, str]]]
    """Engines with their versions, for the About page."""
    look_around: Callable[[bool], Surroundings] | None = None
    """What engines and devices there are. The first call takes some seconds, those after it none, unless it
    is told to look again. None: nobody can tell."""
    plan: Callable[[InstalledModel], PlannedLoad] | None = None
    """Where a model would run with the settings as they are. May take as long as `look_around` does. None:
    nobody decides."""
    settings_changed: Callable[[Settings], None] = lambda _: None
    """Told of every change of the settings, on the GUI thread, before anything is loaded with them. Does not
    block."""
    load_options: Callable[[], LoadOptions] | None = None
    """What models are loaded with where nobody plans it. None: the engine's own defaults."""
    new_chat_options: Callable[[], ChatOptions] | None = None
    """What a new chat begins with. None: the protocol's defaults. Does not block."""
    open_advice: Callable[[], ModelAdvice] | None = None
    """What there is to ask about models that can be fetched. Called in a thread when somebody asks first;
    whatever it opens belongs to the caller. None: nobody can tell, and the window has no panel Models."""
    find_steps: Callable[[InstalledModel, int | None], Sequence[Step]] | None = None
    """Ways to load a model, with a context of some length (None: its own), that take less memory than that.
    Blocks; raises UserError. None: nobody can tell."""
    close_advice: Callable[[], None] = lambda: None
    """Called when the window has gone: whatever `open_advice` opened is closed. Blocks for a moment."""
    forced_offline: Callable[[], str] = lambda: ""
    """Why nothing is asked of the network whatever the settings say; empty: they decide. Does not block."""
    fixed: Mapping[str, str] = field(default_factory=dict)
    """Settings that the person cannot change, by name, and why."""
