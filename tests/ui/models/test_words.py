"""What the panel says of models, without a window."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from slmdesk.catalogue import CatalogueModel, ModelFile
from slmdesk.fit import Dimensions
from slmdesk.messages import ErrorKind, UserError
from slmdesk.offers import Offer, OfferList
from slmdesk.ui.models.source_note import hub_note
from slmdesk.ui.models.words import about_words, detail_words, first_word, narrow_figures, parameter_words
from slmdesk.ui.models.worker import Listed
from tests.offers.made import make_model, make_offer, make_variant

NBSP = "\N{NO-BREAK SPACE}"

LISTED = Listed(OfferList(), (), "2026-11-24", None)
UNREACHED = UserError("hub-repository-gone", ErrorKind.NETWORK, repo="a/b")


def test_the_day_of_a_change_is_no_release() -> None:
    model = CatalogueModel(id="a/b", name="b", publisher="a", updated="2026-11-24")
    assert about_words(model) == "a · updated 2026-11-24"
    released = CatalogueModel(id="a/b", name="b", publisher="a", updated="2026-11-24", released="2025-04")
    assert about_words(released) == "a · 2025-04"


def test_a_model_of_which_the_hub_has_nothing_left_says_so() -> None:
    there = make_model(asked=1.0, gguf_repos=("maker/files-GGUF",))
    assert detail_words(Offer(model=there)).startswith("maker · ")
    assert detail_words(Offer(model=replace(there, gguf_repos=()))).startswith("gone from the Hub · maker · ")


@pytest.mark.parametrize(
    ("sold", "label", "counted", "words"),
    [
        (1.0, "1B", 8_030_000_000, "8.03 billion parameters, named 1B"),
        (4.0, "4B", 4_022_000_000, "4 billion parameters"),
        (56.0, "8x7B", 46_700_000_000, "56 billion parameters"),
        (None, "", 8_030_000_000, "8.03 billion parameters"),
        (4.0, "4B", None, "4 billion parameters"),
        (None, "", None, ""),
    ],
)
def test_a_name_that_sells_another_size_than_was_counted_is_not_believed(
    sold: float | None, label: str, counted: int | None, words: str
) -> None:
    model = CatalogueModel(
        id="a/b", name="b", billions=sold, size_label=label, dimensions=Dimensions(parameters=counted)
    )
    assert parameter_words(model) == words


def test_what_is_sold_as_far_less_than_it_has_is_not_said_to_have_so_few() -> None:
    model = CatalogueModel(id="a/b", name="b", billions=4.0, size_label="E4B", counted=7_996_156_490)
    assert parameter_words(model) == "E4B"
    counted = replace(model, dimensions=Dimensions(parameters=7_518_069_290))
    assert parameter_words(counted) == "7.52 billion parameters, named E4B"
    assert parameter_words(replace(model, counted=4_022_468_096)) == "4 billion parameters"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "< 0.1 s"),
        (0.94, "≈ 0.9 s"),
        (13.13, "≈ 13 s"),
        (59.2, "≈ 59 s"),
        (59.7, "≈ 1 min 0 s"),
        (104.5, "≈ 1 min 40 s"),
    ],
)
def test_the_first_word_is_told_no_more_exactly_than_it_is_known(seconds: float, words: str) -> None:
    assert first_word(seconds).replace("\N{NO-BREAK SPACE}", " ") == words


def note(**changes: object) -> tuple[str, bool]:
    facts = {
        "offline": False,
        "searching": False,
        "problem": UNREACHED,
        "page_date": None,
        "has_answered": False,
        **changes,
    }
    made = hub_note(LISTED, **facts)  # type: ignore[arg-type]
    return made.words, made.again


def test_what_is_shown_while_the_hub_cannot_be_asked_is_named() -> None:
    assert note()[0].endswith("Curated list of 2026-11-24 is shown.")
    assert note(has_answered=True)[0].endswith("What the Hub answered before is shown, too.")
    assert "Curated list" not in note(has_answered=True)[0]
    assert "What the Hub had on" in note(page_date=1.79e9, has_answered=True)[0]
    assert note()[1]


def test_offline_by_choice_says_so_and_offers_nothing() -> None:
    assert note(offline=True) == ("Offline. Curated list of 2026-11-24.", False)
    assert note(offline=True, has_answered=True)[0] == "Offline. What the Hub answered before is shown, too."
    assert note(offline=True, page_date=1.79e9)[0].startswith("Offline. What the Hub had on ")


def test_without_a_problem_nothing_is_said_of_one() -> None:
    assert note(problem=None) == ("The Hub and the curated list together.", False)
    assert note(problem=None, searching=True) == ("Asking the Hub", False)


def test_figures_get_shorter_and_are_never_cut() -> None:
    file = ModelFile(repo="a/b", path="x-Q4_K_M.gguf", about_bytes=4_700_000_000)
    model = make_model("a/b", variants=(make_variant("Q4_K_M", None, "a/b", files=(file,)),))
    assert narrow_figures(make_offer(model, speed=(11.0, 14.0))) == (
        f"11–14 tok/s · about 4.7{NBSP}GB",
        f"11–14 tok/s · ≈ 4.7{NBSP}GB",
        "11–14 tok/s",
        f"≈ 4.7{NBSP}GB",
    )
    assert narrow_figures(make_offer(model, speed=None)) == (f"about 4.7{NBSP}GB", f"≈ 4.7{NBSP}GB")
    exact = make_model("a/b", variants=(make_variant("Q4_K_M", 4_700_000_000, "a/b"),))
    assert narrow_figures(make_offer(exact, speed=None)) == (f"4.7{NBSP}GB",)
