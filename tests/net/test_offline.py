"""Offline: nothing is asked, nothing is looked up, no socket is made, and the reason is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from slmdesk.messages import Message
from slmdesk.net import Network
from tests.hub import LoopbackHub
from tests.net.reasons import WHY, refused


def test_the_switch_takes_effect_at_once(hub: LoopbackHub) -> None:
    hub.add_model("maker/model", {"README.md": b"text"})
    switch = [False]
    network = Network(environment=hub.environment, offline=lambda: switch[0])
    api = network.hub(WHY)
    file = network.ranged(network.url_of("maker/model", "README.md", "main"), why=WHY)
    assert not network.offline
    network.check_online()
    api.model_info("maker/model")

    switch[0] = True
    asked = len(hub.requests)
    assert network.offline_reason == Message("offline-by-switch")
    with refused("offline", host="127.0.0.1"):
        api.model_info("maker/model")
    with refused("offline"):
        file.read_at(0, 4)
    with refused("offline"):
        network.read_text(file.url, why=WHY, most_bytes=100)
    with refused("offline"):
        network.read_json(f"{hub.endpoint}/api/models", why=WHY)
    with refused("offline"):
        network.check_online()
    assert len(hub.requests) == asked

    switch[0] = False
    assert file.read_at(0, 4) == b"text"
    network.close()


@pytest.mark.parametrize("name", ["SLMDESK_OFFLINE", "HF_HUB_OFFLINE"])
@pytest.mark.parametrize(
    ("value", "offline"), [("1", True), ("true", True), ("0", False), ("", False), ("No", False)]
)
def test_variables(hub: LoopbackHub, name: str, value: str, offline: bool) -> None:
    hub.add_model("maker/model", {"README.md": b"text"})
    network = Network(environment={**hub.environment, name: value})
    assert network.offline is offline
    if offline:
        with refused("offline-variable", variable=name):
            network.hub(WHY).model_info("maker/model")
        assert hub.requests == []
    else:
        assert network.hub(WHY).model_info("maker/model").id == "maker/model"
    network.close()


def test_other_programs_on_this_computer_only_by_a_setting_of_their_own(hub: LoopbackHub) -> None:
    hub.add_model("maker/model", {"README.md": b"text"})
    allowed = Network(
        environment={**hub.environment, "SLMDESK_OFFLINE": "1"}, loopback_when_offline=lambda: True
    )
    assert allowed.hub(WHY).model_info("maker/model").id == "maker/model"
    allowed.close()
    distant = Network(environment={"SLMDESK_OFFLINE": "1"}, loopback_when_offline=lambda: True)
    with refused("offline-variable", host="huggingface.co"):
        distant.hub(WHY).model_info("maker/model")


def test_a_refusal_is_in_the_log_as_one_that_was_not_sent() -> None:
    network = Network(environment={}, offline=lambda: True)
    with refused("offline"):
        network.hub(WHY).model_info("maker/model")
    (entry,) = network.log.entries()
    assert (entry.host, entry.error, entry.sent_bytes) == ("huggingface.co", "network-offline", 0)
    assert not entry.was_sent


_WATCHING = """
import json, sys

seen = []
sys.addaudithook(lambda event, _: seen.append(event) if event.startswith("socket.") else None)
from slmdesk.messages import Message, UserError
from slmdesk.net import Network

network, why, raised = Network(), Message("network-why-unknown"), []
for ask in (
    lambda: network.hub(why).model_info("maker/model"),
    lambda: list(network.hub(why).list_models()),
    lambda: network.ranged("https://huggingface.co/x", why=why).read_at(0, 1),
    lambda: network.read_text("https://huggingface.co/x", why=why, most_bytes=1),
):
    try:
        ask()
    except UserError as error:
        raised.append(error.key)
print(json.dumps([raised, seen]))
"""


def test_no_socket_is_made() -> None:
    environment = {**os.environ, "SLMDESK_OFFLINE": "1", "HTTPS_PROXY": "http://proxy.test:3128"}
    ran = subprocess.run(
        [sys.executable, "-c", _WATCHING], env=environment, capture_output=True, text=True, check=True
    )
    raised, seen = json.loads(ran.stdout)
    assert raised == ["network-offline-variable"] * 4
    assert seen == []
