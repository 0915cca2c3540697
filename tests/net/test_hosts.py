"""Whom the program may ask."""

from __future__ import annotations

import re

import pytest

from slmdesk.net import Network, is_loopback, read_hosts
from slmdesk.net.hosts import HostRules
from tests.hub import LoopbackHub
from tests.hub.answers import Answer
from tests.net.forward_proxy import ForwardProxy
from tests.net.reasons import WHY, refused


@pytest.mark.parametrize(
    ("host", "is_one"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("a.localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        ("localhost.evil.test", False),
        ("127.0.0.1.evil.test", False),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("169.254.169.254", False),
        ("", False),
    ],
)
def test_this_computer(host: str, is_one: bool) -> None:
    assert is_loopback(host) is is_one


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("", ()),
        ("a.example.org", ("a.example.org",)),
        (" A.example.org,*.cdn.test;  b ", ("a.example.org", "*.cdn.test", "b")),
        ("https://Hub.test/models?x", ("hub.test",)),
        ("a.test a.test.", ("a.test",)),
        ("żółw.example", ("żółw.example",)),
    ],
)
def test_hosts_are_read_as_a_person_writes_them(text: str, hosts: tuple[str, ...]) -> None:
    assert read_hosts(text) == hosts
    assert read_hosts(", ".join(hosts)) == hosts


@pytest.mark.parametrize(
    "word", ["*", "*.", "a..b", "-a.test", "a_b", "a:80", "x" * 64, "*.*.test", "a*b.test"]
)
def test_what_is_no_host_is_named(word: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(word)}$"):
        read_hosts(f"good.test {word}")


HUB = HostRules("https://huggingface.co")
COMPANY = HostRules("http://hub.company.test:8080", ("https://Store.company.test/path", "*.cdn.test"))
HERE = HostRules("http://127.0.0.1:1234")


@pytest.mark.parametrize(
    ("rules", "scheme", "host", "problem"),
    [
        (HUB, "https", "huggingface.co", ""),
        (HUB, "https", "HuggingFace.co.", ""),
        (HUB, "https", "cdn-lfs-us-1.hf.co", ""),
        (HUB, "https", "cas-bridge.xethub.hf.co", ""),
        (HUB, "https", "cdn-lfs.huggingface.co", ""),
        (HUB, "http", "huggingface.co", "insecure"),
        (HUB, "https", "evilhf.co", "host-not-allowed"),
        (HUB, "https", "hf.co.evil.test", "host-not-allowed"),
        (HUB, "https", "huggingface.co.evil.test", "host-not-allowed"),
        (HUB, "https", "localhost", "host-not-allowed"),
        (HUB, "http", "127.0.0.1", "host-not-allowed"),
        (HUB, "https", "169.254.169.254", "host-not-allowed"),
        (HUB, "file", "", "host-not-allowed"),
        (COMPANY, "http", "hub.company.test", ""),
        (COMPANY, "https", "store.company.test", ""),
        (COMPANY, "http", "a.b.cdn.test", ""),
        (COMPANY, "http", "cdn.test", "host-not-allowed"),
        (COMPANY, "https", "cdn-lfs.hf.co", ""),
        (COMPANY, "http", "cdn-lfs.hf.co", "host-not-allowed"),
        (COMPANY, "ftp", "store.company.test", "insecure"),
        (HERE, "http", "localhost", ""),
        (HERE, "http", "::1", ""),
        (HERE, "http", "example.test", "host-not-allowed"),
    ],
)
def test_rules(rules: HostRules, scheme: str, host: str, problem: str) -> None:
    if problem:
        with refused(problem, host=host):
            rules.check(scheme, host)
    else:
        rules.check(scheme, host)


def test_a_name_in_other_letters_is_the_same_host() -> None:
    HostRules("https://xn--mnchen-3ya.test").check("https", "münchen.test")
    HostRules("https://MÜNCHEN.test").check("https", "xn--mnchen-3ya.test")


def test_the_token_is_for_the_endpoint_alone() -> None:
    assert HUB.may_have_token("https://huggingface.co/api/models")
    assert HUB.may_have_token("https://huggingface.co:443/api/models")
    for other in ("http://huggingface.co/x", "https://huggingface.co:8443/x", "https://cdn-lfs.hf.co/x"):
        assert not HUB.may_have_token(other)


def test_a_redirect_to_another_host_is_not_followed(hub: LoopbackHub, network: Network) -> None:
    hub.add_model("maker/model", {"a.gguf": b"GGUF"})
    elsewhere = Answer(302, {"Location": "http://169.254.169.254/latest/meta-data"})
    hub.answer_with("/api/models/maker/model", lambda _: elsewhere)
    hub.answer_with("/file", lambda _: elsewhere)
    with refused("host-not-allowed", host="169.254.169.254"):
        network.hub(WHY).model_info("maker/model")
    with refused("host-not-allowed", host="169.254.169.254"):
        network.ranged(f"{hub.endpoint}/file", why=WHY).read_at(0, 1)
    with refused("host-not-allowed", host="169.254.169.254"):
        network.read_text(f"{hub.endpoint}/file", why=WHY, most_bytes=1)
    assert [entry.was_sent for entry in network.log.entries()] == [True, False] * 3


def test_a_host_that_is_added_may_be_asked_at_once(hub: LoopbackHub) -> None:
    """It is not there, and that is found out by asking: the rule alone no longer stops it."""
    with ForwardProxy(1) as proxy:
        pass
    added: list[str] = []
    environment = {**hub.environment, "HTTP_PROXY": proxy.address}
    network = Network(environment=environment, allowed_hosts=lambda: added)
    with refused("host-not-allowed"):
        network.read_text("http://nowhere.invalid/x", why=WHY, most_bytes=1)
    added.append("*.invalid")
    with refused("proxy-unreachable", host="nowhere.invalid"):
        network.read_text("http://nowhere.invalid/x", why=WHY, most_bytes=1)
    network.close()


def test_nobody_listens() -> None:
    closed = LoopbackHub()
    closed.close()
    gone = Network(environment=closed.environment)
    with refused("no-connection", host="127.0.0.1"):
        gone.hub(WHY).model_info("maker/model")
    (entry,) = gone.log.entries()
    assert not entry.was_sent
    gone.close()
