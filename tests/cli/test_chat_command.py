"""`slmdesk chat` as a person runs it: a real process and a real model."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from slmdesk.chat import ConversationStore
from slmdesk.engines import engine_names
from slmdesk.library import InstalledModel
from slmdesk.storage import Database, Paths
from tests.formats import gguf_writer

RunCli = Callable[..., subprocess.CompletedProcess[str]]

JSON_KEYS = [
    "text",
    "end_reason",
    "prompt_tokens",
    "reused_tokens",
    "prompt_tokens_per_second",
    "time_to_first_token_s",
    "generated_tokens",
    "tokens_per_second",
    "engine",
    "engine_name",
    "device",
    "gpu_layers",
]
TINY_ONNX = Path(__file__).parent.parent / "data" / "tiny-onnx"
_QUESTION = "What is the capital of France?"
_EXACT = ("--temperature", "0", "--seed", "1")
_LIMIT_S = 120

_needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and terminals of POSIX")


def test_one_answer(run_cli: RunCli, starter: InstalledModel) -> None:
    done = run_cli("chat", "starter", "--prompt", _QUESTION, *_EXACT, "--max-tokens", "32")
    assert done.returncode == 0
    assert "Paris" in done.stdout
    assert done.stdout.endswith("\n")
    system_prompt, figures = done.stderr.splitlines()[:2]
    assert system_prompt == f"System prompt: {starter.system_prompt} (change it with --system)"
    assert figures.startswith("Prompt tokens: ")


def test_json_object(run_cli: RunCli, starter: InstalledModel) -> None:
    done = run_cli("chat", "starter", "--prompt", _QUESTION, *_EXACT, "--max-tokens", "5", "--json")
    assert done.returncode == 0
    answer = json.loads(done.stdout)
    assert list(answer) == JSON_KEYS
    assert answer["end_reason"] == "length"
    assert answer["generated_tokens"] == 5
    assert answer["prompt_tokens"] > 10
    assert answer["reused_tokens"] == 0
    for rate in ("prompt_tokens_per_second", "time_to_first_token_s", "tokens_per_second"):
        assert answer[rate] > 0


def test_on_the_processor_alone(run_cli: RunCli, starter: InstalledModel) -> None:
    done = run_cli(
        "chat", "starter", "--device", "cpu", "--prompt", "Hi", *_EXACT, "--max-tokens", "3", "--json"
    )
    assert done.returncode == 0
    answer = json.loads(done.stdout)
    assert answer["engine"].startswith("llama.cpp")
    assert (answer["engine_name"], answer["device"], answer["gpu_layers"]) == ("llama.cpp", "CPU", 0)


def test_a_folder_in_onnx_format(run_cli: RunCli, tmp_path: Path) -> None:
    shutil.copytree(TINY_ONNX, tmp_path / "my tiny one")
    for model in (str(TINY_ONNX), "my tiny one/"):
        done = run_cli("chat", model, "--prompt", "hello", *_EXACT, "--max-tokens", "5", "--json")
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        assert (answer["engine"], answer["device"]) == ("ONNX Runtime GenAI", "CPU")
        assert answer["engine_name"] == "onnx", "as --engine takes it"
        assert answer["generated_tokens"] == 5
        assert answer["text"]


def test_an_engine_that_does_not_read_the_model(run_cli: RunCli, starter: InstalledModel) -> None:
    for model, engine, other in (
        ("starter", "onnx", "llama.cpp"),
        (str(TINY_ONNX), "llama.cpp", "ONNX Runtime GenAI"),
    ):
        done = run_cli("chat", model, "--engine", engine, "--prompt", "Hi")
        assert (done.returncode, done.stdout) == (3, "")
        [line] = done.stderr.splitlines()
        assert "it is in a format that this engine does not read." in line
        assert other in line
        fits = next(name for name in engine_names() if name != engine)
        done = run_cli("chat", model, "--engine", fits, "--prompt", "Hi", "--max-tokens", "2")
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("model", ["starter", str(TINY_ONNX)], ids=["GGUF", "ONNX"])
@pytest.mark.parametrize("as_json", [False, True])
def test_a_device_that_is_not_there(
    as_json: bool, model: str, run_cli: RunCli, starter: InstalledModel
) -> None:
    arguments = ("chat", model, "--device", "Nowhere7", "--prompt", "Hi", *(["--json"] if as_json else []))
    done = run_cli(*arguments)
    assert (done.returncode, done.stdout) == (3, "")
    # What, why, and what to do.
    [line] = done.stderr.splitlines()
    assert re.fullmatch(r"slmdesk: Nowhere7 is not used: [^.]+( [^.]+|\.cpp[^.]+)\. [A-Z][^.]+\.", line)


def test_a_device_of_the_settings_that_is_not_there(run_cli: RunCli, paths: Paths) -> None:
    """It is no reason not to answer, and it is said."""
    paths.settings_file.write_text(json.dumps({"device": "Nowhere7"}))
    done = run_cli("chat", str(TINY_ONNX), "--prompt", "Hi", "--max-tokens", "2", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["device"] == "CPU"
    [line] = done.stderr.splitlines()
    assert line.startswith("slmdesk: Nowhere7 is not used: ")


def test_an_engine_that_is_switched_off(run_cli: RunCli, starter: InstalledModel, paths: Paths) -> None:
    paths.settings_file.write_text(json.dumps({"engines_off": ["llama.cpp"], "threads": 1}))
    for engine in ((), ("--engine", "llama.cpp")):
        done = run_cli("chat", "starter", "--prompt", "Hi", *engine)
        assert (done.returncode, done.stdout) == (3, "")
        [line] = done.stderr.splitlines()
        assert "llama.cpp is turned off in the settings. Turn it on in the settings" in line
    # One that does not read the model would not if it were on.
    done = run_cli("chat", str(TINY_ONNX), "--engine", "llama.cpp", "--prompt", "Hi")
    assert "it is in a format that this engine does not read." in done.stderr


def test_prompt_through_a_pipe(run_cli: RunCli, starter: InstalledModel) -> None:
    stdin = f"{_QUESTION}\n\nOne word, zażółć 🙂.\n".encode()
    piped = run_cli("chat", "starter", *_EXACT, "--max-tokens", "8", "--json", stdin=stdin)
    given = run_cli(
        "chat",
        "starter",
        *_EXACT,
        "--max-tokens",
        "8",
        "--json",
        "--prompt",
        stdin.decode().removesuffix("\n"),
    )
    assert piped.returncode == 0
    assert json.loads(piped.stdout)["text"] == json.loads(given.stdout)["text"]
    assert json.loads(piped.stdout)["prompt_tokens"] == json.loads(given.stdout)["prompt_tokens"]


def test_own_system_prompt(run_cli: RunCli, starter: InstalledModel) -> None:
    done = run_cli("chat", "starter", "--system", "Be brief.", "--prompt", "Hi", *_EXACT, "--max-tokens", "3")
    assert done.returncode == 0
    assert "System prompt" not in done.stderr


@pytest.mark.parametrize(
    ("stdin", "reason"),
    [
        (b"", "There is nothing to answer: the message is empty."),
        (b" \n", "There is nothing to answer: the message is empty."),
        (b"caf\xe9\n", "the prompt is not UTF-8 text: byte 4 is 0xE9"),
    ],
)
def test_pipe_without_a_message(stdin: bytes, reason: str, run_cli: RunCli, starter: InstalledModel) -> None:
    done = run_cli("chat", "starter", stdin=stdin)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].endswith(reason)


def test_nothing_is_stored_unless_asked(run_cli: RunCli, starter: InstalledModel, paths: Paths) -> None:
    arguments = ("chat", "starter", "--prompt", "Say something secret", *_EXACT, "--max-tokens", "4")
    run_cli(*arguments)
    for file in paths.data.parent.rglob("*"):
        assert not file.is_file() or b"secret" not in file.read_bytes()
    done = run_cli(*arguments, "--save")
    database = Database(paths.database_file)
    conversation = ConversationStore(database).latest()
    database.close()
    assert conversation is not None
    assert conversation.system_prompt == starter.system_prompt
    assert [one.text for one in conversation.messages] == [
        "Say something secret",
        done.stdout.removesuffix("\n"),
    ]


def test_prompt_longer_than_the_context(run_cli: RunCli, starter: InstalledModel) -> None:
    arguments = ("chat", "starter", "--ctx", "256", "--prompt", "word " * 1000)
    done = run_cli(*arguments)
    assert (done.returncode, done.stdout) == (4, "")
    assert re.fullmatch(
        r"slmdesk: The prompt of 1,0\d\d tokens does not fit into the context of 256 tokens;"
        r" a larger --ctx makes room\.",
        done.stderr.splitlines()[-1],
    )
    as_json = run_cli(*arguments, "--json")
    assert as_json.returncode == 4
    answer = json.loads(as_json.stdout)
    assert list(answer) == JSON_KEYS
    assert (answer["text"], answer["end_reason"]) == ("", "context_full")


def _make_cut_off(file: Path, starter_file: Path) -> None:
    with starter_file.open("rb") as source:
        file.write_bytes(source.read(20_000_000))


def _make_bad_blocks(file: Path, starter_file: Path) -> None:
    content = bytearray(starter_file.read_bytes())
    at = content.index(b"llama.block_count") + len(b"llama.block_count") + 4
    content[at : at + 4] = (100_000).to_bytes(4, "little")
    file.write_bytes(content)


_BROKEN: dict[str, tuple[Callable[[Path, Path], object], str]] = {
    "no GGUF": (lambda file, _: file.write_text("text"), "it is not a GGUF file"),
    "empty": (lambda file, _: file.touch(), "the file is empty"),
    "cut off": (_make_cut_off, "the file is cut off: it has 20 MB and should have at least 98.4 MB"),
    "folder": (
        lambda file, _: file.mkdir(),
        "it is a folder with neither a genai_config.json nor a GGUF file in it",
    ),
    "missing": (lambda file, _: None, "there is no such file"),
    "would kill": (_make_bad_blocks, ""),
}


@pytest.mark.parametrize("case", _BROKEN)
@pytest.mark.parametrize("as_json", [False, True])
def test_broken_model_is_one_sentence(
    case: str, as_json: bool, run_cli: RunCli, tmp_path: Path, starter_file: Path
) -> None:
    make, reason = _BROKEN[case]
    file = tmp_path / "bad.gguf"
    make(file, starter_file)
    done = run_cli("chat", str(file), "--prompt", "Hi", *(["--json"] if as_json else []))
    assert (done.returncode, done.stdout) == (3, "")
    [line] = done.stderr.replace("\N{NO-BREAK SPACE}", " ").splitlines()
    assert line.startswith("slmdesk: ")
    assert file.name in line
    assert f"{reason}. " in line


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="links to themselves, and /proc")
def test_unreadable_model(run_cli: RunCli, tmp_path: Path) -> None:
    file = tmp_path / "loop.gguf"
    file.symlink_to(file.name)
    done = run_cli("chat", str(file), "--prompt", "Hi")
    assert done.returncode == 3
    assert done.stderr == (
        f"slmdesk: The model {file} cannot be loaded: the file cannot be read,"
        " the system says “Too many levels of symbolic links”."
        " Check that you may read the file and that its disk is connected.\n"
    )


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="macOS does not limit address space")
def test_more_memory_than_there_is(
    starter_file: Path, cli_environment: dict[str, str], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "slmdesk", "chat", "starter", "--ctx", "8192", "--prompt", "Hi"]
    done = subprocess.run(
        ["sh", "-c", 'ulimit -v 500000; exec "$@"', "sh", *command],
        capture_output=True,
        text=True,
        env=cli_environment,
        cwd=tmp_path,
        timeout=_LIMIT_S,
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, "")
    [line] = done.stderr.replace("\N{NO-BREAK SPACE}", " ").splitlines()
    assert line.startswith(f"slmdesk: The model {starter_file} cannot be loaded: ")
    assert re.search(r"\d+ MiB", line)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems refuse such names")
def test_arguments_that_are_not_text(run_cli: RunCli, starter: InstalledModel) -> None:
    odd = os.fsdecode(b"caf\xe9")
    done = run_cli("chat", f"{odd}.gguf", "--prompt", "Hi")
    assert done.returncode == 3
    assert done.stderr == (
        "slmdesk: The model caf\ufffd.gguf cannot be loaded: there is no such file."
        " Check the path, or see the list of models.\n"
    )
    for option in ("--prompt", "--system"):
        done = run_cli("chat", "starter", "--prompt", "Hi", option, odd)
        assert done.returncode == 2
        assert done.stderr.endswith(f"Error: {option} is not UTF-8 text\n")


def test_empty_name_of_a_model(run_cli: RunCli) -> None:
    done = run_cli("chat", "", "--prompt", "Hi")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        "slmdesk: No model can be chosen: the name given for it is empty."
        " See the list with: slmdesk models list.\n"
    )


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no /dev/zero here")
def test_endless_message(starter: InstalledModel, cli_environment: dict[str, str]) -> None:
    with Path("/dev/zero").open("rb") as endless:
        done = subprocess.run(
            [sys.executable, "-m", "slmdesk", "chat", "starter"],
            stdin=endless,
            capture_output=True,
            text=True,
            env=cli_environment,
            timeout=_LIMIT_S,
            check=False,
        )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.replace("\N{NO-BREAK SPACE}", " ") == (
        "Error: the prompt is longer than 16 MB, which is more than any model can read\n"
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_answer_comes_where_notes_cannot_be_written(
    starter: InstalledModel, cli_environment: dict[str, str]
) -> None:
    command = [sys.executable, "-m", "slmdesk", "chat", "starter", "--prompt", "Hi", "--max-tokens", "3"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=full, env=cli_environment, timeout=_LIMIT_S, check=False
        )
    assert done.returncode == 0
    assert done.stdout.strip()


def _engines_of(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    children: list[psutil.Process] = psutil.Process(process.pid).children(recursive=True)
    return children


@_needs_posix
def test_ctrl_c_ends_a_piped_answer_with_130(
    starter: InstalledModel, cli_environment: dict[str, str]
) -> None:
    command = [sys.executable, "-u", "-m", "slmdesk", "chat", "starter", *_EXACT]
    with subprocess.Popen(
        [*command, "--prompt", "Write a long story about a dragon."],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=cli_environment,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        start = os.read(process.stdout.fileno(), 100)
        # A terminal sends it to the whole group, the engine process included.
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=_LIMIT_S)
    assert process.returncode == 130
    assert start
    assert (start + out).endswith(b"\n")
    assert err.decode().endswith("Stopped.\n")
    assert b"Traceback" not in err


@_needs_posix
def test_engine_that_is_killed_mid_answer(starter: InstalledModel, cli_environment: dict[str, str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "slmdesk", "chat", "starter", *_EXACT, "--prompt", "Write a long story."],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=cli_environment,
    ) as process:
        assert process.stdout is not None
        start = process.stdout.read(1)
        for engine in _engines_of(process):
            engine.kill()
        out, err = process.communicate(timeout=_LIMIT_S)
    assert process.returncode == 4
    assert (start + out).endswith(b"\n")
    assert err.decode().endswith(
        "slmdesk: The engine stopped while it was answering: the system ended it (SIGKILL), most often"
        " because memory ran out. Close other programs, or choose a smaller model or a shorter context"
        " length.\n"
    )


@_needs_posix
def test_reader_that_goes_away_mid_answer(starter: InstalledModel, cli_environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "slmdesk", "chat", "starter", *_EXACT]
    with subprocess.Popen(
        [*command, "--prompt", "Write a long story about a dragon."],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=cli_environment,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(1)
        children = _engines_of(process)
        process.stdout.close()
        assert process.wait(_LIMIT_S) == 0
        assert b"Traceback" not in process.stderr.read()
    assert children
    _, alive = psutil.wait_procs(children, timeout=_LIMIT_S)
    assert alive == []


def test_without_a_display_and_without_a_word(run_cli: RunCli, starter: InstalledModel) -> None:
    done = run_cli(stdin=b"")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "There is no display here, so SLM Desk goes on in the terminal.\n"


def _first_words_in_the_terminal(environment: dict[str, str], question: str) -> tuple[bytes, str]:
    """Ask without arguments and stop once the answer begins: a small model may go on for minutes."""
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "slmdesk"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(question.encode())
        process.stdin.close()
        start = os.read(process.stdout.fileno(), 100)
        process.send_signal(signal.SIGINT)
        process.stdin = None
        _, err = process.communicate(timeout=_LIMIT_S)
    # 0: the answer was over before it could be stopped.
    assert process.returncode in (130, 0), err
    assert b"Traceback" not in err
    return start, err.decode()


@_needs_posix
def test_with_a_display_that_does_not_answer(
    starter: InstalledModel, cli_environment: dict[str, str]
) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("X11")
    start, err = _first_words_in_the_terminal({**cli_environment, "DISPLAY": ":4711"}, _QUESTION)
    assert start
    assert err.startswith("The display :4711 cannot be opened, so SLM Desk goes on in the terminal.\n")


@_needs_posix
def test_without_a_display_the_last_model_is_used(
    paths: Paths, starter_file: Path, cli_environment: dict[str, str]
) -> None:
    paths.models.mkdir(parents=True)
    (paths.models / "mine.gguf").symlink_to(starter_file)
    gone = "slmdesk: deleted since is no longer on this computer, so SmolLM2 135M answers."
    for chosen in ("mine", "deleted since"):
        paths.settings_file.write_text(json.dumps({"model": chosen, "threads": 1}))
        start, err = _first_words_in_the_terminal(cli_environment, "Hi")
        assert start
        # The starter's own system prompt is shown only for the starter.
        assert ("System prompt" in err) == (chosen != "mine")
        assert err.splitlines().count(gone) == (chosen != "mine"), err


_TEMPLATES = {
    "refuses": "{{ raise_exception('No: ' ~ messages[-1].content) }}",
    "breaks": "{{ {}[messages[-1].content] + 1 }}",
    "never ends": "{% for a in range(9999) %}{% for b in range(9999) %}{{ a }}{% endfor %}{% endfor %}",
    "answers": "{{ messages[-1].content }}",
}


@pytest.mark.parametrize("template", _TEMPLATES)
@pytest.mark.parametrize("save", [False, True])
def test_no_word_of_a_conversation_gets_into_a_log(
    run_cli: RunCli, paths: Paths, tmp_path: Path, template: str, save: bool
) -> None:
    """Neither does a hostile template put it there, nor llama.cpp."""
    # The trial with "Hello" at loading must pass.
    source = "{% if 'aab' in messages[-1].content %}" + _TEMPLATES[template] + "{% endif %}a"
    file = tmp_path / "hostile.gguf"
    file.write_bytes(gguf_writer.tiny_model({"tokenizer.chat_template": (gguf_writer.STRING, source)}))
    marker = "aabbaabbbabab"
    arguments = ("chat", str(file), "--prompt", marker, "--max-tokens", "4", *(["--save"] if save else []))
    done = run_cli(*arguments)
    assert done.returncode == (0 if template == "answers" else 4), done.stderr
    logs = [file for file in paths.logs.rglob("*") if file.is_file()]
    assert logs
    home = Path(os.environ["SLMDESK_HOME"])
    for written in home.rglob("*"):
        if written.is_file() and not written.name.startswith(paths.database_file.name):
            assert marker not in written.read_bytes().decode(errors="replace"), written


@pytest.mark.parametrize("template", [None, (gguf_writer.STRING, "{{ messages[-1].content }}a")])
def test_a_model_without_a_chat_template_says_so(
    run_cli: RunCli, tmp_path: Path, template: gguf_writer.Typed | None
) -> None:
    file = tmp_path / "plain.gguf"
    file.write_bytes(gguf_writer.tiny_model({"tokenizer.chat_template": template}))
    done = run_cli("chat", str(file), "--prompt", "aab", "--max-tokens", "2")
    assert done.returncode == 0, done.stderr
    assert ("has no chat template. A usual form (ChatML) is used" in done.stderr) is (template is None)
