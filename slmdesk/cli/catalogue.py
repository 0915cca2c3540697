"""`slmdesk catalogue`: models that can be fetched, and how each would run here."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator

import click

from slmdesk.catalogue import CatalogueModel, HubQuery, RefreshReport, load_curated, merge, repositories_of
from slmdesk.cli.advising import Advice, open_advice
from slmdesk.cli.catalogue_as_json import (
    HubAnswer,
    model_as_json,
    refresh_as_json,
    search_as_json,
)
from slmdesk.cli.catalogue_view import model_lines, refresh_lines, search_lines, was_asked
from slmdesk.cli.error_words import in_terminal
from slmdesk.cli.interrupts import run_interruptible
from slmdesk.cli.number_types import WholeNumber
from slmdesk.cli.output import Output
from slmdesk.cli.progress_bar import ProgressBar
from slmdesk.cli.wanted_model import find_model, parse_wanted
from slmdesk.fit import Verdict
from slmdesk.messages import ErrorKind, UserError, format_moment, tr
from slmdesk.offers import Offer, OfferFilter, OfferList

_INTERRUPTED = 130
_USUAL_COUNT = 20
_MOST = 1000
_MOST_PAGES = 20


def build_catalogue() -> click.Group:
    """The group of commands about models that can be fetched."""
    group = click.Group("catalogue", help=tr("The models that can be fetched, and how they would run here."))
    group.add_command(_build_search())
    group.add_command(_build_show())
    group.add_command(_build_refresh())
    return group


def _build_search() -> click.Command:
    @click.command(
        "search",
        short_help=tr("Search the catalogue and the Hub."),
        help=tr(
            "Search the curated list and the Hugging Face Hub for models whose name, publisher, language or"
            " quantization holds every word of TEXT; without TEXT the whole list and what is fetched most."
            " The best for this computer come first.\n\n"
            "Where the Hub cannot be asked, the curated list and what was found the last time are shown, and"
            " the exit code is 5."
        ),
    )
    @click.argument("text", nargs=-1, metavar=tr("[TEXT]..."))
    @click.option(
        "--curated", is_flag=True, help=tr("Search the curated list alone; nothing is asked of the Hub.")
    )
    @click.option("--fits", is_flag=True, help=tr("Only models that run well on this computer."))
    @click.option(
        "--limit",
        metavar=tr("NUMBER"),
        type=WholeNumber(1, _MOST),
        default=_USUAL_COUNT,
        help=tr("Most models to list; without this {count}.").format(count=_USUAL_COUNT),
    )
    @click.option("--json", "as_json", is_flag=True, help=tr("Print one JSON object."))
    @click.pass_context
    def search(
        context: click.Context, text: tuple[str, ...], curated: bool, fits: bool, limit: int, as_json: bool
    ) -> int:
        output = Output(as_json=as_json)
        words = " ".join(text)
        with open_advice(context.obj.paths, context.obj.settings) as advice:
            hub = HubAnswer() if curated else _ask_hub(words, limit, advice)
            found = _matching(words, hub.models, advice)
            offers = OfferList(advice.adviser.offers(found, advice.on_disk))
            verdicts = frozenset({Verdict.FITS}) if fits else frozenset[Verdict]()
            shown = list(_rows(offers, OfferFilter(verdicts=verdicts)))
            more = len(shown) > limit or hub.more
            answer = search_as_json(shown[:limit], hub, curated_date=advice.curated_date, more=more)
            output.report(answer, search_lines(shown[:limit], len(shown), more=more))
            return _tell_of_hub(hub, advice, output)

    return search


def _build_show() -> click.Command:
    @click.command(
        "show",
        short_help=tr("Show one model and its variants."),
        help=tr(
            "Show what is known of the model ID, with every variant, its size, and how it would run here. ID"
            " is that of a model of the catalogue, or a repository of the Hub."
        ),
    )
    @click.argument("model", metavar=tr("ID"))
    @click.option("--json", "as_json", is_flag=True, help=tr("Print one JSON object."))
    @click.pass_context
    def show(context: click.Context, model: str, as_json: bool) -> int:
        output = Output(as_json=as_json)
        with open_advice(context.obj.paths, context.obj.settings) as advice:
            found = find_model(parse_wanted(model), advice.curated, advice.hub)
            problem = None
            if found.curated:
                found, problem = _with_details(found, advice, output)
            offer = advice.adviser.offer(found, advice.on_disk)
            reports = advice.adviser.reports(found)
            output.report(model_as_json(offer, reports, problem), model_lines(offer, reports, problem))
        return int(problem.kind) if problem is not None else 0

    return show


def _build_refresh() -> click.Command:
    @click.command(
        "refresh",
        short_help=tr("Bring the curated list up to date."),
        help=tr(
            "Ask the Hub for the sizes, hashes and header facts of every model of the curated list, keep"
            " them, and say what has changed. Ctrl-C stops; what was answered until then is kept."
        ),
    )
    @click.option("--json", "as_json", is_flag=True, help=tr("Print one JSON object."))
    @click.pass_context
    def refresh(context: click.Context, as_json: bool) -> int:
        output = Output(as_json=as_json)
        with open_advice(context.obj.paths, context.obj.settings) as advice:
            report = _refresh(advice)
        output.report(refresh_as_json(report), refresh_lines(report))
        if report.not_kept is not None:
            output.note(f"slmdesk: {in_terminal(report.not_kept)}")
        if report.stopped:
            return _INTERRUPTED
        if report.not_kept is not None:
            return int(report.not_kept.kind)
        return int(ErrorKind.NETWORK) if report.failed or report.not_asked else 0

    return refresh


def _ask_hub(text: str, limit: int, advice: Advice) -> HubAnswer:
    """Pages until there are enough models; where the Hub cannot be asked, what was found the last time."""
    models: tuple[CatalogueModel, ...] = ()
    query, cursor = HubQuery(text=text), ""
    date: float | None = None
    problem: UserError | None = None
    asked = False
    for _ in range(_MOST_PAGES):
        try:
            page = advice.hub.search(query, cursor)
        except UserError as error:
            if error.kind is not ErrorKind.NETWORK:
                raise
            problem = problem or error
            asked = asked or was_asked(error)
            break
        if page is None:
            break
        models += page.models
        date = page.date if date is None else min(date, page.date)
        problem = problem or page.problem
        asked = asked or page.problem is None or was_asked(page.problem)
        cursor = page.next
        if not cursor or len(models) >= limit:
            break
    return HubAnswer(models=models, date=date, problem=problem, more=bool(cursor), asked=asked)


def _matching(text: str, found: tuple[CatalogueModel, ...], advice: Advice) -> Iterator[CatalogueModel]:
    """Models of the list that hold the text or have a repository that the Hub found, then the others."""
    curated = OfferList(Offer(model=model) for model in advice.curated)
    matching = {offer.id for offer in _rows(curated, OfferFilter(text=text))}
    repos = {repo for model in found for repo in _repositories(model)}
    for model in merge(advice.curated, found):
        if not model.curated or model.id in matching or not repos.isdisjoint(_repositories(model)):
            yield model


def _rows(offers: OfferList, wanted: OfferFilter) -> Iterator[Offer]:
    rows = itertools.chain.from_iterable(group.rows for group in offers.show(wanted).groups)
    return map(offers.offer, rows)


def _tell_of_hub(hub: HubAnswer, advice: Advice, output: Output) -> int:
    """Say on stderr why the Hub was not asked and how old what is shown is; the exit code."""
    if hub.problem is None:
        return 0
    output.note(f"slmdesk: {in_terminal(hub.problem)}")
    if hub.date is not None:
        output.note(tr("What the Hub had on {date} is shown.").format(date=format_moment(hub.date)))
    else:
        output.note(tr("Only the curated list of {date} is shown.").format(date=advice.curated_date))
    return int(hub.problem.kind)


def _with_details(
    model: CatalogueModel, advice: Advice, output: Output
) -> tuple[CatalogueModel, UserError | None]:
    """The model with what the Hub says now; what the list says, and why, where that says nothing."""
    try:
        return advice.hub.details(model), None
    except UserError as error:
        if error.kind not in (ErrorKind.NETWORK, ErrorKind.MODEL):
            raise
        output.note(f"slmdesk: {in_terminal(error)}")
        return model, error


def _refresh(advice: Advice) -> RefreshReport:
    """Ctrl-C stops before the next repository, a second one at once."""
    stop = threading.Event()
    bar = ProgressBar()
    label = tr("Asking the Hub")

    def work(emit: Callable[[float], None]) -> RefreshReport:
        def on_progress(done: int, total: int, _repo: str) -> None:
            emit(done / total if total else 1.0)

        return advice.hub.refresh(load_curated().models, on_progress, stop)

    try:
        return run_interruptible(work, lambda fraction: bar.show(label, fraction), stop.set)
    finally:
        bar.close()


def _repositories(model: CatalogueModel) -> tuple[str, ...]:
    return (model.id, *repositories_of(model))
