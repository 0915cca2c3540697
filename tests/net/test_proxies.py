"""Requests go through the proxy that the environment or the system names."""

from __future__ import annotations

import pytest

from slmdesk.messages import UserError
from slmdesk.net import Network
from slmdesk.net.gnome_proxies import parse
from slmdesk.net.proxies import SystemProxies, find_proxy, system_proxies
from tests.hub import LoopbackHub
from tests.net.forward_proxy import ForwardProxy
from tests.net.reasons import WHY, refused

PROXY = {"HTTPS_PROXY": "http://proxy.test:3128"}
ADDRESS = "http://proxy.test:3128"


def nothing() -> SystemProxies:
    return SystemProxies({}, lambda _host: False)


@pytest.mark.parametrize(
    ("environment", "url", "proxy"),
    [
        ({}, "https://hub.test", None),
        (PROXY, "https://hub.test", ADDRESS),
        (PROXY, "http://hub.test", None),
        ({"https_proxy": "proxy.test:3128"}, "https://hub.test", ADDRESS),
        ({"HTTPS_PROXY": "http://upper.test", "https_proxy": ADDRESS}, "https://hub.test", ADDRESS),
        ({"ALL_PROXY": ADDRESS}, "http://hub.test", ADDRESS),
        ({"ALL_PROXY": "http://all.test", **PROXY}, "https://hub.test", ADDRESS),
        ({"HTTPS_PROXY": "  "}, "https://hub.test", None),
        ({**PROXY, "NO_PROXY": "*"}, "https://hub.test", None),
        ({**PROXY, "NO_PROXY": "other.test, hub.test"}, "https://hub.test", None),
        ({**PROXY, "NO_PROXY": "hub.test"}, "https://a.hub.test", None),
        ({**PROXY, "NO_PROXY": ".hub.test:443"}, "https://a.hub.test", None),
        ({**PROXY, "NO_PROXY": "*.hub.test"}, "https://a.hub.test", None),
        ({**PROXY, "NO_PROXY": "hub.test"}, "https://myhub.test", ADDRESS),
        ({**PROXY, "NO_PROXY": "10.0.0.0/8"}, "https://10.1.2.3", None),
        ({**PROXY, "NO_PROXY": "10.0.0.0/8"}, "https://11.1.2.3", ADDRESS),
        ({**PROXY, "no_proxy": "fd00::/8"}, "https://[fd00::1]", None),
        ({"HTTP_PROXY": ADDRESS}, "http://localhost", None),
        ({"HTTP_PROXY": ADDRESS}, "http://127.0.0.1", None),
    ],
)
def test_what_the_environment_says(environment: dict[str, str], url: str, proxy: str | None) -> None:
    scheme, _, host = url.partition("://")
    assert find_proxy(scheme, host, environment, nothing) == proxy


def test_what_the_system_says_where_the_environment_names_none() -> None:
    def system() -> SystemProxies:
        return SystemProxies({"https": "set.test:8080"}, lambda host: host.endswith(".company.test"))

    assert find_proxy("https", "hub.test", {}, system) == "http://set.test:8080"
    assert find_proxy("http", "hub.test", {}, system) is None
    assert find_proxy("https", "hub.company.test", {}, system) is None
    assert find_proxy("https", "hub.company.test", PROXY, system) == ADDRESS
    assert find_proxy("https", "hub.test", {"NO_PROXY": "x"}, system) == "http://set.test:8080"
    assert find_proxy("https", "hub.test", {"NO_PROXY": "hub.test"}, system) is None


def test_the_system_can_be_asked() -> None:
    """Whatever it says: that it can be asked differs from system to system."""
    found = system_proxies()
    assert all(isinstance(address, str) for address in found.by_scheme.values())
    assert found.leaves_out("hub.test") in (True, False, 0, 1)


GNOME = """\
org.gnome.system.proxy autoconfig-url ''
org.gnome.system.proxy ignore-hosts ['localhost', '127.0.0.0/8', '*.company.test']
org.gnome.system.proxy mode 'manual'
org.gnome.system.proxy use-same-proxy true
org.gnome.system.proxy.http host 'proxy.company.test'
org.gnome.system.proxy.http port 8080
org.gnome.system.proxy.https host ''
org.gnome.system.proxy.https port 0
org.gnome.system.proxy.socks host 'socks.company.test'
org.gnome.system.proxy.socks port 1080
"""


def test_a_desktop_with_a_proxy() -> None:
    assert parse(GNOME) == (
        {"http": "http://proxy.company.test:8080", "all": "socks5://socks.company.test:1080"},
        "localhost,127.0.0.0/8,*.company.test",
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        GNOME.replace("'manual'", "'none'"),
        GNOME.replace("'manual'", "'auto'"),
        "No such schema “org.gnome.system.proxy”",
        "org.gnome.system.proxy mode 'manual'\norg.gnome.system.proxy.http host 'x'",
        "org.gnome.system.proxy mode 'manual'\norg.gnome.system.proxy ignore-hosts @as []",
        f"org.gnome.system.proxy mode 'manual'\norg.gnome.system.proxy.http host {'(' * 5000}",
    ],
)
def test_a_desktop_without_one(text: str) -> None:
    assert parse(text) == ({}, "")


def distant(hub: LoopbackHub, proxy: str) -> Network:
    """A Hub with a name that only the proxy knows."""
    return Network(environment={"HF_ENDPOINT": "http://hub.company.test", "HTTP_PROXY": proxy})


def test_everything_goes_through_it(hub: LoopbackHub) -> None:
    hub.add_model("maker/model", {"README.md": b"text"})
    with ForwardProxy(int(hub.endpoint.rpartition(":")[2])) as proxy:
        network = distant(hub, proxy.address.replace("//", "//me:secret@"))
        assert network.hub(WHY).model_info("maker/model").id == "maker/model"
        url = network.url_of("maker/model", "README.md", "main")
        assert network.read_text(url, why=WHY, most_bytes=10) == "text"
        assert network.ranged(url, why=WHY).read_at(1, 2) == b"ex"
        network.close()
    assert proxy.asked[0] == "GET http://hub.company.test/api/models/maker/model"
    assert len(proxy.asked) == len(hub.requests) == 5
    assert {one.host for one in hub.requests} == {""}  # "hub.company.test" without a port
    assert all("proxy-authorization" not in one.headers for one in hub.requests)
    assert {entry.host for entry in network.log.entries()} == {"hub.company.test"}
    assert len(proxy.authorizations) == 5


def test_a_proxy_that_refuses(hub: LoopbackHub) -> None:
    with ForwardProxy(1, refuses_with=407) as proxy:
        network = distant(hub, proxy.address)
        with refused("proxy-refused", proxy="127.0.0.1", reason="407"):
            network.hub(WHY).model_info("maker/model")
        network.close()
        encrypted = Network(
            environment={"HF_ENDPOINT": "https://hub.company.test", "HTTPS_PROXY": proxy.address}
        )
        with refused("proxy-refused", proxy="127.0.0.1", host="hub.company.test"):
            encrypted.hub(WHY).model_info("maker/model")
        encrypted.close()
    assert proxy.asked[-1] == "CONNECT hub.company.test:443"


def test_a_proxy_that_is_not_there(hub: LoopbackHub) -> None:
    with ForwardProxy(1) as proxy:
        pass
    network = distant(hub, proxy.address)
    with refused("proxy-unreachable", proxy="127.0.0.1", host="hub.company.test"):
        network.hub(WHY).model_info("maker/model")
    network.close()


def test_a_proxy_of_another_kind_is_named_without_its_password(hub: LoopbackHub) -> None:
    network = distant(hub, "ftp://me:secret@proxy.test")
    with pytest.raises(UserError) as caught:
        network.hub(WHY).model_info("maker/model")
    error = caught.value
    assert (error.key, error.facts["scheme"]) == ("network-proxy-unusable", "ftp")
    assert "secret" not in f"{error.facts} {error.details}"
    assert error.__cause__ is None
