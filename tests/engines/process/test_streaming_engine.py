"""What the drawing of long answers is measured with does what it says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from slmdesk.engines import End, EnginePool, Reasoning, Stats, Text
from tests.benchmarks.markdown_corpus import make_markdown, make_pieces
from tests.benchmarks.streaming_engine import LOAD_OPTIONS, start_streaming, write_model
from tests.engines.process.conftest import REQUEST

EVERYTHING = (
    "# ", "\n#### ", "\n- ", "\n  - ", "\n1. ", "- [x]", "| --", "\n> >", "](https://", "**", "~~", "🙂",
    "<img", "[^", "```python", "```cpp", "```javascript", "```json", "```yaml", "```sql", "```bash",
    "```rust", "```html",
)  # fmt: skip


@pytest.fixture
def streaming_pool(tmp_path: Path) -> Iterator[EnginePool]:
    pool = EnginePool(tmp_path / "logs", start=start_streaming)
    yield pool
    pool.close()


def test_the_corpus_is_the_same_each_time_and_has_everything_in_any_stretch() -> None:
    pieces = make_pieces(20_000)
    assert len(pieces) == 20_000
    assert pieces == make_pieces(20_000)
    assert pieces != make_pieces(20_000, seed=1)
    assert pieces[:5_000] == make_pieces(5_000)
    text = "".join(pieces)
    assert make_markdown(20_000) == text
    assert 3 < len(text) / len(pieces) < 6
    for part in (text[: len(text) // 2], text[len(text) // 2 :]):
        for wanted in EVERYTHING:
            assert wanted in part, wanted


def test_it_streams_the_corpus_through_the_real_pipe(streaming_pool: EnginePool, tmp_path: Path) -> None:
    model = write_model(tmp_path / "corpus.gguf", tokens=20_000, rate=1e9, reasoning_tokens=50)
    with streaming_pool.use(str(model), LOAD_OPTIONS) as lease:
        assert lease is not None
        assert lease.report.thinking == "always"
        events = list(lease.process.generate(REQUEST))
    assert "".join(event.text for event in events if isinstance(event, Text)) == make_markdown(20_000)
    assert "".join(event.text for event in events if isinstance(event, Reasoning)) == make_markdown(
        50, seed=1
    )
    assert events[-1] == End(reason="stop")


def test_it_keeps_the_rate_and_stops_when_asked(streaming_pool: EnginePool, tmp_path: Path) -> None:
    model = write_model(tmp_path / "corpus.gguf", tokens=100, rate=200.0)
    with streaming_pool.use(str(model), LOAD_OPTIONS) as lease:
        assert lease is not None
        stats = next(event for event in lease.process.generate(REQUEST) if isinstance(event, Stats))
        # Never faster; a busy machine makes it late, and then it catches up.
        assert 20 < stats.tokens_per_second <= 201
        answer = lease.process.generate(REQUEST)
        next(event for event in answer if isinstance(event, Text))
        lease.process.cancel()
        assert list(answer)[-1] == End(reason="cancelled")
