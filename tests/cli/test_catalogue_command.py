"""`slmdesk catalogue`: search, show and refresh, with the loopback Hub and without any."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click
import pytest

from slmdesk.catalogue import load_curated, repositories_of
from slmdesk.cli import catalogue, fitting
from slmdesk.cli.main import Surroundings
from slmdesk.fit import SpeedModel
from slmdesk.hardware import describe_computer
from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage import Paths, Settings
from tests.fit.speed_samples import MadeUpProbe
from tests.hub import LoopbackHub, SparseFile

RunCli = Callable[..., subprocess.CompletedProcess[str]]
Said = tuple[int, str, str]
Catalogue = Callable[..., Said]

OFFLINE = Settings(offline=True)
_GIB = 2**30
_NOT_MEASURED = "The speed is not known: this computer has not been measured yet."


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    with LoopbackHub() as hub:
        for name, value in hub.environment.items():
            monkeypatch.setenv(name, value)
        yield hub


@pytest.fixture
def run(paths: Paths, capsys: pytest.CaptureFixture[str]) -> Catalogue:
    """Runs `catalogue` in this process: its exit code, stdout and stderr."""

    def run_it(*arguments: str, settings: Settings | None = None) -> Said:
        surroundings = Surroundings(paths, settings or Settings())
        code = catalogue.build_catalogue().main(list(arguments), obj=surroundings, standalone_mode=False)
        out, err = capsys.readouterr()
        return int(code or 0), out.replace("\N{NO-BREAK SPACE}", " "), err.replace("\N{NO-BREAK SPACE}", " ")

    return run_it


def _json(said: Said) -> dict[str, Any]:
    return dict(json.loads(said[1]))


def _fill(hub: LoopbackHub) -> None:
    """A repository that nobody chose, and one of the curated list with more files than the list knows."""
    hub.add_model(
        "somebody/Zebra-3B-GGUF",
        {
            "README.md": b"# Zebra",
            "Zebra-3B-Q4_K_M.gguf": SparseFile(b"GGUF", 1_900_000_000),
            "Zebra-3B-Q8_0.gguf": SparseFile(b"GGUF", 3_300_000_000),
        },
        downloads=50,
        card={"license": "mit", "language": ["en", "pl"]},
        gguf={"total": 3_100_000_000, "architecture": "llama", "context_length": 8192},
    )
    hub.add_model(
        "Qwen/Qwen3-4B-GGUF",
        {
            "Qwen3-4B-Q4_K_M.gguf": SparseFile(b"GGUF", 2_497_280_256),
            "Qwen3-4B-IQ4_XS.gguf": SparseFile(b"GGUF", 2_270_751_936),
        },
        downloads=70_000,
        gguf={"total": 4_022_468_096, "architecture": "qwen3", "context_length": 40960},
    )


def test_search_finds_the_list_and_the_hub_together(hub: LoopbackHub, run: Catalogue) -> None:
    _fill(hub)
    said = run("search", "zebra", "--json")
    found = _json(said)
    assert (said[0], said[2]) == (0, "")
    assert list(found) == ["models", "more", "curated_date", "speed_note", "hub"]
    [zebra] = found["models"]
    assert zebra["name"] == "Zebra 3B"
    assert (zebra["curated"], zebra["downloads"], zebra["licence"]["id"]) == (False, 50, "mit")
    assert zebra["recommended"]["label"] in ("Q4_K_M", "Q8_0")
    assert (zebra["verdict"], zebra["source"]) != ("unknown", None)
    assert found["hub"]["asked"] is True
    assert (found["hub"]["stale"], found["hub"]["problem"]) == (False, None)

    found = _json(run("search", "qwen3-4b", "--json", "--limit", "1000"))
    models = {model["id"]: model for model in found["models"]}
    # The curated model with what the Hub adds, once.
    assert models["Qwen/Qwen3-4B"]["curated"] is True
    assert models["Qwen/Qwen3-4B"]["downloads"] == 70_000
    assert "Qwen/Qwen3-4B-GGUF" not in models
    assert all("qwen3" in model_id.lower() for model_id in models)


def test_search_for_people(hub: LoopbackHub, run: Catalogue) -> None:
    _fill(hub)
    code, out, err = run("search", "zebra")
    assert (code, err) == (0, "")
    header, row, note = out.splitlines()
    assert note == f"{_NOT_MEASURED} So the order does not go by it."
    assert header.split() == ["ID", "Size", "Licence", "Download", "tok/s", "Fit"]
    assert row.split()[:3] == ["somebody/Zebra-3B-GGUF", "3B", "MIT"]
    code, out, err = run("search", "no such model")
    assert (code, out, err) == (0, "No model was found.\n", "")


def test_search_is_limited_and_says_so(run: Catalogue) -> None:
    code, out, err = run("search", "--curated", "--limit", "5")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert len(lines) == 8
    assert lines[-1] == "5 models are listed, and there are more: see --limit."
    found = _json(run("search", "--curated", "--limit", "1000", "--json"))
    assert len(found["models"]) == len(load_curated().models)
    assert (found["more"], found["hub"]["asked"]) == (False, False)


def test_as_long_as_no_speed_is_known_a_model_of_modest_size_leads_and_that_is_said(
    run: Catalogue, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    computer = replace(describe_computer(), total_memory_bytes=24 * _GIB, available_memory_bytes=20 * _GIB)
    monkeypatch.setattr(fitting, "describe_computer", lambda: replace(computer, gpus=()))
    found = _json(run("search", "qwen", "--curated", "--limit", "1000", "--json"))
    assert found["speed_note"] == _NOT_MEASURED
    assert found["models"][0]["speed_note"] == _NOT_MEASURED
    sizes = [model["resident"] for model in found["models"] if model["verdict"] == "fits"]
    assert sizes[0] <= 5 * _GIB
    assert max(sizes) > 10 * _GIB
    # Once it is known, the strongest that runs well leads, and nothing needs to be said.
    fast = partial(SpeedModel, measures=MadeUpProbe(speed=100.0))
    monkeypatch.setattr(fitting, "SpeedModel", fast)
    fast(paths.speed).probe()
    found = _json(run("search", "qwen", "--curated", "--limit", "1000", "--json"))
    assert found["speed_note"] is None
    assert found["models"][0]["resident"] > 10 * _GIB
    assert "The speed is not known" not in run("search", "qwen", "--curated")[1]


def test_a_size_that_a_name_only_seems_to_tell(hub: LoopbackHub, run: Catalogue) -> None:
    for name, total in (("Card-1B-GGUF", 8_030_000_000), ("Plain-8B-GGUF", 8_030_000_000)):
        hub.add_model(
            f"maker/{name}",
            {"model.gguf": SparseFile(b"GGUF", 1_000_000)},
            gguf={"total": total, "architecture": "llama"},
        )
    _, out, _ = run("show", "maker/Card-1B-GGUF")
    assert any(line.startswith("Size") and "8.03B" in line for line in out.splitlines())
    assert _json(run("show", "maker/Card-1B-GGUF", "--json"))["parameters"] == 8_030_000_000
    _, out, _ = run("show", "maker/Plain-8B-GGUF")
    assert any(line.split() == ["Size", "8B"] for line in out.splitlines())


def test_only_what_fits(run: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    # Of the memory that is free at one moment.
    computer = describe_computer()
    monkeypatch.setattr(fitting, "describe_computer", lambda: computer)
    everything = _json(run("search", "--curated", "--limit", "1000", "--json"))["models"]
    fits = _json(run("search", "--curated", "--fits", "--limit", "1000", "--json"))["models"]
    assert fits == [model for model in everything if model["verdict"] == "fits"]


def test_without_the_hub_the_list_is_shown_and_the_exit_code_tells(run: Catalogue) -> None:
    said = run("search", "bielik", "--json", settings=OFFLINE)
    found = _json(said)
    assert said[0] == ErrorKind.NETWORK
    assert any("Bielik" in model["name"] for model in found["models"])
    # Nothing was asked, and nothing old of the Hub is shown either.
    assert (found["hub"]["asked"], found["hub"]["stale"], found["hub"]["date"]) == (False, False, None)
    assert "offline" in found["hub"]["problem"]
    code, out, err = run("search", "bielik", settings=OFFLINE)
    assert code == ErrorKind.NETWORK
    assert "Bielik" in out
    assert err.splitlines()[1] == f"Only the curated list of {load_curated().date} is shown."
    # Nothing was to be asked, so nothing is missing.
    assert run("search", "--curated", "bielik", settings=OFFLINE)[0] == 0


def test_what_was_found_before_is_shown_with_its_date(hub: LoopbackHub, run: Catalogue) -> None:
    _fill(hub)
    fresh = _json(run("search", "zebra", "--json"))
    said = run("search", "zebra", "--json", settings=OFFLINE)
    stale = _json(said)
    assert said[0] == ErrorKind.NETWORK
    assert [model["id"] for model in stale["models"]] == [model["id"] for model in fresh["models"]]
    assert stale["hub"]["date"] == fresh["hub"]["date"] is not None
    assert (stale["hub"]["asked"], stale["hub"]["stale"]) == (False, True)
    hub.fail_next(50, status=503)
    unanswered = _json(run("search", "zebra", "--json"))["hub"]
    assert (unanswered["asked"], unanswered["stale"]) == (True, True)
    unanswered = _json(run("search", "okapi", "--json"))["hub"]
    assert (unanswered["asked"], unanswered["stale"], unanswered["date"]) == (True, False, None)
    assert "What the Hub had on" in run("search", "zebra", settings=OFFLINE)[2]


def test_show_says_everything_of_a_model_and_its_variants(hub: LoopbackHub, run: Catalogue) -> None:
    _fill(hub)
    said = run("show", "somebody/Zebra-3B-GGUF", "--json")
    assert (said[0], said[2]) == (0, "")
    found = _json(said)
    variants = {variant["label"]: variant for variant in found["variants"]}
    assert set(variants) == {"Q4_K_M", "Q8_0"}
    assert variants["Q4_K_M"]["size_bytes"] == 1_900_000_000
    assert variants["Q4_K_M"]["bits_per_weight"] == 4.9
    [file] = variants["Q8_0"]["files"]
    assert len(file["sha256"]) == 64
    assert len(file["revision"]) == 40
    assert [variant["recommended"] for variant in variants.values()].count(True) == 1
    assert all(variant["verdict"] != "unknown" for variant in variants.values())
    assert (found["download_source"], found["context_length"]) == ("exact", 8192)
    # Of the list, with the files that only the Hub knows.
    found = _json(run("show", "qwen3-4b", "--json"))
    assert (found["id"], found["curated"]) == ("Qwen/Qwen3-4B", True)
    of_hub = [one for one in found["variants"] if one["repo"] == "Qwen/Qwen3-4B-GGUF"]
    assert {one["label"] for one in of_hub} == {"Q4_K_M", "IQ4_XS"}
    assert found["asked"] is not None


def test_show_for_people_also_without_the_hub(run: Catalogue) -> None:
    code, out, err = run("show", "qwen/qwen3-4b", settings=OFFLINE)
    assert code == ErrorKind.NETWORK
    assert "offline" in err
    lines = out.splitlines()
    assert lines[0] == "Qwen3 4B"
    assert any(line.startswith("Licence") and "also at work" in line for line in lines)
    assert any(line.startswith("Asked") and "the Hub was not asked" in line for line in lines)
    table = next(index for index, line in enumerate(lines) if line.startswith("Variant"))
    assert any(" * " in line for line in lines[table:])


@pytest.mark.parametrize(("model", "kind"), [("no-such", ErrorKind.MODEL), ("who/knows", ErrorKind.NETWORK)])
def test_show_of_what_is_not_known(run: Catalogue, model: str, kind: ErrorKind) -> None:
    with pytest.raises(UserError) as caught:
        run("show", model, settings=OFFLINE)
    assert caught.value.kind is kind


def test_show_tells_an_answer_from_none(hub: LoopbackHub, run: Catalogue) -> None:
    hub.add_model("maker/empty-repo", {"README.md": b"# Nothing"})
    code, out, _ = run("show", "maker/empty-repo")
    assert code == 0
    assert "the Hub was not asked" not in out
    assert "No file of its repository is a model" in out
    # This Hub has none of the repositories of the list.
    code, out, _ = run("show", "Qwen/Qwen3-4B")
    assert code == ErrorKind.MODEL
    assert "the Hub has none of its repositories" in out
    with pytest.raises(UserError) as caught:
        run("show", "who/knows")
    assert (caught.value.key, caught.value.kind) == ("hub-repository-gone", ErrorKind.MODEL)
    hub.fail_next(50, status=503)
    code, out, _ = run("show", "google/gemma-3-1b-it")
    assert code == ErrorKind.NETWORK
    assert "the Hub did not answer: " in out


def test_show_says_what_the_download_includes(hub: LoopbackHub, run: Catalogue) -> None:
    hub.add_model(
        "maker/seeing",
        {
            "m-Q4_K_M.gguf": SparseFile(b"GGUF", 1_000_000),
            "m-Q8_0.gguf": SparseFile(b"GGUF", 2_000_000),
            "mmproj-m-F16.gguf": SparseFile(b"GGUF", 800_000),
        },
    )
    _, out, _ = run("show", "maker/seeing")
    assert out.count("The download includes the projector mmproj-m-F16.gguf (800 kB), which lets") == 1
    assert {one["projector"] for one in _json(run("show", "maker/seeing", "--json"))["variants"]} == {
        "mmproj-m-F16.gguf"
    }
    _, out, _ = run("show", "google/gemma-4-E4B-it", settings=OFFLINE)
    assert "The projector gemma-4-E4B-it-mmproj.gguf, which lets the model see or hear, is fetched as" in out
    _fill(hub)
    _, out, _ = run("show", "somebody/Zebra-3B-GGUF")
    assert "projector" not in out


def test_nothing_promises_to_log_in(hub: LoopbackHub, run: Catalogue) -> None:
    hub.add_model("maker/gated", {"m-Q4_K_M.gguf": SparseFile(b"GGUF", 1_000_000)}, gated="auto")
    code, out, _ = run("show", "maker/gated")
    assert code == 0
    access = next(line for line in out.splitlines() if line.startswith("Access"))
    assert access.endswith("only for accounts that accepted its terms on the Hub; SLM Desk cannot log in yet")


def test_show_names_the_missing_parts(hub: LoopbackHub, run: Catalogue) -> None:
    names = [f"m-Q4_K_M-0000{number}-of-00003.gguf" for number in (1, 3)]
    hub.add_model("maker/split", {name: SparseFile(b"GGUF", 1_000_000) for name in names})
    code, out, _ = run("show", "maker/split")
    assert code == 0
    assert "incomplete, of 3 parts missing: 2" in out
    [variant] = _json(run("show", "maker/split", "--json"))["variants"]
    assert (variant["loadable"], variant["missing_parts"], variant["verdict"]) == (False, [2], "unknown")


def test_show_says_the_counted_size_the_change_and_the_known_licence(
    hub: LoopbackHub, run: Catalogue
) -> None:
    hub.add_model(
        "maker/big-GGUF",
        {"model.gguf": SparseFile(b"GGUF", 1_000_000)},
        card={"license": "llama3.1"},
        gguf={"total": 8_030_000_000, "architecture": "llama"},
    )
    _, out, _ = run("show", "maker/big-GGUF")
    lines = out.splitlines()
    assert any(line.startswith("Size") and "8.03B" in line for line in lines)
    assert any(line.startswith("Updated") for line in lines)
    assert any(line.startswith("Licence") and "allowed with limits" in line for line in lines)
    assert "8.03B" in run("search", "big-GGUF")[1]


@pytest.mark.usefixtures("short_list")
def test_a_refresh_that_cannot_be_kept_says_so(hub: LoopbackHub, run: Catalogue, paths: Paths) -> None:
    _fill(hub)
    folder = paths.cache / "catalogue"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "refreshed").write_bytes(b"in the way")
    code, out, err = run("refresh", "--json")
    assert code == ErrorKind.STORAGE
    assert "the system says" in json.loads(out)["not_kept"]
    assert err


@pytest.fixture
def short_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """The curated list with two of its models, so that a refresh asks for few repositories."""
    whole = load_curated()
    models = tuple(model for model in whole.models if model.id in ("Qwen/Qwen3-4B", "google/gemma-3-1b-it"))
    assert len(models) == 2
    short = type(whole)(models=models, date=whole.date)
    monkeypatch.setattr(catalogue, "load_curated", lambda: short)


@pytest.mark.usefixtures("short_list")
def test_refresh_says_what_changed_and_the_list_keeps_it(hub: LoopbackHub, run: Catalogue) -> None:
    _fill(hub)
    said = run("refresh", "--json")
    found = _json(said)
    assert found["stopped"] is False
    assert found["repositories"] == found["answered"] > 1
    assert found["failed"] == []
    # Repositories of a model that this Hub has elsewhere, and files that the list does not know exactly.
    assert {change["kind"] for change in found["changes"]} >= {"gone"}
    assert {change["model"] for change in found["changes"]} == {"Qwen/Qwen3-4B"}
    assert all(change["sentence"] for change in found["changes"])
    assert found["learned_files"] >= 1
    # That nearly everything is gone is not believed.
    assert "ggml-org/gemma-3-1b-it-GGUF" in found["absent"]
    assert said[0] == 0
    again = _json(run("refresh", "--json"))
    assert (again["changes"], again["learned_files"]) == ([], 0)
    assert again["absent"] == found["absent"]
    assert "a mirror with few models: " in run("refresh")[1]
    # What is gone is not recommended, and without a network the list now has the exact size.
    rows = _json(run("search", "qwen3-4b", "--curated", "--json"))["models"]
    [qwen] = [row for row in rows if row["id"] == "Qwen/Qwen3-4B"]
    assert qwen["recommended"]["repo"] == "Qwen/Qwen3-4B-GGUF"
    found = _json(run("show", "Qwen/Qwen3-4B", "--json", settings=OFFLINE))
    sizes = {
        one["label"]: one["size_bytes"] for one in found["variants"] if one["repo"] == "Qwen/Qwen3-4B-GGUF"
    }
    assert sizes == {"Q4_K_M": 2_497_280_256, "IQ4_XS": 2_270_751_936}


@pytest.mark.usefixtures("short_list")
def test_a_refresh_that_nobody_answered_does_not_say_that_nothing_changed(
    hub: LoopbackHub, run: Catalogue
) -> None:
    hub.fail_next(500, status=500)
    code, out, _ = run("refresh")
    assert code == ErrorKind.NETWORK
    assert "Nothing has changed" not in out
    found = _json(run("refresh", "--json"))
    assert (found["answered"], len(found["failed"])) == (0, 3)
    assert found["not_asked"] > 1
    assert f"{found['not_asked']} further repositories were not asked for." in out.splitlines()


@pytest.mark.usefixtures("short_list")
def test_a_model_of_which_nothing_is_left_is_marked_and_not_recommended(
    hub: LoopbackHub, run: Catalogue
) -> None:
    _fill(hub)
    listed = load_curated().find("google/gemma-3-1b-it")
    qwen = load_curated().find("Qwen/Qwen3-4B")
    assert listed is not None
    assert qwen is not None
    for repo in repositories_of(qwen):
        hub.add_model(repo, {"m-Q4_K_M.gguf": SparseFile(b"GGUF", 2_000_000_000)})
    found = _json(run("refresh", "--json"))
    assert {change["model"] for change in found["changes"] if change["kind"] == "gone"} == {listed.id}
    assert found["absent"] == []
    [row] = _json(run("search", "gemma-3-1b-it", "--curated", "--json"))["models"]
    assert (row["gone"], row["verdict"], row["recommended"], row["download_bytes"]) == (
        True, "unknown", None, None,
    )  # fmt: skip
    _, out, _ = run("search", "gemma-3-1b-it", "--curated")
    assert out.splitlines()[1].endswith("gone from the Hub")
    code, out, _ = run("show", listed.id)
    assert code == ErrorKind.MODEL
    assert out.splitlines()[-1].startswith("The Hub has none of the repositories with its files any more")
    assert [model["gone"] for model in _json(run("search", "qwen3-4b", "--curated", "--json"))["models"]] == [
        False, False, False,
    ]  # fmt: skip


@pytest.mark.usefixtures("short_list")
def test_refresh_for_people_and_a_hub_with_troubles(hub: LoopbackHub, run: Catalogue) -> None:
    _fill(hub)
    hub.fail_next(1, status=503, path="/api/models/Qwen/Qwen3-4B-GGUF")
    code, out, _ = run("refresh")
    assert code == ErrorKind.NETWORK
    assert any(line.startswith("Qwen/Qwen3-4B-GGUF: ") for line in out.splitlines())
    code, out, _ = run("refresh")
    assert code == 0
    assert out.splitlines()[-1].startswith("Repositories: ")


def test_refresh_without_the_hub(run: Catalogue) -> None:
    with pytest.raises(UserError) as caught:
        run("refresh", settings=OFFLINE)
    assert caught.value.kind is ErrorKind.NETWORK


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send to another process")
def test_ctrl_c_stops_a_refresh_and_keeps_what_was_answered(
    hub: LoopbackHub, cli_environment: dict[str, str], tmp_path: Path
) -> None:
    _fill(hub)
    hub.hold = threading.Event()
    process = subprocess.Popen(
        [sys.executable, "-m", "slmdesk", "catalogue", "refresh", "--json"],
        env={**cli_environment, "HF_ENDPOINT": os.environ["HF_ENDPOINT"]},
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while not hub.requests and process.poll() is None:
            threading.Event().wait(0.02)
        process.send_signal(signal.SIGINT)
        # What is under way is waited for, and nothing is asked after it.
        hub.hold.set()
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 130, err
    found = json.loads(out)
    assert found["stopped"] is True
    assert found["answered"] + len(found["failed"]) + found["not_asked"] == found["repositories"]
    assert found["not_asked"] > 0


def test_exit_codes_and_words_of_the_whole_program(run_cli: RunCli) -> None:
    done = run_cli("catalogue", "refresh", environment={"SLMDESK_OFFLINE": "1"})
    assert (done.returncode, done.stdout) == (5, "")
    assert len(done.stderr.splitlines()) == 1
    done = run_cli(
        "catalogue", "search", "gemma", environment={"SLMDESK_OFFLINE": "1", "SLMDESK_LANGUAGE": "en"}
    )
    assert done.returncode == 5
    assert "gemma" in done.stdout


@pytest.mark.parametrize("arguments", [("show",), ("search", "--limit", "0"), ("refresh", "now"), ("find",)])
def test_wrong_usage(run: Catalogue, arguments: tuple[str, ...]) -> None:
    with pytest.raises(click.UsageError):
        run(*arguments)
