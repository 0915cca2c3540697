"""The curated list brought up to date from the Hub."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from slmdesk.catalogue import (
    CatalogueModel,
    HubCatalogue,
    ModelFile,
    RefreshReport,
    curated_notes,
    refresh,
)
from slmdesk.catalogue.variants import group_variants
from slmdesk.messages import UserError, say
from tests.hub import HubRequest, LoopbackHub, SparseFile
from tests.hub.answers import Answer, problem

SHA_A, SHA_B = "a" * 64, "b" * 64


def listed(repo: str, *files: ModelFile, **facts: object) -> CatalogueModel:
    return CatalogueModel(
        id=f"maker/{repo.partition('/')[2]}",
        name="M",
        gguf_repos=(repo,),
        variants=group_variants(repo, files),
        curated=True,
        **facts,  # type: ignore[arg-type]
    )


def file(repo: str, quantization: str = "Q4_K_M", **facts: object) -> ModelFile:
    return ModelFile(repo=repo, path=f"m-{quantization}.gguf", **facts)  # type: ignore[arg-type]


def run(catalogue: HubCatalogue, *models: CatalogueModel) -> RefreshReport:
    return refresh(models, catalogue, lambda done, total, repo: None)


def sentences(report: RefreshReport) -> list[str]:
    return [say(change.message) for change in report.changes]


def test_what_changed_is_told(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    hub.add_model(
        "a/One",
        {"m-Q4_K_M.gguf": SparseFile(b"", 2_000, SHA_B), "m-Q8_0.gguf": SparseFile(b"", 5_000, SHA_A),
         "m-Q6_K.gguf": SparseFile(b"", 4_000, SHA_A), "README.md": b"x"},
        gguf={"total": 1234, "context_length": 8192},
    )  # fmt: skip
    hub.add_model("a/Old", {"m-Q4_K_M.gguf": b"GGUF"})
    hub.rename_model("a/Old", "a/New")
    one = listed(
        "a/One",
        file("a/One", size_bytes=1_000, sha256=SHA_A),
        file("a/One", "Q8_0", size_bytes=5_000, sha256=SHA_A),
        file("a/One", "Q5_K_M", size_bytes=4_500),
        context_length=4096,
    )
    report = run(catalogue, one, listed("a/Old", file("a/Old")), listed("gone/Two", file("gone/Two")))
    assert sentences(report) == [
        "a/One: the context length was 4,096 tokens and is now 8,192, as its header says.",
        "a/One: m-Q4_K_M.gguf was 1 kB and is now 2 kB.".replace(" kB", "\N{NO-BREAK SPACE}kB"),
        "a/One: the content of m-Q4_K_M.gguf is not what the list says (another SHA-256).",
        "a/One: m-Q5_K_M.gguf is gone.",
        "a/Old is now called a/New.",
        "gone/Two is gone from the Hub, or no longer public.",
    ]
    assert (report.total, report.answered, report.failed, report.not_asked) == (3, 3, (), 0)
    # Q6_K is not in the list, that of a/Old had no size; Q8_0 is as the list says.
    assert (report.learned, report.confirmed) == (2, 1)
    assert not report.stopped


def test_it_is_laid_over_the_list(
    hub: LoopbackHub, catalogue: HubCatalogue, offline: Callable[[], HubCatalogue]
) -> None:
    sha = hub.add_model("a/One", {"m-Q4_K_M.gguf": SparseFile(b"", 2_000, SHA_B)}, downloads=7)
    models = [
        listed("a/One", file("a/One", about_bytes=1_900, sha256=SHA_A)),
        listed("gone/Two", file("gone/Two")),
    ]
    assert catalogue.lay_over(models) == (tuple(models), None)
    report = run(catalogue, *models)
    laid = offline().lay_over(models)
    assert laid.refreshed is not None
    assert report.date - 60 < laid.refreshed <= report.date
    one, two = laid.models
    (kept,) = one.variants[0].files
    assert (kept.size_bytes, kept.sha256, kept.revision) == (2_000, SHA_B, sha)
    assert (one.downloads, one.variants_known, one.curated) == (7, True, True)
    assert (two.gguf_repos, two.variants) == ((), ())


def test_a_mirror_with_few_models_does_not_empty_the_list(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    hub.add_model("a/One", {"m-Q4_K_M.gguf": SparseFile(b"", 2_000, SHA_B)})
    models = [listed(repo, file(repo)) for repo in ("a/One", "gone/Two", "gone/Three")]
    for _ in range(2):
        report = run(catalogue, *models)
        assert (report.changes, report.absent) == ((), ("gone/Two", "gone/Three"))
        laid = catalogue.lay_over(models).models
        assert laid[0].variants[0].size_bytes == 2_000
        assert laid[1:] == tuple(models[1:])
        assert not any(model.is_gone for model in laid)


def test_a_mirror_that_has_a_model_elsewhere_is_asked_for_it_there(
    hub: LoopbackHub, catalogue: HubCatalogue
) -> None:
    hub.add_model("b/One", {"m-Q4_K_M.gguf": SparseFile(b"", 2_000, SHA_B)})
    model = replace(listed("a/One", file("a/One")), gguf_repos=("a/One", "b/One"))
    others = [listed(f"gone/{number}", file(f"gone/{number}")) for number in range(3)]
    report = run(catalogue, model, *others)
    assert sentences(report) == ["a/One is gone from the Hub, or no longer public."]
    assert report.absent == ("gone/0", "gone/1", "gone/2")
    laid = catalogue.lay_over([model]).models[0]
    assert [(one.repo, one.size_bytes) for one in laid.variants] == [("b/One", 2_000)]
    assert run(catalogue, model, *others).changes == ()


def test_a_model_of_which_nothing_is_left_says_so_until_it_is_back(
    hub: LoopbackHub, catalogue: HubCatalogue
) -> None:
    hub.add_model("a/One", {"m-Q4_K_M.gguf": SparseFile(b"", 2_000, SHA_B)})
    models = [listed("a/One", file("a/One")), listed("gone/Two", file("gone/Two"))]
    assert len(run(catalogue, *models).changes) == 1
    one, two = catalogue.lay_over(models).models
    assert (one.is_gone, two.is_gone) == (False, True)
    gone = "The Hub has none of the repositories with its files any more, so it cannot be downloaded."
    assert [say(note) for note in curated_notes(two)] == [gone]
    assert curated_notes(one) == ()
    assert run(catalogue, *models).changes == ()
    hub.add_model("gone/Two", {"m-Q4_K_M.gguf": SparseFile(b"", 3_000, SHA_A)})
    back = run(catalogue, *models)
    assert sentences(back) == ["gone/Two is on the Hub again."]
    assert (back.learned, back.confirmed) == (1, 1)
    two = catalogue.lay_over(models).models[1]
    assert (two.is_gone, two.variants[0].size_bytes, curated_notes(two)) == (False, 3_000, ())


def test_what_two_repositories_say_differently_is_no_news(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    content = {"m-Q4_K_M.gguf": SparseFile(b"", 2_000, SHA_A)}
    hub.add_model("a/One", content, gguf={"total": 1_000, "context_length": 4096})
    hub.add_model("b/One", content, gguf={"total": 1_001, "context_length": 8192}, gated="auto")
    hub.add_model("a/Old", {"m-Q4_K_M.gguf": b"GGUF"})
    hub.rename_model("a/Old", "a/New")
    one = replace(listed("a/One", file("a/One")), gguf_repos=("a/One", "b/One"))
    models = (one, listed("a/Old", file("a/Old")))
    assert sentences(run(catalogue, *models)) == ["a/Old is now called a/New."]
    assert run(catalogue, *models).changes == ()
    hub.add_model("b/One", content, gguf={"total": 1_002, "context_length": 8192})
    assert sentences(run(catalogue, *models)) == [
        "b/One can now be fetched without accepting terms first.",
        "b/One: the number of weights was 1,001 and is now 1,002.",
    ]


def test_without_a_network_a_refreshed_model_is_known(
    hub: LoopbackHub, catalogue: HubCatalogue, offline: Callable[[], HubCatalogue]
) -> None:
    hub.add_model("a/One", {"m-Q4_K_M.gguf": SparseFile(b"", 2_000, SHA_B)})
    listed_one = listed("a/One", file("a/One"))
    run(catalogue, listed_one)
    (model,) = offline().lay_over([listed_one]).models
    assert offline().details(model) == model
    with pytest.raises(UserError):
        offline().details(listed_one)


def test_a_second_one_tells_only_what_is_new(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    hub.add_model("a/One", {"m-Q4_K_M.gguf": SparseFile(b"", 2_000, SHA_A)})
    model = listed("a/One", file("a/One", size_bytes=1_000))
    assert len(run(catalogue, model).changes) == 1
    again = run(catalogue, model)
    assert (again.changes, again.learned, again.confirmed) == ((), 0, 1)
    hub.add_model(
        "a/One", {"m-Q4_K_M.gguf": SparseFile(b"", 2_000, SHA_A), "m-Q8_0.gguf": b"x"}, gated="auto"
    )
    assert sentences(run(catalogue, model)) == [
        "a/One now asks for its terms to be accepted before files can be fetched.",
        "a/One: m-Q8_0.gguf is new.",
    ]


def test_what_failed_stays_as_it_was_and_is_reported(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    for name in ("One", "Two", "Three"):
        hub.add_model(f"a/{name}", {"m-Q4_K_M.gguf": SparseFile(b"", 2_000, SHA_A)})
    models = [listed(f"a/{name}", file(f"a/{name}")) for name in ("One", "Two", "Three")]
    run(catalogue, *models)
    hub.set_file("a/Two", "m-Q4_K_M.gguf", SparseFile(b"", 3_000, SHA_B))
    hub.set_file("a/Three", "m-Q4_K_M.gguf", SparseFile(b"", 3_000, SHA_B))
    hub.fail_next(path="a/Two", status=500)
    report = run(catalogue, *models)
    assert [(one.repo, one.error.key) for one in report.failed] == [("a/Two", "network-server-error")]
    assert {change.repo for change in report.changes} == {"a/Three"}
    sizes = [model.variants[0].size_bytes for model in catalogue.lay_over(models).models]
    assert sizes == [2_000, 2_000, 3_000]


def test_progress_and_stopping(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    models = []
    for number in range(5):
        hub.add_model(f"a/M{number}", {"m-Q4_K_M.gguf": bytes(number + 1)})
        models.append(listed(f"a/M{number}", file(f"a/M{number}")))
    seen: list[tuple[int, int, str]] = []
    stop = threading.Event()

    def note(done: int, total: int, repo: str) -> None:
        seen.append((done, total, repo))
        if done == 2 and repo:
            stop.set()

    report = catalogue.refresh(models, note, stop)
    assert seen == [(0, 5, "a/M0"), (1, 5, "a/M1"), (2, 5, "a/M2"), (3, 5, "")]
    assert report.stopped
    assert (report.answered, report.not_asked, report.failed) == (3, 2, ())
    laid = catalogue.lay_over(models)
    assert [model.variants[0].size_bytes for model in laid.models] == [1, 2, 3, None, None]
    # Three of five: nobody can say that the list was checked.
    assert laid.refreshed is None
    first = catalogue.refresh(models[:1], lambda *_: None).date
    whole = catalogue.refresh(models, lambda *_: None).date
    assert first < (catalogue.lay_over(models).refreshed or 0) <= whole


def test_a_busy_hub_is_waited_for(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    hub.add_model("a/One", {"m-Q4_K_M.gguf": b"GGUF"})
    hub.fail_next(status=429, retry_after_s=0)
    report = run(catalogue, listed("a/One", file("a/One")))
    assert (report.answered, report.failed) == (1, ())


def test_a_hub_that_stays_busy_is_left_alone(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    for name in ("One", "Two", "Three"):
        hub.add_model(f"a/{name}", {"m-Q4_K_M.gguf": b"GGUF"})
    models = [listed(f"a/{name}", file(f"a/{name}")) for name in ("One", "Two", "Three")]
    hub.fail_next(100, path="a/Two", status=429, retry_after_s=3600)
    report = run(catalogue, *models)
    assert [(one.repo, one.error.key) for one in report.failed] == [("a/Two", "network-busy-minutes")]
    assert report.failed[0].error.facts["seconds"] == 3600
    assert (report.answered, report.not_asked) == (1, 1)
    assert not [one for one in hub.requests if "a/Three" in one.path]


def test_waiting_for_a_busy_hub_can_be_stopped(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    stop = threading.Event()

    def busy(_: HubRequest) -> Answer:
        stop.set()
        return problem(429, "", "slowly", **{"Retry-After": "100"})

    hub.answer_with("/api/models/a/One", busy)
    report = catalogue.refresh([listed("a/One", file("a/One"))], lambda *_: None, stop)
    assert report.stopped
    assert (report.answered, report.failed) == (0, ())


def test_a_connection_that_is_gone_ends_it(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    models = []
    for number in range(9):
        hub.add_model(f"a/M{number}", {"m-Q4_K_M.gguf": b"GGUF"})
        models.append(listed(f"a/M{number}", file(f"a/M{number}")))

    def nobody(done: int, total: int, repo: str) -> None:
        if done == 1:
            hub.fail_next(100, status=0)

    report = catalogue.refresh(models, nobody)
    assert (report.answered, len(report.failed), report.not_asked) == (1, 3, 5)


def test_without_a_network_there_is_no_report(hub: LoopbackHub, offline: Callable[[], HubCatalogue]) -> None:
    with pytest.raises(UserError) as caught:
        run(offline(), listed("a/One", file("a/One")))
    assert caught.value.key == "network-offline"


def test_an_empty_list_is_soon_done(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    assert run(catalogue).total == 0
    assert hub.requests == []
