"""What is asked of the Hub, through huggingface_hub over our network."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from slmdesk.catalogue.facts import commit, model_of
from slmdesk.catalogue.query import EXPANDED, PAGE_SIZE
from slmdesk.catalogue.repository import RepoFacts
from slmdesk.catalogue.tree import files_of
from slmdesk.catalogue.variants import group_variants
from slmdesk.messages import ErrorKind, Message, UserError

if TYPE_CHECKING:
    from huggingface_hub import ModelInfo

    from slmdesk.net import Network

_log = logging.getLogger(__name__)

_NOT_FOUND = "network-not-found"
_BUSY = "network-busy"
_LONGEST_QUERY = 8_000


def is_not_found(error: UserError) -> bool:
    """Whether the Hub says that there is no such thing: to strangers, a private repository is none."""
    return error.key == _NOT_FOUND


def is_busy(error: UserError) -> bool:
    """Whether the Hub asks to be left alone for as many seconds as the fact `seconds` says."""
    return error.key.startswith(_BUSY)


def status_of(error: UserError) -> int:
    """The status of the answer; 0: there was none."""
    return int(error.facts.get("status", 0))


def first_page(parameters: dict[str, str | int | list[str]]) -> str:
    """The query string of the first page of a list."""
    return urlencode(parameters, doseq=True)


def read_page(network: Network, query: str) -> tuple[list[ModelInfo], str]:
    """One page of the list of models, and the query string of the next one ("": this was the last).

    `HfApi.list_models` goes through all pages by itself and never says where it is, so a page is asked for
    here in the same words (a test compares them) and read into the same rows. A row that makes no sense is
    left out. Raises UserError (kind NETWORK).
    """
    from huggingface_hub import ModelInfo

    page = network.read_json(f"{network.endpoint}/api/models?{query}", why=Message("hub-why-search"))
    if not isinstance(page.value, list):
        raise _not_understood(network, f"a {type(page.value).__name__} where a list was asked for")
    found = []
    for row in page.value[: 2 * PAGE_SIZE]:
        try:
            found.append(ModelInfo(**row))  # type: ignore[no-untyped-call]
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            _log.info("a row of the list is left out: %r", error)
    # Of the address only the question: a mirror may pass on that of the Hub itself.
    following = urlsplit(page.next_url).query
    return found, following if len(following) <= _LONGEST_QUERY else ""


def ask_repository(network: Network, repo: str, why: Message) -> RepoFacts:
    """What the Hub says about `repo`, its files at the newest commit among it; two requests or more.

    That it does not exist, or is not shown to strangers, is an answer too (`is_gone`). Raises UserError
    (kind NETWORK).
    """
    hub = network.hub(why)
    try:
        info = hub.model_info(repo, expand=[name for name in EXPANDED if name != "siblings"])
        revision = commit(info.sha)
        described = model_of(info)
        if not revision or described is None:
            raise _not_understood(network, f"commit {info.sha!r} of {info.id!r}")
        files = files_of(repo, revision, hub.list_repo_tree(repo, recursive=True, revision=revision))
    except UserError as error:
        if not is_not_found(error):
            raise
        return RepoFacts(repo=repo, asked=time.time())
    parameters = described.dimensions.parameters if described.dimensions else None
    return RepoFacts(
        repo=repo,
        asked=time.time(),
        described=described,
        moved_to=info.id if info.id.casefold() != repo.casefold() else "",
        revision=revision,
        variants=group_variants(repo, files, parameters=parameters),
    )


def _not_understood(network: Network, details: str) -> UserError:
    host = urlsplit(network.endpoint).hostname or ""
    return UserError("network-unexpected-answer", ErrorKind.NETWORK, host=host, details=details)
