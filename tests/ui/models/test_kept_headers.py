"""What was computed exactly before is exact at the next start, without asking the Hub again."""

from __future__ import annotations

from slmdesk.net import Network
from slmdesk.storage import Paths
from slmdesk.ui.models.worker import ask_headers, judge
from tests.fit.header_models import llama_8b
from tests.hub import LoopbackHub, SparseFile
from tests.ui.advising import make_advice

REPO = "maker/big-GGUF"


def test_a_header_that_was_fetched_is_used_at_the_next_start(
    hub: LoopbackHub, network: Network, paths: Paths
) -> None:
    hub.add_model(REPO, {"big-Q4_K_M.gguf": SparseFile(llama_8b().header(), 4_700_000_000)})
    before = make_advice(network, paths.cache / "catalogue")
    model = before.hub.find(REPO)
    [variant] = model.variants
    assert not judge(before, model, variant, {}, None).exact
    ask_headers(before, model, variant, {})
    asked = len(hub.requests)
    later = judge(make_advice(network, paths.cache / "catalogue"), model, variant, {}, None)
    assert later.exact
    assert later.report.memory is not None
    # Of its tensors: the file is larger.
    assert later.report.memory.parts.weights < 4_600_000_000
    assert len(hub.requests) == asked
