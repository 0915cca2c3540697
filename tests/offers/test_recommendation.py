"""Which variant is recommended."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from slmdesk.catalogue import Variant
from slmdesk.fit import FitReport, Room, Verdict
from slmdesk.messages import say
from slmdesk.offers import recommend_variant
from tests.offers.made import GIB, make_report, make_variant

FITS, SLOW, TIGHT, TOO_BIG, UNKNOWN = (
    Verdict.FITS,
    Verdict.SLOW,
    Verdict.TIGHT,
    Verdict.TOO_BIG,
    Verdict.UNKNOWN,
)
SIZES = {
    "F16": 8.0,
    "Q8_0": 4.3,
    "Q6_K": 3.3,
    "Q5_K_M": 2.9,
    "Q4_K_M": 2.5,
    "Q4_K_S": 2.4,
    "Q3_K_M": 2.1,
    "Q2_K": 1.6,
}
LADDER = tuple(make_variant(name, int(size * 1e9)) for name, size in SIZES.items())
FAST = (25.0, 35.0)
FAIR = (12.0, 16.0)


def _recommended(reports: dict[str, FitReport]) -> tuple[str, str]:
    variants = tuple(one for one in LADDER if one.label in reports)
    found = recommend_variant(variants, lambda one: reports[one.label])
    assert found is not None
    assert found.report is reports[found.variant.label]
    assert found.variant.label in say(found.reason)
    return found.variant.label, found.reason.key


def _all(verdict: Verdict, **more: Any) -> dict[str, FitReport]:
    return {name: make_report(verdict, **more) for name in SIZES}


def test_with_speed_and_room_the_best_quality_but_no_more_than_that() -> None:
    # F16 is as good as Q8_0 and twice as large.
    assert _recommended(_all(FITS)) == ("Q8_0", "variant-best-quality")


def test_better_than_very_good_is_not_bought_with_speed() -> None:
    reports = {**_all(FITS, speed=FAIR), "Q5_K_M": make_report(speed=FAST), "Q4_K_M": make_report(speed=FAST)}
    assert _recommended(reports) == ("Q5_K_M", "variant-best-quality")
    assert _recommended(_all(FITS, speed=FAIR)) == ("Q4_K_M", "variant-light")


def test_better_than_very_good_is_not_bought_with_most_of_the_memory() -> None:
    reports = {name: make_report(resident=int(size * GIB), free=6 * GIB) for name, size in SIZES.items()}
    assert _recommended(reports) == ("Q5_K_M", "variant-best-quality")


def test_where_the_speed_is_not_known_nothing_is_claimed_of_it() -> None:
    assert _recommended(_all(FITS, speed=None)) == ("Q4_K_M", "variant-light")


def test_what_fits_with_less_quality_comes_before_what_is_slow() -> None:
    reports = {**_all(TOO_BIG), "Q3_K_M": make_report(speed=FAIR), "Q2_K": make_report(speed=FAIR)}
    reports["Q4_K_S"] = reports["Q4_K_M"] = make_report(SLOW)
    assert _recommended(reports) == ("Q3_K_M", "variant-largest-fitting")


def test_poor_quality_that_fits_comes_after_good_that_is_slow_or_tight() -> None:
    reports = {**_all(TOO_BIG), "Q4_K_M": make_report(SLOW), "Q2_K": make_report()}
    assert _recommended(reports) == ("Q4_K_M", "variant-least-slow")
    reports["Q4_K_M"] = make_report(TIGHT)
    assert _recommended(reports) == ("Q4_K_M", "variant-least-tight")
    reports["Q4_K_M"] = make_report(TOO_BIG)
    assert _recommended(reports) == ("Q2_K", "variant-largest-fitting")


def test_of_what_is_slow_or_tight_the_usual_small_one() -> None:
    assert _recommended(_all(SLOW, speed=(3, 5))) == ("Q4_K_M", "variant-least-slow")
    assert _recommended(_all(TIGHT)) == ("Q4_K_M", "variant-least-tight")


def test_where_nothing_fits_or_nothing_is_known_the_usual_one() -> None:
    assert _recommended(_all(TOO_BIG)) == ("Q4_K_M", "variant-too-big")
    assert _recommended(_all(UNKNOWN)) == ("Q4_K_M", "variant-usual")


def test_an_unusual_one_where_the_usual_one_of_its_grade_does_not_fit() -> None:
    reports = {**_all(TOO_BIG), "Q4_K_S": make_report()}
    assert _recommended(reports) == ("Q4_K_S", "variant-best-quality")


def _pick(*variants: Variant) -> Variant | None:
    found = recommend_variant(variants, lambda _: make_report())
    return found.variant if found is not None else None


def test_what_no_engine_of_ours_loads_is_never_recommended() -> None:
    dead = make_variant("Q4_0_4_4", 10, loadable=False)
    alive = make_variant("Q2_K", 10)
    assert _pick(dead, alive) is alive
    assert _pick(dead) is None
    assert _pick() is None


def test_folders_for_devices_that_may_be_missing_are_left_to_those_who_choose_them() -> None:
    folder = {"format": "onnx", "quality": 3}
    cuda = make_variant("INT4", 10, "maker/cuda", execution_provider="CUDA", **folder)
    cpu = make_variant("INT4", 12, "maker/cpu", execution_provider="CPU", **folder)
    file = make_variant("Q4_K_M", 20)
    assert _pick(cuda, cpu) is cpu
    assert _pick(cuda) is cuda
    assert _pick(cuda, cpu, file) is file


def test_of_two_alike_the_repository_that_is_named_first() -> None:
    first, second = make_variant("Q4_K_M", 11, "trusted/files"), make_variant("Q4_K_M", 10, "other/files")
    assert _pick(first, second) is first
    assert _pick(second, first) is second
    # But one whose size is known before one whose size is not.
    assert _pick(make_variant("Q4_K_M", None, "trusted/files"), second) is second


def test_only_what_may_matter_is_asked() -> None:
    asked: list[str] = []

    def report_of(variant: Variant) -> FitReport:
        asked.append(variant.label)
        return make_report()

    recommend_variant(LADDER, report_of)
    assert set(asked) == {"Q8_0"}


@pytest.mark.parametrize("quality", [None, 3])
def test_a_single_variant_is_said_to_be_the_only_one(quality: int | None) -> None:
    found = recommend_variant([make_variant("Q4_K_M", 10, quality=quality)], lambda _: make_report())
    assert found is not None
    assert found.reason.key == "variant-only"


@pytest.mark.parametrize(
    ("verdict", "room", "key"),
    [
        (Verdict.SLOW, "spare", "variant-only"),
        (Verdict.TIGHT, "little", "variant-only"),
        (Verdict.TIGHT, "none", "variant-only-not-now"),
        (Verdict.TOO_BIG, None, "variant-only-not-now"),
        (Verdict.UNKNOWN, None, "variant-only"),
    ],
)
def test_a_single_variant_is_not_recommended_where_it_does_not_run_now(
    verdict: Verdict, room: Room | None, key: str
) -> None:
    report = structs.replace(make_report(verdict), room=room)
    found = recommend_variant([make_variant("Q4_K_M", 10)], lambda _: report)
    assert found is not None
    assert found.reason.key == key
