"""A distant file, read in pieces: no byte too many, and one file from the first piece to the last."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slmdesk.formats.gguf import RangeSource, read_header
from slmdesk.net import Network, RangedFile
from slmdesk.net.ranged import LEAST_BYTES, MOST_AHEAD_BYTES, Piece
from tests.hub import HubRequest, LoopbackHub, SparseFile
from tests.hub.answers import Answer
from tests.net.reasons import WHY, refused

KIB = 1024


def letters(size: int) -> bytes:
    """Bytes that are the same nowhere, and each time."""
    return random.Random(1).randbytes(size)


def put(
    hub: LoopbackHub, network: Network, content: bytes | SparseFile | Path, expected_size: int | None = None
) -> RangedFile:
    commit = hub.add_model("maker/model", {"a.gguf": content})
    url = network.url_of("maker/model", "a.gguf", commit)
    return network.ranged(url, why=WHY, expected_size=expected_size)


def ranges(hub: LoopbackHub) -> list[str]:
    """Those that arrived at the second host."""
    return [one.range.removeprefix("bytes=") for one in hub.requests if one.host == "localhost"]


def test_it_is_a_source_for_the_header_reader(hub: LoopbackHub, network: Network) -> None:
    assert isinstance(put(hub, network, b"GGUF"), RangeSource)


def test_nothing_is_asked_before_it_is_read(hub: LoopbackHub, network: Network) -> None:
    file = put(hub, network, letters(1000))
    assert (file.size, file.fetched_bytes, hub.requests) == (None, 0, [])
    assert file.read_at(10, 20) == letters(1000)[10:30]
    assert (file.size, file.fetched_bytes, file.requests) == (1000, 1000, 1)


def test_reading_on_fetches_twice_as_much_each_time(hub: LoopbackHub, network: Network) -> None:
    content = letters(8 * MOST_AHEAD_BYTES)
    file = put(hub, network, content)
    step = 100 * KIB
    for at in range(0, 5 * MOST_AHEAD_BYTES, step):
        assert file.read_at(at, step) == content[at : at + step]
    sizes = [int(last) - int(first) + 1 for first, last in (one.split("-") for one in ranges(hub))]
    assert sizes[:4] == [LEAST_BYTES, 2 * LEAST_BYTES, 4 * LEAST_BYTES, 8 * LEAST_BYTES]
    assert max(sizes) == MOST_AHEAD_BYTES
    assert file.fetched_bytes == sum(sizes) == hub.sent_bytes(host="localhost")
    # The redirect was followed once; after that the second host was asked, for this very file.
    assert len(hub.requests) == len(sizes) + 1
    assert {one.headers.get("if-range") for one in hub.requests[2:]} == {file.etag}


def test_what_was_fetched_is_not_fetched_again(hub: LoopbackHub, network: Network) -> None:
    content = letters(3 * LEAST_BYTES)
    file = put(hub, network, content)
    for _ in range(2):
        assert file.read_at(0, len(content)) == content
        assert file.read_at(77, LEAST_BYTES) == content[77 : 77 + LEAST_BYTES]
    assert (file.requests, file.fetched_bytes) == (1, len(content))


def test_a_gap_is_filled_without_what_is_there(hub: LoopbackHub, network: Network) -> None:
    content = letters(8 * LEAST_BYTES)
    file = put(hub, network, content)
    file.read_at(0, 1)
    file.read_at(2 * LEAST_BYTES, 1)
    assert file.read_at(0, 3 * LEAST_BYTES) == content[: 3 * LEAST_BYTES]
    assert file.fetched_bytes == 3 * LEAST_BYTES


def test_the_end_of_the_file(hub: LoopbackHub, network: Network) -> None:
    file = put(hub, network, letters(1000))
    # Where the size is not known yet, the server says that there is nothing.
    assert file.read_at(5 * LEAST_BYTES, 10) == b""
    assert file.read_at(990, 100) == letters(1000)[990:]
    assert file.read_at(1000, 100) == b""
    assert file.read_at(0, 0) == b""


def test_a_known_size_saves_a_request_beyond_the_end(hub: LoopbackHub, network: Network) -> None:
    file = put(hub, network, letters(1000), expected_size=1000)
    assert file.size == 1000
    assert file.read_at(1000, 100) == b""
    assert hub.requests == []


def test_only_the_header_of_a_real_model_is_fetched(
    hub: LoopbackHub, network: Network, starter_file: Path
) -> None:
    local = read_header(starter_file)
    file = put(hub, network, starter_file)
    header = read_header(file)
    assert header == local
    assert file.fetched_bytes < 2 * MOST_AHEAD_BYTES < starter_file.stat().st_size / 20
    assert file.fetched_bytes == hub.sent_bytes()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reads=st.lists(st.tuples(st.integers(0, 1_200_000), st.integers(0, 700_000)), min_size=1, max_size=6))
def test_it_reads_as_a_file_does(hub: LoopbackHub, network: Network, reads: list[tuple[int, int]]) -> None:
    content = letters(1_000_003)
    file = put(hub, network, content)
    for offset, count in reads:
        assert file.read_at(offset, count) == content[offset : offset + count]
    assert file.fetched_bytes <= len(content)


def test_a_file_that_changes_meanwhile(hub: LoopbackHub, network: Network) -> None:
    hub.add_model("maker/model", {"a.gguf": letters(4 * LEAST_BYTES)})
    file = network.ranged(network.url_of("maker/model", "a.gguf", "main"), why=WHY)
    file.read_at(0, 10)
    hub.set_file("maker/model", "a.gguf", bytes(4 * LEAST_BYTES))
    # The link leads to the old file as long as it is good, and then to another.
    file.read_at(LEAST_BYTES, 10)
    hub.expire_links()
    with refused("file-changed", host="localhost"):
        file.read_at(3 * LEAST_BYTES, 10)


def test_another_size_than_the_list_said(hub: LoopbackHub, network: Network) -> None:
    with refused("file-changed"):
        put(hub, network, letters(1000), expected_size=1001).read_at(0, 10)


def test_a_link_that_has_run_out_is_asked_for_again(hub: LoopbackHub, network: Network) -> None:
    content = letters(4 * LEAST_BYTES)
    file = put(hub, network, content)
    file.read_at(0, 10)
    hub.expire_links()
    at = 2 * LEAST_BYTES
    assert file.read_at(at, 10) == content[at : at + 10]
    assert [one.status for one in hub.requests] == [302, 206, 403, 302, 206]


def test_a_server_without_ranges(hub: LoopbackHub, network: Network) -> None:
    """The beginning can be read, and no more than that is."""
    hub.ignores_ranges = True
    content = letters(40 * LEAST_BYTES)
    file = put(hub, network, content)
    assert file.read_at(0, 1000) == content[:1000]
    assert file.fetched_bytes == LEAST_BYTES
    with refused("no-ranges"):
        file.read_at(LEAST_BYTES, 10)
    assert sum(entry.received_bytes for entry in network.log.entries()) < 4 * LEAST_BYTES


def test_a_connection_that_breaks_off(hub: LoopbackHub, network: Network) -> None:
    content = letters(4 * LEAST_BYTES)
    file = put(hub, network, content)
    hub.fail_next(break_off_after_bytes=100 * KIB)
    with refused("broken-off"):
        file.read_at(0, 10)
    # It goes on where it was.
    assert file.read_at(0, 10) == content[:10]


def test_statuses(hub: LoopbackHub, network: Network) -> None:
    file = put(hub, network, letters(1000))
    hub.fail_next(status=503, path="/lfs/")
    with refused("server-error", status=503, host="localhost"):
        file.read_at(0, 10)
    hub.fail_next(status=429, path="/resolve/", retry_after_s=3)
    with refused("busy", seconds=3):
        file.read_at(0, 10)
    with refused("not-found", what="maker/model"):
        network.ranged(network.url_of("maker/model", "b.gguf", "main"), why=WHY).read_at(0, 1)


def test_a_small_file_that_the_hub_keeps_itself(hub: LoopbackHub, network: Network) -> None:
    """It answers by a redirect to itself, with a relative address."""
    hub.add_model("maker/model", {"config.json": letters(5000)})
    file = network.ranged(network.url_of("maker/model", "config.json", "main"), why=WHY)
    assert file.read_at(100, 50) == letters(5000)[100:150]
    assert {one.host for one in hub.requests} == {"127.0.0.1"}


def _answering(content_range: str, body: bytes, **headers: str) -> Answer:
    return Answer(206, {"Content-Range": content_range, **headers}, body)


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        (_answering("bytes 0-99/1000", bytes(50)), "broken-off"),
        (_answering("bytes 500-599/1000", bytes(100)), "unexpected-answer"),
        (_answering("bytes 0-9/1000", bytes(10)), "unexpected-answer"),
        (_answering("lines 0-99/1000", bytes(100)), "unexpected-answer"),
        (_answering("", b""), "unexpected-answer"),
        (_answering("bytes 0-99/1000", bytes(100), **{"Content-Encoding": "gzip"}), "no-ranges"),
        (Answer(302, {"Location": "http://["}), "unexpected-answer"),
        (Answer(302, {"Location": "/odd"}), "unexpected-answer"),
        (Answer(302, {"Location": "file:///etc/passwd"}), "host-not-allowed"),
        (Answer(204, {}), "unexpected-answer"),
    ],
)
def test_answers_that_make_no_sense(hub: LoopbackHub, network: Network, answer: Answer, key: str) -> None:
    hub.answer_with("/odd", lambda _: answer)
    with refused(key):
        network.ranged(f"{hub.endpoint}/odd", why=WHY).read_at(0, 100)


def test_a_server_that_states_another_file_each_time(hub: LoopbackHub, network: Network) -> None:
    def answer(request: HubRequest) -> Answer:
        start = int(request.range.removeprefix("bytes=").partition("-")[0])
        return _answering(
            f"bytes {start}-{start + LEAST_BYTES - 1}/{9 * LEAST_BYTES}",
            bytes(LEAST_BYTES),
            ETag=f'"{len(hub.requests)}"',
        )

    hub.answer_with("/odd", answer)
    file = network.ranged(f"{hub.endpoint}/odd", why=WHY)
    file.read_at(0, 10)
    with refused("file-changed"):
        file.read_at(3 * LEAST_BYTES, 10)


def test_a_header_without_end_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slmdesk.net.ranged.MOST_KEPT_BYTES", 1024 * KIB)

    def fetch(url: str, headers: dict[str, str], count: int) -> Piece:
        start = int(headers["Range"].removeprefix("bytes=").partition("-")[0])
        return Piece(206, "", '"x"', f"bytes {start}-{start + count - 1}/*", bytes(count))

    file = RangedFile("https://hub.test/x", fetch)
    with refused("too-large", limit_bytes=1024 * KIB):
        for at in range(0, 2048 * KIB, 64 * KIB):
            file.read_at(at, 64 * KIB)
