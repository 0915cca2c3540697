"""Heights one below the other, and which of them lies at a given distance from the top."""

from __future__ import annotations

from collections.abc import Iterable


class HeightTree:
    """A list of heights in pixels in which a sum, a change and a search each take logarithmic time.

    A Fenwick tree. Heights are whole and not negative. Grows and shrinks at its end.
    """

    def __init__(self, heights: Iterable[int] = ()) -> None:
        self._heights = list(heights)
        tree = [0, *self._heights]
        for node in range(1, len(tree)):
            parent = node + (node & -node)
            if parent < len(tree):
                tree[parent] += tree[node]
        self._tree = tree

    def __len__(self) -> int:
        return len(self._heights)

    def __getitem__(self, index: int) -> int:
        return self._heights[index]

    @property
    def total(self) -> int:
        """The sum of all."""
        return self.top_of(len(self._heights))

    def top_of(self, index: int) -> int:
        """The sum of all heights before `index`, which may be one past the last."""
        tree, total = self._tree, 0
        while index:
            total += tree[index]
            index &= index - 1
        return total

    def set(self, index: int, height: int) -> None:
        """Change one height."""
        change = height - self._heights[index]
        if not change:
            return
        self._heights[index] = height
        tree, node = self._tree, index + 1
        while node < len(tree):
            tree[node] += change
            node += node & -node

    def append(self, height: int) -> None:
        """Add one at the end."""
        node = len(self._tree)
        covered = height
        child, least = node - 1, node - (node & -node)
        while child > least:
            covered += self._tree[child]
            child &= child - 1
        self._heights.append(height)
        self._tree.append(covered)

    def cut(self, length: int) -> None:
        """Keep only the first `length`."""
        del self._heights[length:]
        del self._tree[length + 1 :]

    def at(self, distance: int) -> int:
        """The index of what lies `distance` pixels below the top, or the nearest. 0 in an empty list."""
        tree, count = self._tree, len(self._heights)
        node, step = 0, 1 << count.bit_length()
        while step:
            reached = node + step
            if reached <= count and tree[reached] <= distance:
                node = reached
                distance -= tree[reached]
            step >>= 1
        return max(min(node, count - 1), 0)
