"""Which model is suggested to somebody who has none yet."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from slmdesk.fit import Verdict
from slmdesk.messages import Message, say
from slmdesk.offers import Offer, Suggestion, note_of_speeds, suggest_first
from tests.offers.made import GIB, make_model, make_offer

GB = 10**9


def _offer(model_id: str, verdict: Verdict = Verdict.FITS, *, size: float = 2.5, **more: Any) -> Offer:
    report = {name: more.pop(name) for name in ("speed", "resident", "free") if name in more}
    return make_offer(make_model(model_id, **more), verdict, size_bytes=int(size * GB), **report)


def _suggested(*offers: Offer, **more: Any) -> Suggestion:
    found = suggest_first(offers, **more)
    assert found is not None
    assert say(found.reason)
    return found


def test_the_strongest_that_runs_well() -> None:
    found = _suggested(
        _offer("a/small-1B", billions=1, released="2025-04"),
        _offer("a/middle-4B", billions=4, released="2025-04"),
        _offer("a/large-14B", Verdict.SLOW, billions=14, released="2025-04"),
        _offer("a/old-4B", billions=4, released="2023-04"),
    )
    assert found.offer.id == "a/middle-4B"
    assert found.fitting == 3
    assert found.reason.key == "first-fits-fast"
    assert "25 to 35" in say(found.reason)


@pytest.mark.parametrize(
    "unfit",
    [
        _offer("a/coder-8B", billions=8, name="Best Coder 8B"),
        _offer("deepseek/R1-Distill-8B", billions=8),
        _offer("a/thinking-8B", billions=8, name="Qwen3 8B Thinking"),
        _offer("a/model-VL-8B", billions=8),
        _offer("a/no-chat-8B", billions=8, abilities=("reasoning", "tools")),
        _offer("a/not-at-work-8B", billions=8, work="no"),
        _offer("a/limits-8B", billions=8, work="limits"),
        _offer("a/unknown-licence-8B", billions=8, work=None),
        _offer("a/gated-8B", billions=8, gated="manual"),
        _offer("hub/anybodys-8B", billions=8, curated=False),
        make_offer(make_model("a/no-size-8B", billions=8), size_bytes=None),
    ],
    ids=lambda offer: offer.id,
)
def test_what_is_never_suggested(unfit: Offer) -> None:
    assert _suggested(unfit, _offer("a/plain-1B", billions=1)).offer.id == "a/plain-1B"
    assert suggest_first([unfit]) is None


def test_a_language_model_with_letters_of_a_purpose_in_its_name_is_general() -> None:
    # "vl" and "r1" only count as words of their own.
    assert _suggested(_offer("a/evlr12-chat")).offer.id == "a/evlr12-chat"


def test_the_persons_language_comes_before_strength() -> None:
    english = _offer("a/english-8B", billions=8, languages=("en",))
    polish = _offer("a/polish-4B", billions=4, languages=("pl", "en"))
    assert _suggested(english, polish, languages=("en",)).offer is english
    found = _suggested(english, polish, languages=("pl", "en"))
    assert found.offer is polish
    assert "Polish" in say(found.reason)
    # Where no source says that any knows it, nothing is claimed.
    found = _suggested(english, languages=("pl", "en"))
    assert found.offer is english
    assert "Polish" not in say(found.reason)


def test_a_long_download_or_a_slower_answer_is_not_for_a_start() -> None:
    quick = _offer("a/quick-4B", billions=4)
    assert _suggested(quick, _offer("a/huge-30B", billions=30, size=18)).offer is quick
    assert _suggested(quick, _offer("a/slower-8B", billions=8, speed=(10, 14))).offer is quick


def test_what_the_disk_does_not_hold_is_left_out() -> None:
    large, small = _offer("a/large-8B", billions=8, size=5), _offer("a/small-1B", billions=1, size=1)
    assert _suggested(large, small, free_disk_bytes=6 * GB).offer is large
    assert _suggested(large, small, free_disk_bytes=4 * GB).offer is small
    assert suggest_first([large, small], free_disk_bytes=GB // 2) is None


def test_a_smaller_one_is_named_beside_it() -> None:
    large, small = _offer("a/large-8B", billions=8, size=5), _offer("a/small-1B", billions=1, size=1)
    nearly = _offer("a/nearly-7B", billions=7, size=4.5)
    assert _suggested(large, nearly, small).smaller is small
    assert _suggested(large, nearly).smaller is None


@pytest.mark.parametrize("verdict", [Verdict.SLOW, Verdict.TIGHT])
def test_on_a_weak_computer_the_smallest_with_the_truth(verdict: Verdict) -> None:
    small, large = _offer("a/s-1B", verdict, size=1), _offer("a/l-4B", verdict, size=3)
    found = _suggested(large, small, _offer("a/x-8B", Verdict.TOO_BIG))
    assert found.offer is small
    assert found.reason.key == f"first-{verdict.value}"
    assert found.fitting == 0


def test_where_nothing_runs_nothing_is_suggested() -> None:
    assert suggest_first([]) is None
    assert suggest_first([_offer("a/x", Verdict.TOO_BIG), _offer("a/y", Verdict.UNKNOWN)]) is None


def test_as_long_as_no_speed_is_known_nothing_is_said_of_it_and_a_modest_size_is_suggested() -> None:
    large = _offer("a/large-9B", billions=9, size=5.5, speed=None, resident=6 * GIB, free=20 * GIB)
    small = _offer("a/small-4B", billions=4, size=2.5, speed=None, resident=3 * GIB, free=20 * GIB)
    found = _suggested(large, small)
    assert found.offer is small
    assert found.reason.key == "first-fits"
    assert "runs well" not in say(found.reason)
    # Of two that take much, the one that takes less.
    larger = _offer("a/larger-12B", billions=12, size=5.8, speed=None, resident=7 * GIB, free=20 * GIB)
    assert _suggested(larger, large).offer is large


def test_why_the_order_does_not_go_by_speed() -> None:
    def offer(note: str | None, verdict: Verdict = Verdict.FITS) -> Offer:
        plain = _offer("a/b", verdict, speed=None)
        assert plain.report is not None
        told = replace(plain.report, speed_note=Message(note) if note else None)
        return replace(plain, report=told)

    busy = offer("fit-speed-busy")
    assert note_of_speeds([_offer("a/known"), busy]) == Message("fit-speed-busy")
    assert note_of_speeds([_offer("a/known")]) is None
    assert note_of_speeds([offer("fit-speed-model-unknown"), offer(None)]) is None
    assert note_of_speeds([offer("fit-speed-busy", Verdict.TOO_BIG)]) is None
