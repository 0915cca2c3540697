"""The row under an answer wraps where there is no room, and nothing in it is cut."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from slmdesk.messages import choose_language
from slmdesk.storage import resources_folder
from slmdesk.ui.theme import Theme
from slmdesk.ui.transcript import Transcript
from tests.ui.transcript.scene import answer, foot, said, show

CUT_OFF: dict[str, Any] = {"state": "failed", "end_reason": "error"}
STOPPED: dict[str, Any] = {"state": "stopped", "end_reason": "length"}


@pytest.mark.parametrize("language", ["en", "pl"])
@pytest.mark.parametrize("facts", [CUT_OFF, STOPPED], ids=["cut off", "stopped"])
@pytest.mark.parametrize(("scale", "width"), [(1, 900), (1, 600), (1, 380), (2, 560), (3, 600), (3, 900)])
def test_nothing_is_cut(
    qapp: QApplication, qtbot: QtBot, scale: float, width: int, facts: dict[str, Any], language: str
) -> None:
    choose_language(language, resources_folder() / "locale")
    transcript = Transcript(Theme(qapp, "light", scale=scale))
    choose_language("en", resources_folder() / "locale")
    qtbot.addWidget(transcript)
    transcript.resize(width, 800)
    transcript.set_can_continue(False, "Both come back.")
    transcript.show()
    show(transcript, said("Hi"), answer("Some words.", version=1, versions=12, **facts))
    row = foot(transcript)
    texts: list[QWidget] = [row.mark_of_end, row.kept, row.version, row.figures]
    shown = [one for one in (*texts, *row.stops()) if one.isVisible()]
    assert row.continue_button.isVisible() is (facts is CUT_OFF)
    boxes = [QRect(one.mapTo(row, QPoint()), one.size()) for one in shown]
    for widget, box in zip(shown, boxes, strict=True):
        assert row.rect().contains(box), widget
        if widget is not row.figures:
            assert box.width() >= widget.minimumSizeHint().width(), widget
            assert box.height() >= min(widget.minimumSizeHint().height(), row.mark_of_end.height()), widget
    for (one, box), (other, other_box) in itertools.combinations(zip(shown, boxes, strict=True), 2):
        assert not box.intersects(other_box), (one, other)


def test_with_room_everything_stands_in_one_line(transcript: Transcript) -> None:
    show(transcript, said("Hi"), answer("Some words.", **CUT_OFF))
    row = foot(transcript)
    middles = {one.mapTo(row, one.rect().center()).y() for one in (row.copy, row.continue_button)}
    assert len(middles) == 1
    assert row.kept.isVisible()


def test_versions_stand_at_the_left_and_stay_there(transcript: Transcript) -> None:
    show(transcript, said("Hi"), answer("Some words.", version=2, versions=2))
    row = foot(transcript)
    places = []
    for near in (None, transcript.messages[1]):
        transcript._stage.set_near(near)
        places.append(row.previous.mapTo(row, QPoint()).x())
    assert places == [0, 0]
    assert row.copy.mapTo(row, QPoint()).x() >= row.next.mapTo(row, row.next.rect().topRight()).x()
