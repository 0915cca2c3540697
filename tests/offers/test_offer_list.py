"""What is shown of the offers, in which order and groups."""

from __future__ import annotations

import random

import pytest

from slmdesk.fit import Verdict
from slmdesk.offers import SORTS, Offer, OfferFilter, OfferList, Shown, SortBy
from tests.offers.made import GIB, make_model, make_offer, make_variant


def _ids(offers: OfferList, shown: Shown) -> list[str]:
    return [offers.offer(row).id for group in shown.groups for row in group.rows]


def _found(offers: OfferList, **wanted: object) -> set[str]:
    return {one.partition("/")[2] for one in _ids(offers, offers.show(OfferFilter(**wanted)))}  # type: ignore[arg-type]


@pytest.fixture
def offers() -> OfferList:
    qwen = make_model(
        "Qwen/Qwen3-4B",
        name="Qwen3 4B",
        languages=("en", "pl", "de"),
        abilities=("chat", "tools", "reasoning"),
        variants=(make_variant("Q4_K_M", 2_500_000_000), make_variant("Q8_0", 4_300_000_000)),
        downloads=900,
        released="2025-04",
    )
    bielik = make_model(
        "speakleash/Bielik-11B",
        name="Bielik 11B Zażółć",
        billions=11.0,
        languages=("pl",),
        released="2025-11",
    )
    gemma = make_model(
        "google/gemma-3-1b-it", name="Gemma 3 1B", billions=1.0, work="limits", abilities=("chat", "vision")
    )
    phi = make_model(
        "microsoft/Phi-4-mini",
        name="Phi-4 mini",
        billions=3.8,
        curated=False,
        downloads=5000,
        updated="2026-01-02",
    )
    return OfferList(
        [
            make_offer(qwen, speed=(20, 26)),
            make_offer(bielik, Verdict.SLOW, size_bytes=7_000_000_000, speed=(5, 7)),
            make_offer(gemma, size_bytes=800_000_000, installed=("gemma",), speed=(50, 60)),
            make_offer(phi, Verdict.TOO_BIG, size_bytes=None),
        ]
    )


def test_groups_come_by_verdict_and_those_with_nothing_are_left_out(offers: OfferList) -> None:
    shown = offers.show(OfferFilter())
    assert [(group.key, len(group.rows)) for group in shown.groups] == [
        ("well", 2),
        ("limits", 1),
        ("too_big", 1),
    ]
    assert (shown.count, shown.total) == (4, 4)
    shown = offers.show(OfferFilter(text="bielik"))
    assert [group.key for group in shown.groups] == ["limits"]
    assert (shown.count, shown.total) == (1, 4)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {"Qwen3-4B", "Bielik-11B", "gemma-3-1b-it", "Phi-4-mini"}),
        ("QWEN", {"Qwen3-4B"}),
        ("zazolc", {"Bielik-11B"}),
        ("ZAŻÓŁĆ", {"Bielik-11B"}),
        ("speakleash", {"Bielik-11B"}),
        ("3-1b", {"gemma-3-1b-it"}),
        ("phi4", {"Phi-4-mini"}),
        ("polish", {"Qwen3-4B", "Bielik-11B"}),
        ("polski qwen", {"Qwen3-4B"}),
        ("q8_0", {"Qwen3-4B"}),
        ("qwen mini", set()),
        ("nothing at all", set()),
    ],
)
def test_text_is_found_in_everything_a_person_would_type(
    offers: OfferList, text: str, found: set[str]
) -> None:
    assert _found(offers, text=text) == found


def test_letters_taken_away_bring_back_what_they_hid(offers: OfferList) -> None:
    everything = _found(offers, text="")
    for text in ("b", "bi", "bie", "bi", "b", "g", "ge", "g"):
        fresh = OfferList([offers.offer(row) for row in range(len(offers))])
        assert _found(offers, text=text) == _found(fresh, text=text)
    assert _found(offers, text="") == everything


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"tiers": {"micro"}}, {"gemma-3-1b-it"}),
        ({"tiers": {"micro", "small"}}, {"Qwen3-4B", "Bielik-11B", "gemma-3-1b-it", "Phi-4-mini"}),
        ({"verdicts": {Verdict.FITS}}, {"Qwen3-4B", "gemma-3-1b-it"}),
        ({"most_bytes": 2_500_000_000}, {"Qwen3-4B", "gemma-3-1b-it"}),
        ({"work_use": {"limits"}}, {"gemma-3-1b-it"}),
        ({"work_use": {"yes", "unknown"}}, {"Qwen3-4B", "Bielik-11B", "Phi-4-mini"}),
        ({"abilities": {"tools", "reasoning"}}, {"Qwen3-4B"}),
        ({"abilities": {"tools", "vision"}}, set()),
        ({"formats": {"gguf"}}, {"Qwen3-4B"}),
        ({"languages": {"pl"}}, {"Qwen3-4B", "Bielik-11B"}),
        ({"languages": {"pl", "de"}}, {"Qwen3-4B"}),
        ({"languages": {"sw"}}, set()),
        ({"installed": True}, {"gemma-3-1b-it"}),
        ({"installed": False, "curated": True}, {"Qwen3-4B", "Bielik-11B"}),
        ({"curated": False}, {"Phi-4-mini"}),
        ({"text": "b", "verdicts": {Verdict.SLOW}}, {"Bielik-11B"}),
    ],
)
def test_each_filter_narrows(offers: OfferList, wanted: dict[str, object], found: set[str]) -> None:
    frozen = {name: frozenset(value) if isinstance(value, set) else value for name, value in wanted.items()}
    assert _found(offers, **frozen) == found


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        # Of what runs well the newer and larger one comes first.
        ("best", ["Qwen3-4B", "gemma-3-1b-it", "Bielik-11B", "Phi-4-mini"]),
        ("name", ["gemma-3-1b-it", "Qwen3-4B", "Bielik-11B", "Phi-4-mini"]),
        ("size", ["gemma-3-1b-it", "Qwen3-4B", "Bielik-11B", "Phi-4-mini"]),
        ("speed", ["gemma-3-1b-it", "Qwen3-4B", "Bielik-11B", "Phi-4-mini"]),
        ("downloads", ["Qwen3-4B", "gemma-3-1b-it", "Bielik-11B", "Phi-4-mini"]),
        ("newest", ["Qwen3-4B", "gemma-3-1b-it", "Bielik-11B", "Phi-4-mini"]),
    ],
)
def test_sorting_is_within_the_groups(offers: OfferList, sort: SortBy, order: list[str]) -> None:
    found = _ids(offers, offers.show(OfferFilter(), sort))
    assert [one.partition("/")[2] for one in found] == order


def test_in_one_group_unknown_comes_last_and_ties_go_by_name() -> None:
    offers = OfferList(
        [
            make_offer(make_model("a/Ż", downloads=5, released="2024-01")),
            make_offer(make_model("a/b", downloads=5, released="2026-01")),
            make_offer(make_model("a/none")),
            make_offer(make_model("a/most", downloads=6, released="2025")),
        ]
    )
    by_downloads = _ids(offers, offers.show(OfferFilter(), "downloads"))
    assert by_downloads == ["a/most", "a/b", "a/Ż", "a/none"]
    by_date = _ids(offers, offers.show(OfferFilter(), "newest"))
    assert by_date == ["a/b", "a/most", "a/Ż", "a/none"]


def test_curated_models_come_before_those_of_the_hub_however_often_they_are_fetched() -> None:
    offers = OfferList(
        [
            make_offer(make_model("hub/famous", billions=8, curated=False, downloads=10**7)),
            make_offer(make_model("hub/other", billions=9, curated=False, downloads=10**3)),
            make_offer(make_model("list/small", billions=0.5)),
        ]
    )
    assert _ids(offers, offers.show(OfferFilter())) == ["list/small", "hub/famous", "hub/other"]


def test_without_a_speed_what_takes_much_of_the_memory_does_not_lead() -> None:
    def offer(billions: float, gib: float, speed: tuple[float, float] | None) -> Offer:
        model = make_model(f"a/{billions:g}B", billions=billions)
        return make_offer(model, speed=speed, resident=int(gib * GIB), free=20 * GIB)

    sizes = [(1.0, 1.0), (27.0, 17.0), (8.0, 5.0), (14.0, 9.0), (9.0, 5.1)]
    unknown = OfferList([offer(*one, None) for one in sizes])
    assert _ids(unknown, unknown.show(OfferFilter())) == ["a/8B", "a/1B", "a/9B", "a/14B", "a/27B"]
    known = OfferList([offer(*one, (9.0, 11.0)) for one in sizes])
    assert _ids(known, known.show(OfferFilter())) == ["a/27B", "a/14B", "a/9B", "a/8B", "a/1B"]


def test_a_verdict_that_arrives_moves_its_row_and_nothing_else(offers: OfferList) -> None:
    row = offers.row_of("Qwen/Qwen3-4B")
    assert row is not None
    before = offers.show(OfferFilter(text="qwen"))
    assert [group.key for group in before.groups] == ["well"]
    offers.put([make_offer(offers.offer(row).model, Verdict.TIGHT)])
    assert offers.row_of("Qwen/Qwen3-4B") == row
    assert [group.key for group in offers.show(OfferFilter(text="qwen")).groups] == ["limits"]
    assert _found(offers, verdicts=frozenset({Verdict.TIGHT})) == {"Qwen3-4B"}
    # What was shown before is still what it was.
    assert list(before.groups[0].rows) == [row]


def test_many_changes_later_every_answer_is_that_of_a_list_made_anew() -> None:
    random_ = random.Random(7)
    verdicts = list(Verdict)
    wanted = [
        OfferFilter(),
        *(OfferFilter(text=text) for text in ("1", "ab", "abc", "cab 2", "zolw", "polish", "q8_0", "q")),
        OfferFilter(verdicts=frozenset({Verdict.FITS}), text="a"),
        OfferFilter(languages=frozenset({"pl"})),
        OfferFilter(most_bytes=2 * 10**9),
    ]

    def some_offer(number: int) -> Offer:
        model = make_model(
            f"maker/{number:03}",
            name="".join(random_.choices("abc ", k=6)) + random_.choice(["", " żółw"]),
            billions=random_.choice([0.5, 4.0, 8.0]),
            downloads=random_.choice([None, 1, 2]),
            released=random_.choice(["", "2025-01", "2026-01"]),
            curated=random_.random() < 0.5,
            languages=random_.choice([(), ("en",), ("pl", "en")]),
            variants=(
                make_variant(random_.choice(["Q4_K_M", "Q8_0"]), random_.choice([None, 10**9, 3 * 10**9])),
            ),
        )
        speed = random_.choice([None, (10.0, 20.0), (5.0, 9.0)])
        return make_offer(model, random_.choice(verdicts), speed=speed)

    offers = OfferList(some_offer(number) for number in range(200))
    for _ in range(30):
        offers.show(random_.choice(wanted), random_.choice(SORTS))
        offers.put([some_offer(random_.randrange(220)) for _ in range(random_.choice([1, 3, 60]))])
    last = wanted[-3]
    offers.show(last)
    offers.put([some_offer(7)])
    fresh = OfferList([offers.offer(row) for row in range(len(offers))])
    assert _ids(offers, offers.show(last)) == _ids(fresh, fresh.show(last))
    for one in wanted:
        for sort in SORTS:
            assert _ids(offers, offers.show(one, sort)) == _ids(fresh, fresh.show(one, sort)), (one, sort)


def test_a_model_is_found_by_what_is_known_of_it_now(offers: OfferList) -> None:
    wanted = {text: OfferFilter(text=text) for text in ("qwen", "german", "q8_0", "renamed", "czech", "q2_k")}
    before = {text: offers.show(one).count for text, one in wanted.items()}
    assert before == {"qwen": 1, "german": 1, "q8_0": 1, "renamed": 0, "czech": 0, "q2_k": 0}
    row = offers.row_of("Qwen/Qwen3-4B")
    assert row is not None
    offers.put(
        [
            make_offer(
                make_model(
                    "Qwen/Qwen3-4B", name="Renamed", languages=("cs",), variants=(make_variant("Q2_K", 1),)
                )
            )
        ]
    )
    after = {text: offers.show(one).count for text, one in wanted.items()}
    # The id still says Qwen.
    assert after == {"qwen": 1, "german": 0, "q8_0": 0, "renamed": 1, "czech": 1, "q2_k": 1}


def test_replacing_all_forgets_what_was_there(offers: OfferList) -> None:
    offers.show(OfferFilter(text="qwen"))
    offers.replace_all([make_offer("new/one"), make_offer("new/one", Verdict.SLOW)])
    assert len(offers) == 1
    assert offers.row_of("Qwen/Qwen3-4B") is None
    assert [group.key for group in offers.show(OfferFilter(text="one")).groups] == ["limits"]
