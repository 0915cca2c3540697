"""Model cards: Markdown that a stranger wrote, made plain enough to be shown as text."""

from __future__ import annotations

import re

MOST_BYTES = 2 * 1024 * 1024
"""No card is longer; what is shown of it is less."""

_MOST_CHARACTERS = 128 * 1024
_LONGEST_CODE_SPAN = 2_000
_MOST_INDENT = 200
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n.*?^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
# Control characters, and what turns the direction of text or hides in it.
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2060-\u2069\ufeff]")
_TOKEN = re.compile(
    r"(?P<escape>\\[^\n])"
    r"|(?P<fence>^[ \t>]*(?:[-*+][ \t]+)?(?P<mark>`{3,}|~{3,})[^\n]*)"
    r"|(?P<ticks>`+)"
    r"|(?P<comment><!--)"
    r"|(?P<address><https?://[^\s<>]+>)"
    r"|</?(?P<name>[A-Za-z][A-Za-z0-9]*)(?:[\s/][^<>]*)?>"
    r"|(?P<declaration><[!?][^<>]*>)"
    r"|(?P<less><)",
    re.MULTILINE,
)
_WITH_CONTENT = frozenset(
    {"script", "style", "svg", "head", "iframe", "object", "template", "video", "audio"}
)
_BLOCKS = frozenset(
    {
        "p", "div", "center", "table", "thead", "tbody", "ul", "ol", "details", "summary", "blockquote",
        "section", "article", "header", "footer", "main", "figure", "figcaption", "hr", "pre", "dl", "body",
        "html",
    }
)  # fmt: skip
_LINES = frozenset({"tr", "dt", "dd"})
_CELLS = frozenset({"td", "th"})
_INLINE = frozenset(
    {
        "a", "abbr", "b", "big", "button", "cite", "code", "del", "em", "embed", "font", "form", "i", "img",
        "input", "ins", "kbd", "label", "link", "mark", "meta", "nav", "noscript", "path", "picture", "q",
        "s", "samp", "small", "source", "span", "strike", "strong", "sub", "sup", "title", "tt", "u", "var",
        "wbr",
    }
)  # fmt: skip
_HEADING = re.compile(r"h[1-6]")


def plain_card(text: str) -> str:
    """The card `text` as Markdown without front matter, comments, HTML and characters that are not seen.

    Of HTML stays `<br>`, which the transcript knows as a line break; of an unknown element (`<think>`) the
    tag itself, as text. Code stays as it is. Takes time in proportion to the length; what is too long is
    cut off. This is for looks and not for safety: whoever shows the result treats it as any untrusted text.
    """
    text = _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _FRONT_MATTER.sub("", text, count=1)
    if len(text) > _MOST_CHARACTERS:
        text = text[: text.rfind("\n", 0, _MOST_CHARACTERS) + 1 or _MOST_CHARACTERS]
    shown = _Cleaner(text).clean().strip("\n")
    return shown + "\n" if shown.strip() else ""


class _Cleaner:
    """One way through one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._folded = text.lower()
        self._parts: list[str] = []
        self._at = 0
        self._line = 0
        self._without_end: set[str] = set()

    def clean(self) -> str:
        while (found := _TOKEN.search(self._text, self._at)) is not None:
            start = found.start()
            self._line = max(self._line, self._text.rfind("\n", self._at, start) + 1)
            self._take(start)
            self._at = found.end()
            if found["escape"] or found["address"]:
                self._parts.append(found[0])
            elif found["fence"]:
                self._take(self._end_of_fence(found["mark"]), since=start)
            elif found["ticks"]:
                self._take(self._end_of_code(found[0]), since=start)
            elif found["comment"]:
                self._skip_behind("-->")
            elif found["name"]:
                self._element(found[0], found["name"].lower(), start)
            elif found["less"]:
                self._parts.append("\\<")
        self._take(len(self._text))
        return "".join(self._parts)

    def _take(self, end: int, since: int | None = None) -> None:
        """The text goes on unchanged up to `end`."""
        self._parts.append(self._text[self._at if since is None else since : end])
        self._at = max(self._at, end)

    def _element(self, tag: str, name: str, start: int) -> None:
        is_end = tag.startswith("</")
        if not self._is_known(name):
            self._parts.append("\\" + tag)
        elif name == "br":
            self._parts.append("<br>")
        elif name in _WITH_CONTENT:
            self._skip_behind("" if is_end else f"</{name}", up_to=">")
        elif self._text[self._line : self._line + 20].lstrip().startswith("|"):
            # A row of a Markdown table is one line.
            self._parts.append("" if name in _INLINE else " ")
        elif name in _BLOCKS:
            self._break("\n\n")
        elif name in _LINES:
            self._break("\n")
        elif name == "li":
            self._break("\n" if is_end else "\n- ")
        elif _HEADING.fullmatch(name):
            self._break("\n\n" if is_end else f"\n\n{'#' * int(name[1])} ")
        elif name in _CELLS:
            self._parts.append(" ")
        elif start - self._line < _MOST_INDENT and not self._text[self._line : start].strip():
            # HTML is indented at will; what stays of it would be code in Markdown.
            self._parts[-1] = self._parts[-1].rstrip(" \t")

    def _break(self, between: str) -> None:
        """Put `between` in place of the white space around the tag."""
        kept = ""
        while self._parts and not kept:
            kept = self._parts.pop().rstrip(" \t\n")
        self._parts.append(kept + between)
        while self._text[self._at : self._at + 1].isspace():
            self._at += 1
        self._line = self._at

    @staticmethod
    def _is_known(name: str) -> bool:
        return (
            name in _INLINE
            or name in _BLOCKS
            or name in _LINES
            or name in _CELLS
            or name in _WITH_CONTENT
            or name in ("br", "li")
            or _HEADING.fullmatch(name) is not None
        )

    def _skip_behind(self, end: str, up_to: str = "") -> None:
        """Leave out all up to `end`, and on to the next `up_to`; only the opening where there is none."""
        if not end or end in self._without_end:
            return
        found = self._folded.find(end, self._at)
        if found < 0:
            self._without_end.add(end)
            return
        behind = found + len(end)
        self._at = self._folded.find(up_to, behind) + len(up_to) if up_to else behind
        if self._at < behind:
            self._at = len(self._text)

    def _end_of_fence(self, mark: str) -> int:
        """Where the fenced code that has just begun ends: at a line of such a mark, or with the text."""
        closing = re.compile(rf"^[ \t>]*{re.escape(mark[0])}{{{len(mark)},}}[ \t]*$", re.MULTILINE)
        found = closing.search(self._text, self._at)
        return found.end() if found else len(self._text)

    def _end_of_code(self, ticks: str) -> int:
        """Where the code between ticks ends; right behind the ticks where it is none."""
        until = min(len(self._text), self._at + _LONGEST_CODE_SPAN)
        paragraph = self._text.find("\n\n", self._at, until)
        until = until if paragraph < 0 else paragraph
        found = self._text.find(ticks, self._at, until)
        while found >= 0:
            end = found + len(ticks)
            if self._text[end : end + 1] != "`" and self._text[found - 1] != "`":
                return end
            while self._text[end : end + 1] == "`":
                end += 1
            found = self._text.find(ticks, end, until)
        return self._at
