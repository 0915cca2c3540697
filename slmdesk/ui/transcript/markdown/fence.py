"""An open code block that grows line by line, without anything being parsed."""

from __future__ import annotations

import re
from typing import NamedTuple

from slmdesk.ui.transcript.markdown.held import held_back
from slmdesk.ui.transcript.markdown.leaves import Leaf, is_blank
from slmdesk.ui.transcript.markdown.resume import QUOTE, Prefix, prefix_of


class CodeLines(NamedTuple):
    """What was found in the text of an open code block."""

    code: str
    """Lines that are code, whatever comes."""
    rest: str
    """The text without them."""
    more: str | None
    """What else is code so far; None where there is a line that the block does not get, or may not get."""


class OpenFence:
    """Finds the code in a text that begins with a code block whose end has not come yet."""

    def __init__(self, head: int, first_line: str, leaf: Leaf, prefix: Prefix) -> None:
        """`head`: the lines before the code, of which `first_line`, behind `prefix`, is the last."""
        self._head = head
        self._steps = prefix.steps
        fence = first_line[prefix.length :]
        self._indent = len(fence) - len(fence.lstrip(" "))
        self._end = re.compile(rf" {{0,3}}{re.escape(leaf.markup[0])}{{{len(leaf.markup)},}}[ \t]*")

    @classmethod
    def begun_by(cls, leaf: Leaf, text: str) -> OpenFence | None:
        """For the block that `text` was read as; None where only the parser can say."""
        lines = text.split("\n")
        head = leaf.line + 1
        prefix = prefix_of(lines, leaf) if len(lines) > head else None
        return None if prefix is None else cls(head, lines[leaf.line], leaf, prefix)

    def take(self, text: str) -> CodeLines:
        """Find the code in `text`, which begins with the fence and may end within a line."""
        *lines, last = text.split("\n")
        contents: list[str] = []
        count = 0
        for line in lines[self._head :]:
            content = self._content(line)
            if content is None:
                break
            contents.append(f"{content}\n")
            if not is_blank(line):
                # Blank lines stay until it is known that they do not stand between two items.
                count = len(contents)
        if count:
            text = "\n".join([*lines[: self._head], *lines[self._head + count :], last])
        code = "".join(contents[:count])
        if len(contents) < len(lines) - self._head:
            return CodeLines(code, text, None)
        visible = last[: len(last) - held_back(last)]
        end = self._content(visible) if visible.strip(" \t") else ""
        return CodeLines(code, text, None if end is None else "".join([*contents[count:], end]))

    def _content(self, line: str) -> str | None:
        """What `line` adds to the code; None where it ends the block, or where only the parser can tell."""
        for step in self._steps:
            if step:
                if line[:step].strip(" ") and line.strip(" "):
                    return None
                line = line[step:]
                continue
            match = QUOTE.match(line)
            if match is None:
                return None
            line = line[match.end() :]
        indent = line[: len(line) - len(line.lstrip(" \t"))]
        if self._end.fullmatch(line) or ("\t" in indent and (self._indent or self._steps)):
            return None
        return line[min(len(line) - len(line.lstrip(" ")), self._indent) :]
