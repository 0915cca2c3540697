"""What an answer took, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slmdesk.messages import format_integer, format_number, format_seconds, tr, tr_n

if TYPE_CHECKING:
    from slmdesk.engines import Stats

_BETWEEN = " · "


def figures(stats: Stats) -> list[str]:
    """What can stand under an answer, the longest first; nothing where nothing was measured."""
    count = stats.generated_tokens
    if not count:
        return []
    tokens = tr_n("{count} token", "{count} tokens", count).format(count=format_integer(count))
    first = tr("first word after {time}").format(time=format_seconds(stats.time_to_first_token_s))
    if not stats.tokens_per_second:
        return [_BETWEEN.join((tokens, first)), first]
    rate = _rate(stats)
    whole = stats.time_to_first_token_s + max(count - 1, 0) / stats.tokens_per_second
    in_all = tr("{time} in all").format(time=format_seconds(whole))
    choices = ((tokens, rate, first, in_all), (tokens, rate, first), (rate, first), (rate,))
    return [_BETWEEN.join(parts) for parts in choices]


def kept_figures(stats: Stats) -> str:
    """What is left of an answer that broke off."""
    count = stats.generated_tokens
    if not count:
        return ""
    kept = tr_n("{count} token kept", "{count} tokens kept", count).format(count=format_integer(count))
    return _BETWEEN.join((kept, _rate(stats))) if stats.tokens_per_second else kept


def figures_in_full(stats: Stats) -> str:
    """The same in the field's terms, a line each."""
    evaluated = stats.prompt_tokens - stats.reused_tokens
    return "\n".join(
        (
            tr("Token generation: {rate} tok/s").format(rate=format_number(stats.tokens_per_second)),
            tr("Prompt processing: {count} tokens at {rate} tok/s, {reused} reused").format(
                count=format_integer(evaluated),
                rate=format_number(stats.prompt_tokens_per_second),
                reused=format_integer(stats.reused_tokens),
            ),
            tr("Time to first token: {time}").format(time=format_seconds(stats.time_to_first_token_s)),
        )
    )


def _rate(stats: Stats) -> str:
    return tr("{rate} tok/s").format(rate=format_number(stats.tokens_per_second))
