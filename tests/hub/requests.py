"""What arrived at the loopback Hub."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class HubRequest:
    """One request, and what was answered."""

    method: str
    path: str
    query: str
    host: str
    """The name in the `Host` header, without the port: `127.0.0.1`, or `localhost` for the second host."""
    range: str
    """The `Range` header; "" without one."""
    token: str
    """What followed `Bearer`; "" without a token."""
    headers: dict[str, str] = field(default_factory=dict)
    """All of them, with names in lower case."""
    status: int = 0
    sent_bytes: int = 0
    """Bytes of the body that were written; what the client has not read is in it."""

    @property
    def user_agent(self) -> str:
        return self.headers.get("user-agent", "")


@dataclass
class Trouble:
    """An answer that is given instead of the right one."""

    count: int
    status: int
    path: str
    retry_after_s: int | None
    break_off_after_bytes: int | None

    def as_headers(self) -> dict[str, str]:
        return {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}
