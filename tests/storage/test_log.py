"""The log holds what nobody caught, with its traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from slmdesk.storage import Paths, log_file

SCRIPT = """
import logging, threading
from slmdesk.storage import find_paths, set_up_logging
file = set_up_logging(find_paths())
logging.getLogger("slmdesk.sample").info("a note")
logging.getLogger("other").info("noise")
thread = threading.Thread(target=lambda: 1 / 0, name="worker-3"); thread.start(); thread.join()
print(file)
raise KeyError("in the main thread")
"""


def test_uncaught_exceptions_of_any_thread_are_logged(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env={"SLMDESK_HOME": str(tmp_path)}, capture_output=True, text=True
    )
    text = Path(done.stdout.strip()).read_text()
    assert done.returncode == 1
    assert "a note" in text
    assert "noise" not in text
    assert "a bug in thread worker-3" in text
    assert "ZeroDivisionError" in text
    assert "KeyError: 'in the main thread'" in text


def test_a_long_log_is_set_aside_at_the_next_start(paths: Paths) -> None:
    file = log_file(paths)
    file.parent.mkdir(parents=True)
    file.write_text("x" * 1_000_001)
    subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True)
    assert file.with_name("slmdesk.log.1").stat().st_size == 1_000_001
    assert "a note" in file.read_text()


SHOWING = """
import threading
from slmdesk.storage import find_paths, set_up_logging, show_uncaught
assert set_up_logging(find_paths()) == set_up_logging(find_paths())
show_uncaught(lambda report: print(threading.current_thread().name, report.splitlines()[-1]))
thread = threading.Thread(target=lambda: 1 / 0, name="worker-3"); thread.start(); thread.join()
show_uncaught(lambda report: 1 / 0)
raise KeyError("in the main thread")
"""


def test_uncaught_exceptions_are_also_shown(paths: Paths) -> None:
    done = subprocess.run([sys.executable, "-c", SHOWING], capture_output=True, text=True)
    assert done.stdout.strip() == "worker-3 ZeroDivisionError: division by zero"
    text = log_file(paths).read_text()
    assert text.count("a bug in thread worker-3") == 1
    assert "KeyError: 'in the main thread'" in text
    assert "a bug cannot be shown" in text


def test_a_log_that_cannot_be_written_is_no_noise_on_the_terminal(paths: Paths) -> None:
    log_file(paths).mkdir(parents=True)
    script = """
import logging
from slmdesk.storage import find_paths, set_up_logging
set_up_logging(find_paths())
logging.getLogger("slmdesk").warning("lost")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_only_this_person_can_read_it(paths: Paths) -> None:
    subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True)
    assert log_file(paths).stat().st_mode & 0o077 == 0
