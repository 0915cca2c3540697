"""The console command `slmdesk`, and `python -m slmdesk`.

Light on purpose: engine processes import this module again when they start, and the window must not wait for
the command line's libraries.
"""

from __future__ import annotations

import contextlib
import os
import sys


def main() -> int:
    """Open the window where there are no arguments and a display; otherwise be the command line.

    Returns the exit code.
    """
    if getattr(sys, "frozen", False):
        _begin_frozen()
    from slmdesk.net import install_guard

    install_guard()
    arguments = sys.argv[1:]
    if arguments:
        from slmdesk.cli.main import run

        return run(arguments)
    from slmdesk.cli.display import find_display_problem

    problem = find_display_problem()
    if problem is None:
        return _open_window()
    from slmdesk.cli.main import run_without_display

    return run_without_display(problem)


def _begin_frozen() -> None:
    """What the program in one folder has to do first: see installers/slmdesk.spec."""
    import multiprocessing

    # Its start has pointed the loader at the libraries that it brings. They are found by now, and a program
    # of the system that is started from here, a browser or nvidia-smi, must not take them for its own.
    before = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
    if before is not None:
        os.environ["LD_LIBRARY_PATH"] = before
    else:
        os.environ.pop("LD_LIBRARY_PATH", None)
    # A child process starts here, and never comes back from this call.
    multiprocessing.freeze_support()


def _open_window() -> int:
    from slmdesk.messages import UserError, error_sentences, one_line

    try:
        from slmdesk.app import run

        return run()
    except UserError as error:
        _tell(one_line(error), error_sentences(error).do)
        return int(error.kind)
    except Exception:  # noqa: BLE001 - the door of the program: logged, and told as what it is
        _tell(_report_bug())
        return 1


def _report_bug() -> str:
    """Put the exception being handled into the log; return a sentence that says so."""
    import logging
    import traceback

    from slmdesk.messages import UserError, tr
    from slmdesk.storage import find_paths, set_up_logging

    try:
        file = set_up_logging(find_paths())
    except UserError:
        if sys.stderr is not None:
            traceback.print_exc()
        return tr("This is a bug in SLM Desk.")
    logging.getLogger("slmdesk").critical("a bug", exc_info=True)
    return tr("This is a bug in SLM Desk; the report is in {file}.").format(file=file)


def _tell(sentence: str, advice: str = "") -> None:
    """Say `sentence` on stderr, and where nobody reads that, in a box that has room for `advice` too.

    There is no window that could say it, and where an icon started the program, no terminal either.
    """
    if sys.stderr is not None:
        # A full disk must not keep the box from being shown.
        with contextlib.suppress(OSError):
            sys.stderr.write(f"slmdesk: {sentence}\n")
            sys.stderr.flush()
        if _has_a_terminal() or not _has_a_screen():
            return
    from slmdesk.ui import show_box

    show_box(f"{sentence} {advice}".rstrip())


def _has_a_terminal() -> bool:
    """Whether the program was started from one, even if some of what it says is written into a file."""
    return any(one is not None and one.isatty() for one in (sys.stdin, sys.stdout, sys.stderr))


def _has_a_screen() -> bool:
    """Whether a box can be seen. Waiting for somebody to close one that cannot would never end."""
    return os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0] not in ("offscreen", "minimal")


if __name__ == "__main__":
    sys.exit(main())
