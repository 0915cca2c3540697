"""The engines under test, each with a real model, and the few things that a test must know about each."""

from __future__ import annotations

import json
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

import pytest

from slmdesk.engines.answering import Answer
from slmdesk.engines.engine import Engine
from slmdesk.engines.protocol import LoadOptions
from tests.engines.llama_cpp.rewritten import with_template

OPTIONS = LoadOptions(threads=1, context_length=1024, batch_size=64)


class Subject(ABC):
    """One engine with one model."""

    answer_class: type[Answer]
    control_marks = ("<issue_start>", "<issue_closed>")
    """A pair of control tokens that the model does not need."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def create(self) -> Engine:
        """The engine, with nothing loaded."""

    @abstractmethod
    def tokens(self, engine: Engine, text: str) -> list[int]:
        """The tokens of text that follows other text, in the model that `engine` has loaded."""

    @abstractmethod
    def end_token(self, engine: Engine) -> int:
        """A token that ends an answer."""

    @abstractmethod
    def rewritten(self, template: str, folder: Path) -> Path:
        """The model with another chat template, in `folder`."""

    def say(self, patch: pytest.MonkeyPatch, tokens: Iterator[int]) -> None:
        """Have the engine draw these instead of what it thinks of."""
        patch.setattr(self.answer_class, "_draw", lambda answer: next(tokens))


class LlamaCppSubject(Subject):
    """A GGUF file."""

    def __init__(self, path: Path) -> None:
        from slmdesk.engines.llama_cpp.decoding import LlamaCppAnswer

        super().__init__(path)
        self.answer_class = LlamaCppAnswer

    def create(self) -> Engine:
        from slmdesk.engines.llama_cpp import LlamaCppEngine

        return LlamaCppEngine()

    def tokens(self, engine: Engine, text: str) -> list[int]:
        model, _ = engine._loaded()  # type: ignore[attr-defined]
        tokens: list[int] = model.tokenize(text.encode(), begins=False)
        return tokens

    def end_token(self, engine: Engine) -> int:
        model, _ = engine._loaded()  # type: ignore[attr-defined]
        return int(model.eos)

    def rewritten(self, template: str, folder: Path) -> Path:
        return with_template(self.path, template, folder / "rewritten.gguf")


class OnnxSubject(Subject):
    """A folder with a genai_config.json."""

    def __init__(self, path: Path) -> None:
        from slmdesk.engines.onnx_genai.decoding import OnnxGenaiAnswer

        super().__init__(path)
        self.answer_class = OnnxGenaiAnswer
        tokenizer = json.loads((path / "tokenizer.json").read_text(encoding="utf-8"))
        self._own = {token["content"] for token in tokenizer["added_tokens"]}
        if self.control_marks[0] not in self._own:
            self.control_marks = ("<think>", "</think>")

    def create(self) -> Engine:
        from slmdesk.engines.onnx_genai import OnnxGenaiEngine

        return OnnxGenaiEngine()

    def tokens(self, engine: Engine, text: str) -> list[int]:
        model, *_ = engine._loaded()  # type: ignore[attr-defined]
        tokens: list[int] = model.text.encode_rest(text.encode())
        return tokens

    def end_token(self, engine: Engine) -> int:
        model, *_ = engine._loaded()  # type: ignore[attr-defined]
        return int(min(model.end_tokens))

    def rewritten(self, template: str, folder: Path) -> Path:
        target = copied(self.path, folder)
        (target / "chat_template.jinja").write_text(template, encoding="utf-8")
        tokenizer = json.loads((target / "tokenizer.json").read_text(encoding="utf-8"))
        is_control = self.control_marks[0] in template and self.control_marks[0] != "<think>"
        for token in tokenizer["added_tokens"]:
            if token["content"] in self.control_marks:
                token["special"] = is_control or CONTROL_SIGN in template
        (target / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
        return target


CONTROL_SIGN = "{# the marks are control tokens #}"


def copied(folder: Path, into: Path) -> Path:
    """A copy of a model folder whose small files may be changed; its weights are not copied if possible."""
    target = into / folder.name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for file in folder.iterdir():
        if file.suffix == ".data":
            try:
                os.link(file, target / file.name)
                continue
            except OSError:
                pass
        shutil.copyfile(file, target / file.name)
    return target
