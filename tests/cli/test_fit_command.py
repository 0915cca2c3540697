"""`slmdesk fit`, for files on this disk and on the loopback Hub."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click
import pytest

from slmdesk.cli import fitting
from slmdesk.cli.catalogue import build_catalogue
from slmdesk.cli.fit import build_fit
from slmdesk.cli.main import Surroundings
from slmdesk.fit import FitQuestion, SpeedModel
from slmdesk.fit.probe_tries import WAIT_S
from slmdesk.messages import ErrorKind, UserError, one_line
from slmdesk.storage import Paths, Settings
from tests.fit.header_models import HEADER_MODELS, HeaderModel
from tests.fit.small_models import write_small_model
from tests.fit.speed_samples import MadeUpProbe
from tests.hub import LoopbackHub, SparseFile

RunCli = Callable[..., subprocess.CompletedProcess[str]]
Fit = Callable[..., dict[str, Any]]

KEYS = [
    "weights",
    "kv",
    "compute",
    "output",
    "runtime",
    "total",
    "resident",
    "devices",
    "context_length",
    "kv_type",
    "source",
    "verdict",
    "reason",
    "tokens_per_second",
    "speed_note",
]
EXACT = ("weights", "kv", "compute", "output", "total")
_PROBE = SpeedModel.probe
_TINY_ONNX = Path(__file__).parent.parent / "data" / "tiny-onnx"
# What the reader fetches at least at once, and ahead of a header that is longer.
_FEW_BYTES = 1024 * 1024


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    with LoopbackHub() as hub:
        for name, value in hub.environment.items():
            monkeypatch.setenv(name, value)
        yield hub


@pytest.fixture(autouse=True)
def _not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """How fast this computer is takes some seconds to measure, each time in the new home of a test."""
    monkeypatch.setattr(SpeedModel, "probe", lambda *_, **__: False)


@pytest.fixture
def fit(paths: Paths, capsys: pytest.CaptureFixture[str]) -> Fit:
    """Runs `fit --json` in this process; the object, once nothing was said beside it."""

    def run(*arguments: str, settings: Settings | None = None) -> dict[str, Any]:
        surroundings = Surroundings(paths, settings or Settings())
        build_fit().main([*arguments, "--json"], obj=surroundings, standalone_mode=False)
        out, err = capsys.readouterr()
        assert err == ""
        return dict(json.loads(out))

    return run


def _sent(hub: LoopbackHub) -> int:
    """Bytes that the second host sent, where large files are."""
    return hub.sent_bytes(host="localhost")


def _asked(hub: LoopbackHub, name: str) -> bool:
    """Whether the first host was asked for the file of this name."""
    return any("/resolve/" in one.path and name in one.path for one in hub.requests)


def test_a_local_file_in_the_keys_that_scripts_read(fit: Fit, tmp_path: Path) -> None:
    file = write_small_model("sliding window", tmp_path / "small.gguf")
    found = fit(str(file))
    assert list(found) == KEYS
    assert found["source"] == "simulated"
    assert found["total"] == sum(found[part] for part in ("weights", "kv", "compute", "output", "runtime"))
    assert [device["name"] for device in found["devices"]] == ["CPU"]
    assert set(found["devices"][0]) == {"name", "bytes", "free"}
    assert found["devices"][0]["bytes"] == found["total"]
    assert found["devices"][0]["free"] > 0
    assert found["resident"] > 0
    assert (found["context_length"], found["kv_type"]) == (4096, "f16")
    assert found["verdict"] in ("fits", "slow", "tight", "too_big")
    assert found["reason"].endswith(".")
    assert set(found["tokens_per_second"]) == {"low", "expected", "high", "measured"}


def test_options_are_asked_about_and_settings_where_there_are_none(fit: Fit, tmp_path: Path) -> None:
    file = str(write_small_model("sliding window", tmp_path / "small.gguf"))
    asked = fit(file, "--ctx", "2048", "--kv-type", "q8_0", "--gpu-layers", "0")
    assert (asked["context_length"], asked["kv_type"]) == (2048, "q8_0")
    # Of each token 12 layers keep twice 2 heads of 64 numbers, and 32 of those take 34 bytes.
    assert asked["kv"] == pytest.approx(2048 * 12 * 2 * 2 * 64 * 34 / 32, rel=0.01)
    settled = fit(file, settings=Settings(context_length=100_000, kv_type="q8_0"))
    # No longer than the model was trained for.
    assert (settled["context_length"], settled["kv_type"]) == (32768, "q8_0")


def test_a_file_of_the_hub_is_exact_after_fetching_its_header(
    hub: LoopbackHub, fit: Fit, tmp_path: Path
) -> None:
    local = HEADER_MODELS["llama_8b"]().write(tmp_path / "local.gguf")
    size = local.stat().st_size
    assert size > 4_000_000_000
    content = SparseFile(HEADER_MODELS["llama_8b"]().header(), size)
    hub.add_model("maker/big-GGUF", {"sub/big-Q4_K_M.gguf": content, "big-Q8_0.gguf": b"GGUF"})
    found = fit("maker/big-GGUF/sub/big-Q4_K_M.gguf", "--ctx", "8192")
    here = fit(str(local), "--ctx", "8192")
    assert found["source"] == here["source"] == "simulated"
    assert {part: found[part] for part in EXACT} == {part: here[part] for part in EXACT}
    assert 0 < _sent(hub) <= _FEW_BYTES
    assert not _asked(hub, "big-Q8_0.gguf")
    # By its quantization it is the same file, and nothing of it is fetched again, whatever is asked of it.
    before = _sent(hub)
    again = fit("maker/big-GGUF:q4_k_m", "--ctx", "512")
    assert again["weights"] == found["weights"]
    assert again["kv"] == found["kv"] / 16
    assert _sent(hub) == before


def test_a_split_set_of_the_hub_counts_all_of_its_parts(hub: LoopbackHub, fit: Fit, tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    first = write_small_model("mixture of experts", folder, parts=3, vocabulary=1024)
    parts = sorted(folder.iterdir())
    files = {part.name.replace("model", "moe-Q8_0"): part.read_bytes() for part in parts}
    hub.add_model("maker/moe-GGUF", files)
    found = fit("maker/moe-GGUF:Q8_0")
    here = fit(str(first))
    assert found["source"] == "simulated"
    assert {part: found[part] for part in EXACT} == {part: here[part] for part in EXACT}
    assert all(_asked(hub, name) for name in files)
    assert 0 < _sent(hub) <= len(files) * _FEW_BYTES < sum(map(len, files.values()))


def test_without_a_variant_the_recommended_one_is_taken(hub: LoopbackHub, fit: Fit) -> None:
    content = SparseFile(HEADER_MODELS["llama_8b"]().header(), 4_700_000_000)
    hub.add_model(
        "maker/big-GGUF",
        {"big-Q2_K.gguf": b"GGUF" + bytes(3_000), "big-Q4_K_M.gguf": content},
        gguf={"total": 8_030_000_000, "architecture": "llama", "context_length": 8192},
    )
    found = fit("maker/big-GGUF")
    assert found["source"] == "simulated"
    assert not _asked(hub, "big-Q2_K.gguf")


def test_a_folder_is_estimated(fit: Fit, paths: Paths) -> None:
    shutil.copytree(_TINY_ONNX, paths.models / "tiny")
    by_name = fit("tiny")
    assert by_name["source"] == "estimated"
    assert by_name["weights"] > 0
    assert fit(str(paths.models / "tiny"))["total"] == by_name["total"]


def test_more_context_than_a_folder_was_trained_for_is_refused_as_chat_does(fit: Fit) -> None:
    trained = json.loads((_TINY_ONNX / "genai_config.json").read_text())["model"]["context_length"]
    assert fit(str(_TINY_ONNX), "--ctx", str(trained))["context_length"] == trained
    with pytest.raises(UserError) as raised:
        fit(str(_TINY_ONNX), "--ctx", str(trained + 1))
    assert (raised.value.key, raised.value.kind) == ("context-too-long", ErrorKind.MODEL)


def test_a_folder_of_the_hub_is_estimated_as_on_this_disk(hub: LoopbackHub, fit: Fit) -> None:
    files = {file.name: file for file in _TINY_ONNX.iterdir()}
    hub.add_model("maker/tiny-onnx", {f"cpu-int4/{name}": file for name, file in files.items()})
    settings = Settings(context_length=100_000)
    for more in ((), ("--ctx", "512")):
        found = fit("maker/tiny-onnx/cpu-int4", *more, settings=settings)
        here = fit(str(_TINY_ONNX), *more, settings=settings)
        # What is free changes from one look to the next.
        for one in (found, here):
            one["devices"] = [device["bytes"] for device in one["devices"]]
            del one["reason"]
        assert found == here
        assert found["source"] == "estimated"
    assert _asked(hub, "genai_config.json")
    assert _sent(hub) == sum(files[name].stat().st_size for name in ("genai_config.json", "model.onnx"))
    # Without a variant it is the recommended one, and nothing is fetched again.
    before = _sent(hub)
    assert fit("maker/tiny-onnx", "--ctx", "512")["total"] == here["total"]
    assert _sent(hub) == before


def test_a_folder_of_the_hub_that_no_engine_would_load_is_an_error_about_the_model(
    hub: LoopbackHub, fit: Fit
) -> None:
    hub.add_model(
        "maker/huge-onnx", {"genai_config.json": SparseFile(b"{", 1_000_000_000), "model.onnx": b"x"}
    )
    with pytest.raises(UserError) as caught:
        fit("maker/huge-onnx")
    assert caught.value.kind is ErrorKind.MODEL
    assert "genai_config.json" in one_line(caught.value)
    assert _sent(hub) == 0


def test_a_model_of_the_list_is_estimated_where_the_hub_cannot_be_asked(
    paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    surroundings = Surroundings(paths, Settings(offline=True))
    build_fit().main(["Qwen/Qwen3-4B:q8_0", "--json"], obj=surroundings, standalone_mode=False)
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert list(found) == KEYS
    assert found["source"] == "estimated"
    assert 3.9e9 < found["weights"] < 4.7e9
    assert "switched to offline" in err


def test_layers_for_a_gpu_that_is_not_there(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    surroundings = Surroundings(paths, Settings(device="cpu"))
    arguments = [str(_TINY_ONNX), "--gpu-layers", "0", "--json"]
    build_fit().main(arguments, obj=surroundings, standalone_mode=False)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("text", ["who/knows", "who/knows:Q4_K_M", "who/knows/file.gguf"])
def test_what_only_the_hub_knows_needs_it(fit: Fit, text: str) -> None:
    with pytest.raises(UserError) as caught:
        fit(text, settings=Settings(offline=True))
    assert caught.value.kind is ErrorKind.NETWORK


def test_a_file_of_the_hub_that_is_none_is_an_error_about_the_model(hub: LoopbackHub, fit: Fit) -> None:
    hostile = b"GGUF" + (3).to_bytes(4, "little") + b"\xff" * 16 + bytes(1000)
    hub.add_model("maker/bad-GGUF", {"text-Q8_0.gguf": b"<html>" * 100, "huge-Q4_K_M.gguf": hostile})
    for name in ("text-Q8_0.gguf", "huge-Q4_K_M.gguf"):
        with pytest.raises(UserError) as caught:
            fit(f"maker/bad-GGUF/{name}")
        assert caught.value.kind is ErrorKind.MODEL
        assert name in one_line(caught.value)


@pytest.mark.parametrize(
    "arguments",
    [(), ("--ctx", "0"), ("--ctx", "many"), ("--kv-type", "q3"), ("--gpu-layers", "-2")],
)
def test_wrong_usage(fit: Fit, arguments: tuple[str, ...]) -> None:
    with pytest.raises(click.UsageError):
        fit(*(("starter", *arguments) if arguments else ()))


def test_for_people(paths: Paths, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_small_model("sliding window", tmp_path / "small.gguf")
    build_fit().main([str(file), "--ctx", "1000"], obj=Surroundings(paths, Settings()), standalone_mode=False)
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.replace("\N{NO-BREAK SPACE}", " ").splitlines()
    assert lines[:2] == ["small gemma3 · Q8_0", str(file)]
    assert "Memory with 1,000 tokens of context and a KV cache in f16" in lines
    assert [line.split()[0] for line in lines if line.startswith("  ") and line.endswith("iB")][:3] == [
        "Weights",
        "KV",
        "Compute",
    ]
    assert lines[-1] == "The engine laid this out from the file's header."


def test_exit_codes_of_the_whole_program(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"GGUF" + (3).to_bytes(4, "little") + b"\xff" * 1000)
    done = run_cli("fit", "bad.gguf")
    assert (done.returncode, done.stdout) == (3, "")
    assert len(done.stderr.splitlines()) == 1
    assert "bad.gguf" in done.stderr
    done = run_cli("fit", "who/knows", environment={"SLMDESK_OFFLINE": "1"})
    assert (done.returncode, done.stdout) == (5, "")
    assert len(done.stderr.splitlines()) == 1


def test_how_fast_this_computer_is_gets_measured_once(fit: Fit, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[FitQuestion] = []
    monkeypatch.setattr(SpeedModel, "is_probed", lambda _, question: bool(measured))
    monkeypatch.setattr(SpeedModel, "probe", lambda _, question, **more: measured.append(question))
    fit(str(_TINY_ONNX), "--ctx", "512")
    fit(str(_TINY_ONNX), "--ctx", "1024")
    assert [question.context_length for question in measured] == [512]


@pytest.mark.parametrize("watched", [True, False])
def test_who_watches_is_told_that_the_computer_is_measured(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], watched: bool
) -> None:
    probe, time = _probed_by(monkeypatch, share=0.5), [0.0]
    monkeypatch.setattr(fitting, "SpeedModel", partial(SpeedModel, measures=probe, now=lambda: time[0]))
    monkeypatch.setattr(fitting, "stderr_is_terminal", lambda: watched)
    said = []
    for passed in (0.0, 1.0, WAIT_S):
        time[0] += passed
        said.append(_said(paths, capsys))
    if watched:
        [first], nothing, [again] = said
        assert first.startswith("Measuring how fast this computer is.")
        assert nothing == []
        assert again.startswith("Measuring again")
    else:
        assert said == [[], [], []]
    assert len(probe.asked) == 2


@pytest.mark.parametrize(
    ("share", "says", "knows"),
    [
        (0.97, None, True),
        (0.82, "It may be faster than predicted", True),
        (0.5, "The speed is not known", False),
    ],
)
def test_that_the_computer_was_busy_is_said_in_the_text_and_as_json(
    paths: Paths,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    share: float,
    says: str | None,
    knows: bool,
) -> None:
    probe = _probed_by(monkeypatch, share=share)
    for arguments in (["--json"], []):
        surroundings = Surroundings(paths, Settings())
        build_fit().main([str(_TINY_ONNX), *arguments], obj=surroundings, standalone_mode=False)
    out, err = capsys.readouterr()
    assert err == ""
    encoded, _, text = out.partition("\n}\n")
    found = json.loads(encoded + "}")
    assert (found["tokens_per_second"]["expected"] is not None) is knows
    assert ("tokens per second" in text) is knows
    if says is None:
        assert found["speed_note"] is None
        assert "busy" not in text
    else:
        assert found["speed_note"].startswith(says)
        assert "other programs kept this computer busy" in found["speed_note"]
        assert found["speed_note"] in text
    # The second time it is not measured again.
    assert len(probe.asked) == 1


def test_a_split_set_that_no_engine_would_load_is_no_estimate(hub: LoopbackHub, fit: Fit) -> None:
    parts = HEADER_MODELS["llama_8b"]().split(2)
    del parts[0].metadata["split.tensors.count"]
    heads = [part.header() for part in parts]
    hub.add_model(
        "maker/split-GGUF",
        {
            f"m-Q4_K_M-0000{number}-of-00002.gguf": SparseFile(head, 2_600_000_000)
            for number, head in enumerate(heads, 1)
        },
    )
    with pytest.raises(UserError) as caught:
        fit("maker/split-GGUF:Q4_K_M")
    assert caught.value.kind is ErrorKind.MODEL
    assert "no engine takes them" in one_line(caught.value)
    assert "m-Q4_K_M-00001-of-00002.gguf" in one_line(caught.value)


def test_more_context_than_trained_for_is_refused_by_the_name_of_the_file(hub: LoopbackHub, fit: Fit) -> None:
    content = SparseFile(HEADER_MODELS["llama_8b"]().header(), 4_700_000_000)
    hub.add_model("maker/big-GGUF", {"big-Q4_K_M.gguf": content})
    with pytest.raises(UserError) as caught:
        fit("maker/big-GGUF", "--ctx", "131073")
    assert caught.value.key == "context-too-long"
    assert "The model big-Q4_K_M.gguf cannot be loaded" in one_line(caught.value)


def test_a_file_that_ends_inside_its_header_is_told_so(fit: Fit, tmp_path: Path) -> None:
    file = tmp_path / "cut.gguf"
    file.write_bytes(HEADER_MODELS["llama_8b"]().header()[:3000])
    with pytest.raises(UserError) as caught:
        fit(str(file))
    told = one_line(caught.value).replace("\N{NO-BREAK SPACE}", " ")
    assert told.endswith("the file is cut off: it ends after 3 kB, before the weights of the model begin.")


def test_a_computer_that_cannot_be_measured_is_no_reason_to_say_nothing(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> bool:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(SpeedModel, "probe", full)
    build_fit().main([str(_TINY_ONNX), "--json"], obj=Surroundings(paths, Settings()), standalone_mode=False)
    out, err = capsys.readouterr()
    assert json.loads(out)["tokens_per_second"]["expected"] is None
    assert err == "slmdesk: How fast this computer is cannot be measured: No space left on device.\n"


def _refused_files() -> dict[str, HeaderModel]:
    """Headers that are whole and that llama.cpp refuses."""
    short, headless, lacking, wide = (HEADER_MODELS["llama_8b"]() for _ in range(4))
    short.layers = 40
    headless.number("attention.head_count", 0)
    lacking.tensors = [one for one in lacking.tensors if one[0] != "blk.7.attn_q.weight"]
    wide.tensors = [
        (name, (shape[0], shape[1] + 256) if name == "blk.7.ffn_up.weight" else shape)
        for name, shape in wide.tensors
    ]
    return {
        "short": short,
        "headless": headless,
        "lacking": lacking,
        "wide": wide,
        "encoder": _of_another_kind("bert"),
    }


def _of_another_kind(architecture: str) -> HeaderModel:
    model = HEADER_MODELS["llama_8b"]()
    model.metadata = {
        name.replace("llama.", f"{architecture}."): value for name, value in model.metadata.items()
    }
    model.architecture = architecture
    return model


@pytest.mark.parametrize("name", _refused_files())
def test_a_file_that_the_engine_refuses_does_not_fit(fit: Fit, tmp_path: Path, name: str) -> None:
    file = _refused_files()[name].write(tmp_path / f"{name}-Q4_K_M.gguf")
    # The second time the engine is not asked.
    for _ in range(2):
        with pytest.raises(UserError) as caught:
            fit(str(file))
        assert (caught.value.key, caught.value.kind) == ("model-refused", ErrorKind.MODEL)
        assert file.name in one_line(caught.value)


def test_a_file_of_the_hub_that_the_engine_refuses_is_no_offer_either(
    hub: LoopbackHub, fit: Fit, paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    content = SparseFile(_refused_files()["short"].header(), 4_700_000_000)
    hub.add_model("maker/short-GGUF", {"short-Q4_K_M.gguf": content})
    with pytest.raises(UserError) as caught:
        fit("maker/short-GGUF")
    assert caught.value.key == "model-refused"
    assert "short-Q4_K_M.gguf" in one_line(caught.value)
    assert _shown("maker/short-GGUF", paths, capsys)["verdict"] == "unknown"


def test_a_kind_of_model_that_the_engine_does_not_know_is_estimated_and_cannot_run(
    hub: LoopbackHub, fit: Fit, paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    model = _of_another_kind("not-\x1b[31myet\n")
    content = SparseFile(model.header(), 4_700_000_000)
    hub.add_model("maker/new-GGUF", {"new-Q4_K_M.gguf": content})
    for _ in range(2):
        found = fit("maker/new-GGUF")
        assert (found["verdict"], found["source"]) == ("unknown", "estimated")
        assert found["weights"] > 4e9
        assert "does not know models of the kind “not-[31myet”, so it cannot run this one" in found["reason"]
        assert found["tokens_per_second"]["expected"] is None
    assert _shown("maker/new-GGUF", paths, capsys)["verdict"] == "unknown"
    build_fit().main(["maker/new-GGUF"], obj=Surroundings(paths, Settings()), standalone_mode=False)
    lines = capsys.readouterr().out.splitlines()
    assert "Cannot be run here" in lines
    assert "  Update SLM Desk, or choose another model." in lines
    assert lines[-1] == "Estimated by formulas."


def test_the_catalogue_says_what_an_exact_fit_said(
    hub: LoopbackHub, fit: Fit, paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    heads = [part.header() for part in HEADER_MODELS["qwen3_30b_a3b"]().split(3)]
    hub.add_model(
        "maker/moe-GGUF",
        {
            f"moe-Q4_K_M-0000{number}-of-00003.gguf": SparseFile(head, 6_400_000_000)
            for number, head in enumerate(heads, 1)
        },
        gguf={"total": 30_000_000_000, "architecture": "qwen3moe", "context_length": 40960},
    )
    assert _shown("maker/moe-GGUF", paths, capsys)["source"] == "estimated"
    found = fit("maker/moe-GGUF")
    before = _sent(hub)
    for shown in (_shown("maker/moe-GGUF", paths, capsys), _searched("maker/moe-GGUF", paths, capsys)):
        assert {key: shown[key] for key in ("source", "total", "resident", "verdict")} == {
            key: found[key] for key in ("source", "total", "resident", "verdict")
        }
    assert _sent(hub) == before


@pytest.mark.parametrize("text", ["Qwen/Qwen3-4B", "Qwen/Qwen3-4B:q4_k_m"])
def test_of_a_model_of_the_list_a_repository_is_taken_that_is_there(
    hub: LoopbackHub, fit: Fit, paths: Paths, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    content = SparseFile(HEADER_MODELS["llama_8b"]().header(), 4_700_000_000)
    hub.add_model("Qwen/Qwen3-4B-GGUF", {"Qwen3-4B-Q4_K_M.gguf": content})
    assert fit(text)["source"] == "simulated"
    assert _asked(hub, "Qwen3-4B-Q4_K_M.gguf")
    assert _shown("Qwen/Qwen3-4B", paths, capsys)["total"] == fit(text)["total"]


def test_of_a_model_of_the_list_that_is_nowhere_an_estimate_is_said_to_be_one(
    hub: LoopbackHub, paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.add_model("maker/other-GGUF", {"other-Q4_K_M.gguf": b"GGUF"})
    arguments = ["Qwen/Qwen3-4B", "--json"]
    build_fit().main(arguments, obj=Surroundings(paths, Settings()), standalone_mode=False)
    out, err = capsys.readouterr()
    assert json.loads(out)["source"] == "estimated"
    assert "the Hub no longer has this file" in err


def test_the_type_of_the_cache_of_a_folder_is_that_of_its_graph(
    fit: Fit, paths: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _probed_by(monkeypatch, share=0.97)
    usual = fit(str(_TINY_ONNX))
    assert usual["kv_type"] == "f32"
    surroundings = Surroundings(paths, Settings())
    asked = [str(_TINY_ONNX), "--kv-type", "q8_0"]
    build_fit().main([*asked, "--json"], obj=surroundings, standalone_mode=False)
    out, err = capsys.readouterr()
    assert _without_what_changes(json.loads(out)) == _without_what_changes(usual)
    assert err == "The files of this model settle the type of its KV cache: --kv-type changes nothing.\n"
    build_fit().main([str(_TINY_ONNX)], obj=surroundings, standalone_mode=False)
    plain = capsys.readouterr().out
    build_fit().main(asked, obj=surroundings, standalone_mode=False)
    assert _speed_when_full(capsys.readouterr().out) == _speed_when_full(plain)


def _without_what_changes(found: dict[str, Any]) -> dict[str, Any]:
    """What is free changes from one look to the next."""
    devices = [device["bytes"] for device in found["devices"]]
    return {**found, "devices": devices, "reason": ""}


def _speed_when_full(text: str) -> str:
    return next(line for line in text.splitlines() if "With the context full" in line)


def test_a_later_part_of_a_set_is_told_from_a_set_that_does_not_belong_together(
    fit: Fit, tmp_path: Path
) -> None:
    first = write_small_model("mixture of experts", tmp_path, parts=3, vocabulary=1024)
    parts = sorted(tmp_path.iterdir())
    assert fit(str(first))["source"] == "simulated"
    with pytest.raises(UserError) as caught:
        fit(str(parts[1]))
    assert caught.value.key == "model-not-first-part"
    assert parts[1].name in one_line(caught.value)


def _shown(model: str, paths: Paths, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """How `catalogue show` says that the recommended variant runs."""
    arguments = ["show", model, "--json"]
    build_catalogue().main(arguments, obj=Surroundings(paths, Settings()), standalone_mode=False)
    return dict(json.loads(capsys.readouterr().out))


def _searched(model: str, paths: Paths, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The same of `catalogue search`."""
    arguments = ["search", model.rpartition("/")[2], "--json"]
    build_catalogue().main(arguments, obj=Surroundings(paths, Settings()), standalone_mode=False)
    [found] = [one for one in json.loads(capsys.readouterr().out)["models"] if one["id"] == model]
    return dict(found)


def _probed_by(monkeypatch: pytest.MonkeyPatch, *, share: float) -> MadeUpProbe:
    """This computer is measured in no time, and other programs leave the engine so much of its time."""
    monkeypatch.setattr(SpeedModel, "probe", _PROBE)
    probe = MadeUpProbe(share=share)
    monkeypatch.setattr(fitting, "SpeedModel", partial(SpeedModel, measures=probe))
    return probe


def _said(paths: Paths, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """On stderr by one `fit --json`."""
    build_fit().main([str(_TINY_ONNX), "--json"], obj=Surroundings(paths, Settings()), standalone_mode=False)
    return capsys.readouterr().err.splitlines()
