"""The tree of heights against a plain list."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slmdesk.ui.transcript.heights import HeightTree

_HEIGHTS = st.lists(st.integers(0, 500), max_size=60)
_CHANGES = st.lists(
    st.tuples(st.sampled_from(["set", "append", "cut"]), st.integers(0, 100), st.integers(0, 500)),
    max_size=40,
)


@given(_HEIGHTS, _CHANGES)
def test_it_sums_and_finds_like_a_plain_list(heights: list[int], changes: list[tuple[str, int, int]]) -> None:
    plain, tree = list(heights), HeightTree(heights)
    for what, where, height in changes:
        if what == "append":
            plain.append(height)
            tree.append(height)
        elif what == "cut":
            del plain[where:]
            tree.cut(min(where, len(tree)))
        elif plain:
            plain[where % len(plain)] = height
            tree.set(where % len(plain), height)
    assert len(tree) == len(plain)
    assert [tree[index] for index in range(len(tree))] == plain
    assert [tree.top_of(index) for index in range(len(plain) + 1)] == [
        sum(plain[:index]) for index in range(len(plain) + 1)
    ]
    assert tree.total == sum(plain)
    for distance in range(0, sum(plain), 97):
        index = tree.at(distance)
        assert sum(plain[:index]) <= distance < sum(plain[: index + 1])


def test_a_search_stays_inside() -> None:
    assert HeightTree().at(10) == 0
    assert HeightTree([5, 5]).at(-1) == 0
    assert HeightTree([5, 5]).at(10) == 1
    assert HeightTree([5, 5]).at(1000) == 1
