"""One request on its way to an engine process: waiting for its frames, and watching over the process."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from slmdesk.engines import frames
from slmdesk.engines.deaths import Cause, Death
from slmdesk.engines.link import Link, Mailbox
from slmdesk.messages import ErrorKind, UserError

if TYPE_CHECKING:
    from slmdesk.engines.outside_signs import OutsideSigns

_log = logging.getLogger(__name__)


class ProcessLimits(Struct, frozen=True, kw_only=True):
    """How long an engine process may be quiet, in seconds, before it is ended as not responding.

    Only quiet time that was really watched counts: neither a computer that slept nor a program that was
    stopped and continued makes an engine late.
    """

    ping_s: float = 1.0
    """How often it is asked for a sign of life while a call waits."""
    start_s: float = 120.0
    """Until the engine's libraries are loaded. Long, for a first start under a virus scanner."""
    silence_s: float = 20.0
    """Without any answer: the process is stopped or wholly stuck."""
    stall_s: float = 120.0
    """It answers, but the native code does nothing: one step of a load or of a prompt may take this long."""
    cancel_s: float = 10.0
    """The same two after the person asked to stop: they should not wait for a hung engine."""
    load_cancel_s: float = 0.5
    """A load that was cancelled and is not over by then is ended with its process: half a model is of no use
    to anybody. One that cannot stop (`Capabilities.quiet_load`) is ended at once."""


class ProcessEnded(Exception):  # noqa: N818 - not an error yet: the call decides what it means
    """The process ended while a call waited."""

    def __init__(self, death: Death) -> None:
        super().__init__(death)
        self.death = death


class Call:
    """One request on its way: waits for its frames and watches over the process meanwhile."""

    def __init__(self, limits: ProcessLimits, name: str, *, loads: bool = False) -> None:
        """`loads`: a cancel may end the process."""
        self.name = name
        self.cancelled = False
        """Set by any thread; with a link the child is told as well."""
        self.quiet = False
        """The process cannot answer meanwhile: see `Capabilities.quiet_load`. Set before `send`."""
        self._limits = limits
        self._loads = loads
        self._cancelled_at = 0.0
        self._link: Link | None = None
        self._mailbox: Mailbox | None = None
        # Guards `cancelled` and `_mailbox`, so that a stop is either seen before sending or sent.
        self._lock = threading.Lock()

    def cancel(self) -> None:
        """Ask for an early end. Never waits."""
        with self._lock:
            if not self.cancelled:
                self._cancelled_at = time.monotonic()
            self.cancelled = True
            if self._link is not None and self._mailbox is not None:
                self._link.send(frames.encode(frames.Cancel(self._mailbox.request)))
                if self._loads:
                    self._mailbox.wake()

    def send(self, link: Link, command: Callable[[int], frames.Command]) -> None:
        """Send the command made for a fresh request number. Raises UserError when it is too large."""
        mailbox = link.open_mailbox()
        data = frames.encode(command(mailbox.request))
        if len(data) > frames.COMMAND_LIMIT:
            link.drop_mailbox(mailbox)
            raise UserError(
                "engine-request-too-large",
                ErrorKind.GENERATION,
                size_bytes=len(data),
                limit_bytes=frames.COMMAND_LIMIT,
            )
        # The first sign of life to expect: without it, silence would be counted from nothing.
        link.send(frames.encode(frames.Ping()))
        with self._lock:
            link.send(data)
            self._link, self._mailbox = link, mailbox
            if self.cancelled:
                link.send(frames.encode(frames.Cancel(mailbox.request)))

    def next_frame(self) -> frames.Frame:
        """The next frame that answers this call. Raises ProcessEnded when the process ended first."""
        assert self._link is not None
        assert self._mailbox is not None
        stall_s = self._limits.stall_s
        silence_s = stall_s if self.quiet else self._limits.silence_s
        return self.watch(self._link, self._mailbox, silence_s, stall_s)

    def watch(self, link: Link, mailbox: Mailbox, silence_s: float, stall_s: float) -> frames.Frame:
        """Wait for a frame in `mailbox`; the deadline moves with each sign of life of the process."""
        ping_s = self._limits.ping_s
        silent_s = still_s = 0.0
        seen, activity, was_cancelled = link.frames_received, link.activity, self.cancelled
        signs = _signs(link.pid) if self.quiet else None
        while True:
            began = time.monotonic()
            try:
                frame = mailbox.take(self._patience(link))
            except queue.Empty:
                pass
            else:
                if frame is None:
                    assert link.death is not None
                    raise ProcessEnded(link.death)
                return frame
            if time.monotonic() - began < ping_s / 2:
                # Woken because of a cancel: no time has passed in which there could have been a sign of life.
                continue
            if self.cancelled:
                silence_s = min(silence_s, self._limits.cancel_s)
                stall_s = min(stall_s, self._limits.cancel_s)
                if not was_cancelled:
                    was_cancelled, silent_s, still_s = True, 0.0, 0.0
            moved = signs is not None and signs.moved()
            silent_s = silent_s + ping_s if link.frames_received == seen and not moved else 0.0
            still_s = still_s + ping_s if link.activity == activity and not moved else 0.0
            seen, activity = link.frames_received, link.activity
            if silent_s < silence_s and still_s < stall_s:
                # A thread that waits to answer would use up processor time itself: a sign of life of nothing.
                if signs is None:
                    link.send(frames.encode(frames.Ping()))
                continue
            _log.error("engine process %s: silent for %.1f s, still for %.1f s", link.pid, silent_s, still_s)
            link.end(Cause.NOT_RESPONDING)
            if not link.wait_for_end():
                raise ProcessEnded(Death(Cause.NOT_RESPONDING, "it cannot be ended", ""))
            # What it said before comes first, then the None that ends the mailbox.

    def _patience(self, link: Link) -> float:
        """How long to wait for the next frame; ends the process where a cancelled load has had its time."""
        ping_s = self._limits.ping_s
        if not (self._loads and self.cancelled):
            return ping_s
        grace_s = 0.0 if self.quiet else self._limits.load_cancel_s
        left_s = self._cancelled_at + grace_s - time.monotonic()
        if left_s > 0:
            return min(ping_s, left_s)
        link.end(Cause.CLOSED)
        return ping_s

    def close(self, *, finished: bool) -> None:
        """Let go of the request; one that is not `finished` is cancelled, and what it still says dropped."""
        with self._lock:
            link, mailbox, self._link, self._mailbox = self._link, self._mailbox, None, None
        if link is None or mailbox is None:
            return
        link.drop_mailbox(mailbox)
        if not finished:
            link.send(frames.encode(frames.Cancel(mailbox.request)))


def _signs(pid: int) -> OutsideSigns:
    # Not at the top: a window starts without it.
    from slmdesk.engines.outside_signs import OutsideSigns

    return OutsideSigns(pid)
