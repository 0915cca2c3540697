"""All about one model: its files at a commit, its card, what is known of it without a network."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from slmdesk.catalogue import CatalogueModel, HubCatalogue, HubQuery, ModelFile
from slmdesk.catalogue.onnx_folders import onnx_variant
from slmdesk.catalogue.variants import group_variants
from slmdesk.messages import UserError, error_sentences
from tests.hub import LoopbackHub, SparseFile

SHA_A, SHA_B = "a" * 64, "b" * 64


def add_split(hub: LoopbackHub, repo: str = "maker/Big-30B-GGUF") -> str:
    return hub.add_model(
        repo,
        {
            "Big-30B-Q4_K_M-00001-of-00002.gguf": SparseFile(b"GGUF", 9_000_000_001, SHA_A),
            "Big-30B-Q4_K_M-00002-of-00002.gguf": SparseFile(b"GGUF", 8_000_000_002, SHA_B),
            "Big-30B-Q8_0.gguf": SparseFile(b"GGUF", 30_000_000_000),
            "mmproj-Big-30B-F16.gguf": SparseFile(b"GGUF", 500_000_000),
            "imatrix.gguf": b"GGUF",
            "README.md": b"---\nlicense: mit\n---\n# Big\n",
        },
        gguf={"total": 30_000_000_000, "architecture": "llama", "context_length": 8192},
        card={"license": "mit"},
    )


def test_exact_sizes_hashes_and_the_commit(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    sha = add_split(hub)
    page = catalogue.search(HubQuery(format="gguf"))
    assert page is not None
    assert page.models[0].variants[0].size_bytes is None
    model = catalogue.details(page.models[0])
    assert model.variants_known
    assert model.asked is not None
    q8, q4 = model.variants
    assert (q8.label, q8.size_bytes) == ("Q8_0", 30_500_000_000)
    assert [(file.path, file.size_bytes, file.sha256, file.revision) for file in q4.files] == [
        ("Big-30B-Q4_K_M-00001-of-00002.gguf", 9_000_000_001, SHA_A, sha),
        ("Big-30B-Q4_K_M-00002-of-00002.gguf", 8_000_000_002, SHA_B, sha),
    ]
    assert q4.bits_per_weight == pytest.approx(17_000_000_003 * 8 / 30_000_000_000)
    assert q4.projector is not None
    assert q4.projector.size_bytes == 500_000_000
    tree = [one for one in hub.requests if "/tree/" in one.path]
    assert [one.path.endswith(f"/tree/{sha}") for one in tree] == [True]


def test_a_tree_of_many_pages(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    hub.page_size = 7
    hub.add_model("a/Many", {f"{number}/m-Q4_0.gguf": bytes(number) for number in range(1, 41)})
    model = catalogue.find("a/Many")
    assert {variant.size_bytes for variant in model.variants} == set(range(1, 41))


def test_an_onnx_folder_with_all_its_files(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    hub.add_model(
        "a/Phi-onnx",
        {
            "cpu/int4/genai_config.json": b"{}",
            "cpu/int4/model.onnx": bytes(10),
            "cpu/int4/model.onnx.data": bytes(1000),
            "cpu/int4/tokenizer.json": b"{}",
            "cuda/fp16/genai_config.json": b"{}",
            "cuda/fp16/model.onnx": bytes(20),
        },
    )
    model = catalogue.find("a/Phi-onnx")
    assert (model.gguf_repos, model.onnx_repos) == ((), ("a/Phi-onnx",))
    assert [(one.folder, one.execution_provider, one.size_bytes) for one in model.variants] == [
        ("cpu/int4", "CPU", 1014),
        ("cuda/fp16", "CUDA", 22),
    ]


def test_names_that_lead_elsewhere_are_left_out(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    hub.add_model("a/Evil", {"../../evil-Q4_0.gguf": b"x", "C:\\evil-Q4_0.gguf": b"x", "ok-Q4_0.gguf": b"x"})
    model = catalogue.find("a/Evil")
    assert [file.path for variant in model.variants for file in variant.all_files] == ["ok-Q4_0.gguf"]


def curated(*repos: str) -> CatalogueModel:
    variants = [
        variant
        for repo in repos
        for variant in group_variants(
            repo, [ModelFile(repo=repo, path="m-Q4_K_M.gguf", about_bytes=5, sha256=SHA_B)]
        )
    ]
    return CatalogueModel(
        id="maker/M", name="M", gguf_repos=repos, variants=tuple(variants), context_length=4096, curated=True
    )


def test_a_hint_becomes_a_fact(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    sha = hub.add_model(
        "a/M-GGUF",
        {"m-Q4_K_M.gguf": SparseFile(b"GGUF", 77, SHA_A)},
        gguf={"total": 99, "context_length": 8192},
    )
    model = catalogue.details(curated("a/M-GGUF"))
    (file,) = model.variants[0].files
    assert (file.size_bytes, file.about_bytes, file.sha256, file.revision) == (77, None, SHA_A, sha)
    assert (model.context_length, model.context_kind, model.context_others) == (8192, "header", (4096,))
    assert model.curated


def test_what_only_the_list_knows_stays(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    files = {
        f"{folder}/{name}": b"{}" for folder in ("v1", "cuda") for name in ("genai_config.json", "m.onnx")
    }
    hub.add_model("a/M-onnx", files)
    listed = [
        onnx_variant("a/M-onnx", "v1", execution_provider="NPU"),
        replace(onnx_variant("a/M-onnx", "cuda", execution_provider="NPU"), trained_for=True),
    ]
    model = CatalogueModel(id="maker/M", name="M", onnx_repos=("a/M-onnx",), variants=tuple(listed))
    found = {one.folder: one for one in catalogue.details(model).variants}
    assert (found["v1"].execution_provider, found["v1"].trained_for) == ("NPU", False)
    # The names of its files say otherwise.
    assert (found["cuda"].execution_provider, found["cuda"].trained_for) == ("CUDA", True)


def test_one_repository_of_two_is_gone(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    hub.add_model("a/M-GGUF", {"m-Q4_K_M.gguf": b"GGUF"})
    model = catalogue.details(curated("gone/M-GGUF", "a/M-GGUF"))
    assert model.gguf_repos == ("a/M-GGUF",)
    assert {variant.repo for variant in model.variants} == {"a/M-GGUF"}


def test_one_repository_of_two_is_in_trouble(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    hub.add_model("a/M-GGUF", {"m-Q4_K_M.gguf": b"GGUF"})
    hub.add_model("b/M-GGUF", {"m-Q4_K_M.gguf": b"GGUF"})
    hub.fail_next(path="b/M-GGUF", status=503)
    model = catalogue.details(curated("b/M-GGUF", "a/M-GGUF"))
    assert not model.variants_known
    assert {variant.repo: variant.size_bytes for variant in model.variants} == {
        "b/M-GGUF": None,
        "a/M-GGUF": 4,
    }


@pytest.mark.parametrize("status", [429, 0])
def test_a_hub_that_is_busy_or_away_is_asked_once(
    hub: LoopbackHub, catalogue: HubCatalogue, status: int
) -> None:
    for owner in "abc":
        hub.add_model(f"{owner}/M-GGUF", {"m-Q4_K_M.gguf": b"GGUF"})
    hub.fail_next(100, status=status)
    with pytest.raises(UserError):
        catalogue.details(curated("a/M-GGUF", "b/M-GGUF", "c/M-GGUF"))
    assert len(hub.requests) == 1


def test_all_are_gone(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    with pytest.raises(UserError) as caught:
        catalogue.details(curated("gone/M-GGUF"))
    assert caught.value.key == "hub-repository-gone"
    assert "gone/M-GGUF" in error_sentences(caught.value).what
    with pytest.raises(UserError) as caught:
        catalogue.find("gone/M-GGUF")
    assert caught.value.key == "hub-repository-gone"


def test_a_renamed_repository_is_still_found(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    hub.add_model("a/Old-GGUF", {"m-Q4_K_M.gguf": b"GGUF"})
    hub.rename_model("a/Old-GGUF", "a/New-GGUF")
    (variant,) = catalogue.details(curated("a/Old-GGUF")).variants
    assert (variant.repo, variant.size_bytes) == ("a/Old-GGUF", 4)


def test_a_gated_repository_shows_its_files(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    hub.add_model("a/Gated", {"m-Q4_K_M.gguf": b"GGUF"}, gated="manual")
    model = catalogue.find("a/Gated")
    assert model.gated == "manual"
    assert model.variants[0].size_bytes == 4


def test_no_network(hub: LoopbackHub, catalogue: HubCatalogue, offline: Callable[[], HubCatalogue]) -> None:
    add_split(hub)
    before = catalogue.find("maker/Big-30B-GGUF")
    asked = len(hub.requests)
    away = offline()
    assert away.find("maker/Big-30B-GGUF") == before
    assert away.details(before) == before
    with pytest.raises(UserError) as caught:
        away.find("never/Asked")
    assert caught.value.key == "network-offline"
    with pytest.raises(UserError) as caught:
        away.details(curated("never/Asked"))
    assert caught.value.key == "network-offline"
    assert len(hub.requests) == asked


@pytest.mark.parametrize("name", ["", "no-slash", "../x", "a/b/c", "a/b?c=d", "a/b\n", "a" * 300 + "/b"])
def test_names_that_are_none(hub: LoopbackHub, catalogue: HubCatalogue, name: str) -> None:
    with pytest.raises(UserError):
        catalogue.find(name)
    assert hub.requests == []


def test_the_card(hub: LoopbackHub, catalogue: HubCatalogue, offline: Callable[[], HubCatalogue]) -> None:
    hub.add_model(
        "a/M-GGUF", {"m-Q4_K_M.gguf": b"GGUF", "README.md": b"---\na: b\n---\n# M<script>x</script>\n"}
    )
    model = catalogue.find("a/M-GGUF")
    assert catalogue.card(model) == "# M\n"
    assert offline().card(model) == "# M\n"


def test_the_card_of_the_original_comes_first(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    hub.add_model("a/M-GGUF", {"m-Q4_K_M.gguf": b"GGUF", "README.md": b"# Quantized\n"})
    hub.add_model("maker/M", {"README.md": b"# Original\n"})
    assert catalogue.card(curated("a/M-GGUF")) == "# Original\n"
    hub.add_model("maker/M", {"README.md": b"# Original\n"}, gated="auto")
    assert catalogue.card(curated("a/M-GGUF")) == "# Quantized\n"


def test_a_long_card_is_cut(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    hub.add_model("a/M-GGUF", {"m-Q4_K_M.gguf": b"GGUF", "README.md": b"A line of it.\n" * 200_000})
    with pytest.raises(UserError) as caught:
        catalogue.card(curated("a/M-GGUF"))
    assert caught.value.key == "network-too-large"
    hub.add_model("a/M-GGUF", {"m-Q4_K_M.gguf": b"GGUF", "README.md": b"A line of it.\n" * 100_000})
    assert 100_000 < len(catalogue.card(curated("a/M-GGUF"))) < 200_000


def test_no_card(hub: LoopbackHub, catalogue: HubCatalogue, offline: Callable[[], HubCatalogue]) -> None:
    hub.add_model("a/M-GGUF", {"m-Q4_K_M.gguf": b"GGUF"})
    assert catalogue.card(curated("a/M-GGUF")) == ""
    with pytest.raises(UserError) as caught:
        offline().card(curated("b/M-GGUF"))
    assert caught.value.key == "network-offline"
