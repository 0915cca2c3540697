"""Colours for code that grows: what was lexed stays, and the last lines are lexed again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from slmdesk.ui.transcript.markdown.lexers import lexer_when_ready

if TYPE_CHECKING:
    from pygments.lexer import Lexer

Role: TypeAlias = Literal["keyword", "string", "number", "comment", "function"]
Run: TypeAlias = tuple[int, int, Role]
"""Start and end in the code, and what stands there. Where no run is, code has the colour of text."""

BUDGET = 0.002
"""Seconds that a call may take."""
LONGEST_LINE = 1_000
"""Characters. From a longer line on nothing is lexed."""
LONGEST_CODE = 400_000
_LINES_AGAIN = 2
"""Complete lines before the end whose tokens may still change."""
_LINES_INDENTED = 50
"""Lines among which one is looked for that is not indented, where lexing is hard to begin in between."""
_ATTEMPTS = 25
"""Calls in a row that get no line further before the rest is left without colours; on a busy machine one may
do nothing at all."""


class _Place(NamedTuple):
    """A beginning of a line from which lexing can go on."""

    position: int
    stack: tuple[str, ...]
    runs: int
    """Runs before it."""


class Highlighter:
    """Finds the coloured runs of one code block. Belongs to one thread at a time.

    While code grows, a token that began long before the end and is ended only now (a comment in a language
    that has no state for it) is not seen. Another one's `runs`, or `slices`, over the whole code are right.
    """

    def __init__(self, language: str) -> None:
        """`language` stands behind the fence, by any of its names; one that is not known has no colours."""
        self._language = language
        self._text = ""
        self._runs: list[Run] = []
        self._places = [_Place(0, ("root",), 0)]
        self._untouched = 0
        """Runs that were handed out; as those before a place they are not made longer."""
        self._changed_at = 0
        self._is_behind = False
        self._is_short = False
        """Whether the text was not lexed to its end."""
        self._stuck = 0

    @property
    def changed_at(self) -> int:
        """From where on in the code the last call of `runs` may have found other than the one before."""
        return self._changed_at

    @property
    def is_behind(self) -> bool:
        """Whether another call of `runs` with the same code would get further."""
        return self._is_behind

    def runs(self, code: str) -> list[Run]:
        """The runs of `code` in order, which is what it was before and more. Not to be changed.

        Takes at most about 2 ms, then is behind; so it is until its lexer is ready.
        """
        is_ready, lexer = lexer_when_ready(self._language)
        self._changed_at = len(code)
        self._is_behind = not is_ready
        if lexer is None or self._has_given_up:
            return self._runs
        text = _lexable(code)
        if text == self._text and not self._is_short:
            return self._runs
        if not text.startswith(self._text):
            self._begin()
        if text != self._text:
            self._go_back(lexer)
        self._untouched = 0
        start = self._places[-1]
        del self._runs[start.runs :]
        self._text = text
        self._changed_at = start.position
        done = self._take(
            _tokens(lexer, f"{text}\n", start.position, start.stack), text, time.perf_counter() + BUDGET
        )
        self._stuck = 0 if done or self._places[-1] != start else self._stuck + 1
        self._is_short = self._is_behind = not done and not self._has_given_up
        return self._runs

    def slices(self, code: str) -> Iterator[list[Run]]:
        """The runs of a whole `code`, in turns of at most about 2 ms each that yield what they found.

        Yields nothing new until the lexer is ready: ask again later, not at once.
        """
        while not (ready := lexer_when_ready(self._language))[0]:
            yield []
        self._begin()
        lexer = ready[1]
        if lexer is None:
            return
        text = self._text = _lexable(code)
        tokens = _tokens(lexer, f"{text}\n", 0, ("root",))
        done = False
        while not done:
            before = self._untouched = len(self._runs)
            done = self._take(tokens, text, time.perf_counter() + BUDGET)
            yield self._runs[before:]

    def _begin(self) -> None:
        """From the first letter, as if nothing had been lexed."""
        self._text = ""
        self._runs = []
        self._places = [_Place(0, ("root",), 0)]
        self._untouched = self._stuck = 0

    @property
    def _has_given_up(self) -> bool:
        return self._stuck >= _ATTEMPTS

    def _go_back(self, lexer: Lexer) -> None:
        """Forget the places from which on the text that came may have changed what was found."""
        from pygments.lexer import ExtendedRegexLexer

        limit = len(self._text)
        for _ in range(_LINES_AGAIN + 1):
            limit = self._text.rfind("\n", 0, limit)
            if limit < 0:
                break
        places = self._places
        while places[-1].position > limit + 1:
            places.pop()
        if isinstance(lexer, ExtendedRegexLexer):
            # It keeps more in mind than a stack; where nothing is indented that is nearly nothing.
            for index in range(len(places) - 1, max(len(places) - _LINES_INDENTED, 0) - 1, -1):
                if not self._text[places[index].position : places[index].position + 1].isspace():
                    del places[index + 1 :]
                    break

    def _take(self, tokens: Iterator[_Token | _Place], text: str, deadline: float) -> bool:
        """Take runs from `tokens` until `deadline`. Returns whether there are no more."""
        for token in tokens:
            if isinstance(token, _Place):
                if self._places[-1].position < token.position < len(text):
                    self._places.append(token._replace(runs=len(self._runs)))
            elif token.start < len(text):
                role = role_of(token.kind)
                if role is None and token.kind in _names() and text[token.end : token.end + 1] == "(":
                    role = "function"
                if role is not None:
                    self._add(token.start, min(token.end, len(text)), role)
            if time.perf_counter() > deadline:
                return False
        return True

    def _add(self, start: int, end: int, role: Role) -> None:
        if len(self._runs) > max(self._untouched, self._places[-1].runs) and self._runs[-1][1:] == (
            start,
            role,
        ):
            start = self._runs.pop()[0]
        self._runs.append((start, end, role))


class _Token(NamedTuple):
    start: int
    end: int
    kind: Any
    """A Pygments token type: a tuple, in which the types are that it is the parent of."""


def _lexable(code: str) -> str:
    """`code` until it becomes too long, or a line in it."""
    code = code[:LONGEST_CODE]
    start = 0
    while len(code) - start > LONGEST_LINE:
        end = code.rfind("\n", start, start + LONGEST_LINE + 1)
        if end < 0:
            return code[:start]
        start = end + 1
    return code


def _tokens(lexer: Lexer, text: str, position: int, stack: tuple[str, ...]) -> Iterator[_Token | _Place]:
    """The tokens of `text` from `position` on, and between them the places at which one can begin as well."""
    from pygments.lexer import ExtendedRegexLexer, RegexLexer

    if isinstance(lexer, RegexLexer) and not isinstance(lexer, ExtendedRegexLexer):
        yield from _regex_tokens(lexer, text, position, stack)
        return
    for start, kind, value in lexer.get_tokens_unprocessed(text[position:]):
        end = position + start + len(value)
        yield _Token(position + start, end, kind)
        if value.endswith("\n") or (value.isspace() and "\n" in value):
            yield _Place(position + start + value.rfind("\n") + 1, ("root",), 0)


def _regex_tokens(lexer: Any, text: str, position: int, stack: tuple[str, ...]) -> Iterator[_Token | _Place]:
    """What `RegexLexer.get_tokens_unprocessed` does, from the middle on and with its stack to be seen."""
    from pygments.token import Error, Whitespace, _TokenType

    # `tokens` compiled.
    states = lexer._tokens
    open_states = list(stack)
    while position < len(text):
        if text[position - 1 : position] == "\n":
            yield _Place(position, tuple(open_states), 0)
        for match_at, action, new_state in states[open_states[-1]]:
            match = match_at(text, position)
            if match is None:
                continue
            if type(action) is _TokenType:
                yield _Token(position, match.end(), action)
            elif action is not None:
                for start, kind, value in action(lexer, match):
                    yield _Token(start, start + len(value), kind)
            position = match.end()
            if new_state is not None:
                _change_state(open_states, new_state)
            break
        else:
            if text[position] == "\n":
                open_states = ["root"]
                yield _Token(position, position + 1, Whitespace)
            else:
                yield _Token(position, position + 1, Error)
            position += 1


def _change_state(open_states: list[str], change: tuple[str, ...] | str | int) -> None:
    if isinstance(change, int):
        # One state always stays.
        del open_states[1 if abs(change) >= len(open_states) else change :]
        return
    for state in change if isinstance(change, tuple) else (change,):
        if state == "#push":
            open_states.append(open_states[-1])
        elif state != "#pop":
            open_states.append(state)
        elif len(open_states) > 1:
            open_states.pop()


@cache
def _names() -> Any:
    from pygments.token import Name

    return Name


@cache
def role_of(kind: Any) -> Role | None:
    """The colour of a kind of token; None: that of text."""
    from pygments.token import Comment, Generic, Keyword, Literal, Name, Number, Operator, String

    roles: list[tuple[Any, Role | None]] = [
        (Comment.Preproc, "keyword"),
        (Comment.PreprocFile, "string"),
        (Comment, "comment"),
        (String.Interpol, None),
        (String, "string"),
        (Number, "number"),
        (Literal.Date, "number"),
        (Keyword, "keyword"),
        (Operator.Word, "keyword"),
        (Name.Tag, "keyword"),
        (Name.Function, "function"),
        (Name.Class, "function"),
        (Name.Decorator, "function"),
        (Name.Attribute, "function"),
        (Generic.Heading, "function"),
        (Generic.Subheading, "function"),
        (Generic.Inserted, "string"),
        (Generic.Deleted, "number"),
        (Generic.Prompt, "comment"),
    ]
    return next((role for group, role in roles if kind in group), None)
