"""What banners say of a repair, and what they offer after an engine has gone."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage import LostMessage, RepairReport
from slmdesk.ui.chat.banners import repair_notice, ways_on
from slmdesk.ui.state import EngineState, Phase
from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.banner import Banner
from slmdesk.ui.widgets.labels import Icon, Label
from tests.ui.scripted import make_report

DAMAGED = Path("damaged.db")
EVENING = datetime(2026, 11, 27, 21, 10, 36).timestamp()
LOST = LostMessage("Hello", "user", EVENING, 3)


def icon_of(banner: Banner) -> str:
    return banner.findChildren(Icon)[0]._name


def sentences(banner: Banner) -> list[str]:
    return [one.text() for one in banner.findChildren(Label)]


@pytest.mark.parametrize(
    ("report", "counts"),
    [
        (RepairReport(12, 0, (), DAMAGED, None), ["12 messages are intact."]),
        (RepairReport(1, 2, (), DAMAGED, None), ["1 message is intact, 2 came back from a backup."]),
        (RepairReport(0, 2, (), DAMAGED, None), ["2 messages came back from a backup."]),
        (RepairReport(0, 0, (), DAMAGED, None), []),
    ],
)
def test_a_repair_that_lost_nothing_is_a_calm_note(
    qtbot: QtBot, theme: Theme, report: RepairReport, counts: list[str]
) -> None:
    banner = repair_notice(theme, report)
    qtbot.addWidget(banner)
    what = "Your conversations are all there: damage on the disk has been repaired."
    assert sentences(banner) == [what, *counts]
    assert icon_of(banner) == "info"
    assert "damaged.db" in banner.details


def test_a_repair_that_lost_something_is_a_problem_and_names_it(qtbot: QtBot, theme: Theme) -> None:
    banner = repair_notice(theme, RepairReport(12, 0, (LOST,), DAMAGED, None))
    qtbot.addWidget(banner)
    assert sentences(banner) == [
        "Your conversations were damaged on the disk and have been repaired.",
        "12 messages are intact, 1 is lost.",
        "The places of the lost messages are marked in their conversations.",
    ]
    assert icon_of(banner) == "circle-alert"
    # The time as everywhere else.
    assert banner.details.endswith("Lost: a message in “Hello”, Nov 27, 2026, 21:10")


def test_where_more_may_be_missing_it_is_no_note(qtbot: QtBot, theme: Theme) -> None:
    banner = repair_notice(theme, RepairReport(12, 0, (), DAMAGED, None, maybe_more=True))
    qtbot.addWidget(banner)
    assert icon_of(banner) == "circle-alert"
    assert sentences(banner)[-1].startswith("More may be missing")


def test_an_engine_for_another_processor_is_not_offered_again() -> None:
    state = EngineState(Phase.FAILED, report=make_report())
    for key in ("engine-wrong-processor", "engine-wrong-processor-loading"):
        assert ways_on(UserError(key, ErrorKind.MODEL), state, lambda length: None) == ()
    crashed = ways_on(UserError("engine-crashed", ErrorKind.GENERATION), state, lambda length: None)
    assert [one.text for one in crashed] == ["Reload the model"]
