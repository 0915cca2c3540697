"""From leaves to the blocks that are handed out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from slmdesk.ui.transcript.markdown.blocks import Block, Cell, Container, Span
from slmdesk.ui.transcript.markdown.cuts import PIECE
from slmdesk.ui.transcript.markdown.grammar import Environment
from slmdesk.ui.transcript.markdown.leaves import Leaf, ListFacts, Place
from slmdesk.ui.transcript.markdown.spans import SpanReader

_RULES = {"left": "---", "center": ":-:", "right": "--:"}


def make_block(
    leaf: Leaf, containers: tuple[Container, ...], environment: Environment, reader: SpanReader
) -> Block:
    """The block of `leaf`, its texts read with the definitions in `environment`."""
    match leaf.kind:
        case "code":
            words = leaf.info.split(maxsplit=1)
            code = leaf.code.removesuffix("\n")
            return Block(
                "code",
                source_of(leaf),
                containers,
                language=words[0].lower() if words else "",
                code=code,
                closed=leaf.closed,
                anchor=_anchor(leaf),
            )
        case "rule":
            return Block("rule", source_of(leaf), containers, anchor=_anchor(leaf))
        case "table":
            cells = tuple(
                Cell(_without_last_break(_read_cell(text, environment, reader))) for text in leaf.texts
            )
            columns = len(leaf.aligns)
            rows = tuple(cells[start : start + columns] for start in range(columns, len(cells), columns))
            return Block(
                "table",
                source_of(leaf),
                containers,
                aligns=leaf.aligns,
                header=cells[:columns],
                rows=rows,
                anchor=_anchor(leaf),
            )
        case _:
            spans = reader.read(leaf.texts[0], environment)
            return Block(
                leaf.kind,
                source_of(leaf),
                containers,
                spans=_without_last_break(spans),
                level=leaf.level,
                follows=leaf.follows,
                anchor=_anchor(leaf),
            )


def _read_cell(text: str, environment: Environment, reader: SpanReader) -> tuple[Span, ...]:
    return reader.read(text, environment) if len(text) > PIECE else reader.read_again(text, environment)


def containers_of(leaf: Leaf, lists: Mapping[int, ListFacts]) -> tuple[Container, ...]:
    return tuple(_container(place, lists) for place in leaf.places)


def _container(place: Place, lists: Mapping[int, ListFacts]) -> Container:
    if place.kind == "quote":
        return Container("quote", opens=place.opens)
    if place.kind == "note":
        marker = f"{place.marker}."
        return Container("item", marker if place.opens else "", marker_width=len(marker), opens=place.opens)
    facts = lists[place.key]
    return Container(
        "item",
        place.marker if place.opens else "",
        place.checked if place.opens else None,
        facts.loose,
        facts.width,
        place.opens,
    )


def _without_last_break(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """A long paragraph is cut after a line break; the next block begins a new line anyway.

    One that somebody wrote at the end makes no empty line either.
    """
    if not spans or not spans[-1].text.endswith("\n"):
        return spans
    text = spans[-1].text.rstrip("\n")
    return (*spans[:-1], replace(spans[-1], text=text)) if text else spans[:-1]


def _anchor(leaf: Leaf) -> str:
    notes = [place.marker for place in leaf.places if place.kind == "note" and place.opens]
    return f"fn-{notes[-1]}" if notes else ""


def source_of(leaf: Leaf) -> str:
    """The Markdown of `leaf` without the marks of its containers, in the plainest form."""
    match leaf.kind:
        case "code":
            return _source_of_code(leaf, leaf.code.removesuffix("\n"))
        case "rule":
            return "---"
        case "table":
            columns = len(leaf.aligns)
            rule = "| " + " | ".join(_RULES[align] for align in leaf.aligns) + " |"
            return "\n".join(
                [
                    *source_of_rows(leaf.texts[:columns], columns),
                    rule,
                    *source_of_rows(leaf.texts[columns:], columns),
                ]
            )
        case _:
            return f"{'#' * leaf.level} {leaf.texts[0]}" if leaf.level else leaf.texts[0]


def source_of_rows(texts: Sequence[str], columns: int) -> list[str]:
    """The lines of a table's rows, `texts` being their cells row by row."""
    cells = [text.replace("|", "\\|") for text in texts]
    return ["| " + " | ".join(cells[at : at + columns]) + " |" for at in range(0, len(cells), columns)]


def _source_of_code(leaf: Leaf, code: str) -> str:
    if not leaf.markup:
        return "\n".join(f"    {line}" if line else "" for line in code.split("\n"))
    return "\n".join([f"{leaf.markup}{leaf.info}", *([code] if leaf.code else []), leaf.markup])
