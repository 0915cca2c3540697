from __future__ import annotations

import gettext
import importlib
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from slmdesk.cli import click_words
from slmdesk.cli import main as cli_main
from slmdesk.cli.main import Surroundings
from slmdesk.cli.output import OutputClosedError
from slmdesk.messages import ErrorKind, UserError
from slmdesk.storage import Paths, log_file

RunCli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def _globals_restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The command line sets up the whole process; a test gives it back."""
    monkeypatch.setenv("LANGUAGE", "en")
    root = logging.getLogger()
    handlers, hooks = list(root.handlers), (sys.excepthook,)
    yield
    for handler in [one for one in root.handlers if one not in handlers]:
        root.removeHandler(handler)
        handler.close()
    logging.captureWarnings(False)
    (sys.excepthook,) = hooks
    gettext.textdomain("messages")


def _ends(error: BaseException) -> int:
    def command(_: Surroundings) -> int:
        raise error

    return cli_main._guarded(command)


_FAULTS = [
    (
        UserError("message-empty", kind, details="native log"),
        "There is nothing to answer: the message is empty. Write a message first.",
    )
    for kind in (ErrorKind.NETWORK, ErrorKind.POLICY, ErrorKind.STORAGE)
] + [
    # What was wrong with the command line is looked up in its help.
    (UserError("message-empty", ErrorKind.USAGE), "There is nothing to answer: the message is empty."),
    (
        UserError("engine-ended-by-system", ErrorKind.GENERATION, status="SIGKILL"),
        "The engine stopped while it was answering: the system ended it (SIGKILL), most often because memory"
        " ran out. Close other programs, or choose a smaller model or a shorter context length.",
    ),
    (
        UserError("library-model-unknown", ErrorKind.MODEL, name="Nosuch"),
        "There is no model “Nosuch”: it is neither the name of a model in the list nor a file."
        " See the list with: slmdesk models list.",
    ),
    (
        UserError("context-too-short", ErrorKind.MODEL, context_length=1, smallest=16),
        "The model cannot be loaded with these options: a context of 1 token has no room for a conversation."
        " Choose a context length of at least 16 tokens.",
    ),
    (
        UserError("model-empty", ErrorKind.MODEL, file="a.gguf"),
        "The model a.gguf cannot be loaded: the file is empty. Download or copy the file again.",
    ),
    (
        UserError("engine-out-of-memory-loading", ErrorKind.MODEL, name="a.gguf"),
        "a.gguf cannot be loaded: it needs more memory than this computer can give it."
        " Close other programs, or choose a smaller model or a shorter context length.",
    ),
]


@pytest.mark.parametrize(("error", "said"), _FAULTS)
def test_error_for_people_is_one_sentence_and_what_to_do_in_another(
    error: UserError, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert _ends(error) == int(error.kind)
    assert capfd.readouterr() == ("", f"slmdesk: {said}\n")


def test_bug_names_the_log_that_holds_its_traceback(paths: Paths, capfd: pytest.CaptureFixture[str]) -> None:
    assert _ends(ZeroDivisionError("the very bug")) == 1
    file = log_file(paths)
    assert capfd.readouterr() == ("", f"slmdesk: This is a bug in SLM Desk; the report is in {file}.\n")
    report = file.read_text()
    assert "Traceback" in report
    assert "ZeroDivisionError: the very bug" in report


def test_bug_without_a_log_is_shown_whole(paths: Paths, capfd: pytest.CaptureFixture[str]) -> None:
    paths.state.parent.mkdir(parents=True)
    paths.state.write_text("a file where the folder should be")
    assert _ends(ZeroDivisionError("the very bug")) == 1
    error = capfd.readouterr().err
    assert "ZeroDivisionError: the very bug" in error
    assert error.endswith("slmdesk: This is a bug in SLM Desk.\n")


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), 130), (OutputClosedError(), 0), (BrokenPipeError(), 0)]
)
def test_quiet_ends(error: BaseException, code: int, capfd: pytest.CaptureFixture[str]) -> None:
    assert _ends(error) == code
    assert capfd.readouterr() == ("", "")


def test_usage_error_of_a_command(capfd: pytest.CaptureFixture[str]) -> None:
    assert _ends(click.UsageError("not like this")) == 2
    assert capfd.readouterr().err == "Error: not like this\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("chat",),
        ("chat", "starter", "--temperature", "nan", "--prompt", "x"),
        ("chat", "starter", "--temperature", "-1", "--prompt", "x"),
        ("chat", "starter", "--seed", "4294967295", "--prompt", "x"),
        ("chat", "starter", "--ctx", "0", "--prompt", "x"),
        ("chat", "starter", "--max-tokens", "99999999999999999999", "--prompt", "x"),
        ("models", "list", "extra"),
        ("doctor", "--no-such-option"),
    ],
)
def test_usage_errors(arguments: tuple[str, ...], run_cli: RunCli) -> None:
    done = run_cli(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Error: " in done.stderr


@pytest.mark.parametrize("arguments", [("--help",), ("-h",), ("chat", "--help"), ("models", "list", "-h")])
def test_help(arguments: tuple[str, ...], run_cli: RunCli) -> None:
    done = run_cli(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: ")


def test_number_that_is_none(run_cli: RunCli) -> None:
    for option, value, said in (
        ("--ctx", "abc", "'abc' is not a whole number."),
        ("--seed", "1.5", "'1.5' is not a whole number."),
        ("--temperature", "warm", "'warm' is not a number."),
        ("--max-tokens", "0", "0 is not in the range 1<=x<=2147483647."),
    ):
        done = run_cli("chat", "starter", "--prompt", "x", option, value)
        assert done.returncode == 2
        assert done.stderr.endswith(f"Error: Invalid value for '{option}': {said}\n")


def test_version(run_cli: RunCli) -> None:
    assert run_cli("--version").stdout.startswith("SLM Desk 0.")


def test_every_word_of_click_is_still_its_own() -> None:
    folder = Path(str(click.__file__)).parent
    source = "".join(file.read_text(encoding="utf-8") for file in folder.glob("*.py"))
    words = [*click_words.WORDS, *(form for one in click_words.PLURALS for form in (one.one, one.many))]
    assert [word for word in words if f'"{word}"' not in source] == []


def test_click_speaks_from_our_catalogue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    catalogue = Catalog(locale="pl", domain="slmdesk")
    catalogue.add("Error: {message}", "Błąd: {message}")
    folder = tmp_path / "locale" / "pl" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "slmdesk.mo").open("wb") as file:
        write_mo(file, catalogue)
    monkeypatch.setattr(cli_main, "resources_folder", lambda: tmp_path)
    monkeypatch.setenv("SLMDESK_LANGUAGE", "pl")
    assert _ends(click.UsageError("nie tak")) == 2
    assert capfd.readouterr().err == "Błąd: nie tak\n"


def test_usage_is_told_in_our_words(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = {"[OPTIONS]": "[OPCJE]", "COMMAND [ARGS]...": "POLECENIE [ARGUMENTY]..."}
    monkeypatch.setattr(cli_main, "tr", lambda text: ours.get(text, text))
    group = cli_main.build_cli()
    context = click.Context(group, info_name="slmdesk")
    assert group.get_usage(context) == "Usage: slmdesk [OPCJE] POLECENIE [ARGUMENTY]..."
    models = group.commands["models"]
    assert isinstance(models, click.Group)
    listing = models.commands["list"]
    assert listing.get_usage(click.Context(listing, info_name="list")) == "Usage: list [OPCJE]"


def test_polish_throughout(run_cli: RunCli) -> None:
    done = run_cli("chat", environment={"SLMDESK_LANGUAGE": "pl"})
    assert done.returncode == 2
    assert "Usage:" not in done.stderr
    assert "Missing" not in done.stderr


def test_setting_chooses_the_language(run_cli: RunCli, paths: Paths) -> None:
    paths.settings_file.write_text(json.dumps({"language": "pl"}))
    polish = run_cli("chat", "nothing")
    assert polish.returncode == 3
    english = run_cli("chat", "nothing", environment={"SLMDESK_LANGUAGE": "en"})
    assert polish.stderr != english.stderr


def test_settings_that_cannot_be_used_are_told_beside_the_result(run_cli: RunCli, paths: Paths) -> None:
    paths.settings_file.write_text(json.dumps({"theme": "pink"}))
    done = run_cli("models", "list", "--json")
    assert done.returncode == 0
    json.loads(done.stdout)
    assert done.stderr == (
        "slmdesk: The setting “Theme” has a value that cannot be used: the default is used instead.\n"
    )
    assert "theme is 'pink'" in log_file(paths).read_text()


def test_start_without_arguments_imports_no_command_line() -> None:
    code = (
        "import sys; import slmdesk.__main__; light = set(sys.modules);"
        "import slmdesk.cli.display; modules = set(sys.modules);"
        "print(*sorted({one.split('.')[0] for one in modules} & set(sys.argv[1].split())));"
        "print(len([one for one in light if one.startswith('slmdesk')]))"
    )
    heavy = "click rich msgspec psutil jinja2 llama_cpp PySide6 asyncio babel sqlcipher3 huggingface_hub"
    done = subprocess.run(
        [sys.executable, "-c", code, heavy], capture_output=True, text=True, check=True, env=os.environ.copy()
    )
    heavy_found, own = done.stdout.splitlines()
    assert heavy_found == ""
    assert int(own) == 2


def test_main_module_can_be_imported_again() -> None:
    """Engine processes import it under another name; nothing may start."""
    assert importlib.import_module("slmdesk.__main__").main is not None


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes")
@pytest.mark.parametrize("arguments", [("--help",), ("models", "list"), ("models", "list", "--json")])
def test_reader_that_goes_away(arguments: tuple[str, ...], cli_environment: dict[str, str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "slmdesk", *arguments],
        stdout=writing,
        stderr=subprocess.PIPE,
        env=cli_environment,
        timeout=60,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


_full_disk = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")


@pytest.mark.parametrize(
    "arguments", [("models", "list", "--json"), ("--help",), ("models", "list", "--help")]
)
@_full_disk
def test_full_disk(arguments: tuple[str, ...], cli_environment: dict[str, str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "slmdesk", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            env=cli_environment,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == b"slmdesk: The output cannot be written: No space left on device.\n"


@pytest.mark.parametrize(
    ("arguments", "code"), [(("models", "list"), 0), (("nonsense",), 2), (("chat", "nothing"), 3)]
)
@_full_disk
def test_notes_on_a_full_disk_change_no_result(
    arguments: tuple[str, ...], code: int, cli_environment: dict[str, str], paths: Paths
) -> None:
    paths.settings_file.write_text(json.dumps({"theme": "pink"}))
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "slmdesk", *arguments],
            stdout=subprocess.PIPE,
            stderr=full,
            env=cli_environment,
            timeout=60,
            check=False,
        )
    assert done.returncode == code
    assert bool(done.stdout) == (code == 0)


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell")
@pytest.mark.parametrize(
    ("arguments", "closing", "code", "said"),
    [
        ("models list", ">&-", 1, "slmdesk: The output cannot be written: it is closed.\n"),
        ("--help", ">&-", 1, "slmdesk: The output cannot be written: it is closed.\n"),
        ("models list", ">&- 2>&-", 1, ""),
        ("models list --json", "2>&-", 0, ""),
        ("chat nothing", "2>&-", 3, ""),
    ],
)
def test_closed_streams(
    arguments: str, closing: str, code: int, said: str, cli_environment: dict[str, str]
) -> None:
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -m slmdesk {arguments} {closing}', sys.executable],
        capture_output=True,
        text=True,
        env=cli_environment,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (code, said)
    assert bool(done.stdout) == (code == 0)
