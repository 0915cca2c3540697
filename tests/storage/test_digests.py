"""A digest tells every difference that a person could see."""

from __future__ import annotations

import itertools

from slmdesk.storage import row_digest


def test_each_difference_changes_the_digest() -> None:
    rows: list[tuple[str | int | float | None, ...]] = [
        (),
        (None,),
        ("",),
        ("a",),
        ("a", "b"),
        ("b", "a"),
        ("ab", ""),
        ("", "ab"),
        ("a\0b",),
        ("1",),
        (1,),
        (-1,),
        (1.5,),
        ("1.5",),
        (None, None),
        ("zażółć",),
        ("zażo\u0301łc",),
    ]
    digests = [row_digest(*row) for row in rows]
    assert len(set(digests)) == len(rows)
    assert {len(one) for one in digests} == {16}


def test_a_number_has_one_digest_however_it_comes_back() -> None:
    for one, two in itertools.pairwise((5, 5.0, 5)):
        assert row_digest("x", one) == row_digest("x", two)
    assert row_digest(2**60) != row_digest(2**60 + 1)


def test_the_digest_stays_the_same_for_ever() -> None:
    """It is in people's databases."""
    assert (
        row_digest(1, 2, None, "user", "zażółć", "", 1700000000.25).hex()
        == "c518125edd8de4b9d72f004fb6588137"
    )
