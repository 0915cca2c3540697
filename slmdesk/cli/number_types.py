"""Numbers on the command line, refused in words that click does not have."""

from __future__ import annotations

from typing import Any

import click

from slmdesk.messages import tr


class WholeNumber(click.IntRange):
    """A whole number within a range. click would call it an "integer range", in English only."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number. Raises click.BadParameter."""
        try:
            int(value)
        except ValueError:
            self.fail(tr("{value!r} is not a whole number.").format(value=value), param, ctx)
        return int(super().convert(value, param, ctx))


class Number(click.FloatRange):
    """A number within a range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number. Raises click.BadParameter."""
        try:
            float(value)
        except ValueError:
            self.fail(tr("{value!r} is not a number.").format(value=value), param, ctx)
        return float(super().convert(value, param, ctx))
