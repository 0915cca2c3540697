"""A search on the Hub, with the real client against a Hub on this computer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from slmdesk.catalogue import HubCatalogue, HubPage, HubQuery
from slmdesk.catalogue.asking import first_page, read_page
from slmdesk.catalogue.query import PAGE_SIZE
from slmdesk.messages import Message, UserError
from slmdesk.net import Network
from tests.hub import HubRequest, LoopbackHub
from tests.hub.answers import Answer, json_answer

CONFIG = b"{}"


def page_of(catalogue: HubCatalogue, query: HubQuery, cursor: str = "") -> HubPage:
    page = catalogue.search(query, cursor)
    assert page is not None
    return page


def ids(page: HubPage) -> list[str]:
    return [model.id for model in page.models]


def add_some(hub: LoopbackHub, count: int, **facts: object) -> None:
    for number in range(count):
        hub.add_model(
            f"maker/Model-{number:03d}-1B-GGUF",
            {f"model-{number}.Q4_K_M.gguf": b"GGUF"},
            downloads=1000 - number,
            likes=number,
            last_modified=f"2026-01-{number % 28 + 1:02d}T00:00:00.000Z",
            **facts,  # type: ignore[arg-type]
        )


def test_a_model_and_all_that_is_said_of_it(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    sha = hub.add_model(
        "Qwen/Qwen3-4B-GGUF",
        {"Qwen3-4B-Q4_K_M.gguf": b"GGUF", "Qwen3-4B-Q8_0.gguf": b"GGUF", "README.md": b"# x"},
        downloads=12,
        likes=3,
        gated="auto",
        gguf={"total": 4_022_468_096, "architecture": "qwen3", "context_length": 40960},
        tags=["conversational", "base_model:quantized:Qwen/Qwen3-4B", "function-calling"],
        card={"license": "apache-2.0", "language": ["en", "pl"]},
    )
    (model,) = page_of(catalogue, HubQuery(text="qwen3", format="gguf")).models
    assert (model.id, model.name, model.publisher) == ("Qwen/Qwen3-4B", "Qwen3 4B", "Qwen")
    assert (model.size_label, model.billions, model.tier) == ("4B", 4.0, "small")
    assert (model.licence.id, model.licence.commercial_use) == ("apache-2.0", "yes")
    assert model.languages.codes == ("en", "pl")
    assert model.abilities == ("chat", "tools")
    assert (model.context_length, model.context_kind) == (40960, "header")
    assert model.dimensions is not None
    assert (model.dimensions.architecture, model.dimensions.parameters) == ("qwen3", 4_022_468_096)
    assert model.gguf_repos == ("Qwen/Qwen3-4B-GGUF",)
    assert (model.gated, model.downloads, model.likes, model.updated) == ("auto", 12, 3, "2026-11-24")
    assert [variant.label for variant in model.variants] == ["Q8_0", "Q4_K_M"]
    assert {file.revision for variant in model.variants for file in variant.files} == {sha}
    assert not model.variants_known
    assert not model.curated


def test_anybody_may_say_that_theirs_is_made_from_a_known_one(
    hub: LoopbackHub, catalogue: HubCatalogue
) -> None:
    hub.add_model("stranger/Qwen3-4B-GGUF", {"m-Q4_0.gguf": b""}, tags=["base_model:quantized:Qwen/Qwen3-4B"])
    assert ids(page_of(catalogue, HubQuery())) == ["stranger/Qwen3-4B-GGUF"]


def test_the_hub_filters(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    hub.add_model("a/Small-1B", {"m-Q4_0.gguf": b""}, gguf={"total": 10**9}, card={"license": "mit"})
    hub.add_model("a/Large-7B", {"m-Q4_0.gguf": b""}, gguf={"total": 7 * 10**9}, card={"license": "mit"})
    hub.add_model("a/Other-1B", {"m-Q4_0.gguf": b""}, gguf={"total": 10**9}, card={"license": "gpl-3.0"})
    found = page_of(catalogue, HubQuery(format="gguf", licence="mit", least_billions=0.5, most_billions=3))
    assert ids(found) == ["a/Small-1B"]
    asked = parse_qs(hub.requests[-1].query)
    assert asked["filter"] == ["gguf", "license:mit"]
    assert asked["num_parameters"] == ["min:0,max:4B"]
    assert "gguf" in asked["expand"]


def test_formats_are_told_apart(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    hub.add_model("a/G-1B", {"g-Q4_0.gguf": b""}, downloads=5)
    hub.add_model("a/O-1B", {"cpu/genai_config.json": CONFIG, "cpu/model.onnx": b""}, downloads=9)
    hub.add_model("a/W-1B", {"onnx/model.onnx": b""}, downloads=99)
    assert ids(page_of(catalogue, HubQuery(format="gguf"))) == ["a/G-1B"]
    assert ids(page_of(catalogue, HubQuery(format="onnx"))) == ["a/O-1B"]
    both = page_of(catalogue, HubQuery())
    assert ids(both) == ["a/O-1B", "a/G-1B"]
    assert both.models[0].onnx_repos == ("a/O-1B",)


def test_what_writes_no_text_is_left_out(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    hub.add_model("a/Pictures", {"m-Q4_0.gguf": b""}, pipeline_tag="text-to-image")
    hub.add_model("a/Unfiled", {"m-Q4_0.gguf": b""}, pipeline_tag=None)
    hub.add_model("a/Only-mmproj", {"mmproj-F16.gguf": b""})
    assert ids(page_of(catalogue, HubQuery(format="gguf"))) == ["a/Unfiled"]


@pytest.mark.parametrize(
    ("sort", "first"),
    [("downloads", "maker/Model-000-1B-GGUF"), ("likes", "maker/Model-027-1B-GGUF"),
     ("last_modified", "maker/Model-027-1B-GGUF")],
)  # fmt: skip
def test_sorting(hub: LoopbackHub, catalogue: HubCatalogue, sort: str, first: str) -> None:
    add_some(hub, 28)
    assert ids(page_of(catalogue, HubQuery(sort=sort)))[0] == first  # type: ignore[arg-type]


def test_pages_follow_each_other(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    add_some(hub, 120)
    hub.add_model("a/O-1B", {"genai_config.json": CONFIG, "model.onnx": b""}, downloads=1)
    query, cursor, found = HubQuery(), "", []
    pages = 0
    while pages == 0 or cursor:
        page = page_of(catalogue, query, cursor)
        found += ids(page)
        cursor = page.next
        pages += 1
    assert pages == -(-120 // PAGE_SIZE)
    assert len(found) == len(set(found)) == 121
    assert len(hub.requests) == pages + 1


def test_pages_of_little_use_are_passed_over(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    for number in range(60):
        hub.add_model(f"a/Web-{number}", {"onnx/model.onnx": b""}, downloads=1000)
    hub.add_model("a/Wanted", {"genai_config.json": CONFIG, "model.onnx": b""})
    page = page_of(catalogue, HubQuery(format="onnx"))
    assert ids(page) == ["a/Wanted"]
    assert len(hub.requests) == 2


def test_a_link_to_elsewhere_leads_to_the_hub_all_the_same(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    add_some(hub, 2)
    rows = [{"id": "a/One-1B", "tags": ["gguf"], "siblings": [{"rfilename": "a-Q4_0.gguf"}]}]
    answers = [
        json_answer(rows, Link='<https://elsewhere.example/steal?cursor=x>; rel="next"'),
        json_answer([]),
    ]
    hub.answer_with("/api/models", lambda _: answers.pop(0))
    assert ids(page_of(catalogue, HubQuery(format="gguf"))) == ["a/One-1B"]
    assert [(one.path, one.query) for one in hub.requests][1:] == [("/api/models", "cursor=x")]


def test_without_a_network_what_was_found_last(
    hub: LoopbackHub, catalogue: HubCatalogue, offline: Callable[[], HubCatalogue]
) -> None:
    add_some(hub, 60)
    first = page_of(catalogue, HubQuery(format="gguf"))
    second = page_of(catalogue, HubQuery(format="gguf"), first.next)
    asked = len(hub.requests)
    away = offline()
    again = page_of(away, HubQuery(format="gguf"))
    assert (again.models, again.next, again.date) == (first.models, first.next, first.date)
    assert again.stale
    assert again.problem is not None
    assert again.problem.key == "network-offline"
    assert page_of(away, HubQuery(format="gguf"), again.next).models == second.models
    with pytest.raises(UserError) as caught:
        away.search(HubQuery(format="gguf", text="never asked"))
    assert caught.value.key == "network-offline"
    assert len(hub.requests) == asked


def test_without_a_network_other_words_find_what_was_found_before(
    hub: LoopbackHub, catalogue: HubCatalogue, offline: Callable[[], HubCatalogue]
) -> None:
    for number, licence in ((1, "mit"), (11, "apache-2.0"), (12, "mit")):
        name = f"maker/Filler-{number}-3B"
        hub.add_model(name, {"m-Q4_K_M.gguf": b"x"}, downloads=number, card={"license": licence})
    first = page_of(catalogue, HubQuery(text="filler-1", format="gguf"))
    page_of(catalogue, HubQuery(text="filler-12"))
    away = offline()
    found = page_of(away, HubQuery(text="FILLER 3b", format="gguf"))
    assert ids(found) == ["maker/Filler-12-3B", "maker/Filler-11-3B", "maker/Filler-1-3B"]
    assert (found.date, found.next, found.stale) == (first.date, "", True)
    assert found.problem is not None
    assert found.problem.key == "network-offline"
    assert ids(page_of(away, HubQuery(text="filler-11"))) == ["maker/Filler-11-3B"]
    assert ids(page_of(away, HubQuery(text="filler", licence="apache-2.0"))) == ["maker/Filler-11-3B"]
    for nothing in (
        HubQuery(text="filler-2"),
        HubQuery(text="filler", format="onnx"),
        HubQuery(text="filler", least_billions=4.0),
        HubQuery(text=" "),
    ):
        with pytest.raises(UserError):
            away.search(nothing)


@pytest.mark.parametrize("text", ["żółw 🐢", "a&b=c#d%", "\udcff", "x" * 5_000, " \n\t "])
def test_any_text_can_be_looked_for(
    hub: LoopbackHub, catalogue: HubCatalogue, offline: Callable[[], HubCatalogue], text: str
) -> None:
    assert page_of(catalogue, HubQuery(text=text, format="gguf")).models == ()
    assert page_of(offline(), HubQuery(text=f"  {text}", format="gguf")).stale


def test_a_server_in_trouble_is_no_reason_to_show_nothing(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    add_some(hub, 3)
    before = page_of(catalogue, HubQuery(format="gguf"))
    hub.fail_next(status=503)
    after = page_of(catalogue, HubQuery(format="gguf"))
    assert after.stale
    assert after.models == before.models
    assert not page_of(catalogue, HubQuery(format="gguf")).stale


def test_a_stale_search_is_stopped_between_pages(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    for number in range(150):
        hub.add_model(f"a/Web-{number}", {"onnx/model.onnx": b""})
    stop = threading.Event()

    def answer(request: HubRequest) -> Answer:
        stop.set()
        return json_answer([], Link=f'<{hub.endpoint}/api/models?cursor=x>; rel="next"')

    hub.answer_with("/api/models", answer)
    assert catalogue.search(HubQuery(), stop=stop) is None
    assert len(hub.requests) == 1


def test_what_comes_after_the_stop_is_thrown_away(
    hub: LoopbackHub, catalogue: HubCatalogue, offline: Callable[[], HubCatalogue]
) -> None:
    add_some(hub, 3)
    hub.hold = threading.Event()
    stop = threading.Event()
    found: list[HubPage | None] = []
    query = HubQuery(format="gguf")
    thread = threading.Thread(target=lambda: found.append(catalogue.search(query, stop=stop)))
    thread.start()
    stop.set()
    hub.hold.set()
    thread.join()
    assert found == [None]
    with pytest.raises(UserError):
        offline().search(query)


def test_a_stopped_search_asks_nothing(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    stop = threading.Event()
    stop.set()
    assert catalogue.search(HubQuery(), stop=stop) is None
    assert hub.requests == []


@pytest.mark.parametrize(
    "body",
    [b"{}", b"not json", b"[" * 100_000, b'"\xff\xfe"', b"null"],
    ids=["object", "text", "deep", "bytes", "null"],
)
def test_an_answer_that_is_none(hub: LoopbackHub, catalogue: HubCatalogue, body: bytes) -> None:
    answer = Answer(headers={"Content-Type": "application/json"}, body=body)
    hub.answer_with("/api/models", lambda _: answer)
    with pytest.raises(UserError) as caught:
        catalogue.search(HubQuery(format="gguf"))
    assert caught.value.key == "network-unexpected-answer"


def test_rows_that_make_no_sense_are_left_out(hub: LoopbackHub, catalogue: HubCatalogue) -> None:
    good = {"id": "a/Good-1B", "tags": ["gguf"], "siblings": [{"rfilename": "a-Q4_0.gguf"}]}
    rows = [
        7, {}, {"id": 5}, {"id": "../../etc"}, {**good, "siblings": [{}]}, {**good, "lastModified": "never"},
        {**good, "id": "a/Odd-2B", "tags": "gguf", "gguf": [1], "downloads": "many", "cardData": "x",
         "gated": "perhaps", "author": 3, "sha": 12, "likes": -1,
         "siblings": [{"rfilename": "../evil-Q4_0.gguf"}, {"rfilename": "ok-Q4_0.gguf"}]},
        good,
    ]  # fmt: skip
    hub.answer_with("/api/models", lambda _: json_answer(rows))
    odd, fine = page_of(catalogue, HubQuery(format="gguf")).models
    assert (odd.id, odd.downloads, odd.likes, odd.gated, odd.dimensions) == (
        "a/Odd-2B",
        None,
        None,
        "manual",
        None,
    )
    assert [file.path for variant in odd.variants for file in variant.files] == ["ok-Q4_0.gguf"]
    assert fine.id == "a/Good-1B"


def test_why_is_in_the_log_of_the_network(
    hub: LoopbackHub, catalogue: HubCatalogue, network: Network
) -> None:
    page_of(catalogue, HubQuery(format="gguf"))
    assert [entry.why.key for entry in network.log.entries()] == ["hub-why-search"]


def test_the_search_is_that_of_huggingface_hub(hub: LoopbackHub, network: Network) -> None:
    """The same rows, asked for in the same words: those of `HfApi.list_models`."""
    add_some(hub, 5)
    query = HubQuery(text="model", format="gguf", licence="", sort="likes", least_billions=0.5)
    parameters = query.parameters("gguf")
    ours, _ = read_page(network, first_page(parameters))
    api = network.hub(Message("hub-why-search"))
    theirs = list(api.list_models(**parameters))  # type: ignore[arg-type]
    assert [one.id for one in ours] == [one.id for one in theirs]
    first, second = (parse_qs(request.query) for request in hub.requests)
    assert first == second


def test_nothing_is_written_elsewhere(hub: LoopbackHub, catalogue: HubCatalogue, folder: Path) -> None:
    add_some(hub, 1)
    page_of(catalogue, HubQuery(format="gguf"))
    assert {file.parent.name for file in folder.rglob("*") if file.is_file()} == {"searches"}
