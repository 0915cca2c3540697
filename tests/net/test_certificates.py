"""Certificates are verified as the system does it, so that those of a company's own authority are good."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from slmdesk.net import Network
from tests.hub.answers import json_answer
from tests.hub.web import WebServer
from tests.net.certificates import make_server_context
from tests.net.forward_proxy import ForwardProxy
from tests.net.reasons import WHY, refused

pytest.importorskip("cryptography", reason="makes the certificates")

HOST = "hub.company.test"


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """The certificate of the authority that signed the server's."""
    return tmp_path / "authority.pem"


@pytest.fixture
def network(authority: Path) -> Iterator[Network]:
    """Its Hub is encrypted and reached through a proxy, as in a company."""
    context, _ = make_server_context(authority.parent, HOST)
    server = WebServer(lambda _request, _body: json_answer({"id": "maker/model"}), context)
    with ForwardProxy(server.port) as proxy:
        network = Network(
            environment={"HF_ENDPOINT": f"https://{HOST}", "HTTPS_PROXY": proxy.address},
            allowed_hosts=lambda: ["other.company.test"],
        )
        yield network
        network.close()
    server.close()


def test_an_authority_that_nobody_knows(network: Network) -> None:
    with refused("certificate", host=HOST):
        network.hub(WHY).model_info("maker/model")


@pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere the system's store cannot be changed for a test"
)
def test_an_authority_that_the_system_trusts(
    network: Network, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    assert network.hub(WHY).model_info("maker/model").id == "maker/model"


@pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere the system's store cannot be changed for a test"
)
def test_a_certificate_for_another_name(
    network: Network, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The authority is known, and the server is not the one that was asked for."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    with refused("certificate", host="other.company.test"):
        network.read_json("https://other.company.test/api/models", why=WHY)


def test_a_server_that_does_not_encrypt() -> None:
    server = WebServer(lambda _request, _body: json_answer({"id": "maker/model"}))
    network = Network(environment={"HF_ENDPOINT": f"https://127.0.0.1:{server.port}"})
    with refused("encryption", host="127.0.0.1"):
        network.hub(WHY).model_info("maker/model")
    network.close()
    server.close()


def test_a_server_that_does_not_encrypt_behind_a_proxy() -> None:
    """The proxy did its part, so it is not blamed."""
    server = WebServer(lambda _request, _body: json_answer({"id": "maker/model"}))
    with ForwardProxy(server.port) as proxy:
        network = Network(environment={"HF_ENDPOINT": f"https://{HOST}", "HTTPS_PROXY": proxy.address})
        with refused("encryption", host=HOST):
            network.hub(WHY).model_info("maker/model")
        network.close()
    server.close()
