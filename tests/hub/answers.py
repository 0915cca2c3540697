"""What the loopback Hub answers, as data."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from tests.hub.content import HubFile


@dataclass
class Answer:
    """One answer: `body`, or the bytes of `file` from `start` up to `stop`."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    file: HubFile | None = None
    start: int = 0
    stop: int = 0

    @property
    def length(self) -> int:
        return len(self.body) if self.file is None else self.stop - self.start


def json_answer(value: object, **headers: str) -> Answer:
    return Answer(
        headers={"Content-Type": "application/json; charset=utf-8", **headers},
        body=json.dumps(value).encode(),
    )


def problem(status: int, code: str, message: str, **headers: str) -> Answer:
    """An error as the Hub states one: in headers, and once more in the body."""
    told = {"X-Error-Message": message, "Content-Type": "application/json; charset=utf-8", **headers}
    if code:
        told["X-Error-Code"] = code
    return Answer(status, told, json.dumps({"error": message}).encode())


def file_answer(file: HubFile, wanted: str, if_range: str, headers: dict[str, str]) -> Answer:
    """The file, or the one range of it that `wanted` asks for, as RFC 9110 has it."""
    etag = f'"{file.etag}"'
    told = {"ETag": etag, "Accept-Ranges": "bytes", "Content-Type": "application/octet-stream", **headers}
    if not wanted or (if_range and if_range != etag):
        return Answer(200, told, file=file, stop=file.size)
    first, _, last = wanted.removeprefix("bytes=").partition("-")
    if first:
        start, stop = int(first), min(file.size, int(last) + 1 if last else file.size)
    else:
        start, stop = max(0, file.size - int(last)), file.size
    if start >= stop:
        return Answer(416, {"Content-Range": f"bytes */{file.size}"})
    told["Content-Range"] = f"bytes {start}-{stop - 1}/{file.size}"
    return Answer(206, told, file=file, start=start, stop=stop)
