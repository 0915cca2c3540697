"""The log says what went over the network, and keeps it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from slmdesk.messages import Message, say
from slmdesk.net import LogEntry, Network, NetworkLog
from slmdesk.storage import Paths, Settings
from tests.hub import LoopbackHub
from tests.net.reasons import WHY, refused


def entry(number: int, why: Message = WHY) -> LogEntry:
    return LogEntry(1000.0 + number, f"host-{number}.test", why, 10, 20, 200)


def test_each_step_is_an_entry_with_its_bytes(hub: LoopbackHub, network: Network) -> None:
    content = bytes(300_000)
    commit = hub.add_model("maker/model", {"a.gguf": content})
    why = Message("setting-model")
    network.ranged(network.url_of("maker/model", "a.gguf", commit), why=why).read_at(0, len(content))
    first, second = network.log.entries()
    assert (first.host, first.status, first.why) == ("127.0.0.1", 302, why)
    assert (second.host, second.status, second.error) == ("localhost", 206, "")
    assert len(content) < second.received_bytes < len(content) + 1000
    assert 100 < second.sent_bytes < 1000


def test_what_failed_says_so(hub: LoopbackHub, network: Network) -> None:
    hub.fail_next(status=503)
    with refused("server-error"):
        network.hub(WHY).model_info("maker/model")
    (failed,) = network.log.entries()
    assert (failed.status, failed.error) == (503, "network-server-error")
    assert failed.was_sent


def test_it_is_kept_and_shared(paths: Paths) -> None:
    """By the window and the command line, which are two programs."""
    log = NetworkLog.in_folder(paths.logs)
    assert log.entries() == ()
    log.add(entry(1, Message("offline-by-variable", {"variable": "X"})))
    code = (
        "from tests.net.test_log import NetworkLog, entry\n"
        "from slmdesk.storage import find_paths\n"
        "NetworkLog.in_folder(find_paths().logs).add(entry(2))\n"
    )
    root = Path(__file__).parents[2]
    subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(root)}, check=True, cwd=root
    )
    first, second = NetworkLog.in_folder(paths.logs).entries()
    assert first == entry(1, Message("offline-by-variable", {"variable": "X"}))
    assert second == entry(2)
    if os.name != "nt":
        assert log.file is not None
        assert stat.S_IMODE(log.file.stat().st_mode) == 0o600


def test_damaged_lines_cost_themselves_alone(tmp_path: Path) -> None:
    log = NetworkLog(tmp_path / "network.jsonl")
    log.add(entry(1))
    assert log.file is not None
    good = log.file.read_bytes()
    bad = [b"", b"{", b"[]", b"null", b'{"when": 1}', b"\xff\xfe", b"[" * 100_000, good[:40]]
    log.file.write_bytes(b"\n".join([*bad, good]))
    assert log.entries() == (entry(1),)


def test_a_reason_of_another_version_is_told_as_such(tmp_path: Path) -> None:
    log = NetworkLog(tmp_path / "network.jsonl")
    log.add(entry(1, Message("a-key-of-the-future", {"name": "x"})))
    # A fact is missing: as if the sentence had changed.
    log.add(entry(2, Message("offline-by-variable")))
    assert [say(one.why) for one in log.entries()] == ["Another version of SLM Desk asked"] * 2


def test_it_does_not_grow_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slmdesk.net.log._LARGEST_FILE_BYTES", 2000)
    log = NetworkLog(tmp_path / "network.jsonl")
    for number in range(100):
        log.add(entry(number))
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 5000
    kept = log.entries()
    assert kept[-1] == entry(99)
    assert list(kept) == [entry(number) for number in range(100 - len(kept), 100)]


def test_a_disk_that_refuses_costs_only_the_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "network.jsonl").mkdir()
    log = NetworkLog(tmp_path / "network.jsonl")
    log.add(entry(1))
    assert log.entries() == (entry(1),)
    assert "cannot be written" in caplog.text


def test_threads_do_not_mix_their_lines(tmp_path: Path) -> None:
    log = NetworkLog(tmp_path / "network.jsonl")

    def add(first: int) -> None:
        for number in range(first, first + 50):
            log.add(entry(number))

    threads = [threading.Thread(target=add, args=(first,)) for first in range(0, 400, 50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log.entries() == tuple(entry(number) for number in range(400))


def test_a_network_as_the_person_has_set_it(
    hub: LoopbackHub, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
    monkeypatch.delenv("SLMDESK_OFFLINE", raising=False)
    hub.add_model("maker/model", {"README.md": b"text"})
    now = [Settings()]
    network = Network.for_person(lambda: now[0], paths)
    network.hub(WHY).model_info("maker/model")
    now[0] = Settings(offline=True)
    with refused("offline"):
        network.hub(WHY).model_info("maker/model")
    now[0] = Settings(offline=True, loopback_when_offline=True)
    network.hub(WHY).model_info("maker/model")
    network.close()
    lines = (paths.logs / "network.jsonl").read_text().splitlines()
    assert [json.loads(line)["status"] for line in lines] == [200, 0, 200]
