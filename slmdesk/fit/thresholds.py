"""Where one verdict ends and the next begins: the one table, explained in docs/fit.md."""

from __future__ import annotations

from dataclasses import dataclass

_GIB = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What each verdict allows. Memory in bytes, shares from 0 to 1."""

    free_share: float = 0.9
    """`fits` takes at most this share of the memory that is free now. What is predicted may be 7% too little
    (budget row 9 of the design), and other programs go on."""
    spare_share: float = 0.75
    """What `fits` and takes at most this share leaves room to spare: a somewhat longer context, or another
    program, still fits."""
    system_share: float = 1 / 8
    """Of the computer's memory that the system itself needs, of large ones `system_most`: `tight` takes at
    most the rest, `too_big` more."""
    system_most: int = 2 * _GIB
    container_share: float = 1 / 20
    """The same where a container may have only so much: no system is in it."""
    device_share: float = 1 / 16
    """Of a device's memory that its driver and the screen need, of large ones `device_most`."""
    device_most: int = _GIB // 2
    slow_tokens_per_second: float = 8.0
    """Below it an answer is `slow`. People read English at about 238 words a minute (Brysbaert 2019) and
    Polish at about 166 (Trauzettel-Klosinski and Dietz 2012), which is 5 and, with the tokens that such
    models need for a Polish word, 7 tokens per second; and who looks for something reads faster."""
    reading_tokens_per_second: float = 5.0
    """Below it, it is slower than people read; see there."""
    slow_first_token_s: float = 10.0
    """A first word that takes longer is `slow` too: attention does not last longer (Nielsen 1993)."""

    def system_reserve(self, total: int, *, limited: bool) -> int:
        """Of `total` bytes, those that no model gets."""
        if limited:
            return int(total * self.container_share)
        return int(min(self.system_most, total * self.system_share))

    def device_reserve(self, total: int) -> int:
        """Of a device's `total` bytes, those that no model gets."""
        return int(min(self.device_most, total * self.device_share))


THRESHOLDS = Thresholds()
