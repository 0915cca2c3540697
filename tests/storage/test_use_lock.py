"""One user alone, or many."""

from __future__ import annotations

from pathlib import Path

from slmdesk.storage.use_lock import use_lock


def test_who_fails_to_be_alone_takes_nothing_from_who_is(tmp_path: Path) -> None:
    lock = use_lock(tmp_path / "file")
    with lock.alone(0) as first:
        with lock.alone(0) as second:
            assert (first, second) == (True, False)
        assert not lock.share(0)
    assert lock.share(0)
    lock.unshare()
