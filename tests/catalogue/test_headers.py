"""Headers of distant files: only they are fetched, and only once."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from slmdesk.catalogue import HubCatalogue, HubQuery, ModelFile, Variant
from slmdesk.catalogue.variants import group_variants
from slmdesk.fit import SparseHeader
from slmdesk.formats.gguf import read_header
from slmdesk.messages import ErrorKind, UserError
from slmdesk.net import Network
from tests.formats.gguf_writer import ARRAY, F32, STRING, U16, U32, Typed, header, padded, text
from tests.hub import LoopbackHub, SparseFile

KIB = 1024
F16 = 1
TENSOR_BYTES = 4096 * 4096 * 2
# What may be fetched for nothing, of each file: a piece (net.ranged) behind the reader's window.
MOST_AHEAD_BYTES = 2 * 1024 * KIB + 256 * KIB

REPO = "maker/Big-7B-GGUF"
NAME = "Big-7B-Q4_K_M.gguf"


def model_file(
    tokens: int = 12_000, more: Mapping[str, Typed] | None = None, tensors: int = 300
) -> SparseFile:
    """A file whose header is as long as those of real models: a vocabulary, its scores, some hundred tensors.

    Each tensor has 32 MiB, of which nothing is here but zeros.
    """
    head = header(
        {
            "general.architecture": (STRING, "llama"),
            "llama.block_count": (U32, 32),
            "tokenizer.ggml.tokens": (ARRAY, (STRING, [f"{number:080d}" for number in range(tokens)])),
            "tokenizer.ggml.scores": (ARRAY, (F32, [0.0] * tokens)),
            **(more or {}),
        },
        [(f"blk.{number}.weight", (4096, 4096), F16, number * TENSOR_BYTES) for number in range(tensors)],
    )
    return SparseFile(padded(head), len(padded(head)) + tensors * TENSOR_BYTES)


def fetched(hub: LoopbackHub) -> int:
    """Bytes of files that were sent, by either host."""
    return hub.sent_bytes("/resolve") + hub.sent_bytes(host="localhost")


def headers_of(catalogue: HubCatalogue, variant: Variant) -> tuple[SparseHeader, ...]:
    found = catalogue.header(variant)
    assert isinstance(found, tuple)
    return found


def q4(catalogue: HubCatalogue, repo: str = REPO) -> Variant:
    return catalogue.find(repo).variants[0]


def test_only_the_header_is_fetched(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    file = model_file()
    hub.add_model(REPO, {NAME: file})
    (found,) = headers_of(catalogue, q4(catalogue))
    assert (found.data, found.size) == (file.header, file.size)
    assert file.size > 10_000_000_000
    assert read_header(found.data).metadata["llama.block_count"] == 32
    assert len(file.header) > 1_000_000
    assert len(file.header) <= fetched(hub) <= len(file.header) + MOST_AHEAD_BYTES
    ranged = [one for one in hub.requests if one.host == "localhost"]
    assert all(one.range for one in ranged)
    # Windows that grow: not a request for every few kilobytes.
    assert len(ranged) <= 6


def test_of_a_small_header_no_more_than_one_piece(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    hub.add_model(REPO, {NAME: model_file(tokens=10)})
    catalogue.header(q4(catalogue))
    assert fetched(hub) == 256 * KIB


def test_asked_again_it_costs_nothing(
    hub: LoopbackHub, catalogue: HubCatalogue, offline: Callable[[], HubCatalogue]
) -> None:
    hub.add_model(REPO, {NAME: model_file()})
    variant = q4(catalogue)
    first = catalogue.header(variant)
    asked = len(hub.requests)
    assert catalogue.header(variant) == first
    assert offline().header(variant) == first
    assert len(hub.requests) == asked


def test_the_same_file_elsewhere_costs_nothing(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    file = model_file()
    hub.add_model(REPO, {NAME: file})
    hub.add_model("copycat/Big-7B-GGUF", {"renamed-Q4_K_M.gguf": file})
    first, second = q4(catalogue), q4(catalogue, "copycat/Big-7B-GGUF")
    catalogue.header(first)
    before = fetched(hub)
    catalogue.header(second)
    assert fetched(hub) == before


def test_every_part_of_a_split_set(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    def of_three(number: int) -> Mapping[str, Typed]:
        return {"split.no": (U16, number), "split.count": (U16, 3)}

    files = [
        model_file(more=of_three(0), tensors=100),
        model_file(tokens=0, more=of_three(1), tensors=90),
        model_file(tokens=0, more=of_three(2), tensors=1),
    ]
    hub.add_model(
        REPO, {f"Big-7B-Q4_K_M-{number:05d}-of-00003.gguf": file for number, file in enumerate(files, 1)}
    )
    found = headers_of(catalogue, q4(catalogue))
    assert [(one.data, one.size) for one in found] == [(file.header, file.size) for file in files]
    assert fetched(hub) <= len(files[0].header) + MOST_AHEAD_BYTES + 2 * 256 * KIB


def test_a_row_of_a_search_is_enough(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    """Its files have no sizes, but a commit."""
    file = model_file(tokens=10)
    sha = hub.add_model(REPO, {NAME: file})
    page = catalogue.search(HubQuery(format="gguf"))
    assert page is not None
    variant = page.models[0].variants[0]
    (found,) = headers_of(catalogue, variant)
    assert (found.data, found.size) == (file.header, file.size)
    assert [one.path for one in hub.requests if "/resolve/" in one.path] == [f"/{REPO}/resolve/{sha}/{NAME}"]
    asked = len(hub.requests)
    catalogue.header(variant)
    assert len(hub.requests) == asked


def test_a_variant_of_the_list_is_pinned_first(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    file = model_file(tokens=10)
    sha = hub.add_model(REPO, {NAME: file})
    hint = ModelFile(repo=REPO, path=NAME, about_bytes=5_000, sha256="e" * 64)
    (variant,) = group_variants(REPO, [hint])
    (found,) = headers_of(catalogue, variant)
    assert found.size == file.size
    assert [one.path for one in hub.requests if "/resolve/" in one.path] == [f"/{REPO}/resolve/{sha}/{NAME}"]


def test_a_variant_of_the_list_that_is_gone(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    hub.add_model(REPO, {"Other-Q4_K_M.gguf": b"GGUF"})
    (variant,) = group_variants(REPO, [ModelFile(repo=REPO, path=NAME)])
    with pytest.raises(UserError) as caught:
        catalogue.header(variant)
    assert caught.value.key == "hub-variant-gone"


def test_the_pinned_commit_is_read_whatever_comes_after_it(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    old = model_file(tokens=10)
    hub.add_model(REPO, {NAME: old})
    variant = q4(catalogue)
    hub.set_file(REPO, NAME, model_file(tokens=99))
    (found,) = headers_of(catalogue, variant)
    assert (found.data, found.size) == (old.header, old.size)


@pytest.mark.parametrize("content", [b"not a model at all", b"GGUF\x03\0\0\0" + b"\xff" * 16, b"", b"GG"])
def test_a_file_that_is_no_model(hub: LoopbackHub, catalogue: HubCatalogue, content: bytes) -> None:
    hub.add_model(REPO, {NAME: content})
    with pytest.raises(UserError) as caught:
        catalogue.header(q4(catalogue))
    assert caught.value.kind is ErrorKind.MODEL
    assert caught.value.facts["file"] == NAME


def test_a_hostile_header_costs_no_more_than_its_bounds(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    """It says that its vocabulary goes on for terabytes."""
    endless = header({"general.architecture": (STRING, "llama")}, counts=(0, 2))
    endless += text("a") + struct.pack("<IIQ", ARRAY, STRING, 2**40)
    hub.add_model(REPO, {NAME: SparseFile(endless, 900_000_000_000)})
    with pytest.raises(UserError) as caught:
        catalogue.header(q4(catalogue))
    assert caught.value.kind is ErrorKind.MODEL
    assert fetched(hub) <= 66 * 1024 * KIB


def test_a_gated_file_says_so(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    hub.add_model(REPO, {NAME: model_file(tokens=10)}, gated="auto")
    with pytest.raises(UserError) as caught:
        catalogue.header(q4(catalogue))
    assert caught.value.key == "network-gated-no-token"


def test_a_connection_that_breaks_keeps_nothing_half(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    file = model_file()
    hub.add_model(REPO, {NAME: file})
    variant = q4(catalogue)
    hub.fail_next(break_off_after_bytes=100_000, path="/lfs/")
    with pytest.raises(UserError) as caught:
        catalogue.header(variant)
    assert caught.value.kind is ErrorKind.NETWORK
    assert headers_of(catalogue, variant)[0].data == file.header


def test_two_who_want_the_same_fetch_it_once(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    hub.add_model(REPO, {NAME: model_file(tokens=10)})
    variant = q4(catalogue)
    hub.hold = threading.Event()
    threads = [threading.Thread(target=catalogue.header, args=(variant,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    hub.hold.set()
    for thread in threads:
        thread.join()
    assert fetched(hub) == 256 * KIB


def test_damage_on_this_disk_is_fetched_again(
    hub: LoopbackHub, catalogue: HubCatalogue, folder: Path, network: Network
) -> None:
    model = model_file(tokens=10)
    hub.add_model(REPO, {NAME: model})
    variant = q4(catalogue)
    catalogue.header(variant)
    (file,) = (folder / "headers").iterdir()
    file.write_bytes(file.read_bytes()[:-10])
    assert headers_of(HubCatalogue(network, folder), variant)[0].data == model.header
