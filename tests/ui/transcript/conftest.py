"""Fixtures for tests of the transcript: one that is shown and has the keyboard."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from slmdesk.ui.theme import Theme
from slmdesk.ui.transcript import Transcript


@pytest.fixture
def transcript(qtbot: QtBot, theme: Theme) -> Transcript:
    """As wide as in a usual window, with nothing in it."""
    transcript = Transcript(theme)
    qtbot.addWidget(transcript)
    transcript.resize(900, 500)
    with qtbot.waitActive(transcript):
        transcript.show()
        transcript.activateWindow()
    return transcript
