"""Two offers side by side."""

from __future__ import annotations

from slmdesk.catalogue import Licence
from slmdesk.fit import Verdict
from slmdesk.offers import Aspect, Compared, Offer, compare
from tests.offers.made import GIB, make_model, make_offer


def _lines(first: Offer, second: Offer) -> dict[Aspect, Compared]:
    lines = compare(first, second)
    assert len({line.aspect for line in lines}) == len(lines)
    return {line.aspect: line for line in lines}


def test_each_aspect_says_who_is_better() -> None:
    small = make_model("a/small", billions=1, work="yes", context_length=8192, downloads=10)
    large = make_model("a/large", billions=8, work="no", context_length=32768)
    lines = _lines(
        make_offer(small, Verdict.FITS, size_bytes=10, resident=GIB, speed=(20, 30)),
        make_offer(large, Verdict.TIGHT, size_bytes=20, resident=2 * GIB, speed=(5, 9)),
    )
    better = {aspect: line.better for aspect, line in lines.items()}
    assert better == {
        "verdict": "first",
        "speed": "first",
        "speed_when_full": "first",
        "first_token_s": "",
        "memory_bytes": "first",
        "resident_bytes": "first",
        "download_bytes": "first",
        "variant": "",
        "billions": "",
        "context_length": "second",
        "abilities": "",
        "licence": "first",
        "downloads": "",
    }
    assert (lines["verdict"].first, lines["verdict"].second) == (Verdict.FITS, Verdict.TIGHT)
    assert (lines["download_bytes"].first, lines["download_bytes"].second) == (10, 20)
    assert (lines["downloads"].first, lines["downloads"].second) == (10, None)


def test_what_is_not_known_of_one_is_no_advantage_of_the_other() -> None:
    known = make_offer(make_model("a/known"), Verdict.SLOW, speed=(1, 2))
    unknown = make_offer(make_model("a/unknown", work=None), Verdict.UNKNOWN, size_bytes=None)
    lines = _lines(known, unknown)
    assert {line.better for line in lines.values()} == {""}
    assert lines["verdict"].second is None
    assert lines["speed"].second is None


def test_what_neither_says_is_left_out() -> None:
    bare = make_model("a/bare", abilities=(), billions=None, licence=Licence())
    lines = _lines(Offer(model=bare), Offer(model=bare))
    assert lines == {}
