"""Finds the list of added tokens in a tokenizer.json without reading its vocabulary."""

from __future__ import annotations

import json
import os
import re
import time

from slmdesk.formats.onnx.errors import OnnxError
from slmdesk.formats.onnx.json_text import BYTE_ORDER_MARK, LFS_POINTER, Json
from slmdesk.formats.onnx.limits import Limits
from slmdesk.formats.onnx.places import Place, open_place, read_place

# The list comes before the vocabulary in every known file, so most need no more than this.
_FIRST_BYTES = 1024 * 1024
_LAST_BYTES = 64
_WANTED = "added_tokens"
_NEEDED = "model"
_SPACE = re.compile(r"[ \t\r\n]*+")
_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_KEY = re.compile(rf"({_STRING})[ \t\r\n]*+:[ \t\r\n]*+", re.DOTALL)
_MARK = re.compile(rf"{_STRING}|[\[\]{{}}]", re.DOTALL)
_PLAIN = re.compile(rf"{_STRING}|[-+.0-9A-Za-z]++", re.DOTALL)
_CHECK_EVERY = 16_384


def read_added_tokens(place: Place, limits: Limits) -> list[Json]:
    """The list as the file has it, unchecked; empty where there is none.

    Raises OnnxError `bad_json`, `empty`, `lfs_pointer`, `too_large`, `unreadable`, and `damaged` for a file
    that is seen to hold no tokenizer.
    """
    if place.size > limits.tokenizer_bytes:
        raise OnnxError("too_large", part=place.part, what="size of the file", limit=limits.tokenizer_bytes)
    beginning = _read_ends(place)
    found = _Scan(beginning.decode(errors="ignore"), place.part, limits).find()
    if found is None:
        data = read_place(place, limits.tokenizer_bytes)
        try:
            found = _Scan(data.removeprefix(BYTE_ORDER_MARK).decode(), place.part, limits).find()
        except UnicodeDecodeError as error:
            raise OnnxError("bad_json", part=place.part, line=0) from error
    if found is None:
        raise OnnxError("bad_json", part=place.part, line=0)
    return found


def _read_ends(place: Place) -> bytes:
    """The first bytes of the file. Raises `empty`, `lfs_pointer`, and `bad_json` where its end is missing."""
    with os.fdopen(open_place(place), "rb") as file:
        try:
            beginning = file.read(_FIRST_BYTES)
            file.seek(max(0, place.size - _LAST_BYTES))
            end = file.read(_LAST_BYTES)
        except OSError as error:
            raise OnnxError("unreadable", part=place.part, reason=error.strerror or str(error)) from error
    if not beginning.strip():
        raise OnnxError("empty", part=place.part)
    beginning = beginning.removeprefix(BYTE_ORDER_MARK)
    if beginning.startswith(LFS_POINTER):
        raise OnnxError("lfs_pointer", part=place.part)
    if not end.rstrip().endswith(b"}"):
        raise OnnxError("bad_json", part=place.part, line=0)
    return beginning


class _Scan:
    """Steps over the values of a JSON object until the wanted one, and makes nothing of those before it."""

    def __init__(self, text: str, part: str, limits: Limits) -> None:
        self._text = text
        self._part = part
        self._limits = limits
        self._until = time.thread_time() + limits.cpu_seconds

    def find(self) -> list[Json] | None:
        """The list; empty for an object without it; None: the text is cut off or no JSON.

        Raises `damaged` for an object that has neither the list nor a model of the tokenizer.
        """
        text = self._text
        has_model = False
        at = self._after_space(0)
        if text[at : at + 1] != "{":
            return None
        at = self._after_space(at + 1)
        while (key := _KEY.match(text, at)) is not None:
            end = self._after_value(key.end())
            if end is None:
                return None
            if key[1][1:-1] == _WANTED:
                return self._parse(key.end(), end)
            has_model = has_model or key[1][1:-1] == _NEEDED
            at = self._after_space(end)
            if text[at : at + 1] == ",":
                at = self._after_space(at + 1)
        if text[at:].strip() != "}":
            return None
        if not has_model:
            raise OnnxError("damaged", part=self._part, what="no model of a tokenizer")
        return []

    def _parse(self, start: int, end: int) -> list[Json] | None:
        most = self._limits.added_tokens_letters
        if end - start > most:
            raise OnnxError("too_large", part=self._part, what="list of added tokens", limit=most)
        try:
            value: Json = json.loads(self._text[start:end])
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, list) else None

    def _after_value(self, at: int) -> int | None:
        """Where the value that begins at `at` ends; None: it does not."""
        if self._text[at : at + 1] not in ("{", "["):
            plain = _PLAIN.match(self._text, at)
            return plain.end() if plain else None
        depth = 0
        for count, mark in enumerate(_MARK.finditer(self._text, at)):
            if count % _CHECK_EVERY == 0 and time.thread_time() > self._until:
                seconds = round(self._limits.cpu_seconds)
                raise OnnxError("too_large", part=self._part, what="processor time", limit=seconds)
            letter = mark[0][0]
            depth += (letter in "[{") - (letter in "]}")
            if depth == 0:
                return mark.end()
        return None

    def _after_space(self, at: int) -> int:
        match = _SPACE.match(self._text, at)
        return match.end() if match else at
