"""Feeding a text in pieces, and holding every step against the text at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from slmdesk.ui.transcript.markdown import Block, Markdown


def in_pieces(text: str, lengths: Iterator[int]) -> Iterator[str]:
    position = 0
    while position < len(text):
        length = next(lengths)
        yield text[position : position + length]
        position += length


def at_once(text: str) -> list[Block]:
    """The blocks that a text shows that came in one piece and may go on."""
    markdown = Markdown()
    markdown.feed(text)
    return list(markdown.blocks)


def check_growth(text: str, pieces: Iterable[str], *, every: int = 1) -> None:
    """Whatever the pieces, each step shows what the text so far shows, and the end is the whole text.

    Every step says truly from where on blocks changed. Steps of a text that defines links or notes are not
    held against the text at once: what was defined late is found at the end. `every`: steps between two that
    are.
    """
    markdown = Markdown()
    defines = "]:" in text
    so_far = ""
    before: list[Block] = []
    for step, piece in enumerate(pieces):
        so_far += piece
        changed = markdown.feed(piece)
        check_changed(before, markdown.blocks, changed)
        before = list(markdown.blocks)
        if not defines and step % every == 0:
            assert before == at_once(so_far), so_far
    assert so_far == text
    changed = markdown.finish()
    check_changed(before, markdown.blocks, changed)
    assert list(markdown.blocks) == Markdown.parse(text)


def check_changed(before: Sequence[Block], after: Sequence[Block], changed: int) -> None:
    assert list(before[:changed]) == list(after[:changed])
    if list(before) == list(after):
        assert changed == len(after)
    else:
        assert changed < max(len(before), len(after))
