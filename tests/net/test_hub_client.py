"""huggingface_hub over our client: what it never does, and what is said when the Hub refuses."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from slmdesk.messages import Message, one_line
from slmdesk.net import Network
from slmdesk.net.failures import status_error
from tests.hub import HubRequest, LoopbackHub
from tests.hub.answers import Answer, json_answer
from tests.net.reasons import WHY, refused


def test_it_asks_for_nothing_by_itself_and_says_little(hub: LoopbackHub, network: Network) -> None:
    hub.add_model("maker/model", {"README.md": b"text"})
    network.hub(WHY).model_info("maker/model")
    assert [one.path for one in hub.requests] == ["/api/models/maker/model"]
    (asked,) = hub.requests
    assert asked.user_agent.startswith("slmdesk/")
    assert set(asked.headers) == {"host", "accept", "accept-encoding", "connection", "user-agent"}


_WITH_A_TOKEN_AT_HOME = """
import sys
from slmdesk.messages import Message
from slmdesk.net import Network

Network().hub(Message("network-why-unknown")).model_info("maker/model")
print([name for name in ("hf_xet", "torch") if name in sys.modules])
"""


def test_a_token_that_lies_in_the_home_is_not_sent(hub: LoopbackHub, tmp_path: Path) -> None:
    """Also nothing is asked that the library asks by itself at its first use: so in a process of its own."""
    hub.add_model("maker/model", {"README.md": b"text"})
    (tmp_path / "token").write_text("hf_lying_about")
    environment = {**os.environ, **hub.environment, "HF_HOME": str(tmp_path), "HF_TOKEN": "hf_in_environment"}
    for name in ("HF_HUB_DISABLE_TELEMETRY", "HF_HUB_DISABLE_IMPLICIT_TOKEN"):
        environment.pop(name, None)
    ran = subprocess.run(
        [sys.executable, "-c", _WITH_A_TOKEN_AT_HOME],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == "[]"
    assert [(one.path, one.token) for one in hub.requests] == [("/api/models/maker/model", "")]


def test_a_token_that_is_given_goes_to_the_hub_alone(hub: LoopbackHub, network: Network) -> None:
    """A page of a list may name any address for the next one, and the library sends its headers there."""
    hub.add_model("maker/model", {"a.gguf": b"GGUF"})
    elsewhere = f"{hub.store}/next"
    hub.answer_with("/api/models", lambda _: json_answer([], Link=f'<{elsewhere}>; rel="next"'))
    hub.answer_with("/next", lambda _: json_answer([]))
    assert list(network.hub(WHY, token="hf_mine").list_models()) == []
    assert [(one.host, one.token) for one in hub.requests] == [("127.0.0.1", "hf_mine"), ("localhost", "")]


def test_no_cookie_is_kept(hub: LoopbackHub, network: Network) -> None:
    hub.answer_with(
        "/api/models", lambda _: json_answer([], **{"Set-Cookie": "who=somebody; Path=/; Max-Age=1000"})
    )
    for _ in range(2):
        assert list(network.hub(WHY).list_models()) == []
    assert all("cookie" not in one.headers for one in hub.requests)


def test_each_request_is_logged_for_whoever_asked(hub: LoopbackHub) -> None:
    """The library has one client for all; two networks and two reasons are not mixed up."""
    hub.add_model("maker/model", {"a.gguf": b"GGUF"})
    first, second = Network(environment=hub.environment), Network(environment=hub.environment)
    reasons = [Message("setting-model"), Message("setting-theme")]
    late = first.hub(reasons[0]).list_models()
    second.hub(reasons[1]).model_info("maker/model")
    gc.collect()
    list(late)
    assert [one.why for one in first.log.entries()] == [reasons[0]]
    assert [one.why for one in second.log.entries()] == [reasons[1]]
    first.close()
    second.close()


def test_a_request_that_nobody_wanted_is_not_made(hub: LoopbackHub, network: Network) -> None:
    hub.add_model("maker/model", {"a.gguf": b"GGUF"})
    network.hub(WHY).model_info("maker/model")
    from huggingface_hub.utils._http import get_session

    with pytest.raises(PermissionError, match="on its own"):
        get_session().get(f"{hub.endpoint}/api/agent-harnesses")
    assert len(hub.requests) == 1


def test_renamed_models_are_found(hub: LoopbackHub, network: Network) -> None:
    hub.add_model("old/name", {"a.gguf": b"GGUF"})
    hub.rename_model("old/name", "new/name")
    assert network.hub(WHY).model_info("old/name").id == "new/name"


@pytest.mark.parametrize(
    ("token", "key"),
    [
        ("", "gated-no-token"),
        ("hf_stranger", "gated-not-accepted"),
        ("hf_denied", "gated-denied"),
        ("hf_wrong", "token-refused"),
    ],
)
def test_gated_models(hub: LoopbackHub, network: Network, tmp_path: Path, token: str, key: str) -> None:
    hub.add_model(
        "maker/gated", {"a.gguf": b"GGUF"}, gated="manual", denied=["hf_denied"], accepted_by=["hf_in"]
    )
    hub.invalid_tokens.add("hf_wrong")
    facts = {} if key == "token-refused" else {"repo": "maker/gated"}
    with refused(key, **facts):
        network.hub(WHY, token=token).hf_hub_download("maker/gated", "a.gguf", cache_dir=tmp_path)
    file = network.ranged(network.url_of("maker/gated", "a.gguf", "main"), why=WHY, token=token)
    with refused(key, **facts):
        file.read_at(0, 4)
    accepted = network.ranged(network.url_of("maker/gated", "a.gguf", "main"), why=WHY, token="hf_in")
    assert accepted.read_at(0, 4) == b"GGUF"


def test_what_is_not_there(hub: LoopbackHub, network: Network, tmp_path: Path) -> None:
    hub.add_model("maker/model", {"a.gguf": b"GGUF"})
    api = network.hub(WHY)
    with refused("not-found", what="maker/none", host="127.0.0.1"):
        api.model_info("maker/none")
    with refused("not-found", what="maker/model"):
        list(api.list_repo_tree("maker/model", revision="0" * 40))
    with refused("not-found", what="maker/model"):
        api.hf_hub_download("maker/model", "b.gguf", cache_dir=tmp_path)
    with refused("bad-name"):
        api.model_info("no name at all!")


@pytest.mark.parametrize(
    ("wait_s", "words"),
    [(119, "119 seconds"), (120, "2 minutes"), (3601, "61 minutes"), (86_400, "24 hours")],
)
def test_a_long_pause_is_told_in_minutes_or_hours(wait_s: int, words: str) -> None:
    error = status_error(429, {"retry-after": str(wait_s)}, "h", "/api/models", has_token=False)
    assert f"a pause of {words}" in one_line(error).replace("\N{NO-BREAK SPACE}", " ")
    assert error.facts["seconds"] == wait_s


def test_a_busy_or_broken_server_is_not_asked_again_by_itself(hub: LoopbackHub, network: Network) -> None:
    """The library would wait and try five times, on a thread that nobody can stop."""
    hub.fail_next(status=429, retry_after_s=17)
    with refused("busy", seconds=17):
        list(network.hub(WHY).list_models())
    hub.fail_next(status=503)
    with refused("server-error", status=503):
        list(network.hub(WHY).list_models())
    hub.fail_next(status=418)
    with refused("refused", status=418):
        list(network.hub(WHY).list_models())
    assert len(hub.requests) == 3


def test_a_connection_that_was_closed_meanwhile(hub: LoopbackHub, network: Network) -> None:
    """One that was kept may be closed by a server or a proxy as the next request is on its way."""
    hub.fail_next(status=0)
    with refused("broken-off"):
        list(network.hub(WHY).list_models())
    assert list(network.hub(WHY).list_models()) == []
    hub.fail_next(status=0)
    assert list(network.hub(WHY).list_models()) == []
    hub.fail_next(2, status=0)
    with refused("broken-off"):
        list(network.hub(WHY).list_models())
    assert len(hub.requests) == 1 + 1 + 2 + 2


def _limited_by_the_hubs_own_header(_: HubRequest) -> Answer:
    return Answer(
        429, {"RateLimit": '"api";r=0;t=42', "RateLimit-Policy": '"fixed window";"api";q=500;w=300'}
    )


def test_the_wait_that_the_hub_states_its_own_way(hub: LoopbackHub, network: Network) -> None:
    hub.answer_with("/api/models", _limited_by_the_hubs_own_header)
    with refused("busy", seconds=42):
        list(network.hub(WHY).list_models())


def _circle(request: HubRequest) -> Answer:
    return Answer(302, {"Location": request.path})


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        (lambda _: Answer(200, {"Content-Type": "text/html"}, b"<h1>Log in</h1>"), "page-instead"),
        (lambda _: Answer(200, {"Content-Type": "application/json"}, b'{"id":'), "unexpected-answer"),
        (lambda _: json_answer({"name": "no id"}), "unexpected-answer"),
        (lambda _: json_answer(["not", "a", "model"]), "unexpected-answer"),
        (lambda _: Answer(200, {"Content-Encoding": "gzip"}, b"not packed"), "unexpected-answer"),
        (lambda _: Answer(302, {"Location": "http://["}), "host-not-allowed"),
        (_circle, "unexpected-answer"),
    ],
    ids=["log-in page", "cut-off JSON", "no id", "a list", "not packed", "no address", "circle"],
)
def test_an_answer_that_makes_no_sense(
    hub: LoopbackHub, network: Network, answer: Callable[[HubRequest], Answer], key: str
) -> None:
    hub.answer_with("/api/models/maker/model", answer)
    with refused(key):
        network.hub(WHY).model_info("maker/model")


def test_an_answer_without_end_is_not_read_to_its_end(
    hub: LoopbackHub, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slmdesk.net.network._MOST_API_BYTES", 100_000)
    hub.answer_with("/api/models", lambda _: json_answer([{"id": "x" * 5_000_000}]))
    with refused("too-large", limit_bytes=100_000):
        list(network.hub(WHY).list_models())
    (entry,) = network.log.entries()
    assert entry.received_bytes < 1_000_000


def test_a_server_that_does_not_answer(
    hub: LoopbackHub, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slmdesk.net.transport.READ_S", 0.1)
    hub.hold = threading.Event()
    with refused("timed-out", host="127.0.0.1"):
        network.hub(WHY).model_info("maker/model", timeout=1000)


def test_a_server_that_trickles(hub: LoopbackHub, network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece comes in time, and the whole never."""
    monkeypatch.setattr("slmdesk.net.network._MOST_API_S", -1.0)
    hub.add_model("maker/model", {"a.gguf": b"GGUF"})
    with refused("timed-out"):
        network.hub(WHY).model_info("maker/model")


def test_json_page_by_page(hub: LoopbackHub, network: Network) -> None:
    for name in "abc":
        hub.add_model(f"maker/{name}", {"a.gguf": b"GGUF"})
    hub.page_size = 2
    first = network.read_json(f"{hub.endpoint}/api/models?filter=gguf", why=WHY)
    second = network.read_json(first.next_url, why=WHY)
    assert [row["id"] for row in first.value + second.value] == ["maker/a", "maker/b", "maker/c"]
    assert second.next_url == ""
    hub.answer_with("/garbled", lambda _: Answer(200, {}, b"[[[["))
    with refused("unexpected-answer"):
        network.read_json(f"{hub.endpoint}/garbled", why=WHY)


def test_a_text_is_limited_also_when_it_is_unpacked(hub: LoopbackHub, network: Network) -> None:
    import gzip

    packed = gzip.compress(b"x" * 1_000_000)
    hub.answer_with("/bomb", lambda _: Answer(200, {"Content-Encoding": "gzip"}, packed))
    assert len(packed) < 10_000
    with refused("too-large", limit_bytes=10_000):
        network.read_text(f"{hub.endpoint}/bomb", why=WHY, most_bytes=10_000)
    hub.answer_with("/latin", lambda _: Answer(200, {}, b"caf\xe9"))
    assert network.read_text(f"{hub.endpoint}/latin", why=WHY, most_bytes=10) == "caf\ufffd"


def test_many_threads_at_once(hub: LoopbackHub, network: Network) -> None:
    for number in range(8):
        hub.add_model(f"maker/model-{number}", {"README.md": str(number).encode()})
    found: dict[int, str] = {}

    def ask(number: int) -> None:
        name = f"maker/model-{number}"
        info = network.hub(WHY).model_info(name)
        text = network.read_text(network.url_of(name, "README.md", str(info.sha)), why=WHY, most_bytes=10)
        found[number] = f"{info.id} {text}"

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == {number: f"maker/model-{number} {number}" for number in range(8)}


def test_it_can_be_used_again_after_closing(hub: LoopbackHub, network: Network) -> None:
    hub.add_model("maker/model", {"README.md": b"text"})
    url = network.url_of("maker/model", "README.md", "main")
    assert network.read_text(url, why=WHY, most_bytes=10) == "text"
    network.close()
    assert network.read_text(url, why=WHY, most_bytes=10) == "text"


def test_an_endpoint_that_is_none() -> None:
    for address in ("huggingface.co", "ftp://hub.test", "http://", "https://[", "file:///etc/passwd"):
        network = Network(environment={"HF_ENDPOINT": address})
        with refused("bad-endpoint", address=address.rstrip("/")):
            network.hub(WHY)
        with refused("bad-endpoint"):
            network.read_text(f"{address}/x", why=WHY, most_bytes=1)
    secret = Network(environment={"HF_ENDPOINT": "ftp://me:password@hub.test"})
    with refused("bad-endpoint", address="hub.test"):
        secret.hub(WHY)


def test_the_endpoint() -> None:
    assert Network(environment={}).endpoint == "https://huggingface.co"
    mirror = Network(environment={"HF_ENDPOINT": " https://mirror.test/hub/ "})
    assert mirror.endpoint == "https://mirror.test/hub"
    assert mirror.url_of("o/n", "a folder/b#1.gguf", "refs/pr/1") == (
        "https://mirror.test/hub/o/n/resolve/refs%2Fpr%2F1/a%20folder/b%231.gguf"
    )


_START = """
import json, sys
import slmdesk.net
network = slmdesk.net.Network()
network.endpoint, network.offline
print(json.dumps(sorted({"httpx2", "huggingface_hub", "ssl", "socket", "urllib.request"} & set(sys.modules))))
"""


def test_nothing_heavy_is_imported_before_it_is_used() -> None:
    ran = subprocess.run([sys.executable, "-c", _START], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == []


def test_the_clock_of_an_entry_is_its_beginning(hub: LoopbackHub, network: Network) -> None:
    before = time.time()
    hub.add_model("maker/model", {"README.md": b"text"})
    network.hub(WHY).model_info("maker/model")
    (entry,) = network.log.entries()
    assert before <= entry.when <= time.time()


def test_a_bug_of_ours_is_not_blamed_on_the_hub(
    network: Network, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # So that the innermost of what is called is a module of ours, which gets no number here.
    monkeypatch.setattr("slmdesk.net.transport.READ_S", None)
    with pytest.raises(TypeError):
        network.hub(WHY).model_info("maker/model", timeout=1)
    with pytest.raises(TypeError):
        network.hub(WHY).hf_hub_download("maker/model", "a.gguf", cache_dir=tmp_path)
