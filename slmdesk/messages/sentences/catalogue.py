"""What the catalogue says when it asks the Hub: why it asks, what is gone, what a refresh changed."""

from slmdesk.messages.sentences.texts import N_, NP_, ErrorText, Plural

SENTENCES: dict[str, str | Plural] = {
    # Why something is asked, for the log of the network.
    "hub-why-search": N_("Search for models"),
    "hub-why-details": N_("Files of a model"),
    "hub-why-card": N_("Card of a model"),
    "hub-why-header": N_("Header of a model file, to compute whether it fits"),
    "hub-why-folder": N_("Configuration and structure of a model, to estimate whether it fits"),
    "hub-why-refresh": N_("Refresh of the curated list"),
    # What a refresh found changed.
    "refresh-size": N_("{repo}: {path} was {before_bytes} and is now {after_bytes}."),
    "refresh-hash": N_("{repo}: the content of {path} is not what the list says (another SHA-256)."),
    "refresh-new-file": N_("{repo}: {path} is new."),
    "refresh-gone-file": N_("{repo}: {path} is gone."),
    "refresh-gone": N_("{repo} is gone from the Hub, or no longer public."),
    "refresh-back": N_("{repo} is on the Hub again."),
    "refresh-moved": N_("{repo} is now called {after}."),
    "refresh-context": N_(
        "{repo}: the context length was {before} tokens and is now {after}, as its header says."
    ),
    "refresh-parameters": N_("{repo}: the number of weights was {before} and is now {after}."),
    "refresh-gated-closed": N_("{repo} now asks for its terms to be accepted before files can be fetched."),
    "refresh-gated-open": N_("{repo} can now be fetched without accepting terms first."),
    "refresh-absent": NP_(
        "Most of the list is not on the server that was asked, so it is not the Hub but a mirror with few"
        " models: {count} repository that it does not have stays as it was.",
        "Most of the list is not on the server that was asked, so it is not the Hub but a mirror with few"
        " models: {count} repositories that it does not have stay as they were.",
        "count",
    ),
    # Of a model.
    "model-gone": N_(
        "The Hub has none of the repositories with its files any more, so it cannot be downloaded."
    ),
    "variant-projector": N_(
        "The download includes the projector {file} ({size_bytes}), which lets the model see or hear."
    ),
    "variant-projector-about": N_(
        "The download includes the projector {file} (about {size_bytes}), which lets the model see or hear."
    ),
    "variant-projector-unknown": N_(
        "The projector {file}, which lets the model see or hear, is fetched as well; its size is not known."
    ),
}

ERRORS: dict[str, ErrorText] = {
    "hub-repository-gone": ErrorText(
        what=N_("{repo} cannot be shown"),
        why=N_("the Hub does not know it, or it is no longer public"),
        do=N_("Check the name, or choose another model"),
    ),
    "hub-variant-incomplete": ErrorText(
        what=N_("{variant} of {repo} cannot be loaded"),
        why=N_("the repository does not have all of its {count} parts; missing: {missing}"),
        do=N_("Choose another variant, or ask its publisher to upload the rest"),
    ),
    "hub-file-is-projector": ErrorText(
        what=N_("{file} cannot be checked by itself"),
        why=N_("it is a projector, which lets another model see or hear"),
        do=N_("Give the file of the model instead"),
    ),
    "refresh-not-kept": ErrorText(
        what=N_("what the Hub answered is not kept"),
        why=N_("the system says “{reason}”"),
        do=N_("Make room on the disk, or check who may write there, then refresh again"),
    ),
    "hub-variant-gone": ErrorText(
        what=N_("{variant} of {repo} cannot be checked"),
        why=N_("the Hub no longer has this file"),
        do=N_("Refresh the catalogue, then choose another variant"),
    ),
}
