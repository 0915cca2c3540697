"""What is remembered of runs: which ones, for how long, and what they say."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from slmdesk.fit.correction import is_measurement, of_others, of_same
from slmdesk.fit.records import MOST_ALIKE, MOST_RUNS, RUNS_FILE, Run, RunFile, RunSettings
from slmdesk.fit.work import Matrices, TokenWork

WORK = TokenWork(
    key="one",
    layers=2,
    matrices=(Matrices("Q4_K", 1000, 2000, 10),),
    nodes=30,
    vocabulary=100,
    model_bytes=1000,
)
SETTINGS = RunSettings(engine="engine", version="1", cpu="processor", threads=4)
RUN = Run(key="one", settings=SETTINGS, depth=100, tokens=50, tokens_per_second=20.0, at=1.0, work=WORK)


def test_runs_are_there_again_after_a_restart(tmp_path: Path) -> None:
    first = RunFile(tmp_path / "speed")
    runs = [replace(RUN, tokens_per_second=float(rate)) for rate in (10, 20, 30)]
    for run in runs:
        first.add(run)
    assert RunFile(tmp_path / "speed").runs() == tuple(runs) == first.runs()


def test_a_line_that_was_cut_off_costs_that_line_alone(tmp_path: Path) -> None:
    file = RunFile(tmp_path)
    file.add(RUN)
    with (tmp_path / RUNS_FILE).open("ab") as stream:
        stream.write(b'{"key":"cut of')
    RunFile(tmp_path).add(replace(RUN, at=2.0))
    assert RunFile(tmp_path).runs() == (RUN, replace(RUN, at=2.0))


def test_two_programs_keep_their_runs_in_one_file(tmp_path: Path) -> None:
    one, other = RunFile(tmp_path), RunFile(tmp_path)
    assert one.runs() == other.runs() == ()
    one.add(RUN)
    other.add(replace(RUN, at=2.0))
    assert len(RunFile(tmp_path).runs()) == 2


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"[]", b"{}\n{}", b'{"key": 1}', b"\n\n\n"])
def test_what_is_no_run_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / RUNS_FILE).write_bytes(content)
    assert RunFile(tmp_path).runs() == ()


def test_a_folder_that_cannot_be_written_costs_nothing_but_the_keeping(tmp_path: Path) -> None:
    (tmp_path / "speed").write_text("a file where the folder would be")
    file = RunFile(tmp_path / "speed")
    file.add(RUN)
    assert file.runs() == (RUN,)


def test_the_oldest_make_room(tmp_path: Path) -> None:
    file = RunFile(tmp_path)
    rare = replace(RUN, key="rare", at=MOST_RUNS - 20)
    for at in range(MOST_RUNS + 1):
        file.add(rare if at == rare.at else replace(RUN, at=float(at)))
    kept = RunFile(tmp_path).runs()
    assert rare in kept
    assert [run.at for run in kept if run.key == "one"] == list(
        range(MOST_RUNS - MOST_ALIKE + 1, MOST_RUNS + 1)
    )


@pytest.mark.parametrize(
    ("tokens", "rate", "share", "counts"),
    [
        (100, 50.0, 0.98, True),
        (100, 50.0, None, True),
        (31, 5.0, 0.98, False),
        (100, 200.0, 0.98, False),
        (100, 50.0, 0.6, False),
        (100, 0.0, 0.98, False),
        (100, float("nan"), 0.98, False),
    ],
)
def test_short_and_disturbed_answers_are_no_measurement(
    tokens: int, rate: float, share: float | None, counts: bool
) -> None:
    assert is_measurement(tokens, rate, share) is counts


def test_one_bad_run_among_many_is_outvoted() -> None:
    found = of_same([1.02, 0.98, 0.4, 1.0, 1.01])
    assert found.factor == 1.0
    assert found.spread < 0.15


def test_only_the_newest_runs_count() -> None:
    assert of_same([0.5] * 20 + [1.2] * 7).factor == pytest.approx(1.2)


def test_few_or_scattered_runs_are_less_sure() -> None:
    many, one, scattered = of_same([1.0] * 5), of_same([1.0]), of_same([0.7, 1.0, 1.3, 0.8, 1.2])
    assert many.spread < one.spread
    assert many.spread < scattered.spread <= 0.3


def test_other_models_pull_a_little_each_model_once_and_not_beyond_reason() -> None:
    assert of_others([]).factor == 1
    one = of_others([("a", 0.8)] * 50).factor
    three = of_others([("a", 0.8), ("b", 0.8), ("c", 0.8)]).factor
    assert 0.8 < three < one < 1
    assert of_others([("a", 1.5)] * 9 + [("b", 0.9), ("c", 0.9)]).factor < 1
    assert of_others([(str(number), 0.01) for number in range(9)]).factor == pytest.approx(0.6)
    assert of_others([(str(number), 100.0) for number in range(9)]).factor == pytest.approx(1.6)
