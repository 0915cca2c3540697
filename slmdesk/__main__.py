"""The console command `slmdesk`, and `python -m slmdesk`.

Light on purpose: engine processes import this module again when they start, and the window must not wait for
the command line's libraries.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Open the window where there are no arguments and a display; otherwise be the command line.

    Returns the exit code.
    """
    if getattr(sys, "frozen", False):
        import multiprocessing

        # In a frozen program a child process starts here, and never comes back from this call.
        multiprocessing.freeze_support()
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


def _open_window() -> int:
    from slmdesk.app import run
    from slmdesk.messages import UserError, one_line

    try:
        return run()
    except UserError as error:
        # There is no window yet that could say it, and on Windows there may be no terminal either.
        if sys.stderr is not None:
            sys.stderr.write(f"slmdesk: {one_line(error)}\n")
        return int(error.kind)


if __name__ == "__main__":
    sys.exit(main())
