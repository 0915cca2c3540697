"""Verdicts: where one ends and the next begins, their reasons, and that a better computer is never worse."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slmdesk.fit import (
    THRESHOLDS,
    DeviceFacts,
    DeviceNeed,
    FitQuestion,
    FitReport,
    Machine,
    MemoryNeed,
    Parts,
    SpeedRange,
    Speeds,
    Verdict,
    about_seconds,
    explained,
    headline,
    rank,
    verdict_word,
)
from slmdesk.fit.changes import Alternative, Change
from slmdesk.fit.verdict import goes_in_now, judge
from slmdesk.messages import Message, say

GIB = 2**30
ON_PROCESSOR = FitQuestion(context_length=8192)
ON_GPU = FitQuestion(context_length=8192, devices=("CUDA0",))
LAPTOP = Machine(total_memory=16 * GIB, available_memory=10 * GIB)
GPU = DeviceFacts(name="CUDA0", title="RTX 4060 (CUDA)", free_memory=7 * GIB, total_memory=8 * GIB)
WORKSTATION = replace(LAPTOP, devices=(GPU,))


def need(resident: float, on_device: float = 0) -> MemoryNeed:
    devices = [DeviceNeed(name="CPU", parts=Parts(weights=int(resident * GIB)), free=None)]
    if on_device:
        parts = Parts(weights=int(on_device * GIB))
        devices.append(DeviceNeed(name="CUDA0", parts=parts, free=7 * GIB, total=8 * GIB))
    return MemoryNeed(
        parts=Parts(weights=int((resident + on_device) * GIB)),
        resident=int(resident * GIB),
        devices=tuple(devices),
        context_length=8192,
        kv_type="f16",
        gpu_layers=33 if on_device else 0,
        source="simulated",
    )


def rate(expected: float) -> SpeedRange:
    return SpeedRange(low=expected * 0.85, expected=expected, high=expected * 1.15, measured=False)


FAST = Speeds(empty=rate(24), full=rate(16), first_token_s=0.9)


def report_on(memory: MemoryNeed | None, machine: Machine = LAPTOP, speeds: Speeds = FAST) -> FitReport:
    question = ON_GPU if machine.devices else ON_PROCESSOR
    return judge(memory, speeds, machine, question)


def test_it_fits() -> None:
    report = report_on(need(3.8))
    assert report.verdict is Verdict.FITS
    assert say(report.reason) == (
        "Needs 3.8\N{NO-BREAK SPACE}GiB of the 10\N{NO-BREAK SPACE}GiB that are free now. "
        "Writes faster than most people read."
    )
    assert report.change is None
    assert say(headline(report)) == "Fits with room to spare"


def test_nothing_is_said_of_a_speed_that_is_not_known() -> None:
    report = report_on(need(3.8), speeds=Speeds())
    assert report.verdict is Verdict.FITS
    assert "Writes" not in say(report.reason)


@pytest.mark.parametrize(
    ("resident", "verdict"),
    [(9.0, Verdict.FITS), (9.01, Verdict.TIGHT), (14.0, Verdict.TIGHT), (14.01, Verdict.TOO_BIG)],
)
def test_the_thresholds_of_the_computers_memory(resident: float, verdict: Verdict) -> None:
    assert report_on(need(resident)).verdict is verdict


@pytest.mark.parametrize(
    ("on_device", "verdict"),
    [(6.5, Verdict.FITS), (6.51, Verdict.TIGHT), (7.5, Verdict.TIGHT), (7.51, Verdict.TOO_BIG)],
)
def test_the_thresholds_of_a_devices_memory(on_device: float, verdict: Verdict) -> None:
    report = report_on(need(1, on_device), WORKSTATION)
    assert report.verdict is verdict
    assert "RTX 4060" in say(report.reason)


def test_tight_tells_other_programs_from_too_little_room() -> None:
    close, others = report_on(need(9.5)), report_on(need(12))
    assert say(headline(close)) == "Fits only just"
    # 9.5 GiB are nine tenths of 10.6, and 12 of 13.3; 10 are free.
    assert say(close.reason).endswith(
        "which leaves little for other programs. With 569\N{NO-BREAK SPACE}MiB more free it would fit well."
    )
    assert say(headline(others)) == "Does not fit while other programs use the memory"
    assert say(others.reason).endswith(
        "10\N{NO-BREAK SPACE}GiB are free now: other programs use the rest."
        " With 3.3\N{NO-BREAK SPACE}GiB more free it would fit."
    )
    assert others.change is not None
    assert say(others.change) == "Close other programs, or choose a smaller model."


def test_how_much_more_must_be_free_is_said_whatever_else_would_help() -> None:
    others = [way("context", 8, context_length=4096)]
    report = judge(need(12), FAST, LAPTOP, ON_PROCESSOR, alternatives=others)
    assert report.change is not None
    assert say(report.change) == "Fits with a context of 4,096 tokens."
    assert "3.3\N{NO-BREAK SPACE}GiB more" in say(report.reason)
    container = Machine(total_memory=8 * GIB, available_memory=2 * GIB, limited=True)
    assert "2\N{NO-BREAK SPACE}GiB more" in say(judge(need(3.6), FAST, container, ON_PROCESSOR).reason)


def test_a_device_that_other_programs_use() -> None:
    report = report_on(need(1, 7.2), WORKSTATION)
    assert "other programs use the rest" in say(report.reason)
    # With the half GiB that no model gets.
    assert "With 717\N{NO-BREAK SPACE}MiB more free there" in say(report.reason)
    assert say(headline(report)) == "Does not fit while other programs use the memory"
    assert report.change is not None
    assert say(report.change) == "Close programs that use RTX 4060 (CUDA), or choose a smaller model."
    assert say(headline(report_on(need(1, 6.8), WORKSTATION))) == "Fits only just"


@pytest.mark.parametrize(
    ("resident", "on_device", "words"),
    [
        (7.5, 0, "Fits with room to spare"),
        (7.51, 0, "Fits on this computer"),
        (9.0, 0, "Fits on this computer"),
        (9.01, 0, "Fits only just"),
        (10.0, 0, "Fits only just"),
        (10.01, 0, "Does not fit while other programs use the memory"),
        (14.01, 0, "Too big for this computer"),
        (1, 5.25, "Fits with room to spare"),
        (1, 5.26, "Fits on this computer"),
        # The scarcer of the two.
        (8, 1, "Fits on this computer"),
        (9.5, 6.8, "Fits only just"),
        (9.5, 7.2, "Does not fit while other programs use the memory"),
        (12, 6.8, "Does not fit while other programs use the memory"),
    ],
)
def test_the_heading_goes_by_what_is_left(resident: float, on_device: float, words: str) -> None:
    report = report_on(need(resident, on_device), WORKSTATION if on_device else LAPTOP)
    assert say(headline(report)) == words


def test_of_two_that_are_tight_the_scarcer_is_named() -> None:
    assert "RTX 4060" not in say(report_on(need(12, 6.8), WORKSTATION).reason)
    assert "RTX 4060" in say(report_on(need(9.5, 6.8), WORKSTATION).reason)


def test_too_big_for_a_container_says_so() -> None:
    container = Machine(total_memory=4 * GIB, available_memory=4 * GIB, limited=True)
    report = report_on(need(4.5), container)
    assert report.verdict is Verdict.TOO_BIG
    assert "this container may use 4\N{NO-BREAK SPACE}GiB" in say(report.reason)
    # No system lies in it that needs a share.
    assert report_on(need(3.55), container).verdict is Verdict.FITS


def test_shared_memory_counts_in_both_places() -> None:
    shared = replace(WORKSTATION, devices=(replace(GPU, shared=True, free_memory=12 * GIB),))
    assert report_on(need(1, 7), shared).verdict is Verdict.FITS
    assert report_on(need(3, 7), shared).verdict is Verdict.TIGHT


@pytest.mark.parametrize(("expected", "verdict"), [(8.0, Verdict.FITS), (7.9, Verdict.SLOW)])
def test_slow(expected: float, verdict: Verdict) -> None:
    assert report_on(need(4), speeds=Speeds(empty=rate(expected))).verdict is verdict


@pytest.mark.parametrize(
    ("expected", "words"),
    [(7.9, "hardly faster than"), (5.0, "hardly faster than"), (4.9, "slower than"), (0.1, "slower than")],
)
def test_how_fast_people_read_is_said_truly(expected: float, words: str) -> None:
    assert words in say(report_on(need(4), speeds=Speeds(empty=rate(expected))).reason)


def disturbed(expected: float, slack: float = 3, first_token_s: float = 1) -> Speeds:
    wide = SpeedRange(low=expected * 0.85, expected=expected, high=expected * 1.15 * slack, measured=False)
    note = Message("fit-speed-disturbed")
    return Speeds(empty=wide, full=wide, first_token_s=first_token_s, note=note, slack=slack)


def test_a_speed_that_was_measured_on_a_busy_computer_is_a_least_one() -> None:
    # It is 3 to 9, which may be fast enough.
    perhaps = report_on(need(4), speeds=disturbed(3))
    assert (perhaps.verdict, perhaps.reason.key) == (Verdict.FITS, "fit-fits")
    assert [one.key for one in explained(perhaps)] == ["fit-fits", "fit-speed-disturbed"]
    surely_not = report_on(need(4), speeds=disturbed(2))
    assert surely_not.verdict is Verdict.SLOW
    assert say(surely_not.reason) == "Writes about 6 tokens per second at most."
    surely = report_on(need(4), speeds=disturbed(8))
    assert (surely.verdict, surely.reason.key) == (Verdict.FITS, "fit-fits-fast")
    assert report_on(need(4), speeds=disturbed(20, first_token_s=29)).verdict is Verdict.FITS
    assert report_on(need(4), speeds=disturbed(20, first_token_s=31)).verdict is Verdict.SLOW


def test_faster_than_people_read_is_said_only_where_the_whole_range_is() -> None:
    wide = SpeedRange(low=4.92, expected=8.2, high=11.5, measured=False)
    report = report_on(need(4), speeds=Speeds(empty=wide))
    assert (report.verdict, report.reason.key) == (Verdict.FITS, "fit-fits")


def test_why_no_speed_is_told_is_said_but_not_of_what_is_too_big() -> None:
    speeds = Speeds(note=Message("fit-speed-busy"))
    fits, too_big = report_on(need(4), speeds=speeds), report_on(need(15), speeds=speeds)
    assert "other programs kept this computer busy" in say(explained(fits)[-1])
    assert explained(too_big) == (too_big.reason,)
    assert too_big.speed_note == speeds.note
    assert explained(report_on(need(4)))[1:] == ()


def test_a_first_word_that_takes_long_is_slow() -> None:
    report = report_on(need(4), speeds=Speeds(empty=rate(20), first_token_s=12))
    assert report.verdict is Verdict.SLOW
    assert say(report.reason) == "The first word of an answer comes after about 12 seconds."
    late = report_on(need(4), speeds=Speeds(first_token_s=104.5))
    assert say(late.reason) == "The first word of an answer comes after about 100 seconds."
    assert report.change is not None
    assert say(report.change) == "A smaller model writes faster."


def test_tight_and_slow_is_tight() -> None:
    assert report_on(need(9.5), speeds=Speeds(empty=rate(2))).verdict is Verdict.TIGHT


def test_what_is_not_known() -> None:
    report = report_on(None)
    assert report.verdict is Verdict.UNKNOWN
    assert report.memory is None
    assert say(report.reason)


def test_weights_alone_can_be_too_big() -> None:
    report = judge(None, Speeds(), LAPTOP, ON_PROCESSOR, weights_bytes=20 * GIB)
    assert report.verdict is Verdict.TOO_BIG
    assert "20\N{NO-BREAK SPACE}GiB" in say(report.reason)
    assert judge(None, Speeds(), LAPTOP, ON_PROCESSOR, weights_bytes=2 * GIB).verdict is Verdict.UNKNOWN


def test_a_device_that_is_gone_or_silent() -> None:
    gone = judge(need(1, 5), FAST, LAPTOP, ON_GPU)
    assert gone.verdict is Verdict.UNKNOWN
    assert "CUDA0" in say(gone.reason)
    silent = replace(LAPTOP, devices=(DeviceFacts(name="CUDA0"),))
    memory = need(1, 5)
    memory = MemoryNeed(
        **{name: getattr(memory, name) for name in MemoryNeed.__struct_fields__ if name != "devices"},
        devices=(memory.devices[0], DeviceNeed(name="CUDA0", parts=Parts(weights=5 * GIB), free=None)),
    )
    assert judge(memory, FAST, silent, ON_GPU).verdict is Verdict.UNKNOWN
    # Too big in the computer's own memory is too big whatever the device has.
    own = MemoryNeed(
        **{name: getattr(memory, name) for name in MemoryNeed.__struct_fields__ if name != "resident"},
        resident=20 * GIB,
    )
    assert judge(own, FAST, silent, ON_GPU).verdict is Verdict.TOO_BIG


def test_the_report_says_what_is_free_now() -> None:
    report = report_on(need(1, 5), WORKSTATION)
    assert report.memory is not None
    assert [(one.name, one.free, one.total) for one in report.memory.devices] == [
        ("CPU", 10 * GIB, 16 * GIB),
        ("CUDA0", 7 * GIB, 8 * GIB),
    ]


def way(change: Change, resident: float, speed: float = 24, **asked: object) -> Alternative:
    question = FitQuestion(**{"context_length": 8192, **asked})  # type: ignore[arg-type]
    label = "Q4_K_M" if change == "variant" else ""
    speeds = Speeds(empty=rate(speed))
    return Alternative(change=change, question=question, memory=need(resident), speeds=speeds, label=label)


@pytest.mark.parametrize(
    ("others", "change"),
    [
        ([way("context", 8, context_length=4096)], "Fits with a context of 4,096 tokens."),
        ([way("kv_type", 8, kv_type="q8_0")], "Fits with a KV cache of type q8_0."),
        ([way("variant", 8)], "Choose Q4_K_M: it fits with 8\N{NO-BREAK SPACE}GiB."),
        ([way("processor", 8)], "Fits on the processor alone."),
        # What fits comes before what nearly does.
        ([way("context", 9.5), way("variant", 8)], "Choose Q4_K_M: it fits with 8\N{NO-BREAK SPACE}GiB."),
        ([way("context", 9.5, context_length=4096)], "Nearly fits with a context of 4,096 tokens."),
        # What can be loaded now comes before what cannot, and fits, however slow it is.
        (
            [way("context", 12, context_length=6144), way("context", 9.5, context_length=4096)],
            "Nearly fits with a context of 4,096 tokens.",
        ),
        (
            [way("context", 9.5, context_length=6144), way("context", 8, speed=4, context_length=4096)],
            "Fits with a context of 4,096 tokens.",
        ),
        ([way("context", 15)], "Choose a smaller model."),
    ],
)
def test_what_would_change_it(others: list[Alternative], change: str) -> None:
    report = judge(need(15), FAST, LAPTOP, ON_PROCESSOR, alternatives=others)
    assert report.change is not None
    assert say(report.change) == change


def test_a_faster_variant() -> None:
    report = judge(
        need(9), Speeds(empty=rate(4)), LAPTOP, ON_PROCESSOR, alternatives=[way("variant", 5, speed=12)]
    )
    assert report.change is not None
    assert say(report.change) == "Choose Q4_K_M: it writes about 12 tokens per second."


def test_every_verdict_has_its_words() -> None:
    assert [say(verdict_word(verdict)) for verdict in Verdict] == [
        "Fits", "Slow", "Tight", "Too big", "Unknown",
    ]  # fmt: skip


sizes = st.integers(min_value=0, max_value=2**45)
small = st.integers(min_value=0, max_value=2**40)


@st.composite
def machines(draw: st.DrawFn) -> Machine:
    total = draw(sizes)
    device_total = draw(sizes)
    device = DeviceFacts(
        name="CUDA0",
        free_memory=draw(st.integers(0, device_total)),
        total_memory=device_total,
        shared=draw(st.booleans()),
    )
    return Machine(total_memory=total, available_memory=draw(st.integers(0, total)), devices=(device,))


@given(machines(), sizes, sizes, small, small, small, small)
def test_a_better_computer_never_worsens_the_verdict(
    machine: Machine, resident: int, on_device: int, more: int, freer: int, larger: int, emptier: int
) -> None:
    memory = need(resident / GIB, on_device / GIB)
    device = machine.devices[0]
    assert device.free_memory is not None
    assert device.total_memory is not None
    better = replace(
        machine,
        total_memory=machine.total_memory + more + freer,
        available_memory=machine.available_memory + freer,
        devices=(
            replace(
                device,
                # More memory of which others use the more would be no better device.
                free_memory=device.free_memory + larger + emptier,
                total_memory=device.total_memory + larger + emptier,
            ),
        ),
    )
    before = judge(memory, Speeds(), machine, ON_GPU).verdict
    after = judge(memory, Speeds(), better, ON_GPU).verdict
    assert rank(after) <= rank(before)


@given(machines(), sizes, sizes, small)
def test_needing_less_never_worsens_it(machine: Machine, resident: int, on_device: int, less: int) -> None:
    lighter = need(max(0, resident - less) / GIB, max(0, on_device - less) / GIB)
    before = judge(need(resident / GIB, on_device / GIB), Speeds(), machine, ON_GPU).verdict
    assert rank(judge(lighter, Speeds(), machine, ON_GPU).verdict) <= rank(before)


@given(st.floats(0.01, 1000), st.floats(0, 1000), machines())
def test_being_faster_never_worsens_it(expected: float, faster: float, machine: Machine) -> None:
    slow = judge(need(4), Speeds(empty=rate(expected)), machine, ON_PROCESSOR).verdict
    fast = judge(need(4), Speeds(empty=rate(expected + faster)), machine, ON_PROCESSOR).verdict
    assert rank(fast) <= rank(slow)


@given(machines(), sizes, sizes)
def test_no_figure_in_a_sentence_is_negative(machine: Machine, resident: int, on_device: int) -> None:
    report = judge(need(resident / GIB, on_device / GIB), Speeds(), machine, ON_GPU)
    for message in filter(None, (report.reason, report.change)):
        assert all(not isinstance(fact, int | float) or fact >= 0 for fact in message.facts.values())
        assert say(message)


@given(machines(), sizes, sizes)
def test_the_heading_and_what_goes_in_now_are_one_answer(
    machine: Machine, resident: int, on_device: int
) -> None:
    memory = need(resident / GIB, on_device / GIB)
    heading = headline(judge(memory, Speeds(), machine, ON_GPU)).key.removeprefix("verdict-headline-")
    goes_in = heading in ("fits", "fits-enough", "tight")
    assert goes_in is goes_in_now(memory, machine, ON_GPU)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.0, 0),
        (0.931, 0.9),
        (5.53, 5.5),
        (13.1, 13),
        (59.9, 60),
        (98, 100),
        (104.5, 100),
        (250, 250),
        (700, 720),
    ],
)
def test_a_time_is_told_as_well_as_it_is_known(seconds: float, told: float) -> None:
    assert about_seconds(seconds) == pytest.approx(told)


def test_reserves_stay_small_on_large_computers() -> None:
    assert THRESHOLDS.system_reserve(8 * GIB, limited=False) == GIB
    assert THRESHOLDS.system_reserve(512 * GIB, limited=False) == 2 * GIB
    assert THRESHOLDS.device_reserve(80 * GIB) == GIB // 2
