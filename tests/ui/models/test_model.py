"""The list as Qt sees it: what the heads of its groups say."""

from __future__ import annotations

from slmdesk.fit import Verdict
from slmdesk.messages import Message
from slmdesk.offers import OfferFilter, OfferList
from slmdesk.ui.models.model import OfferModel
from slmdesk.ui.models.source_note import SourceNote, with_speeds
from tests.offers.made import make_offer

NOT_MEASURED = Message("fit-speed-not-measured")


def _heads(offers: OfferList) -> list[str]:
    model = OfferModel()
    model.show_offers(offers, offers.show(OfferFilter()))
    return [str(model.index(row).data()) for row in range(model.rowCount()) if model.rows[row].is_head]


def test_that_models_run_well_is_not_said_where_nobody_knows_how_fast() -> None:
    offers = OfferList([make_offer("a/one"), make_offer("a/two", Verdict.TOO_BIG)])
    assert (offers.speed_note, _heads(offers)) == (None, ["Run well here", "Too big for this computer"])
    offers.put([make_offer("a/one", speed=None, speed_note=NOT_MEASURED)])
    assert offers.speed_note == NOT_MEASURED
    assert _heads(offers) == ["Fit on this computer", "Too big for this computer"]
    offers.put([make_offer("a/one")])
    assert _heads(offers)[0] == "Run well here"


def test_one_model_of_which_too_little_is_known_says_nothing_of_the_computer() -> None:
    unknown = make_offer("a/one", speed=None, speed_note=Message("fit-speed-model-unknown"))
    assert OfferList([unknown, make_offer("a/two")]).speed_note is None


def test_the_note_over_the_list_says_that_the_order_does_not_go_by_the_speed() -> None:
    note = SourceNote("info", "Curated list.", again=True)
    assert with_speeds(note, None) is note
    expected = (
        "Curated list. The speed is not known: this computer has not been measured yet."
        " So the order does not go by it."
    )
    assert with_speeds(note, NOT_MEASURED) == SourceNote("info", expected, again=True)
