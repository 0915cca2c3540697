"""Budget row 2: how many prompt tokens turn N evaluates, over the tokens that are new since turn N-1."""

from __future__ import annotations

from pathlib import Path

from slmdesk.chat import ChatOptions, ChatService, Conversation
from slmdesk.engines import EnginePool, LoadOptions, Sampling
from slmdesk.library import InstalledModel
from tests.benchmarks.budget import Row

_TURNS = (
    "Tell me about the river that flows through Kraków.",
    "Which other cities lie on it?",
    "Write two sentences about one of them. Use an emoji.",
    "Now say it shorter.",
    "List three words from your answer.",
    "Thank you. Say goodbye in one line.",
)
_BUDGET = 1.1


def measure(model: InstalledModel, logs: Path) -> Row:
    """Six turns at temperature 0.8, so that answers are not always what the tokenizer would write."""
    pool = EnginePool(logs)
    chat = ChatService(pool, None)
    conversation = Conversation(system_prompt=model.system_prompt)
    ratios: list[float] = []
    figures: list[float] = []
    before = 0
    try:
        for number, text in enumerate(_TURNS):
            conversation.options = ChatOptions(
                sampling=Sampling(temperature=0.8, seed=number), max_tokens=120
            )
            chat.answer(
                conversation,
                text,
                model=model,
                load_options=LoadOptions(context_length=4096),
                on_event=lambda event: None,
            )
            stats = conversation.messages[-1].stats
            assert stats is not None
            if number:
                evaluated = stats.prompt_tokens - stats.reused_tokens
                new = stats.prompt_tokens - before
                ratios.append(evaluated / new)
                figures.append(evaluated)
            before = stats.context_tokens
    finally:
        pool.close()
    worst = max(ratios)
    return Row(
        number=2,
        what="prompt tokens evaluated on turn N / tokens new since turn N-1",
        figure=worst,
        budget=f"<= {_BUDGET}",
        holds=worst <= _BUDGET,
        detail=f"worst of {len(ratios)} turns",
        samples={"ratio": ratios, "evaluated": figures},
    )
