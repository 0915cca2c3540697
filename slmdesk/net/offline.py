"""Whether the network may be used at all, and why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from slmdesk.messages import Message, UserError
from slmdesk.net.errors import network_error

_VARIABLES = ("SLMDESK_OFFLINE", "HF_HUB_OFFLINE")
_NO = ("", "0", "false", "no", "off")


def offline_reason(switch: Callable[[], bool], environment: Mapping[str, str]) -> Message | None:
    """Why nothing is asked of the network; None: it may be.

    A variable comes first: it wins over the switch, so it is what a person has to change.
    """
    for name in _VARIABLES:
        if environment.get(name, "").strip().lower() not in _NO:
            return Message("offline-by-variable", {"variable": name})
    return Message("offline-by-switch") if switch() else None


def offline_error(reason: Message, host: str) -> UserError:
    """The error of a request that was not made."""
    key = "offline" if reason.key == "offline-by-switch" else "offline-variable"
    return network_error(key, host, variable=reason.facts.get("variable", ""))
