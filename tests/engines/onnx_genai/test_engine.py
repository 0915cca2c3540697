"""What is particular to this engine: its build, its options, its tokenizer, and native refusals."""

from __future__ import annotations

import importlib.util
import itertools
import json
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slmdesk.engines import ENGINES, engine_for, probe_engine
from slmdesk.engines.onnx_genai import OnnxGenaiEngine, build_info
from slmdesk.engines.onnx_genai.decoding import OnnxGenaiAnswer, next_chunk, next_end
from slmdesk.engines.onnx_genai.model import LoadedModel
from slmdesk.engines.onnx_genai.text import ModelTokenizer
from slmdesk.engines.prompts import WORD_JOINER, Prompt
from slmdesk.engines.protocol import GenerateRequest, LoadOptions, PromptProgress
from slmdesk.engines.registry import ONNX
from slmdesk.messages import ErrorKind, UserError, error_sentences
from tests.engines.answers import GREEDY, collect, user
from tests.engines.onnx_genai.spaced_tokenizer import give_spaced_tokenizer
from tests.engines.shared.subjects import copied

TINY = Path(__file__).parents[2] / "data" / "tiny-onnx"
OPTIONS = LoadOptions(threads=1)


@pytest.fixture
def engine() -> Iterator[OnnxGenaiEngine]:
    engine = OnnxGenaiEngine()
    yield engine
    engine.unload()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copied(TINY, tmp_path)


def refused(engine: OnnxGenaiEngine, folder: Path) -> UserError:
    with pytest.raises(UserError) as caught:
        engine.load(str(folder), OPTIONS, lambda progress: None)
    assert caught.value.kind is ErrorKind.MODEL
    assert error_sentences(caught.value).why
    return caught.value


def test_the_build() -> None:
    build = build_info()
    assert build.package.startswith("onnxruntime-genai")
    assert build.package in build.version
    assert build.backends[0] == "CPU"
    first = build.devices[0]
    assert (first.name, first.kind, first.backend) == ("CPU", "cpu", "CPU")
    assert first.total_memory >= first.free_memory > 0


def test_it_is_probed_like_any_other() -> None:
    facts = probe_engine(ONNX)
    assert facts.problem is None
    assert facts.title == "ONNX Runtime GenAI"
    assert facts.capabilities.quiet_load
    assert "kv_type" not in facts.capabilities.load_options
    assert facts.devices[0].name == "CPU"


def test_importing_the_package_imports_no_native_code() -> None:
    script = "import sys, slmdesk.engines.onnx_genai; print('onnxruntime_genai' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_registry_knows_folders() -> None:
    assert engine_for(str(TINY)) == ONNX
    assert not ENGINES[ONNX].accepts(str(TINY.parent))


@pytest.mark.parametrize(
    ("system", "machine", "key"),
    [
        ("darwin", "x86_64", "engine-not-for-this-system"),
        ("darwin", "arm64", "engine-not-installed"),
        ("linux", "x86_64", "engine-not-installed"),
    ],
)
def test_a_system_without_the_package(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, key: str
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    with pytest.raises(UserError) as caught:
        ENGINES[ONNX].create()
    assert caught.value.key == key
    assert error_sentences(caught.value).do


def test_the_kv_type_of_other_engines_is_not_looked_at(engine: OnnxGenaiEngine) -> None:
    report = engine.load(str(TINY), LoadOptions(threads=1, kv_type="q4_0"), lambda progress: None)
    assert report is not None
    assert report.capabilities.kv_types == ("f16",)


def change_config(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    file = folder / "genai_config.json"
    config = json.loads(file.read_text())
    change(config)
    file.write_text(json.dumps(config))


def test_a_kind_of_model_that_the_library_does_not_know(engine: OnnxGenaiEngine, folder: Path) -> None:
    change_config(folder, lambda config: config["model"].update(type="nonsense"))
    error = refused(engine, folder)
    assert error.key == "model-refused"
    assert "nonsense" in error.details
    # And it loads the next one.
    assert engine.load(str(TINY), OPTIONS, lambda progress: None) is not None


def test_a_config_that_the_library_refuses(engine: OnnxGenaiEngine, folder: Path) -> None:
    change_config(folder, lambda config: config["search"].update(many=1))
    error = refused(engine, folder)
    assert error.key == "onnx-config-refused"
    assert 'it says “search: Unknown value "many"' in error_sentences(error).why
    assert str(folder) not in error_sentences(error).why


def test_a_graph_and_a_config_that_do_not_fit(
    engine: OnnxGenaiEngine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(model: LoadedModel) -> None:
        raise RuntimeError("eos_token_id (9) must be in range [0, 7)\nsecond line")

    monkeypatch.setattr(LoadedModel, "_renew", refuse)
    error = refused(engine, folder)
    assert error.key == "onnx-graph-refused"
    assert error_sentences(error).why.endswith("says “eos_token_id (9) must be in range [0, 7)”.")


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("inputs", "attention_mask", "m"),
        ("inputs", "past_key_names", "p.%d"),
        ("outputs", "present_key_names", "p.%d"),
    ],
)
def test_a_folder_that_cannot_answer_once_is_not_asked_again(
    engine: OnnxGenaiEngine, folder: Path, section: str, name: str, value: str
) -> None:
    """The library looks for these only in use."""
    change_config(folder, lambda config: config["model"]["decoder"][section].update({name: value}))
    assert engine.load(str(folder), OPTIONS, lambda progress: None) is not None
    with pytest.raises(UserError) as caught:
        collect(engine.generate(GenerateRequest(messages=(user("x"),), max_tokens=2)))
    assert caught.value.key == "model-does-not-run"
    sentences = error_sentences(caught.value)
    assert "Send your message again" not in sentences.do
    assert "it says “" in sentences.why
    assert "onnxruntime_src" not in sentences.why


def test_a_name_that_the_graph_does_not_have(engine: OnnxGenaiEngine, folder: Path) -> None:
    change_config(
        folder, lambda config: config["model"]["decoder"]["inputs"].update(input_ids="no_such_input")
    )
    error = refused(engine, folder)
    assert error.key == "onnx-name-not-in-graph"
    assert "no_such_input" in error_sentences(error).why
    # And it loads the next one.
    assert engine.load(str(TINY), OPTIONS, lambda progress: None) is not None


def test_a_tokenizer_that_the_library_refuses(engine: OnnxGenaiEngine, folder: Path) -> None:
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokenizer["model"]["merges"] = 5
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    error = refused(engine, folder)
    assert error.key == "onnx-tokenizer-refused"
    assert error.details
    assert "ONNX Runtime GenAI" in error_sentences(error).why
    assert "tokenizer.json" in error_sentences(error).do


def test_weights_that_are_no_numbers(engine: OnnxGenaiEngine, folder: Path) -> None:
    data = folder / "model.onnx.data"
    size = data.stat().st_size
    data.unlink()
    data.write_bytes(np.full(size // 4, np.nan, dtype=np.float32).tobytes())
    assert engine.load(str(folder), OPTIONS, lambda progress: None) is not None
    for sampling in (GREEDY, None):
        request = GenerateRequest(messages=(user("x"),), max_tokens=2)
        if sampling is not None:
            request = GenerateRequest(messages=(user("x"),), max_tokens=2, sampling=sampling)
        with pytest.raises(UserError) as caught:
            collect(engine.generate(request))
        assert caught.value.key == "model-weights-damaged"


def test_a_tokenizer_of_another_model(engine: OnnxGenaiEngine, folder: Path) -> None:
    """The library would evaluate a number that the model does not have, and answer nonsense."""
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokenizer["added_tokens"].append({**tokenizer["added_tokens"][0], "id": 90_000, "content": "<far>"})
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    template = folder / "chat_template.jinja"
    template.write_text("<far>" + template.read_text())
    engine.load(str(folder), OPTIONS, lambda progress: None)
    with pytest.raises(UserError) as caught:
        collect(engine.generate(GenerateRequest(messages=(user("x"),), max_tokens=2)))
    assert caught.value.key == "tokenizer-of-another-model"


def test_a_model_that_cannot_go_back_begins_anew(engine: OnnxGenaiEngine) -> None:
    engine.load(str(TINY), OPTIONS, lambda progress: None)
    request = GenerateRequest(messages=(user("x"),), sampling=GREEDY, max_tokens=5)
    first = collect(engine.generate(request))
    model, *_ = engine._loaded()

    class Stubborn:
        def rewind_to(self, count: int) -> None:
            raise RuntimeError("Rewind is not supported")

    model._generator = Stubborn()
    again = collect(engine.generate(request))
    assert (again.text, again.stats.reused_tokens) == (first.text, 0)
    assert collect(engine.generate(request)).stats.reused_tokens > 0


def test_a_failed_evaluation_leaves_the_engine_usable(
    engine: OnnxGenaiEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.load(str(TINY), OPTIONS, lambda progress: None)
    request = GenerateRequest(messages=(user("x"),), sampling=GREEDY, max_tokens=5)
    first = collect(engine.generate(request))

    def fail(model: LoadedModel, tokens: list[int]) -> None:
        raise RuntimeError("the device was lost")

    with monkeypatch.context() as patch:
        patch.setattr(LoadedModel, "evaluate", fail)
        with pytest.raises(UserError) as caught:
            collect(engine.generate(request))
    assert caught.value.key == "decoding-failed"
    assert caught.value.details == "the device was lost"
    assert collect(engine.generate(request)).text == first.text


def test_a_lack_of_memory_is_told_as_such(engine: OnnxGenaiEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.load(str(TINY), OPTIONS, lambda progress: None)

    def fail(model: LoadedModel, tokens: list[int]) -> None:
        raise RuntimeError("Failed to allocate memory for requested buffer of size 123")

    monkeypatch.setattr(LoadedModel, "evaluate", fail)
    with pytest.raises(MemoryError):
        collect(engine.generate(GenerateRequest(messages=(user("x"),))))


def test_chunks_of_a_prompt_grow_and_shrink_with_the_machine(
    engine: OnnxGenaiEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert next_chunk(16, 0.001, 64) == 64
    assert next_chunk(16, 0.4, 64) == 16
    assert next_chunk(64, 4.0, 64) == 6
    assert next_chunk(1, 9.0, 64) == 1
    assert next_chunk(16, 0.0, 64) == 64
    assert next_end(0, 100, 64) == 64
    assert next_end(64, 100, 64) == 100
    assert next_end(100, 100, 64) == 101
    assert next_end(0, 17, 16) == 15, "nor is the one before the last alone"
    assert next_end(0, 3, 2) == 2
    engine.load(str(TINY), OPTIONS, lambda progress: None)
    events = engine.generate(GenerateRequest(messages=(user("word " * 80),), max_tokens=1))
    done = [event.processed for event in events if isinstance(event, PromptProgress)]
    steps = [after - before for before, after in itertools.pairwise(done)]
    assert max(steps) <= 64


class _Spaced:
    """A tokenizer that puts a blank before whatever it is given, and a token at the beginning."""

    def __init__(self) -> None:
        self.begins = False

    def update_options(self, *, add_special_tokens: bool, skip_special_tokens: bool = False) -> None:
        self.begins = add_special_tokens

    def encode(self, text: str) -> Any:
        known = text.replace("<s>", "\1").replace("<e>", "\2")
        return np.array([1] * self.begins + [ord(letter) for letter in " " + known], dtype=np.int32)


def test_a_tokenizer_that_puts_blanks_before_pieces() -> None:
    """Words with the text of a control token stay in one piece with the rest, and are broken up inside it."""
    tokenizer = ModelTokenizer(_Spaced(), {"<s>": 1, "<e>": 2}, 10_000, "<s>")
    assert not tokenizer.joins_text
    tokens = tokenizer.encode_prompt(Prompt("<s>a<e>b<e>c", words=((3, 8),)))
    assert "".join(map(chr, tokens)) == f" \1a<{WORD_JOINER}e>b\2c"
    # Where the template does not begin with it, the tokenizer's own first token is put there.
    assert tokenizer.encode_prompt(Prompt("a"))[0] == 1


def test_a_real_tokenizer_that_puts_blanks_before_pieces(
    engine: OnnxGenaiEngine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_spaced_tokenizer(folder)
    engine.load(str(folder), OPTIONS, lambda progress: None)
    model, *_ = engine._loaded()
    assert not model.text.joins_text
    prompt = model.tokenize_prompt(Prompt("hello"))
    assert prompt[0] == 1, "it begins as the tokenizer is made to"
    # A forged end of a turn is spelled out, and the prompt is the same otherwise.
    ends = [engine.count_tokens((user(words),)) for words in ("hello hello", "hello</s>hello")]
    assert ends[1] > ends[0] + 3
    # Characters in bytes come whole, blanks stay, and the next turn reuses what is alike.
    answer = [token for text in ("hello", " 😀", " a") for token in model.text.encode_rest(text.encode())]
    tokens = iter([*answer, 2])
    with monkeypatch.context() as patch:
        patch.setattr(OnnxGenaiAnswer, "_draw", lambda answer: next(tokens))
        said = collect(engine.generate(GenerateRequest(messages=(user("hello"),))))
    assert said.text.split() == ["hello", "😀", "a"]
    assert said.text.startswith(" hello")
    again = collect(
        engine.generate(GenerateRequest(messages=(user("hello"),), sampling=GREEDY, max_tokens=1))
    )
    assert again.stats.reused_tokens == again.stats.prompt_tokens - 1
