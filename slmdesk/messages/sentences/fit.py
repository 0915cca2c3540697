"""Sentences about whether a model runs on this computer."""

from slmdesk.messages.sentences.texts import N_, ErrorText, Plural

ERRORS: dict[str, ErrorText] = {}

SENTENCES: dict[str, str | Plural] = {
    # The verdict in a word, and as a heading.
    "verdict-fits": N_("Fits"),
    "verdict-slow": N_("Slow"),
    "verdict-tight": N_("Tight"),
    "verdict-too-big": N_("Too big"),
    "verdict-unknown": N_("Unknown"),
    "verdict-headline-fits": N_("Fits with room to spare"),
    "verdict-headline-fits-enough": N_("Fits on this computer"),
    "verdict-headline-slow": N_("Fits, but answers slowly"),
    "verdict-headline-tight": N_("Fits only just"),
    "verdict-headline-tight-others": N_("Does not fit while other programs use the memory"),
    "verdict-headline-too-big": N_("Too big for this computer"),
    "verdict-headline-unknown": N_("Not known whether it fits"),
    "verdict-headline-cannot-run": N_("Cannot be run here"),
    # Why.
    "fit-fits": N_("Needs {needed_memory} of the {free_memory} that are free now."),
    "fit-fits-fast": N_(
        "Needs {needed_memory} of the {free_memory} that are free now. Writes faster than most people read."
    ),
    "fit-fits-device": N_("Needs {needed_memory} of the {free_memory} that are free on {device} now."),
    "fit-fits-device-fast": N_(
        "Needs {needed_memory} of the {free_memory} that are free on {device} now. Writes faster than most "
        "people read."
    ),
    "fit-slow": N_(
        "Writes about {tokens_per_second} tokens per second, hardly faster than most people read."
    ),
    "fit-slow-reading": N_(
        "Writes about {tokens_per_second} tokens per second, slower than most people read."
    ),
    "fit-slow-at-most": N_("Writes about {tokens_per_second} tokens per second at most."),
    "fit-slow-first-word": N_("The first word of an answer comes after about {seconds} seconds."),
    "fit-tight": N_(
        "Needs {needed_memory} of the {free_memory} that are free now, which leaves little for other "
        "programs. With {missing_memory} more free it would fit well."
    ),
    "fit-tight-others": N_(
        "Needs {needed_memory}. Of {total_memory}, {free_memory} are free now: other programs use the rest. "
        "With {missing_memory} more free it would fit."
    ),
    "fit-tight-others-limited": N_(
        "Needs {needed_memory}. Of the {total_memory} that this container may use, {free_memory} are free "
        "now. With {missing_memory} more free it would fit."
    ),
    "fit-tight-device": N_(
        "Needs {needed_memory} of the {free_memory} that are free on {device} now, which leaves too little "
        "for its driver and the screen. With {missing_memory} more free there it would fit well."
    ),
    "fit-tight-others-device": N_(
        "Needs {needed_memory} on {device}. Of its {total_memory}, {free_memory} are free now: other "
        "programs use the rest. With {missing_memory} more free there it would fit."
    ),
    "fit-too-big": N_(
        "Needs {needed_memory}. This computer has {total_memory} of memory, a part of which the system needs."
    ),
    "fit-too-big-limited": N_("Needs {needed_memory}, and this container may use {total_memory}."),
    "fit-too-big-device": N_(
        "Needs {needed_memory} on {device}, which has {total_memory}, a part of it for its driver and the "
        "screen."
    ),
    "fit-too-big-weights": N_(
        "Its weights alone take {needed_memory}, and this computer has {total_memory} of memory."
    ),
    "fit-too-big-weights-limited": N_(
        "Its weights alone take {needed_memory}, and this container may use {total_memory}."
    ),
    "fit-unknown": N_("Too little is known of this model to say how much memory it needs."),
    "fit-unknown-device": N_("The device {device} is not there now."),
    "fit-unknown-device-memory": N_("Nothing tells how much memory {device} has."),
    # The engine that is installed does not take it, whatever memory there is.
    "fit-cannot-run": N_(
        "The {engine} that is installed here does not know models of the kind “{architecture}”, so it cannot "
        "run this one. What it would take is an estimate."
    ),
    "fit-file-refused": N_("No engine takes its file: it is damaged, or of a kind that is not known here."),
    # Why nothing is said of its speed, or not much. Of one model, and of a whole list.
    "fit-speed-not-measured": N_("The speed is not known: this computer has not been measured yet."),
    "fit-speed-busy": N_(
        "The speed is not known: other programs kept this computer busy when it was measured."
    ),
    "fit-speed-failed": N_("The speed is not known: this computer could not be measured."),
    "fit-speed-model-unknown": N_("The speed is not known: too little is known of this model."),
    "fit-speed-disturbed": N_(
        "It may be faster than predicted: other programs kept this computer busy when it was measured."
    ),
    # What would change it.
    "fit-change-context": N_("Fits with a context of {context_length} tokens."),
    "fit-change-context-nearly": N_("Nearly fits with a context of {context_length} tokens."),
    "fit-change-kv-type": N_("Fits with a KV cache of type {kv_type}."),
    "fit-change-kv-type-nearly": N_("Nearly fits with a KV cache of type {kv_type}."),
    "fit-change-gpu-layers": N_("Fits with {layers} layers on {device}, the others on the processor."),
    "fit-change-gpu-layers-nearly": N_(
        "Nearly fits with {layers} layers on {device}, the others on the processor."
    ),
    "fit-change-processor": N_("Fits on the processor alone."),
    "fit-change-processor-nearly": N_("Nearly fits on the processor alone."),
    "fit-change-variant": N_("Choose {label}: it fits with {needed_memory}."),
    "fit-change-variant-nearly": N_("Choose {label}: with {needed_memory} it nearly fits."),
    "fit-change-variant-faster": N_("Choose {label}: it writes about {tokens_per_second} tokens per second."),
    "fit-change-close": N_("Close other programs, or choose a smaller model."),
    "fit-change-close-device": N_("Close programs that use {device}, or choose a smaller model."),
    "fit-change-smaller": N_("Choose a smaller model."),
    "fit-change-update": N_("Update SLM Desk, or choose another model."),
    "fit-change-smaller-faster": N_("A smaller model writes faster."),
    # The ladder: what to do where the memory did not suffice for loading.
    "ladder-context": N_("A context of {context_length} tokens: needs {needed_memory}"),
    "ladder-kv-type": N_("A KV cache of type {kv_type}: needs {needed_memory}"),
    "ladder-gpu-layers": N_("{layers} layers on {device}: needs {needed_memory} there"),
    "ladder-processor": N_("On the processor alone: needs {needed_memory}"),
    "ladder-variant": N_("The smaller file {label}: needs {needed_memory}"),
}
