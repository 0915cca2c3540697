"""The engine as the child process sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from slmdesk.engines.protocol import (
    Capabilities,
    ChatMessage,
    Event,
    GenerateRequest,
    LoadOptions,
    LoadProgress,
    LoadReport,
    SimulatedLoad,
)


class Engine(Protocol):
    """Runs one model. Every method is called from one thread, except where it says otherwise.

    Lives in a process of its own, because native code may end it. All failures a person can meet are raised
    as `messages.UserError`; anything else is a bug and is reported with its traceback.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What this engine can do."""

    def load(
        self, path: str, options: LoadOptions, on_progress: Callable[[LoadProgress], None]
    ) -> LoadReport | None:
        """Load the model at `path`. None: `cancel` was called meanwhile, and nothing is loaded.

        Raises UserError (kind MODEL) for a file or options that cannot be loaded.
        """

    def generate(self, request: GenerateRequest) -> Iterator[Event]:
        """Answer, yielding events; the last two are `Stats` and `End`.

        Raises UserError (kind GENERATION). The engine stays usable after any end, cancelled ones included.
        """

    def count_tokens(self, messages: tuple[ChatMessage, ...]) -> int:
        """Tokens that `messages` take in the prompt. Called from any thread, also while another generates."""

    def cancel(self) -> None:
        """End the load or answer in progress, within a token. Called from any thread; idle: no effect."""

    @property
    def activity(self) -> int:
        """A number that changes whenever the native code shows a sign of life. Read from any thread."""

    def unload(self) -> None:
        """Give everything back. Loading again afterwards is allowed."""


class Simulator(Protocol):
    """Finds out what loading a model would take. In a process of its own, as an engine is; one thread."""

    def simulate(self, path: str, options: LoadOptions) -> SimulatedLoad:
        """What loading the model at `path` would take, of which no more than the header need be there.

        Raises UserError (kind MODEL) as `Engine.load` does for a file or options that cannot be loaded, and
        `model-refused` where the file contradicts itself; `simulation-refused` (with `architecture`) where
        the engine does not know the kind of model, `simulation-failed` where it fails for another reason.
        Memory never is too small.
        """
