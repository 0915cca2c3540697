"""What a scripted engine reports, for tests of anyone who is shown it."""

from __future__ import annotations

from slmdesk.engines import LoadReport, Stats


def make_report(**changes: object) -> LoadReport:
    """A small model on the processor; `changes` are fields of the report."""
    facts: dict[str, object] = {
        "engine": "scripted",
        "model_name": "m",
        "architecture": "llama",
        "parameters": 1,
        "quantization": "Q4_1",
        "context_length": 1024,
        "trained_context_length": 1024,
        "threads": 1,
        "device": "CPU",
        "gpu_layers": 0,
        "weights_bytes": 1,
        "kv_bytes": 1,
        "load_seconds": 0.1,
        "has_chat_template": True,
    }
    return LoadReport(**{**facts, **changes})  # type: ignore[arg-type]


def make_stats(**changes: object) -> Stats:
    """What a short answer took; `changes` are fields of the stats."""
    facts: dict[str, object] = {
        "prompt_tokens": 10,
        "reused_tokens": 0,
        "prompt_tokens_per_second": 1.0,
        "time_to_first_token_s": 0.1,
        "generated_tokens": 3,
        "tokens_per_second": 1.0,
        "seed": 1,
        "context_tokens": 13,
    }
    return Stats(**{**facts, **changes})  # type: ignore[arg-type]
