"""The loopback Hub: what the real huggingface_hub client needs, and what may go wrong with it."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self
from urllib.parse import parse_qs, quote, unquote, urlencode

from tests.hub.answers import Answer, file_answer, json_answer, problem
from tests.hub.content import Content, HubFile, tree_of
from tests.hub.gates import refusal_of
from tests.hub.listing import choose_models
from tests.hub.models import Gated, HubModel
from tests.hub.requests import HubRequest, Trouble
from tests.hub.web import WebServer

_API = re.compile(
    r"/api/models/(?P<repo>[^/]+/[^/]+?)"
    r"(?:/(?P<call>revision|tree|paths-info)/(?P<revision>[^/]+)(?:/(?P<path>.+))?)?"
)
_RESOLVE = re.compile(r"/(?P<repo>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)")
_CACHED = re.compile(r"/api/resolve-cache/models/(?P<repo>[^/]+/[^/]+)/(?P<revision>[^/]+)/(?P<path>.+)")


class LoopbackHub:
    """A Hub at 127.0.0.1 that keeps large files at a second host, `localhost`, as the real one does.

    A context manager. `requests` is everything that arrived at either host. A token or a cookie that
    arrives at the second host makes `close` raise AssertionError. Thread-safe as far as its servers need
    it; models are added before they are asked for.
    """

    def __init__(self) -> None:
        self.requests: list[HubRequest] = []
        self.page_size = 100
        """Most rows of one page, where the query has no smaller `limit`."""
        self.ignores_ranges = False
        """Whether the second host answers with the whole file, whatever is asked."""
        self.invalid_tokens: set[str] = set()
        self.hold: threading.Event | None = None
        """While it is there and not set, requests wait for it, at most 30 s each."""
        self._models: dict[str, HubModel] = {}
        self._moved: dict[str, str] = {}
        self._troubles: list[Trouble] = []
        self._answers: dict[str, Callable[[HubRequest], Answer]] = {}
        self._leaks: list[str] = []
        self._links_made = 0
        self._lock = threading.Lock()
        self._hub = WebServer(self._answer_as_hub)
        self._store = WebServer(self._answer_as_store)
        self._hub.cut_after = self._store.cut_after = self._cut_after

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._hub.port}"

    @property
    def store(self) -> str:
        """The second host."""
        return f"http://localhost:{self._store.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that lead a program here."""
        return {"HF_ENDPOINT": self.endpoint}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._stop()
        if error is None:
            self._check()

    def close(self) -> None:
        """Stop both servers. Raises AssertionError where a token or a cookie arrived at the second host."""
        self._stop()
        self._check()

    # What is there

    def add_model(
        self,
        repo: str,
        files: Mapping[str, Content],
        *,
        gated: Gated = False,
        downloads: int = 0,
        likes: int = 0,
        trending: int = 0,
        gguf: Mapping[str, Any] | None = None,
        tags: Sequence[str] = (),
        card: Mapping[str, Any] | None = None,
        config: Mapping[str, Any] | None = None,
        pipeline_tag: str | None = "text-generation",
        library_name: str | None = None,
        created_at: str = "2026-01-02T03:04:05.000Z",
        last_modified: str = "2026-11-24T00:00:00.000Z",
        accepted_by: Sequence[str] = (),
        denied: Sequence[str] = (),
    ) -> str:
        """Add a repository with one commit, or replace one; returns the commit.

        `card` is what stands in the front matter of its card, `gguf` what the Hub has read from its GGUF
        files (`total`, `architecture`, `context_length`). The Hub's own tags (`gguf`, `license:...`) come
        by themselves. Of a gated model everything but the files is open; `accepted_by` and `denied` are
        tokens.
        """
        model = HubModel(
            repo,
            gated=gated,
            downloads=downloads,
            likes=likes,
            trending=trending,
            gguf=gguf,
            tags=tags,
            card=card or {},
            config=config,
            pipeline_tag=pipeline_tag,
            library_name=library_name,
            created_at=created_at,
            last_modified=last_modified,
            accepted_by=frozenset(accepted_by),
            denied=frozenset(denied),
        )
        sha = model.commit(files)
        self._models[repo] = model
        return sha

    def set_file(self, repo: str, path: str, content: Content | None) -> str:
        """A new commit with another content of one file (None: without it). The old one goes on answering."""
        model = self._models[repo]
        files = {one.path: one.content for one in model.commits[model.sha].values()}
        files.pop(path, None)
        return model.commit(files if content is None else {**files, path: content})

    def remove_model(self, repo: str) -> None:
        del self._models[repo]

    def rename_model(self, old: str, new: str) -> None:
        """The old name redirects from now on, as on the Hub."""
        model = self._models.pop(old)
        model.id = new
        self._models[new] = model
        self._moved[old] = new

    def answer_with(self, path: str, answer: Callable[[HubRequest], Answer]) -> None:
        """Let `answer` decide about every request for exactly this path, on either host."""
        self._answers[path] = answer

    # What goes wrong

    def fail_next(
        self,
        count: int = 1,
        *,
        status: int = 503,
        path: str = "",
        retry_after_s: int | None = None,
        break_off_after_bytes: int | None = None,
    ) -> None:
        """Answer the next `count` requests whose path holds `path` with `status`; 0: close the connection
        at once.

        `break_off_after_bytes`: answer rightly, and close the connection after so many bytes of the body.
        """
        self._troubles.append(Trouble(count, status, path, retry_after_s, break_off_after_bytes))

    def expire_links(self) -> None:
        """Links to the second host that were given so far answer 403, as signed ones do after a while."""
        self._links_made += 1

    def sent_bytes(self, path_part: str = "", host: str = "") -> int:
        """Bytes of all bodies sent in answer to requests for paths and hosts that hold these."""
        return sum(one.sent_bytes for one in self.requests if path_part in one.path and host in one.host)

    # Answering

    def _stop(self) -> None:
        if self.hold is not None:
            self.hold.set()
        self._hub.close()
        self._store.close()

    def _check(self) -> None:
        if self._leaks:
            raise AssertionError("arrived at the second host: " + ", ".join(self._leaks))

    def _take_trouble(self, request: HubRequest, *, breaks_off: bool) -> Trouble | None:
        with self._lock:
            for trouble in self._troubles:
                kind_fits = (trouble.break_off_after_bytes is not None) is breaks_off
                if kind_fits and trouble.count > 0 and trouble.path in request.path:
                    trouble.count -= 1
                    return trouble
        return None

    def _cut_after(self, request: HubRequest) -> int | None:
        if request.status >= 300:
            return None
        trouble = self._take_trouble(request, breaks_off=True)
        return None if trouble is None else trouble.break_off_after_bytes

    def _before(self, request: HubRequest) -> tuple[bool, Answer | None]:
        """Whether the request is dealt with already, and how."""
        self.requests.append(request)
        hold = self.hold
        if hold is not None:
            hold.wait(30)
        trouble = self._take_trouble(request, breaks_off=False)
        if trouble is not None:
            if trouble.status == 0:
                return True, None
            return True, problem(trouble.status, "", f"trouble {trouble.status}", **trouble.as_headers())
        if request.path in self._answers:
            return True, self._answers[request.path](request)
        return False, None

    def _answer_as_store(self, request: HubRequest, _body: bytes) -> Answer | None:
        for name in ("authorization", "cookie"):
            if name in request.headers:
                self._leaks.append(f"{name} for {request.path}")
        done, answer = self._before(request)
        if done:
            return answer
        if request.query != f"link={self._links_made}":
            return problem(403, "", "the link has expired")
        for model in self._models.values():
            for files in model.commits.values():
                for file in files.values():
                    if request.path == _store_path(file):
                        wanted = "" if self.ignores_ranges else request.range
                        return file_answer(file, wanted, request.headers.get("if-range", ""), {})
        return problem(404, "", "there is no such file")

    def _answer_as_hub(self, request: HubRequest, body: bytes) -> Answer | None:
        done, answer = self._before(request)
        if done:
            return answer
        if request.token and request.token in self.invalid_tokens:
            return problem(401, "", "Invalid credentials in Authorization header")
        query = parse_qs(request.query)
        if request.path == "/api/models":
            return self._list(request, query)
        if found := _CACHED.fullmatch(request.path):
            return self._resolve(request, *found.groups(), redirected=True)
        if found := _RESOLVE.fullmatch(request.path):
            return self._resolve(request, *found.groups())
        if found := _API.fullmatch(request.path):
            return self._ask(request, query, parse_qs(body.decode()), **found.groupdict())
        return problem(404, "", f"the loopback Hub knows no {request.path}")

    def _list(self, request: HubRequest, query: dict[str, list[str]]) -> Answer:
        rows = choose_models(self._models.values(), query)
        limit = min(int(query.get("limit", ["1000000"])[0]), self.page_size)
        shown, more = self._page(request, query, rows, limit)
        expand = query.get("expand", []) + query.get("expand[]", [])
        full, card = ("true" in query.get(name, ()) for name in ("full", "cardData"))
        return json_answer([one.as_row(expand, full=full, with_card=card) for one in shown], **more)

    def _page(
        self, request: HubRequest, query: dict[str, list[str]], rows: Sequence[Any], size: int
    ) -> tuple[Sequence[Any], dict[str, str]]:
        """One page of rows, and the header with the link to the next one."""
        start = int(base64.b64decode(query["cursor"][0])) if "cursor" in query else 0
        more = {}
        if start + size < len(rows):
            cursor = base64.b64encode(str(start + size).encode()).decode()
            following = urlencode({**query, "cursor": [cursor]}, doseq=True)
            more = {"Link": f'<{self.endpoint}{request.path}?{following}>; rel="next"'}
        return rows[start : start + size], more

    def _find(
        self, request: HubRequest, repo: str, revision: str
    ) -> Answer | tuple[HubModel, str, dict[str, HubFile]]:
        if repo in self._moved:
            moved = request.path.replace(f"/{repo}", f"/{self._moved[repo]}", 1)
            return Answer(307, {"Location": moved + (f"?{request.query}" if request.query else "")})
        model = self._models.get(repo)
        if model is None:
            # The Hub does not say to strangers which repositories are private.
            return problem(404 if request.token else 401, "RepoNotFound", "Repository not found")
        at = model.files_at(revision)
        if at is None:
            return problem(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return model, *at

    def _ask(
        self,
        request: HubRequest,
        query: dict[str, list[str]],
        form: dict[str, list[str]],
        *,
        repo: str,
        call: str | None,
        revision: str | None,
        path: str | None,
    ) -> Answer:
        found = self._find(request, repo, unquote(revision or "main"))
        if isinstance(found, Answer):
            return found
        model, sha, files = found
        if call == "tree":
            entries = tree_of(
                files, unquote(path or ""), recursive=query.get("recursive", [""])[0].lower() == "true"
            )
            if path and not entries:
                return problem(404, "EntryNotFound", f"{path} does not exist")
            shown, more = self._page(request, query, entries, self.page_size)
            return json_answer(shown, **more)
        if call == "paths-info":
            return json_answer([files[one].as_tree_entry() for one in form.get("paths", ()) if one in files])
        with_sizes = query.get("blobs", [""])[0].lower() == "true"
        return json_answer(model.as_info(sha, query.get("expand", []), with_sizes=with_sizes))

    def _resolve(
        self, request: HubRequest, repo: str, revision: str, path: str, *, redirected: bool = False
    ) -> Answer:
        found = self._find(request, repo, unquote(revision))
        if isinstance(found, Answer):
            return found
        model, sha, files = found
        if refusal := refusal_of(model, request.token):
            return refusal
        file = files.get(unquote(path))
        if file is None:
            return problem(404, "EntryNotFound", "Entry not found", **{"X-Repo-Commit": sha})
        facts = {"X-Repo-Commit": sha, "X-Linked-Size": str(file.size), "X-Linked-ETag": f'"{file.etag}"'}
        if file.is_lfs:
            link = f"{self.store}{_store_path(file)}?link={self._links_made}"
            return Answer(302, {"Location": link, **facts})
        if not redirected:
            cached = f"/api/resolve-cache/models/{repo}/{sha}/{quote(file.path)}"
            return Answer(307, {"Location": cached, **facts})
        return file_answer(file, request.range, request.headers.get("if-range", ""), facts)


def _store_path(file: HubFile) -> str:
    return f"/lfs/{file.sha256[:2]}/{file.sha256}"
