"""The Hub as a catalogue: searched, looked into, and kept on this disk for when there is no network."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from slmdesk.catalogue import search as searching
from slmdesk.catalogue.asking import ask_repository, is_busy, is_not_found, status_of
from slmdesk.catalogue.card import MOST_BYTES, plain_card
from slmdesk.catalogue.folders import FolderStore
from slmdesk.catalogue.headers import HeaderStore
from slmdesk.catalogue.model import GGUF, ONNX, CatalogueModel, Variant
from slmdesk.catalogue.names import is_repository
from slmdesk.catalogue.query import HubQuery
from slmdesk.catalogue.refreshing import Progress, Refreshed, RefreshReport, ask_for_all, believed, compare
from slmdesk.catalogue.repository import RepoFacts, repositories_of, with_facts
from slmdesk.catalogue.search import HubPage, KeptPage
from slmdesk.catalogue.snapshot import SnapshotFolder
from slmdesk.messages import ErrorKind, Message, UserError

if TYPE_CHECKING:
    from slmdesk.fit import HeaderSet
    from slmdesk.net import Network

_MB = 1_000_000
_CURATED = "curated"
_MOSTLY = 0.9
"""Of the repositories of the list, so many have answered once it counts as refreshed: some always fail."""


class LaidOver(NamedTuple):
    """The curated list with what the Hub said the last time it was asked for all of it."""

    models: tuple[CatalogueModel, ...]
    refreshed: float | None
    """When, by the oldest of its answers; seconds since 1970, UTC. None: never, or not for all of it."""


class HubCatalogue:
    """Models of the Hub. Cheap to make; any thread; every method blocks unless it says otherwise.

    What the Hub answered is kept below `folder`, bounded in number and bytes, and used where nothing can be
    asked. Only what was asked for by a person is asked: nothing is fetched ahead. ::

        FOLDER/
          searches/      pages of results
          repositories/  facts and files of repositories
          cards/         model cards
          headers/       headers of GGUF files
          folders/       configs and graphs of ONNX folders
          refreshed/     the last refresh of the curated list
    """

    def __init__(self, network: Network, folder: Path) -> None:
        """`folder` is one of the cache: `paths.cache / "catalogue"`."""
        self._network = network
        self._searches = SnapshotFolder(folder / "searches", KeptPage, most_files=100, most_bytes=20 * _MB)
        self._repositories = SnapshotFolder(
            folder / "repositories", RepoFacts, most_files=500, most_bytes=50 * _MB
        )
        self._cards = SnapshotFolder(folder / "cards", str, most_files=200, most_bytes=20 * _MB)
        self._refreshed = SnapshotFolder(folder / "refreshed", Refreshed, most_files=1, most_bytes=50 * _MB)
        self._facts_read: dict[str, RepoFacts | None] = {}
        self._headers = HeaderStore(network, folder / "headers")
        self._folders = FolderStore(network, folder / "folders")

    def search(
        self, query: HubQuery, cursor: str = "", stop: threading.Event | None = None
    ) -> HubPage | None:
        """One page of what the Hub has for `query`, from `cursor` on (a `HubPage.next`; "": the first).

        None once `stop` is set: looked at between requests, and what an answer brings then is thrown away.
        Where nothing can be asked, the page as it was found the last time, else what other searches found
        that is meant as well, `stale`. Raises UserError (kind NETWORK) where there is nothing such either.
        """
        return searching.search(self._network, self._searches, query, cursor, stop)

    def details(self, model: CatalogueModel) -> CatalogueModel:
        """`model` with all its variants: exact sizes, SHA-256 and the commit they are of; two requests for
        each repository.

        A repository that cannot be asked for is taken from this disk, else left as it is in `model`; `asked`
        is the oldest date of all. Raises UserError: kind NETWORK where the Hub cannot be asked and never
        was, MODEL where it knows none of the repositories.
        """
        repos = repositories_of(model)
        facts: dict[str, RepoFacts] = {}
        failures: list[UserError] = []
        for repo in repos or (model.id,):
            try:
                facts[repo] = self._facts(repo, ask=not any(map(_is_unreachable, failures)))
            except UserError as error:
                failures.append(error)
        if not facts and model.asked is not None:
            return model
        if not facts:
            raise failures[0]
        if all(one.is_gone for one in facts.values()):
            raise self._gone(next(iter(facts)))
        if not repos:
            return _of_repository(model, facts[model.id])
        return with_facts(model, facts)

    def find(self, repo: str) -> CatalogueModel:
        """The model in the repository `repo`, with its variants, as `details`.

        Raises UserError: kind MODEL where the Hub does not know it, NETWORK where it cannot be asked and
        never was.
        """
        facts = self._facts(repo) if is_repository(repo) else None
        if facts is None or facts.described is None:
            raise self._gone(repo)
        return _of_repository(facts.described, facts)

    def card(self, model: CatalogueModel) -> str:
        """The model's card in Markdown, without front matter and HTML; "" where it has none.

        Anybody may have written it: whoever shows it treats it as untrusted text. Raises UserError (kind
        NETWORK) where it cannot be asked for and is not on this disk.
        """
        failure: UserError | None = None
        for repo in dict.fromkeys((model.id, *repositories_of(model))):
            url = self._network.url_of(repo, "README.md", "main")
            try:
                text = self._network.read_text(url, why=Message("hub-why-card"), most_bytes=MOST_BYTES)
            except UserError as error:
                failure = error if failure is None or not is_not_found(error) else failure
                if _is_unreachable(error):
                    break
                continue
            shown = plain_card(text)
            self._cards.keep(model.id, shown)
            return shown
        kept = self._cards.find(model.id)
        if kept is not None:
            return kept.value
        if failure is None or is_not_found(failure):
            return ""
        raise failure

    def header(self, variant: Variant) -> HeaderSet:
        """What the files of `variant` themselves say of it, to be asked about with `fit.Subject`: of a GGUF
        variant the headers of all its files, of an ONNX folder its config and its graph.

        Fetches nothing else, and each only once: they are kept by the SHA-256 of their file. A variant that
        was never asked for is first pinned to a commit, as `details` does. Raises UserError: kind NETWORK, or
        MODEL where a file is none or damaged, or where no engine would load it.
        """
        if variant.format == ONNX:
            return self._folders.get(self._pinned(variant, with_sizes=True))
        return self._headers.get(self._pinned(variant))

    def kept_header(self, variant: Variant) -> HeaderSet:
        """As `header`, of a GGUF variant that was asked for before; else nothing. Asks nobody."""
        if variant.format == ONNX or variant.parts:
            return ()
        kept = self._headers.kept(variant)
        if kept:
            return kept
        # A search tells names alone.
        facts = self._kept_facts(variant.repo)
        found = next((one for one in facts.variants if one.id == variant.id), None) if facts else None
        if facts is None or found is None or {file.revision for file in variant.files} - {"", facts.revision}:
            return ()
        return self._headers.kept(found)

    def lay_over(self, models: Sequence[CatalogueModel]) -> LaidOver:
        """The curated `models` with what the last refresh brought. Reads one file, asks nobody."""
        kept = self._refreshed.find(_CURATED)
        if kept is None:
            return LaidOver(tuple(models), None)
        facts = kept.value.facts
        repos = {repo for model in models for repo in repositories_of(model)}
        asked = [facts[repo].asked for repo in repos if repo in facts]
        mostly = len(asked) >= _MOSTLY * len(repos)
        return LaidOver(
            tuple(with_facts(model, facts) for model in models), min(asked) if asked and mostly else None
        )

    def refresh(
        self,
        models: Sequence[CatalogueModel],
        on_progress: Progress,
        stop: threading.Event | None = None,
    ) -> RefreshReport:
        """Ask the Hub for every repository of the curated `models`, keep it for `lay_over`, say what changed.

        `models` is the list as it ships. What cannot be asked for stays as it was, and so does a model that
        is gone where hardly anything is there (`absent`): that is a mirror with few models. Stopping keeps
        what was answered until then. Raises UserError (kind NETWORK) where the Hub cannot be reached at all.
        """
        stop = stop or threading.Event()
        kept = self._refreshed.find(_CURATED)
        before = dict(kept.value.facts) if kept else {}
        answered, failed = ask_for_all(self._network, models, on_progress, stop)
        facts = believed(models, answered)
        changes, learned, confirmed = compare(models, before, facts)
        repos = {repo for model in models for repo in repositories_of(model)}
        # A repository that is no longer in the list needs no room.
        now = {repo: one for repo, one in (before | facts).items() if repo in repos}
        refused: list[Exception] = []
        date = time.time()
        if answered:
            date = self._refreshed.keep(_CURATED, Refreshed(now), on_failure=refused.append)
        return RefreshReport(
            date=date,
            total=len(repos),
            answered=len(answered),
            changes=changes,
            learned=learned,
            confirmed=confirmed,
            absent=tuple(repo for repo in answered if repo not in facts),
            failed=tuple(failed),
            stopped=stop.is_set(),
            not_kept=_not_kept(refused[0]) if refused else None,
        )

    def _facts(self, repo: str, *, ask: bool = True) -> RepoFacts:
        """What the Hub says about `repo`, now or (not `ask`, or not reached) the last time."""
        failure: UserError | None = None
        if ask:
            try:
                facts = ask_repository(self._network, repo, Message("hub-why-details"))
            except UserError as error:
                failure = error
            else:
                self._repositories.keep(repo, facts)
                self._facts_read[repo] = facts
                return facts
        kept = self._repositories.find(repo)
        if kept is not None:
            return kept.value
        raise failure or self._gone(repo)

    def _kept_facts(self, repo: str) -> RepoFacts | None:
        """What the Hub said about `repo` the last time. A list asks for thousands: each is read once."""
        if repo not in self._facts_read:
            kept = self._repositories.find(repo)
            self._facts_read[repo] = kept.value if kept is not None else None
        return self._facts_read[repo]

    def _pinned(self, variant: Variant, *, with_sizes: bool = False) -> Variant:
        """`variant` with files at a commit, whose sizes (`with_sizes`) are known."""
        files = variant.files
        if files and all(file.revision and (file.size_bytes is not None or not with_sizes) for file in files):
            return variant
        facts = self._facts(variant.repo)
        found = next((one for one in facts.variants if one.id == variant.id), None)
        if found is None:
            raise UserError("hub-variant-gone", ErrorKind.NETWORK, variant=variant.label, repo=variant.repo)
        return found

    def _gone(self, repo: str) -> UserError:
        return UserError("hub-repository-gone", ErrorKind.MODEL, repo=repo)


def refresh(
    models: Sequence[CatalogueModel],
    hub: HubCatalogue,
    on_progress: Progress,
    stop: threading.Event | None = None,
) -> RefreshReport:
    """As `HubCatalogue.refresh`."""
    return hub.refresh(models, on_progress, stop)


def _not_kept(error: Exception) -> UserError:
    """Why a refresh is not kept, for people."""
    if isinstance(error, UserError):
        return error
    reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
    return UserError("refresh-not-kept", ErrorKind.STORAGE, details=repr(error), reason=reason)


def _of_repository(model: CatalogueModel, facts: RepoFacts) -> CatalogueModel:
    """`model` with what `facts` says of the repository that it is, for each format that this has."""
    formats = {variant.format for variant in facts.variants}
    if not formats:
        # An answer, too: there is no model in it.
        return replace(model, asked=facts.asked, variants_known=True)
    found = replace(
        model,
        gguf_repos=(facts.repo,) if GGUF in formats else (),
        onnx_repos=(facts.repo,) if ONNX in formats else (),
    )
    return with_facts(found, {facts.repo: facts})


def _is_unreachable(error: UserError) -> bool:
    """Whether nothing more is to be asked now: nobody answered, or the Hub asks to be left alone."""
    return not status_of(error) or is_busy(error)
