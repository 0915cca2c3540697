"""What the line at the foot of the window says of an engine."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from slmdesk.ui.state import EngineState, Phase
from slmdesk.ui.status_bar import StatusBar
from slmdesk.ui.theme import Theme
from tests.ui.scripted import make_model, make_report


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (0.0, ""),
        (0.5, "0.5 tok/s"),
        (1.0, "1 tok/s"),
        (9.94, "9.9 tok/s"),
        (9.96, "10 tok/s"),
        (123.4, "123 tok/s"),
    ],
)
def test_a_slow_answer_is_not_said_to_stand_still(
    qtbot: QtBot, theme: Theme, rate: float, words: str
) -> None:
    bar = StatusBar(theme)
    qtbot.addWidget(bar)
    bar.show_state(EngineState(Phase.READY, make_model(), make_report(), tokens_per_second=rate))
    assert bar.speed_segment.words == words
