"""The words of the ways out where the memory did not suffice for loading a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slmdesk.messages import format_bytes, format_integer, tr

if TYPE_CHECKING:
    from slmdesk.fit import Step


def step_words(step: Step) -> str:
    """The button of a step: what it does, and what it takes."""
    facts = step.message.facts
    memory = format_bytes(int(facts["needed_memory"]), binary=True)
    match step.change:
        case "context":
            words = tr("Reload with {length}-token context, {memory}")
            return words.format(length=format_integer(step.question.context_length), memory=memory)
        case "kv_type":
            return tr("Reload with a smaller KV cache ({kv_type}), {memory}").format(
                kv_type=step.question.kv_type, memory=memory
            )
        case "gpu_layers":
            return tr("Reload with {layers} layers on {device}, {memory} there").format(
                layers=format_integer(step.question.gpu_layers), device=facts["device"], memory=memory
            )
        case "processor":
            return tr("Reload on the processor alone, {memory}").format(memory=memory)
        case _:
            return tr("Load the smaller {label}, {memory}").format(label=facts["label"], memory=memory)
