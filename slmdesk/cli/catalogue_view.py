"""Models of the catalogue for people, as the terminal shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from slmdesk.catalogue import (
    CatalogueModel,
    RefreshReport,
    Variant,
    curated_notes,
    description_of,
    is_sold_as,
    licence_doubts,
    licence_name,
    licence_summary,
    listed_parts,
    projector_sentence,
    quality_words,
)
from slmdesk.cli.fit_view import speed_in_words
from slmdesk.cli.table import align
from slmdesk.fit import FitReport, SpeedRange, verdict_word
from slmdesk.messages import (
    ErrorKind,
    Message,
    UserError,
    format_bytes,
    format_integer,
    format_moment,
    format_number,
    one_line,
    say,
    tr,
    tr_n,
)
from slmdesk.offers import Offer, note_of_speeds

_NONE = "–"
_MOST_LANGUAGES = 12
_NOT_ASKED = (
    "network-offline", "network-offline-variable", "network-host-not-allowed", "network-insecure",
    "network-bad-endpoint",
)  # fmt: skip


def search_lines(offers: Sequence[Offer], found: int, *, more: bool) -> Iterator[str]:
    """A table of models, the best for this computer first."""
    if not offers:
        yield tr("No model was found.")
        return
    header = (tr("ID"), tr("Size"), tr("Licence"), tr("Download"), tr("tok/s"), tr("Fit"))
    rows = [
        (
            offer.id,
            model_size(offer.model) or _NONE,
            licence_name(offer.model.licence) or _NONE,
            _download(offer),
            _speed(offer.speed),
            _fit(offer),
        )
        for offer in offers
    ]
    yield from align([header, *rows], right=(1, 3, 4))
    note = note_of_speeds(offers)
    if note is not None:
        yield tr("{note} So the order does not go by it.").format(note=say(note))
    if more:
        count = len(offers)
        yield tr_n(
            "{count} model is listed, and there are more: see --limit.",
            "{count} models are listed, and there are more: see --limit.",
            count,
        ).format(count=format_integer(count))


def model_size(model: CatalogueModel) -> str:
    """As sold, else as the Hub counted it, also where a name says something else altogether; "" unknown."""
    counted = model.dimensions.parameters if model.dimensions is not None else None
    billions = model.billions
    if billions is None or (counted and not model.curated and not is_sold_as(billions, counted)):
        billions = counted / 1e9 if counted else None
    elif model.size_label:
        return model.size_label
    return f"{format_number(billions, decimals=2)}B" if billions is not None else model.size_label


def model_lines(
    offer: Offer, reports: Mapping[str, FitReport], problem: UserError | None = None
) -> Iterator[str]:
    """Everything about one model, and a table of its variants. `problem`: why the Hub said nothing now."""
    model = offer.model
    yield model.name
    described = description_of(model)
    if described:
        yield described
    yield ""
    yield from align(_facts(offer, problem))
    notes = [*curated_notes(model), *licence_doubts(model.licence)]
    if notes:
        yield ""
        yield from map(say, notes)
    if model.is_gone:
        return
    yield ""
    if not model.variants:
        if model.variants_known:
            yield tr("No file of its repository is a model that our engines load.")
        else:
            yield tr("Its files are not known.")
        return
    yield from _variant_table(offer, reports)
    projectors = tuple(dict.fromkeys(one.projector for one in model.variants if one.projector is not None))
    if projectors:
        yield ""
        yield from (say(projector_sentence(one)) for one in projectors)
    if offer.reason is not None:
        yield ""
        yield say(offer.reason)


def refresh_lines(report: RefreshReport) -> Iterator[str]:
    """What a refresh changed."""
    for change in report.changes:
        yield say(change.message)
    if not report.changes and report.answered:
        yield tr("Nothing has changed.")
    if report.absent:
        yield say(Message("refresh-absent", {"count": len(report.absent)}))
    yield tr(
        "Repositories: {answered} of {total} answered. Files: {learned} learned, {confirmed} confirmed."
    ).format(
        answered=format_integer(report.answered),
        total=format_integer(report.total),
        learned=format_integer(report.learned),
        confirmed=format_integer(report.confirmed),
    )
    for one in report.failed:
        yield f"{one.repo}: {one_line(one.error)}"
    if report.not_asked:
        count = report.not_asked
        yield tr_n(
            "{count} further repository was not asked for.",
            "{count} further repositories were not asked for.",
            count,
        ).format(count=format_integer(count))
    if report.stopped and report.not_kept is None and report.answered:
        yield tr("It was stopped; what had been answered is kept.")


def was_asked(problem: UserError) -> bool:
    """Whether anything was sent to the Hub before `problem` came of it."""
    return problem.key not in _NOT_ASKED


def _facts(offer: Offer, problem: UserError | None) -> list[tuple[str, str]]:
    model = offer.model
    facts = [
        (tr("ID"), model.id),
        (tr("Publisher"), model.publisher),
        (tr("Size"), model_size(model)),
        (tr("Licence"), say(licence_summary(model.licence))),
        (tr("Terms"), model.licence.url),
        (tr("Languages"), _languages(model)),
        (tr("Can do"), ", ".join(model.abilities)),
        (
            tr("Context length"),
            tr("{count} tokens").format(count=format_integer(model.context_length))
            if model.context_length
            else "",
        ),
        (tr("Released"), model.released),
        (tr("Updated"), "" if model.released else model.updated),
        (tr("Downloads"), format_integer(model.downloads) if model.downloads is not None else ""),
        (
            tr("Access"),
            tr("only for accounts that accepted its terms on the Hub; SLM Desk cannot log in yet")
            if model.gated
            else "",
        ),
        (tr("Installed"), ", ".join(offer.installed)),
        (tr("Asked"), _asked(model, problem)),
    ]
    return [(name, fact) for name, fact in facts if fact]


def _asked(model: CatalogueModel, problem: UserError | None) -> str:
    """When the Hub answered, or why it did not."""
    if model.asked is not None:
        return format_moment(model.asked)
    if problem is None or not was_asked(problem):
        return tr("the Hub was not asked")
    if problem.kind is ErrorKind.MODEL:
        return tr("the Hub has none of its repositories")
    return tr("the Hub did not answer: {reason}").format(reason=one_line(problem))


def _languages(model: CatalogueModel) -> str:
    codes, count = model.languages.codes, model.languages.count or len(model.languages.codes)
    if not count:
        return ""
    if codes and len(codes) <= _MOST_LANGUAGES:
        listed = ", ".join(codes)
        return tr("{languages} and others").format(languages=listed) if model.languages.at_least else listed
    return tr_n("{count} language", "{count} languages", count).format(count=format_integer(count))


def _variant_table(offer: Offer, reports: Mapping[str, FitReport]) -> Iterator[str]:
    header = (
        tr("Variant"),
        tr("Quality"),
        tr("Bits"),
        tr("Download"),
        tr("Memory"),
        tr("tok/s"),
        tr("Fit"),
        tr("Repository"),
    )
    rows = [
        (
            variant.label + (" *" if variant == offer.variant else ""),
            say(quality_words(variant)),
            format_number(variant.bits_per_weight) if variant.bits_per_weight else _NONE,
            _size(variant),
            *_run(reports.get(variant.id), variant),
            variant.repo,
        )
        for variant in offer.model.variants
    ]
    yield from align([header, *rows], right=(2, 3, 4, 5))


def _run(report: FitReport | None, variant: Variant) -> tuple[str, str, str]:
    """Memory, speed and verdict."""
    if variant.parts:
        parts = tr("incomplete, of {count} parts missing: {missing}")
        return _NONE, _NONE, parts.format(count=format_integer(variant.parts), missing=listed_parts(variant))
    if not variant.loadable:
        return _NONE, _NONE, tr("no engine loads it")
    if report is None or report.memory is None:
        return _NONE, _NONE, _NONE if report is None else say(verdict_word(report.verdict))
    memory = format_bytes(report.memory.resident, binary=True)
    return memory, _speed(report.speed), say(verdict_word(report.verdict))


def _download(offer: Offer) -> str:
    if offer.download_bytes is None:
        return _NONE
    size = format_bytes(offer.download_bytes)
    if offer.download_source == "about":
        return tr("about {size}").format(size=size)
    return f"≈ {size}" if offer.download_source == "estimated" else size


def _size(variant: Variant) -> str:
    if variant.about_bytes is None:
        return _NONE
    size = format_bytes(variant.about_bytes)
    return size if variant.size_bytes is not None else tr("about {size}").format(size=size)


def _speed(speed: SpeedRange | None) -> str:
    return speed_in_words(speed) if speed is not None else _NONE


def _fit(offer: Offer) -> str:
    word = tr("gone from the Hub") if offer.model.is_gone else say(verdict_word(offer.verdict))
    return f"{word}, {tr('installed')}" if offer.is_installed else word
