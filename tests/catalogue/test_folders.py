"""Model folders that lie on the Hub: of each only the small files are fetched, and only once."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from slmdesk.catalogue import HubCatalogue, HubQuery, Variant
from slmdesk.catalogue.onnx_folders import onnx_variant
from slmdesk.fit import SparseFolder
from slmdesk.messages import ErrorKind, UserError
from slmdesk.net import Network, RangedFile
from tests.formats.onnx_folders import TINY
from tests.hub import LoopbackHub, SparseFile
from tests.hub.content import Content

REPO = "maker/Tiny-onnx"
FOLDER = "cpu-int4"
CONFIG, GRAPH, DATA = "genai_config.json", "model.onnx", "model.onnx.data"
FILES = {file.name: file.read_bytes() for file in sorted(TINY.iterdir())}
NEEDED_BYTES = len(FILES[CONFIG]) + len(FILES[GRAPH])


def add(
    hub: LoopbackHub,
    repo: str = REPO,
    folder: str = FOLDER,
    changed: Mapping[str, Content | None] | None = None,
) -> str:
    """The tiny model in `folder`, with other contents of the files that are `changed` (None: without it)."""
    start = f"{folder}/" if folder else ""
    files = {
        start + name: content for name, content in {**FILES, **(changed or {})}.items() if content is not None
    }
    return hub.add_model(repo, {**files, "README.md": b"# Tiny"})


def configured(change: Callable[[dict[str, Any]], object]) -> bytes:
    config = json.loads(FILES[CONFIG])
    change(config["model"])
    return json.dumps(config).encode()


def only(catalogue: HubCatalogue, repo: str = REPO) -> Variant:
    (variant,) = catalogue.find(repo).variants
    return variant


def folder_of(catalogue: HubCatalogue, variant: Variant) -> SparseFolder:
    found = catalogue.header(variant)
    assert isinstance(found, SparseFolder)
    return found


@pytest.fixture
def fetched(network: Network, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Bytes of files that came over the network until now, as who reads them counts: the Hub's own count may
    be a moment behind."""
    files: list[RangedFile] = []
    ranged = network.ranged

    def counted(url: str, **more: Any) -> RangedFile:
        files.append(ranged(url, **more))
        return files[-1]

    monkeypatch.setattr(network, "ranged", counted)
    return lambda: sum(file.fetched_bytes for file in files)


def error_of(catalogue: HubCatalogue, variant: Variant) -> UserError:
    with pytest.raises(UserError) as caught:
        catalogue.header(variant)
    return caught.value


@pytest.mark.parametrize("place", ["", FOLDER, "onnx/cpu/int4"])
def test_only_the_small_files_are_fetched(
    hub: LoopbackHub, catalogue: HubCatalogue, place: str, fetched: Callable[[], int]
) -> None:
    sha = add(hub, folder=place)
    found = folder_of(catalogue, only(catalogue))
    assert (found.config, found.graph) == (FILES[CONFIG], FILES[GRAPH])
    assert dict(found.sizes) == {name: len(content) for name, content in FILES.items()}
    assert fetched() == NEEDED_BYTES < 10_000
    start = f"{place}/" if place else ""
    assert [one.path for one in hub.requests if f"/{REPO}/resolve/" in one.path] == [
        f"/{REPO}/resolve/{sha}/{start}{name}" for name in (CONFIG, GRAPH)
    ]


def test_the_log_says_why(hub: LoopbackHub, catalogue: HubCatalogue, network: Network) -> None:
    add(hub)
    variant = only(catalogue)
    before = len(network.log.entries())
    catalogue.header(variant)
    entries = network.log.entries()[before:]
    assert {entry.why.key for entry in entries} == {"hub-why-folder"}
    # Each file is asked for once, and where it is sent to.
    assert len(entries) == 4


def test_asked_again_it_costs_nothing(
    hub: LoopbackHub, catalogue: HubCatalogue, offline: Callable[[], HubCatalogue]
) -> None:
    add(hub)
    variant = only(catalogue)
    first = catalogue.header(variant)
    asked = len(hub.requests)
    assert catalogue.header(variant) == first
    assert offline().header(variant) == first
    assert offline().header(only(offline())) == first
    assert len(hub.requests) == asked


def test_the_same_graph_elsewhere_costs_nothing(
    hub: LoopbackHub, catalogue: HubCatalogue, fetched: Callable[[], int]
) -> None:
    add(hub)
    add(hub, "copycat/Tiny-onnx", "other")
    catalogue.header(only(catalogue))
    before = fetched()
    catalogue.header(only(catalogue, "copycat/Tiny-onnx"))
    assert fetched() - before == len(FILES[CONFIG])


def test_a_variant_of_the_list_is_pinned_first(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    sha = add(hub)
    found = folder_of(catalogue, onnx_variant(REPO, FOLDER, about_bytes=500_000))
    assert found.config == FILES[CONFIG]
    assert any(one.path == f"/{REPO}/resolve/{sha}/{FOLDER}/{GRAPH}" for one in hub.requests)


def test_a_row_of_a_search_is_asked_for_its_sizes(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    add(hub)
    page = catalogue.search(HubQuery(format="onnx"))
    assert page is not None
    (variant,) = page.models[0].variants
    assert variant.size_bytes is None
    assert dict(folder_of(catalogue, variant).sizes)[DATA] == len(FILES[DATA])


def test_a_variant_of_the_list_that_is_gone(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    add(hub)
    assert error_of(catalogue, onnx_variant(REPO, "gone")).key == "hub-variant-gone"


def test_the_pinned_commit_is_read_whatever_comes_after_it(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    add(hub)
    variant = only(catalogue)
    hub.set_file(REPO, f"{FOLDER}/{CONFIG}", configured(lambda model: model.update(context_length=77)))
    assert folder_of(catalogue, variant).facts.context_length == 1024
    assert folder_of(catalogue, only(catalogue)).facts.context_length == 77


def test_a_config_of_a_gigabyte_is_refused_before_it_is_fetched(
    hub: LoopbackHub, catalogue: HubCatalogue, fetched: Callable[[], int]
) -> None:
    add(hub, changed={CONFIG: SparseFile(b"{", 1_000_000_000)})
    error = error_of(catalogue, only(catalogue))
    assert (error.key, error.kind) == ("onnx-too-large", ErrorKind.MODEL)
    assert error.facts["part"] == CONFIG
    assert error.facts["file"] == FOLDER
    assert fetched() == 0


@pytest.mark.parametrize("name", [CONFIG, GRAPH])
@pytest.mark.parametrize("ignores_ranges", [False, True])
def test_a_file_that_is_larger_than_its_list_says_costs_little(
    hub: LoopbackHub, catalogue: HubCatalogue, network: Network, name: str, ignores_ranges: bool
) -> None:
    add(hub, changed={name: SparseFile(b"{", 1_000_000_000)})
    variant = only(catalogue)
    files = [
        replace(file, size_bytes=len(FILES[name]), sha256="") if file.path.endswith(f"/{name}") else file
        for file in variant.files
    ]
    hub.ignores_ranges = ignores_ranges
    error = error_of(catalogue, replace(variant, files=tuple(files)))
    # Where the whole file comes instead of a range, no more is read of it than was promised.
    assert error.kind is (ErrorKind.MODEL if ignores_ranges else ErrorKind.NETWORK)
    received = sum(
        entry.received_bytes for entry in network.log.entries() if entry.why.key == "hub-why-folder"
    )
    assert received < 2_000_000


def test_what_is_not_what_the_list_promised_is_not_kept(
    hub: LoopbackHub, catalogue: HubCatalogue, folder: Path
) -> None:
    """By its hash it might be kept in place of another one's."""
    add(hub)
    variant = only(catalogue)
    files = [replace(file, sha256="e" * 64) if file.path.endswith(GRAPH) else file for file in variant.files]
    assert error_of(catalogue, replace(variant, files=tuple(files))).key == "network-file-changed"
    assert not list((folder / "folders").glob("*.kept"))


def test_a_graph_with_the_weights_inside_is_not_fetched(
    hub: LoopbackHub, catalogue: HubCatalogue, fetched: Callable[[], int]
) -> None:
    add(hub, changed={GRAPH: SparseFile(FILES[GRAPH], 1_900_000_000)})
    found = folder_of(catalogue, only(catalogue))
    assert found.graph is None
    assert found.facts.layers == 2
    assert found.data_bytes == 1_900_000_000 + len(FILES[DATA])
    assert fetched() == len(FILES[CONFIG])


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({CONFIG: FILES[CONFIG][:-9]}, "onnx-bad-json"),
        ({CONFIG: b"{}"}, "onnx-bad-value"),
        ({CONFIG: configured(lambda model: model.update(type="whisper"))}, "onnx-not-for-chat"),
        (
            {
                CONFIG: configured(
                    lambda model: model["decoder"]["session_options"].update(custom_ops_library="/x.so")
                )
            },
            "onnx-custom-library",
        ),
        (
            {CONFIG: configured(lambda model: model["decoder"].update(filename="../../other/model.onnx"))},
            "onnx-outside",
        ),
        (
            {CONFIG: configured(lambda model: model["decoder"].update(filename=DATA))},
            "onnx-not-onnx",
        ),
        ({GRAPH: None}, "onnx-file-missing"),
        ({GRAPH: b""}, "onnx-file-empty"),
        ({GRAPH: b"<html>no model at all</html>"}, "onnx-not-onnx"),
        ({GRAPH: FILES[GRAPH][:-20]}, "onnx-cut-off"),
        ({DATA: None}, "onnx-file-missing"),
        ({DATA: FILES[DATA][:-1]}, "onnx-cut-off"),
    ],
)
def test_a_folder_that_no_engine_would_load(
    hub: LoopbackHub,
    catalogue: HubCatalogue,
    folder: Path,
    changed: dict[str, Content | None],
    key: str,
    fetched: Callable[[], int],
) -> None:
    add(hub, changed=changed)
    error = error_of(catalogue, only(catalogue))
    assert (error.key, error.kind) == (key, ErrorKind.MODEL)
    assert error.facts["file"] == FOLDER
    assert fetched() <= NEEDED_BYTES + 100
    # It may be put right.
    assert not list((folder / "folders").glob("*.kept"))


def test_a_gated_folder_says_so(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    hub.add_model(REPO, {f"{FOLDER}/{name}": content for name, content in FILES.items()}, gated="auto")
    assert error_of(catalogue, only(catalogue)).key == "network-gated-no-token"


def test_a_connection_that_breaks_keeps_nothing_half(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    add(hub)
    variant = only(catalogue)
    hub.fail_next(break_off_after_bytes=1_000, path="/lfs/")
    assert error_of(catalogue, variant).kind is ErrorKind.NETWORK
    assert folder_of(catalogue, variant).graph == FILES[GRAPH]


def test_two_who_want_the_same_fetch_it_once(
    hub: LoopbackHub, catalogue: HubCatalogue, fetched: Callable[[], int]
) -> None:
    add(hub)
    variant = only(catalogue)
    hub.hold = threading.Event()
    threads = [threading.Thread(target=catalogue.header, args=(variant,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    hub.hold.set()
    for thread in threads:
        thread.join()
    assert fetched() == NEEDED_BYTES


def test_damage_on_this_disk_is_fetched_again(
    hub: LoopbackHub, catalogue: HubCatalogue, folder: Path, network: Network, fetched: Callable[[], int]
) -> None:
    add(hub)
    variant = only(catalogue)
    first = catalogue.header(variant)
    kept = list((folder / "folders").iterdir())
    assert len(kept) == 2
    for file in kept:
        file.write_bytes(file.read_bytes()[:-10])
    assert HubCatalogue(network, folder).header(variant) == first
    assert fetched() == 2 * NEEDED_BYTES
