"""What the catalogue says of a model without asking anybody: licence, variants, how sure the facts are."""

from slmdesk.messages.sentences.texts import N_, NP_, Plural

SENTENCES: dict[str, str | Plural] = {
    # Licences. {limit} is a closed sentence of the curated list.
    "licence-work-yes": N_("{licence}: free to use, also at work."),
    "licence-work-no": N_("{licence}: not for use at work."),
    "licence-work-no-told": N_("{licence}: not for use at work. {limit}"),
    "licence-work-limits": N_("{licence}: use at work is allowed with limits."),
    "licence-work-limits-told": N_("{licence}: use at work is allowed with limits. {limit}"),
    "licence-work-unknown": N_("{licence}: whether it may be used at work is not known here."),
    "licence-unnamed-no": N_("Not for use at work."),
    "licence-unnamed-no-told": N_("Not for use at work. {limit}"),
    "licence-unknown": N_("Licence not known: read the model card before you use it at work."),
    "licence-also-stated": N_("Its publisher also names another licence: {others}."),
    "licence-second-hand": N_("The limits are from summaries of the licence, not from its text."),
    # How good the answers of a variant are beside those of the model as it was published.
    "variant-quality-original": N_("As good as the original"),
    "variant-quality-excellent": N_("Excellent"),
    "variant-quality-very-good": N_("Very good"),
    "variant-quality-worse": N_("Noticeably worse"),
    "variant-quality-poor": N_("Poor"),
    "variant-quality-experiment": N_("Only for experiments"),
    "variant-quality-unknown": N_("Not known"),
    # Where sources of the curated list differ, or are not exact.
    "context-others": NP_(
        "Another source says a different context length: {others} tokens.",
        "Other sources say different context lengths: {others} tokens.",
        "count",
    ),
    "context-rounded": N_("The context length is rounded by its source."),
    "hashes-disputed": NP_(
        "Sources know different contents of {count} file, so its hash is left out.",
        "Sources know different contents of {count} files, so their hashes are left out.",
        "count",
    ),
}
