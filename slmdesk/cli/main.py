"""The command line as a whole: its commands, its language, and how each way to fail ends."""

from __future__ import annotations

import gettext
import io
import logging
import os
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from slmdesk import __version__
from slmdesk.cli.display import DisplayProblem, terminal_notice
from slmdesk.cli.error_words import in_terminal
from slmdesk.cli.output import (
    Output,
    OutputClosedError,
    OutputFailedError,
    check_stdout,
    drop_output,
    prepare_streams,
    write_note,
)
from slmdesk.messages import UserError, choose_language, one_line, tr
from slmdesk.storage import Paths, Settings, SettingsStore, find_paths, resources_folder, set_up_logging

_log = logging.getLogger(__name__)

# Exit codes besides those of `messages.ErrorKind`.
_BUG = 1
_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every command is handed as its context object."""

    paths: Paths
    settings: Settings
    settings_problems: Sequence[UserError] = ()
    """What of the settings could not be used when they were loaded: a damaged file is gone by now."""


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code; nothing escapes but a bug in here."""

    def command(surroundings: Surroundings) -> int:
        with build_cli().make_context("slmdesk", list(arguments), obj=surroundings) as context:
            return int(context.command.invoke(context) or 0)

    return _guarded(command)


def run_without_display(problem: DisplayProblem) -> int:
    """Say why there is no window, and be the same chat in the terminal. Returns the exit code."""

    def command(surroundings: Surroundings) -> int:
        from slmdesk.cli.chat import chat_instead_of_window

        Output().note(terminal_notice(problem))
        return chat_instead_of_window(surroundings.paths, surroundings.settings)

    return _guarded(command)


def build_cli() -> click.Group:
    """All commands, described in the language chosen by then."""
    from slmdesk.cli.catalogue import build_catalogue
    from slmdesk.cli.chat import build_chat
    from slmdesk.cli.doctor import build_doctor
    from slmdesk.cli.fit import build_fit
    from slmdesk.cli.models import build_models

    group = click.Group(
        "slmdesk",
        help=tr(
            "Run small language models privately on your own computer. Without a command, the window opens."
        ),
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        commands=[build_catalogue(), build_chat(), build_doctor(), build_fit(), build_models()],
        no_args_is_help=True,
    )
    _translate_usage(group)
    return click.version_option(__version__, prog_name="SLM Desk", message="%(prog)s %(version)s")(group)


def _translate_usage(command: click.Command) -> None:
    """Have what click puts behind "Usage: slmdesk" in the person's language, here and in all below."""
    command.options_metavar = tr("[OPTIONS]")
    if isinstance(command, click.Group):
        command.subcommand_metavar = tr("COMMAND [ARGS]...")
        for one in command.commands.values():
            _translate_usage(one)


def _guarded(command: Callable[[Surroundings], int]) -> int:
    """Run `command`; each way it can end becomes an exit code and at most one sentence."""
    prepare_streams()
    paths = find_paths()
    try:
        return _with_output_checked(lambda: _explained(command, paths))
    except KeyboardInterrupt:
        return _INTERRUPTED


def _with_output_checked(command: Callable[[], int]) -> int:
    try:
        return command()
    except OutputClosedError:
        # The reader had enough, which is not a failure.
        drop_output()
        return 0
    except OutputFailedError as error:
        drop_output()
        return _complain(tr("The output cannot be written: {reason}.").format(reason=error), _BUG)


def _explained(command: Callable[[Surroundings], int], paths: Paths) -> int:
    log_file: Path | None = None
    try:
        store = SettingsStore(paths.settings_file, _names_of_engines)
        settings = store.load()
        _speak(os.environ.get("SLMDESK_LANGUAGE") or settings.language)
        problems = store.problems
        for problem in problems:
            _complain(one_line(problem), 0)
        log_file = _start_log(paths)
        if log_file is not None:
            for problem in problems:
                _log.warning("%s", problem)
        return command(Surroundings(paths, settings, problems))
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        text = io.StringIO()
        error.show(text)
        write_note(text.getvalue())
        return error.exit_code
    except UserError as error:
        if error.details:
            _log.warning("%s", error)
        return _complain(in_terminal(error), int(error.kind))
    except (OutputClosedError, OutputFailedError):
        raise
    except BrokenPipeError as error:
        # click writes help texts by itself.
        raise OutputClosedError from error
    except OSError:
        check_stdout()
        return _report_bug(log_file)
    except Exception:  # noqa: BLE001 - the door of the program: logged, and told as what it is
        return _report_bug(log_file)


def _names_of_engines() -> Sequence[str]:
    # Not at the top: it is asked only where an engine is turned off.
    from slmdesk.engines import engine_names

    return engine_names()


def _report_bug(log_file: Path | None) -> int:
    """Log the exception being handled, and say what it is."""
    _log.critical("a bug", exc_info=True)
    if log_file is None:
        write_note(traceback.format_exc())
        return _complain(tr("This is a bug in SLM Desk."), _BUG)
    return _complain(tr("This is a bug in SLM Desk; the report is in {file}.").format(file=log_file), _BUG)


def _complain(sentence: str, exit_code: int) -> int:
    Output().note(f"slmdesk: {sentence}")
    return exit_code


def _start_log(paths: Paths) -> Path | None:
    """Start the log; a home that cannot be written is no reason not to work."""
    try:
        return set_up_logging(paths)
    except UserError as error:
        _complain(one_line(error), 0)
        return None


def _speak(language: str) -> None:
    """Speak `language` from now on; click's own words too."""
    folder = resources_folder() / "locale"
    code = choose_language(language, folder).code
    # click looks its words up in Python's default domain, in the language of the environment.
    gettext.bindtextdomain("slmdesk", folder)
    gettext.textdomain("slmdesk")
    os.environ["LANGUAGE"] = code
