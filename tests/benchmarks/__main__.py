"""Measures the budgets of the design and prints them as a table.

    python -m tests.benchmarks [--rows 1,1-onnx,2,4,5,6,7] [--json FILE]

Needs the starter model, for row 1-onnx a real ONNX model too, and half an hour for all rows. Machines are
noisy, so figures are medians, and where there is something to compare with, of ratios of runs taken in turn;
close other programs first. Never part of the tests.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import psutil

from slmdesk import __version__
from slmdesk.library import resolve_model
from slmdesk.storage import Paths, find_paths
from tests.benchmarks import (
    decode_rate,
    fit_memory,
    fit_speed,
    offers,
    opening,
    prefix_reuse,
    stalls,
    start_up,
)
from tests.benchmarks.budget import Row
from tests.engines.shared.models import REAL_ONNX


def _measurements(home: Path) -> dict[str, Callable[[], list[Row]]]:
    paths = find_paths({"SLMDESK_HOME": str(home)})
    model = resolve_model("starter", paths)
    return {
        "1": lambda: decode_rate.measure(model, paths),
        "1-onnx": lambda: _measure_onnx(paths),
        "2": lambda: [prefix_reuse.measure(model, paths.logs)],
        "4": lambda: [stalls.measure_scripted(paths), stalls.measure_real(model, paths)],
        "5": lambda: [start_up.measure()],
        "6": lambda: [opening.measure(model, paths)],
        "7": lambda: [offers.measure()],
        "8": lambda: fit_memory.measure(model, paths.logs, fill=False),
        "9": lambda: fit_memory.measure(model, paths.logs),
        "10": lambda: [fit_speed.measure(model, paths.logs)],
    }


def _measure_onnx(paths: Paths) -> list[Row]:
    if not REAL_ONNX.is_dir():
        print(f"row 1-onnx is left out: {REAL_ONNX} is not there")
        return []
    return [decode_rate.measure_onnx(resolve_model(str(REAL_ONNX), paths), paths)]


def _print_table(rows: list[Row]) -> None:
    lines = [("row", "what", "figure", "budget", "holds", "detail")]
    for row in rows:
        holds = "reported" if row.holds is None else ("yes" if row.holds else "NO")
        figure = f"{row.figure:.1f} {row.unit}" if row.unit else f"{row.figure:.3f}"
        lines.append((str(row.number), row.what, figure, row.budget, holds, row.detail))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measure the budgets.")
    parser.add_argument(
        "--rows", default="1,1-onnx,2,4,5,6,7", help="rows of the table of budgets, for example 1,5"
    )
    parser.add_argument("--json", type=Path, help="write every sample to this file")
    arguments = parser.parse_args()
    if not (os.environ.get("DISPLAY") or os.environ.get("QT_QPA_PLATFORM")) and sys.platform == "linux":
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with tempfile.TemporaryDirectory() as home:
        measurements = _measurements(Path(home))
        rows: list[Row] = []
        for number in arguments.rows.split(","):
            rows += measurements[number]()
    machine = f"{platform.system()} {platform.machine()}, {psutil.cpu_count(logical=False)} cores"
    screen = os.environ.get("QT_QPA_PLATFORM", "the display")
    print(f"SLM Desk {__version__}, Python {platform.python_version()}, {machine}, Qt on {screen}")
    _print_table(rows)
    if arguments.json:
        arguments.json.write_text(json.dumps([dataclasses.asdict(row) for row in rows], indent=2))
    return 0 if all(row.holds is not False for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
