"""The loopback Hub is one to the real huggingface_hub client, ours or its own."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from slmdesk.messages import Message
from slmdesk.net import Network
from tests.hub import LoopbackHub, SparseFile

WHY = Message("network-why-unknown")

CONTENT = b"GGUF" + bytes(range(256)) * 40


def fill(hub: LoopbackHub) -> str:
    """Three models; returns the commit of the first."""
    commit = hub.add_model(
        "maker/small-GGUF",
        {
            "README.md": b"# Small",
            "small-Q4_K_M.gguf": CONTENT,
            "onnx/cpu/genai_config.json": b"{}",
            "onnx/cpu/model.onnx": b"onnx",
        },
        downloads=50,
        likes=7,
        card={"license": "mit", "language": ["en", "pl"]},
        gguf={"total": 135_000_000, "architecture": "llama", "context_length": 8192},
    )
    hub.add_model("maker/large-GGUF", {"large.gguf": b"GGUF"}, downloads=900, gguf={"total": 7_000_000_000})
    hub.add_model(
        "other/text", {"model.safetensors": b"x"}, downloads=100, last_modified="2026-11-27T00:00:00.000Z"
    )
    return commit


def test_lists_filter_sort_and_search(hub: LoopbackHub, network: Network) -> None:
    fill(hub)
    api = network.hub(WHY)

    def names(**query: object) -> list[str]:
        return [model.id.partition("/")[2] for model in api.list_models(**query)]  # type: ignore[arg-type]

    assert names() == ["small-GGUF", "large-GGUF", "text"]
    assert names(sort="downloads") == ["large-GGUF", "text", "small-GGUF"]
    assert names(sort="last_modified", limit=1) == ["text"]
    assert names(filter="gguf", sort="downloads") == ["large-GGUF", "small-GGUF"]
    assert names(filter=["gguf", "license:mit"]) == ["small-GGUF"]
    assert names(search="LARGE") == ["large-GGUF"]
    assert names(author="other") == ["text"]
    assert names(num_parameters="min:1B,max:8B") == ["large-GGUF"]
    assert names(filter="onnx") == ["small-GGUF"]


def test_lists_come_in_pages(hub: LoopbackHub, network: Network) -> None:
    for number in range(25):
        hub.add_model(f"maker/model-{number:02}", {"a.gguf": b"GGUF"}, downloads=100 - number)
    hub.page_size = 10
    models = list(network.hub(WHY).list_models(filter="gguf", sort="downloads"))
    assert [model.id for model in models] == [f"maker/model-{number:02}" for number in range(25)]
    assert len(hub.requests) == 3


def test_a_list_says_what_is_asked_for(hub: LoopbackHub, network: Network) -> None:
    fill(hub)
    (model,) = network.hub(WHY).list_models(search="small", expand=["gguf", "siblings", "gated", "tags"])
    assert model.gguf == {"total": 135_000_000, "architecture": "llama", "context_length": 8192}
    assert model.siblings is not None
    assert [one.rfilename for one in model.siblings][-1] == "small-Q4_K_M.gguf"
    assert model.gated is False
    assert model.downloads is None
    assert model.tags is not None
    assert {"gguf", "onnx", "license:mit", "en", "pl"} <= set(model.tags)


def test_one_model_with_its_files(hub: LoopbackHub, network: Network) -> None:
    commit = fill(hub)
    info = network.hub(WHY).model_info("maker/small-GGUF", files_metadata=True)
    assert info.sha == commit
    assert info.card_data is not None
    assert info.card_data.license == "mit"
    assert info.siblings is not None
    (file,) = [one for one in info.siblings if one.rfilename.endswith(".gguf")]
    assert file.size == len(CONTENT)
    assert file.lfs is not None
    assert file.lfs.sha256 == hashlib.sha256(CONTENT).hexdigest()


def test_the_tree_and_single_paths(hub: LoopbackHub, network: Network) -> None:
    from huggingface_hub.hf_api import RepoFile, RepoFolder

    fill(hub)
    hub.page_size = 2
    api = network.hub(WHY)
    entries = list(api.list_repo_tree("maker/small-GGUF", recursive=True))
    assert {one.path for one in entries if isinstance(one, RepoFolder)} == {"onnx", "onnx/cpu"}
    files = {one.path: one for one in entries if isinstance(one, RepoFile)}
    assert set(files) == {
        "README.md",
        "small-Q4_K_M.gguf",
        "onnx/cpu/genai_config.json",
        "onnx/cpu/model.onnx",
    }
    lfs = files["small-Q4_K_M.gguf"].lfs
    assert lfs is not None
    assert (lfs.size, lfs.sha256) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    assert files["README.md"].lfs is None
    assert [one.path for one in api.list_repo_tree("maker/small-GGUF", "onnx")] == ["onnx/cpu"]
    (one,) = api.get_paths_info("maker/small-GGUF", ["README.md", "not/there"])
    assert (one.path, one.size) == ("README.md", 7)  # type: ignore[union-attr]


def test_an_old_commit_goes_on_answering(hub: LoopbackHub, network: Network) -> None:
    old = fill(hub)
    new = hub.set_file("maker/small-GGUF", "README.md", b"# Changed")
    assert old != new

    def text(revision: str) -> str:
        return network.read_text(
            network.url_of("maker/small-GGUF", "README.md", revision), why=WHY, most_bytes=100
        )

    assert (text(old), text(new), text("main")) == ("# Small", "# Changed", "# Changed")


def test_a_download_goes_to_the_second_host_without_the_token(
    hub: LoopbackHub, network: Network, tmp_path: Path
) -> None:
    fill(hub)
    api = network.hub(WHY, token="hf_mine")
    file = api.hf_hub_download("maker/small-GGUF", "small-Q4_K_M.gguf", cache_dir=tmp_path)
    assert Path(file).read_bytes() == CONTENT
    tokens = {(one.host, one.token) for one in hub.requests}
    assert tokens == {("127.0.0.1", "hf_mine"), ("localhost", "")}


def test_a_token_at_the_second_host_fails_the_test() -> None:
    hub = LoopbackHub()
    asked = urllib.request.Request(f"{hub.store}/lfs/x", headers={"Authorization": "Bearer hf_mine"})
    directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with pytest.raises(urllib.error.HTTPError) as refused:
        directly.open(asked)
    refused.value.close()
    with pytest.raises(AssertionError, match="authorization for /lfs/x"):
        hub.close()


def test_a_sparse_file_has_its_size_and_zeros(hub: LoopbackHub, network: Network) -> None:
    hub.add_model("maker/big", {"big.gguf": SparseFile(b"GGUF" + b"h" * 96, size=3_000_000_000)})
    with network.ranged(network.url_of("maker/big", "big.gguf", "main"), why=WHY) as file:
        assert file.read_at(0, 200) == b"GGUF" + b"h" * 96 + bytes(100)
        assert file.size == 3_000_000_000
        assert file.read_at(2_999_999_990, 100) == bytes(10)


_AS_ANYBODY = """
import json, sys
from huggingface_hub import HfApi
from huggingface_hub.errors import EntryNotFoundError, GatedRepoError, RepositoryNotFoundError
from huggingface_hub.errors import RevisionNotFoundError

api, found = HfApi(token=False), []
for repo, file, revision in json.loads(sys.argv[1]):
    try:
        path = api.hf_hub_download(repo, file, revision=revision, cache_dir=sys.argv[2])
        found.append(open(path, "rb").read().decode())
    except (EntryNotFoundError, GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError) as error:
        found.append(type(error).__name__)
print(json.dumps([[model.id for model in api.list_models(sort="downloads")], found]))
"""


def test_the_library_alone_understands_it_too(hub: LoopbackHub, tmp_path: Path) -> None:
    """Nothing of ours between: so the tests of our client are not tests of a Hub that only we understand."""
    fill(hub)
    hub.add_model("maker/gated", {"a.gguf": b"GGUF"}, gated="auto")
    wanted = [
        ("maker/small-GGUF", "onnx/cpu/model.onnx", "main"),
        ("maker/small-GGUF", "README.md", "main"),
        ("maker/small-GGUF", "not-there", "main"),
        ("maker/small-GGUF", "README.md", "0" * 40),
        ("maker/gated", "a.gguf", "main"),
        ("maker/not-there", "a.gguf", "main"),
    ]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
        **hub.environment,
        "HF_HOME": str(tmp_path),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_XET": "1",
    }
    ran = subprocess.run(
        [sys.executable, "-c", _AS_ANYBODY, json.dumps(wanted), str(tmp_path / "cache")],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    names, found = json.loads(ran.stdout)
    assert names == ["maker/large-GGUF", "other/text", "maker/small-GGUF", "maker/gated"]
    assert found == [
        "onnx",
        "# Small",
        "RemoteEntryNotFoundError",
        "RevisionNotFoundError",
        "GatedRepoError",
        "RepositoryNotFoundError",
    ]
