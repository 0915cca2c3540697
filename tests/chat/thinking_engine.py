"""A scripted engine that thinks first: the "think" of its model file is how many pieces are reasoning."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from slmdesk.engines import Event, GenerateRequest, Reasoning, Text
from slmdesk.engines.child import serve
from tests.engines.process.scripted_engine import ScriptedEngine


def thinking_entry(connection: Any, _engine: str, log_path: str) -> None:
    """The entry of an engine process with a `ThinkingEngine`."""
    serve(connection, lambda: ThinkingEngine(connection), log_path)


class ThinkingEngine(ScriptedEngine):
    """See the top of this file."""

    def generate(self, request: GenerateRequest) -> Iterator[Event]:
        """As scripted, the first pieces as reasoning."""
        left = json.loads(Path(self.path).read_text())["think"]
        for event in super().generate(request):
            if isinstance(event, Text) and left:
                left -= 1
                yield Reasoning(event.text)
            else:
                yield event
