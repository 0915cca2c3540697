"""What is said of models that are suggested: why this variant, why this model."""

from slmdesk.messages.sentences.texts import N_, ErrorText, Plural

SENTENCES: dict[str, str | Plural] = {
    # Why a variant is the recommended one.
    "variant-best-quality": N_(
        "{variant} has the best quality that runs fast on this computer and leaves half of the memory free."
    ),
    "variant-light": N_(
        "{variant} is of very good quality and fits well; larger ones gain little and are slower."
    ),
    "variant-largest-fitting": N_("{variant} has the best quality that runs well on this computer."),
    "variant-least-slow": N_(
        "{variant} is the fastest with good answers; all of them write slowly on this computer."
    ),
    "variant-least-tight": N_(
        "{variant} takes the least memory of those with good answers; none leaves much free on this computer."
    ),
    "variant-too-big": N_(
        "{variant} is the usual choice, but none of them fits into this computer's memory."
    ),
    "variant-usual": N_("{variant} is the usual choice; how it would run here is not known yet."),
    "variant-only-not-now": N_("{variant} is the only variant, and there is too little free memory for it."),
    "variant-only": N_("{variant} is the only variant that can be recommended."),
    # Why a model is suggested to somebody who has none yet.
    "first-fits": N_("It fits into the memory of this computer and may be used at work."),
    "first-fits-pl": N_(
        "It fits into the memory of this computer, was made for Polish too, and may be used at work."
    ),
    "first-fits-fast": N_(
        "It writes faster than most people read, {low} to {high} tokens per second, takes {needed_memory} of "
        "memory, and may be used at work."
    ),
    "first-fits-fast-pl": N_(
        "It was made for Polish too, writes faster than most people read, {low} to {high} tokens per second, "
        "takes {needed_memory} of memory, and may be used at work."
    ),
    "first-slow": N_(
        "It is the best choice for this computer, but writes more slowly than most people read."
    ),
    "first-slow-pl": N_(
        "It was made for Polish too and is the best choice for this computer, but writes more slowly than "
        "most people read."
    ),
    "first-tight": N_("It is the best choice for this computer, but takes nearly all of the free memory."),
    "first-tight-pl": N_(
        "It was made for Polish too and is the best choice for this computer, but takes nearly all of the "
        "free memory."
    ),
}

_NOT_MEANT = N_("there is no model “{name}”")
_SEARCH = N_("Search for it with: slmdesk catalogue search {query}")

ERRORS: dict[str, ErrorText] = {
    "wanted-model-unknown": ErrorText(
        what=_NOT_MEANT,
        why=N_("it is no file on this computer, no model of the catalogue, and no repository of the Hub"),
        do=_SEARCH,
    ),
    "wanted-model-ambiguous": ErrorText(
        what=N_("it is not clear which model “{name}” is"),
        why=N_("the catalogue has several of that name: {names}"),
        do=N_("Use one of these ids"),
    ),
    "wanted-variant-unknown": ErrorText(
        what=N_("{model} has no variant “{name}”"),
        why=N_("it has: {names}"),
        do=N_("Choose one of these"),
    ),
    "wanted-variant-none": ErrorText(
        what=N_("{model} cannot be checked"),
        why=N_("no file of it is known that one of our engines loads"),
        do=N_("Choose another repository of it, for example with: slmdesk catalogue search {model}"),
    ),
}
