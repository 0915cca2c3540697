"""The curated list brought up to date: every repository in it is asked for, and what changed is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct

from slmdesk.catalogue.asking import ask_repository, is_busy, status_of
from slmdesk.catalogue.model import CatalogueModel, ModelFile
from slmdesk.catalogue.repository import RepoFacts, repositories_of, with_facts
from slmdesk.messages import Fact, Message, UserError

if TYPE_CHECKING:
    from slmdesk.net import Network

ChangeKind: TypeAlias = Literal[
    "size", "hash", "new-file", "gone-file", "gone", "back", "moved", "context", "parameters", "gated"
]

_LONGEST_WAIT_S = 120
"""That the Hub may ask for in all; longer, and the rest is left for another time."""
_MOST_IN_A_ROW = 3
"""Failures one after another that say something about the connection and not about a repository."""


class Refreshed(Struct, frozen=True):
    """What the Hub said about the repositories of the curated list, each the last time it was asked for."""

    facts: dict[str, RepoFacts]


class Change(Struct, frozen=True, kw_only=True):
    """One fact that is not what it was."""

    kind: ChangeKind
    model: str
    """Id of the model."""
    repo: str
    path: str = ""
    """Of the file; "": the whole repository."""
    before: str | int = ""
    """Sizes in bytes, contexts in tokens, counts, hashes, names."""
    after: str | int = ""

    @property
    def message(self) -> Message:
        """The change in a sentence."""
        ending = "_bytes" if self.kind == "size" else ""
        facts: dict[str, Fact] = {f"before{ending}": self.before, f"after{ending}": self.after}
        key = f"refresh-{self.kind}"
        if self.kind == "gated":
            key += "-closed" if self.after else "-open"
        return Message(key, {"repo": self.repo, "path": self.path, **facts})


@dataclass(frozen=True, slots=True)
class RepoFailure:
    """A repository about which the Hub could not be asked; what was known of it stays."""

    repo: str
    error: UserError


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshReport:
    """What a refresh did."""

    date: float
    """When it ended; seconds since 1970, UTC."""
    total: int
    """Repositories of the list."""
    answered: int
    changes: tuple[Change, ...]
    learned: int
    """Files whose exact size or hash was not known before."""
    confirmed: int
    """Files for which the Hub said what was known already."""
    absent: tuple[str, ...] = ()
    """Repositories that a server with few models does not have: what the list says of them stays."""
    failed: tuple[RepoFailure, ...] = ()
    stopped: bool = False
    """Whether it was stopped. What had been answered until then is kept."""
    not_kept: UserError | None = None
    """Why nothing of it could be kept on this disk (kind STORAGE)."""

    @property
    def not_asked(self) -> int:
        """Repositories that it did not get to."""
        return self.total - self.answered - len(self.failed)


Progress: TypeAlias = Callable[[int, int, str], None]
"""Called before each repository with how many are done, how many there are, and its name."""


def ask_for_all(
    network: Network,
    models: Sequence[CatalogueModel],
    on_progress: Progress,
    stop: threading.Event,
) -> tuple[dict[str, RepoFacts], list[RepoFailure]]:
    """What the Hub says about each repository of `models`, one by one, and those it did not answer for.

    Waits as long as the Hub asks for when it is busy, two minutes in all. Ends early when stopped, when it
    asks for more than that, and where the connection fails for several in a row. Raises UserError (kind
    NETWORK) where it fails before anything was answered.
    """
    repos = list(dict.fromkeys(repo for model in models for repo in repositories_of(model)))
    answered: dict[str, RepoFacts] = {}
    failed: list[RepoFailure] = []
    patience = _Patience(stop)
    in_a_row = 0
    for repo in repos:
        if stop.is_set():
            break
        on_progress(len(answered) + len(failed), len(repos), repo)
        try:
            answered[repo] = patience.ask(network, repo)
            in_a_row = 0
        except UserError as error:
            if stop.is_set() and is_busy(error):
                break
            failed.append(RepoFailure(repo, error))
            in_a_row += 1
            if not answered and len(failed) == 1 and not status_of(error):
                raise
            if is_busy(error) or (in_a_row >= _MOST_IN_A_ROW and not _is_refusal(error)):
                break
    on_progress(len(answered) + len(failed), len(repos), "")
    return answered, failed


class _Patience:
    """Waits when the Hub is busy, but not for ever."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._left_s = _LONGEST_WAIT_S

    def ask(self, network: Network, repo: str) -> RepoFacts:
        """Raises UserError: `network-busy` where it was stopped or the patience is at its end."""
        while True:
            try:
                return ask_repository(network, repo, Message("hub-why-refresh"))
            except UserError as error:
                # At least a second, so that a server that says "now" is not asked without end.
                wait_s = max(1, int(error.facts.get("seconds", 0))) if is_busy(error) else 0
                if not wait_s or wait_s > self._left_s:
                    raise
                self._left_s -= wait_s
                if self._stop.wait(wait_s):
                    raise


def _is_refusal(error: UserError) -> bool:
    """Whether the Hub answered, but not for this repository: the next one may go well."""
    return 400 <= status_of(error) < 500 and not is_busy(error)


def believed(models: Iterable[CatalogueModel], answered: Mapping[str, RepoFacts]) -> dict[str, RepoFacts]:
    """What of the answers is laid over the list `models`: where most repositories are gone, not that all of a
    model's are.

    Whoever answers so is not the Hub, but a mirror (`HF_ENDPOINT`) that has only some models, or a wall. What
    it has of a model is still to be taken from where it is.
    """
    there = {repo for repo, facts in answered.items() if not facts.is_gone}
    if 2 * len(there) >= len(answered):
        return dict(answered)
    of_those = [repositories_of(model) for model in models if not there.isdisjoint(repositories_of(model))]
    taken = there.union(*of_those)
    return {repo: facts for repo, facts in answered.items() if repo in taken}


def compare(
    models: Iterable[CatalogueModel], before: Mapping[str, RepoFacts], facts: Mapping[str, RepoFacts]
) -> tuple[tuple[Change, ...], int, int]:
    """What `facts` say else than the list `models` with the facts of `before`: the changes, how many files
    were learned, how many confirmed."""
    changes: list[Change] = []
    learned = confirmed = 0
    seen: set[str] = set()
    for model in models:
        known = with_facts(model, before)
        for repo in repositories_of(model):
            if repo not in facts or repo in seen:
                continue
            seen.add(repo)
            one, earlier = facts[repo], before.get(repo)
            changes += _changes_of_repository(model, earlier, one)
            if one.is_gone:
                continue
            old_files, new_files = _files(known, repo), _files(with_facts(model, {repo: one}), repo)
            # Of a repository that was never asked for, the list names only some files.
            all_known = earlier is not None and not earlier.is_gone
            for path in sorted(old_files.keys() | new_files.keys()):
                old, new = old_files.get(path), new_files.get(path)
                found = _changes_of_file(model, repo, path, old, new)
                if old is None and not all_known:
                    found = []
                changes += found
                if found or new is None:
                    continue
                if old is None or old.size_bytes is None or (new.sha256 and not old.sha256):
                    learned += 1
                else:
                    confirmed += 1
    return tuple(changes), learned, confirmed


def _changes_of_repository(model: CatalogueModel, before: RepoFacts | None, now: RepoFacts) -> list[Change]:
    """Beside what was said of the same repository before; the first time, beside the list's `model`."""

    def change(kind: ChangeKind, before: str | int = "", after: str | int = "") -> Change:
        return Change(kind=kind, model=model.id, repo=now.repo, before=before, after=after)

    was_gone = before is not None and before.is_gone
    described = now.described
    if described is None:
        return [] if was_gone else [change("gone")]
    found = [change("back")] if was_gone else []
    if now.moved_to and (before is None or now.moved_to != before.moved_to):
        found.append(change("moved", now.repo, now.moved_to))
    earlier = before.described if before is not None else None
    # Who wants terms accepted the list does not know.
    if earlier is not None and described.gated != earlier.gated:
        found.append(change("gated", earlier.gated, described.gated))
    known = earlier or model
    old, new = _counted(known), _counted(described)
    if old and new and old != new:
        found.append(change("parameters", old, new))
    if described.context_length and known.context_length not in (None, described.context_length):
        found.append(change("context", known.context_length or 0, described.context_length))
    return found


def _counted(model: CatalogueModel) -> int | None:
    return model.dimensions.parameters if model.dimensions is not None else None


def _files(model: CatalogueModel, repo: str) -> dict[str, ModelFile]:
    every = (file for variant in model.variants for file in variant.all_files)
    return {file.path: file for file in every if file.repo == repo}


def _changes_of_file(
    model: CatalogueModel, repo: str, path: str, old: ModelFile | None, new: ModelFile | None
) -> list[Change]:
    def change(kind: ChangeKind, before: str | int = "", after: str | int = "") -> Change:
        return Change(kind=kind, model=model.id, repo=repo, path=path, before=before, after=after)

    if new is None or old is None:
        return [change("new-file" if old is None else "gone-file")]
    found = []
    if old.size_bytes is not None and new.size_bytes is not None and old.size_bytes != new.size_bytes:
        found.append(change("size", old.size_bytes, new.size_bytes))
    if old.sha256 and new.sha256 and old.sha256 != new.sha256:
        found.append(change("hash", old.sha256, new.sha256))
    return found
