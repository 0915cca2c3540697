"""The list as Qt sees it: what the heads of its groups say."""

from __future__ import annotations

import pytest
from msgspec import structs

from slmdesk.fit import Room, Verdict
from slmdesk.messages import Message
from slmdesk.offers import OfferFilter, OfferList
from slmdesk.ui.models.model import OfferModel
from slmdesk.ui.models.source_note import SourceNote, with_speeds
from slmdesk.ui.models.variant_columns import best_size, name_inset, share_out
from slmdesk.ui.models.variant_model import VARIANT, VariantModel
from slmdesk.ui.theme import Space, Theme
from tests.offers.made import make_offer, make_report, make_variant

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


@pytest.mark.parametrize(("room", "is_best"), [("little", True), ("none", False)])
def test_what_does_not_fit_now_is_not_the_best(room: Room, is_best: bool) -> None:
    variant = make_variant("Q4_K_M", 10)
    model = VariantModel()
    report = structs.replace(make_report(Verdict.TIGHT), room=room)
    model.show_variants([variant], {variant.id: report}, variant.id)
    assert model.is_best(0) is is_best


def test_the_mark_of_the_best_has_room_below_a_short_name(theme: Theme) -> None:
    variant = make_variant("Q2_K", 10)
    model = VariantModel()
    model.show_variants([variant], {variant.id: make_report()}, variant.id)
    seen = set()
    for room in range(900, 160, -4):
        columns = share_out(theme, model, room)
        seen.add((columns.best_below, columns.in_one))
        if columns.best_below:
            assert columns.widths[VARIANT] >= name_inset(theme) + best_size(theme) - Space.S, room
    assert (True, False) in seen
