"""What one rendering of a chat template may cost: the budget, and the checks of single operations.

A chat template is code from whoever made the model file. Python cannot end a thread, so whatever makes a
template grow or repeat is counted or looked at beforehand; `template_sandbox` puts these checks in place.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

from jinja2.utils import Namespace

LARGEST_TEMPLATE = 128 * 1024
"""Characters of a template's source; the longest in use has about 40,000."""
LARGEST_TEXT = 8 * 1024 * 1024
"""Characters of any text a template makes, the rendered prompt among them."""
_MOST_TEXT_IN_ALL = 256 * 1024 * 1024
_MOST_STEPS = 2_000_000
_MOST_ITEMS = 200_000
LONGEST_RANGE = 10_000
"""Items of a `range`, and the largest number that a filter or method is given."""
_LARGEST_NUMBER = 1 << 64
_CPU_SECONDS = 3.0

# Widths in format strings allocate as much as they say.
_WIDE_FORMAT = re.compile(r"\d{4,}|\*|\{[^{}]*\{")


class TemplateLimitError(Exception):
    """A template used more than one rendering may cost. The text says of what."""


class Budget:
    """What one rendering may still use; each method raises TemplateLimitError when that is too much.

    Renderings in several threads have one each.
    """

    def __init__(self) -> None:
        self._steps = _MOST_STEPS
        self._text = _MOST_TEXT_IN_ALL
        self._until = time.thread_time() + _CPU_SECONDS

    def step(self, count: int = 1) -> None:
        """Count `count` pieces of work."""
        self._steps -= count
        if self._steps < 0:
            raise TemplateLimitError("steps")
        if time.thread_time() > self._until:
            raise TemplateLimitError("time")

    def text(self, length: int) -> None:
        """Count a text of `length` characters that was made or printed."""
        self._text -= length
        if length > LARGEST_TEXT or self._text < 0:
            raise TemplateLimitError("text")

    def value(self, value: Any) -> None:
        """Account for something that a call or an operator made."""
        if isinstance(value, str):
            self.text(len(value))
        elif isinstance(value, (list, tuple, dict)):
            self.step(len(value))

    def measure(self, value: Any) -> int:
        """Characters that `value` has when it is printed, about; counted as often as it would be printed.

        Lists that hold the same list many times are small and print, compare and hash as if they were not,
        so everything that can make one is measured.
        """
        items, text = _size(value, _MOST_ITEMS)
        self.step(items // 8)
        if text > LARGEST_TEXT:
            raise TemplateLimitError("text")
        return text


def _size(value: Any, most: int) -> tuple[int, int]:
    """Items in `value` at any depth, each as often as it occurs, and characters of text in them."""
    items, text = 0, 0
    waiting = [value]
    while waiting:
        one = waiting.pop()
        items += 1
        if items + len(waiting) > most:
            raise TemplateLimitError("text")
        if isinstance(one, (str, bytes)):
            text += len(one)
        elif isinstance(one, Mapping):
            waiting += one.keys()
            waiting += one.values()
        elif isinstance(one, (list, tuple)):
            waiting += one
        elif isinstance(one, Namespace):
            # Printed, it shows what is in it, and that may be namespaces again.
            raise TemplateLimitError("text")
    return items, text + 4 * items


def check_operands(operator: str, left: Any, right: Any) -> None:
    """Refuse an operator whose result may be far larger than what goes into it."""
    if operator == "*":
        for one, other in ((left, right), (right, left)):
            if isinstance(one, (str, bytes, list, tuple)) and isinstance(other, int):
                limit = LARGEST_TEXT if isinstance(one, (str, bytes)) else LONGEST_RANGE
                if len(one) * max(0, other) > limit:
                    raise TemplateLimitError("text")
    if operator == "+" and isinstance(left, (str, list, tuple)) and isinstance(right, (str, list, tuple)):
        limit = LARGEST_TEXT if isinstance(left, str) else 100_000
        if len(left) + len(right) > limit:
            raise TemplateLimitError("text")
    if operator == "%" and isinstance(left, str):
        if _WIDE_FORMAT.search(left):
            raise TemplateLimitError("text")
        _refuse_large(_size(right, _MOST_ITEMS)[1] * max(1, left.count("%")))
    for number in (left, right):
        if isinstance(number, int) and abs(number) > _LARGEST_NUMBER:
            raise TemplateLimitError("number")
    if operator == "**" and (abs(left) > 1_000_000 or abs(right) > 64):
        raise TemplateLimitError("number")


def check_arguments(name: str, subject: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Refuse a call of a filter or method whose result may be far larger than what goes into it."""
    values = [*args, *kwargs.values()]
    for value in values:
        if isinstance(value, int) and abs(value) > LONGEST_RANGE:
            raise TemplateLimitError("number")
    name = name.removeprefix("sync_").removeprefix("do_")
    text = subject if isinstance(subject, str) else ""
    if name == "replace":
        old, new = [value if isinstance(value, str) else str(value) for value in (*values, "", "")[:2]]
        places = text.count(old) if old else len(text) + 1
        _refuse_large(len(text) + places * len(new))
    elif name == "join" and isinstance(subject, str):
        items = values[0] if values else ""
        if not isinstance(items, (list, tuple, dict, str)):
            raise TemplateLimitError("text")
        _refuse_large(_size(items, _MOST_ITEMS)[1] + len(text) * len(items))
    elif name == "join" and isinstance(subject, (list, tuple, dict)):
        _refuse_large(_size(values, _MOST_ITEMS)[1] * len(subject))
    elif name == "format":
        if _WIDE_FORMAT.search(text):
            raise TemplateLimitError("text")
        _refuse_large(_size(values, _MOST_ITEMS)[1] * max(1, text.count("%")))
    elif name == "indent":
        width = max((value if isinstance(value, int) else len(str(value)) for value in values), default=4)
        _refuse_large(len(text) + (text.count("\n") + 1) * width)
    elif name in ("int", "float") and len(text) > 1_000:
        raise TemplateLimitError("number")


def _refuse_large(size: int) -> None:
    if size > LARGEST_TEXT:
        raise TemplateLimitError("text")
