"""FitCheck: which source answers, on which devices, and that several threads may ask."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slmdesk.engines import Capabilities, Device, EngineFacts, EngineSurvey, Preference
from slmdesk.fit import (
    CannotSimulate,
    Dimensions,
    FitCheck,
    FitQuestion,
    MemoryNeed,
    SpeedQuestion,
    SpeedRange,
    Speeds,
    Subject,
    Verdict,
    headline,
)
from slmdesk.fit.headers import SparseHeader
from slmdesk.fit.memory import MemorySimulator
from slmdesk.hardware import Computer, Gpu
from slmdesk.messages import ErrorKind, Message, UserError, one_line, say
from tests.fit.header_models import gemma3_4b, lfm2_1b, llama_8b, qwen3_30b_a3b
from tests.formats.gguf_writer import U16

GIB = 2**30
LAPTOP = Computer(
    system="Linux 6.12",
    machine="x86_64",
    cpu_name="a processor",
    physical_cores=8,
    logical_cores=16,
    default_threads=8,
    total_memory_bytes=16 * GIB,
    available_memory_bytes=10 * GIB,
    family="linux",
)
WITH_GPU = replace(
    LAPTOP,
    gpus=(Gpu(vendor="nvidia", name="NVIDIA GeForce RTX 4060", driver="560.35", cuda="12.6"),),
)
CUDA = Device(
    name="CUDA0",
    description="NVIDIA GeForce RTX 4060",
    kind="gpu",
    backend="CUDA",
    free_memory=7 * GIB,
    total_memory=8 * GIB,
)


class Bench:
    """FitCheck with collaborators that remember what they were asked."""

    def __init__(self, computer: Computer = LAPTOP, devices: Sequence[Device] = ()) -> None:
        self.simulated: list[FitQuestion] = []
        self.speed_asked: list[SpeedQuestion] = []
        self.probed: list[str] = []
        self.answer: Callable[[FitQuestion], MemoryNeed] | None = None
        self.devices = tuple(devices)
        self.check = FitCheck(
            computer=lambda: computer,
            survey=EngineSurvey(self._probe),
            simulate=self._simulate,
            speed=self,
        )
        self.rate = 20.0

    def _probe(self, name: str) -> EngineFacts:
        self.probed.append(name)
        capabilities = Capabilities(gpu_offload=True, kv_types=("f16", "q8_0", "q4_0"))
        return EngineFacts(name, name, devices=self.devices, capabilities=capabilities)

    def _simulate(self, source: object, question: FitQuestion) -> MemoryNeed:
        assert source
        self.simulated.append(question)
        if self.answer is None:
            raise CannotSimulate("an architecture that it does not know")
        return self.answer(question)

    def speeds(self, question: SpeedQuestion) -> Speeds:
        self.speed_asked.append(question)
        rate = SpeedRange(low=self.rate, expected=self.rate, high=self.rate, measured=False)
        return Speeds(empty=rate, full=rate, first_token_s=1.0)


def exactly(bench: Bench, subject: Subject) -> Callable[[FitQuestion], MemoryNeed]:
    """The formula's answer, as if it had been simulated."""

    def answer(question: FitQuestion) -> MemoryNeed:
        found = bench.check.memory(subject, question, quick=True)
        assert found is not None
        values: dict[str, Any] = {name: getattr(found, name) for name in MemoryNeed.__struct_fields__}
        return MemoryNeed(**{**values, "source": "simulated"})

    return answer


@pytest.fixture
def llama(tmp_path: Path) -> Subject:
    return Subject(key="llama", label="Q4_K", path=llama_8b().write(tmp_path / "llama.gguf"))


def listed(billions: float, label: str, size_gb: float) -> Subject:
    known = Dimensions(
        architecture="llama", layers=32, heads=32, kv_heads=8, head_dim=128, hidden_size=4096,
        vocab_size=128256, parameters=int(billions * 10**9), trained_context_length=131072,
    )  # fmt: skip
    return Subject(key=label, label=label, dimensions=known, weights_bytes=int(size_gb * 10**9))


def test_the_simulation_answers_where_it_can(llama: Subject) -> None:
    bench = Bench()
    bench.answer = exactly(bench, llama)
    report = bench.check.check(llama)
    assert report.memory is not None
    assert report.memory.source == "simulated"
    assert report.verdict is Verdict.FITS
    assert len(bench.simulated) == 1


def test_formulas_answer_for_an_architecture_that_the_engine_does_not_know(llama: Subject) -> None:
    report = Bench().check.check(llama)
    assert report.memory is not None
    assert report.memory.source == "estimated"
    assert report.memory.parts.weights == pytest.approx(4.52e9, rel=0.01)


def test_a_list_is_answered_by_formulas_without_asking_any_engine() -> None:
    bench = Bench()
    report = bench.check.check(listed(8, "Q4_K_M", 4.9), quick=True)
    assert report.verdict is Verdict.FITS
    assert report.speed is not None
    assert (bench.simulated, bench.probed) == ([], [])


def test_what_is_not_known_is_a_verdict() -> None:
    report = Bench().check.check(Subject(key="?", dimensions=Dimensions(), weights_bytes=GIB))
    assert report.verdict is Verdict.UNKNOWN
    assert Bench().check.check(Subject(key="?")).verdict is Verdict.UNKNOWN
    huge = Subject(key="?", dimensions=Dimensions(), weights_bytes=40 * GIB)
    assert Bench().check.check(huge).verdict is Verdict.TOO_BIG


def test_a_damaged_file_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "bad.gguf"
    file.write_bytes(b"GGUF" + bytes(20))
    with pytest.raises(UserError):
        Bench().check.check(Subject(key="bad", path=file))


def test_the_usual_question_of_a_computer_without_a_gpu_starts_no_engine(llama: Subject) -> None:
    bench = Bench()
    question = bench.check.usual_question(llama)
    assert (question.context_length, question.devices) == (4096, ())
    assert bench.probed == []


def test_the_usual_question_places_the_model_on_a_gpu(llama: Subject) -> None:
    bench = Bench(WITH_GPU, [CUDA])
    question = bench.check.usual_question(llama)
    assert question.devices == ("CUDA0",)
    report = bench.check.check(llama, question)
    assert report.verdict is Verdict.FITS
    assert "RTX 4060" in say(report.reason)
    assert bench.speed_asked[-1].placed_share == 1
    processor = bench.check.usual_question(llama, preference=Preference(device="cpu"))
    assert processor.devices == ()
    some = bench.check.usual_question(llama, gpu_layers=10)
    assert (some.devices, some.gpu_layers) == (("CUDA0",), 10)


def test_as_many_layers_as_the_engine_says_fit(tmp_path: Path) -> None:
    bench = Bench(WITH_GPU, [CUDA])
    model = Subject(key="big", path=qwen3_30b_a3b().write(tmp_path / "moe.gguf"))
    bench.answer = exactly(bench, model)
    question = bench.check.usual_question(model)
    assert question.devices == ("CUDA0",)
    assert 0 < question.gpu_layers < 49
    assert question.gpu_layers in [asked.gpu_layers for asked in bench.simulated]
    need = bench.check.memory(model, question)
    assert need is not None
    assert need.devices[1].parts.total <= 6.5 * GIB
    bench.simulated.clear()
    assert bench.check.usual_question(model, quick=True).devices == ("CUDA0",)
    assert bench.simulated == []


def test_a_context_that_was_not_trained_is_not_usual() -> None:
    short = replace_dimensions(listed(1, "Q8_0", 1), trained_context_length=2048)
    assert Bench().check.usual_question(short).context_length == 2048


def replace_dimensions(subject: Subject, **values: Any) -> Subject:
    assert subject.dimensions is not None
    known = {name: getattr(subject.dimensions, name) for name in Dimensions.__struct_fields__}
    return replace(subject, dimensions=Dimensions(**{**known, **values}))


def test_a_shorter_context_would_fit(llama: Subject) -> None:
    bench = Bench()
    bench.answer = exactly(bench, llama)
    # 4.2 GiB of weights and 16 GiB of KV cache.
    report = bench.check.check(llama, FitQuestion(context_length=131072))
    assert report.verdict is Verdict.TOO_BIG
    assert report.change is not None
    assert say(report.change) == "Fits with a context of 32,768 tokens."
    # Found by formulas, and asked about exactly once.
    assert [asked.context_length for asked in bench.simulated] == [131072, 32768]


def test_on_a_slow_computer_the_context_is_named_that_can_be_loaded(llama: Subject) -> None:
    bench = Bench()
    bench.answer = exactly(bench, llama)
    bench.rate = 6.0
    report = bench.check.check(llama, FitQuestion(context_length=131072))
    assert (report.verdict, report.change and say(report.change)) == (
        Verdict.TOO_BIG,
        "Fits with a context of 32,768 tokens.",
    )
    shorter = bench.check.check(llama, FitQuestion(context_length=32768))
    assert say(headline(shorter)) == "Fits, but answers slowly"


def test_the_largest_context_that_fits(llama: Subject) -> None:
    bench = Bench()
    bench.answer = exactly(bench, llama)
    longest = bench.check.largest_context(llama, FitQuestion())
    assert longest is not None
    assert longest % 256 == 0
    # What goes in at all, be it only just: beyond it the heading says so too.
    last = bench.check.check(llama, FitQuestion(context_length=longest))
    beyond = bench.check.check(llama, FitQuestion(context_length=longest + 1))
    assert (last.verdict, last.room) == (Verdict.TIGHT, "little")
    assert (beyond.verdict, beyond.room) == (Verdict.TIGHT, "none")
    assert headline(last) != headline(beyond)
    assert bench.check.largest_context(listed(30, "Q8_0", 32), FitQuestion()) is None


def test_a_smaller_variant_would_fit() -> None:
    bench = Bench()
    variants = [listed(30, label, size) for label, size in [("Q8_0", 32), ("Q4_K_M", 18), ("Q2_K", 8)]]
    report = bench.check.check(variants[0], smaller=variants[1:])
    assert report.verdict is Verdict.TOO_BIG
    assert report.change is not None
    assert say(report.change).startswith("Choose Q2_K: it fits with 8.")


def test_fewer_layers_would_fit(tmp_path: Path) -> None:
    bench = Bench(replace(WITH_GPU, available_memory_bytes=14 * GIB), [CUDA])
    model = Subject(key="big", path=qwen3_30b_a3b().write(tmp_path / "moe.gguf"))
    question = FitQuestion(devices=("CUDA0",))
    report = bench.check.check(model, question)
    assert report.verdict is Verdict.TOO_BIG
    assert report.change is not None
    # 16 GiB of weights: 6.5 of them fit on the device, the others beside it.
    assert "layers on NVIDIA GeForce RTX 4060 (CUDA), the others on the processor" in say(report.change)


def test_the_ladder_offers_what_can_be_loaded(tmp_path: Path) -> None:
    bench = Bench()
    model = Subject(key="gemma", path=gemma3_4b().write(tmp_path / "gemma.gguf"))
    steps = bench.check.ladder(model, FitQuestion(context_length=131072))
    assert [(step.change, step.question.context_length, step.question.kv_type) for step in steps] == [
        ("context", 32768, "f16"),
        ("kv_type", 131072, "q4_0"),
    ]
    assert all(step.memory.resident <= 10 * GIB for step in steps)
    assert all(say(step.message) for step in steps)


def test_speed_is_asked_with_what_is_really_read(tmp_path: Path) -> None:
    bench = Bench()
    path = qwen3_30b_a3b().write(tmp_path / "moe.gguf")
    bench.check.check(Subject(key="moe", path=path), FitQuestion(context_length=4096))
    asked = bench.speed_asked[0]
    assert asked.work.active_bytes == pytest.approx(path.stat().st_size / 10, rel=0.05)
    assert asked.work.kv_bytes_at(4096, "f16") == 48 * 2 * 4 * 128 * 2 * 4096
    assert asked.placed_share == 0
    bench.rate = 3.0
    assert bench.check.check(Subject(key="moe", path=path)).verdict is not Verdict.FITS


def test_a_split_set_counts_as_one(tmp_path: Path) -> None:
    whole = llama_8b()
    parts = whole.split(2)
    paths = [part.write(tmp_path / f"llama-0000{index}-of-00002.gguf") for index, part in enumerate(parts, 1)]
    check = Bench().check
    question = FitQuestion()
    here = check.memory(Subject(key="here", path=paths[0]), question)
    there = check.memory(
        Subject(key="there", headers=tuple(SparseHeader.read(path) for path in paths)), question
    )
    one = check.memory(Subject(key="one", path=whole.write(tmp_path / "one.gguf")), question)
    assert here == there == one
    paths[1].unlink()
    with pytest.raises(UserError):
        Bench().check.memory(Subject(key="here", path=paths[0]), question)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("split.tensors.count", None),
        ("split.tensors.count", 7),
        ("split.no", None),
        ("split.no", 1),
        ("split.count", None),
        ("split.count", 3),
    ],
)
def test_a_set_that_no_engine_would_load_gets_no_estimate(
    tmp_path: Path, key: str, value: int | None
) -> None:
    parts = llama_8b().split(2)
    if value is None:
        del parts[0].metadata[key]
    else:
        parts[0].metadata[key] = (U16, value)
    paths = [part.write(tmp_path / f"llama-0000{index}-of-00002.gguf") for index, part in enumerate(parts, 1)]
    there = Subject(key="there", file=paths[0].name, headers=tuple(SparseHeader.read(path) for path in paths))
    with pytest.raises(UserError) as caught:
        Bench().check.check(there)
    assert (caught.value.key, caught.value.kind) == ("model-parts-do-not-match", ErrorKind.MODEL)
    assert paths[0].name in one_line(caught.value)
    assert "no engine" in one_line(caught.value)
    if key == "split.tensors.count":
        with pytest.raises(UserError, match="model-parts-do-not-match"):
            Bench().check.check(Subject(key="here", path=paths[0]))


def test_a_set_that_lacks_a_part_is_told_which(tmp_path: Path) -> None:
    parts = llama_8b().split(3)
    paths = [part.write(tmp_path / f"llama-0000{index}-of-00003.gguf") for index, part in enumerate(parts, 1)]
    headers = tuple(SparseHeader.read(path) for path in (paths[0], paths[2]))
    paths[1].unlink()
    for subject in (
        Subject(key="there", file=paths[0].name, headers=headers),
        Subject(key="here", path=paths[0]),
    ):
        with pytest.raises(UserError) as caught:
            Bench().check.check(subject)
        assert (caught.value.key, caught.value.kind) == ("model-part-missing", ErrorKind.MODEL)
        assert paths[1].name in one_line(caught.value)


def test_a_later_part_is_no_set_that_does_not_belong_together(tmp_path: Path) -> None:
    parts = llama_8b().split(2)
    paths = [part.write(tmp_path / f"llama-0000{index}-of-00002.gguf") for index, part in enumerate(parts, 1)]
    for path in (paths[1], paths[0].rename(tmp_path / "renamed.gguf")):
        with pytest.raises(UserError, match="model-not-first-part"):
            Bench().check.check(Subject(key="here", path=path))


def test_a_model_that_the_engine_does_not_know_is_estimated_and_does_not_fit(llama: Subject) -> None:
    bench = Bench()
    why = Message("fit-cannot-run", {"engine": "an engine", "architecture": "new"})

    def refuse(question: FitQuestion) -> MemoryNeed:
        raise CannotSimulate("new", cannot_run=why)

    bench.answer = refuse
    report = bench.check.check(llama)
    assert (report.verdict, report.reason) == (Verdict.UNKNOWN, why)
    assert report.memory is not None
    assert report.memory.source == "estimated"
    assert report.speed is None
    assert say(headline(report)) == "Cannot be run here"
    # Where it is only not known why it cannot lay it out, formulas answer.
    bench.answer = None
    assert bench.check.check(llama).verdict is Verdict.FITS


def test_a_quick_answer_is_what_was_simulated_before(llama: Subject) -> None:
    assert llama.path is not None
    there = Subject(key="there", headers=(SparseHeader.read(llama.path),))
    kept: dict[FitQuestion, MemoryNeed] = {}
    check = FitCheck(
        computer=lambda: LAPTOP,
        survey=EngineSurvey(),
        simulate=None,
        speed=None,
        kept=lambda _, question: kept.get(question),
    )
    guessed = check.memory(there, FitQuestion(), quick=True)
    assert guessed is not None
    assert guessed.source == "estimated"
    kept[FitQuestion()] = exact = replace_need(guessed, resident=guessed.resident + 1, source="simulated")
    assert check.memory(there, FitQuestion(), quick=True) == exact
    assert check.memory(there, FitQuestion(context_length=512), quick=True) != exact


def replace_need(need: MemoryNeed, **values: Any) -> MemoryNeed:
    known = {name: getattr(need, name) for name in MemoryNeed.__struct_fields__}
    return MemoryNeed(**{**known, **values})


def test_an_error_about_what_is_elsewhere_names_it_as_people_know_it(tmp_path: Path) -> None:
    path = llama_8b().write(tmp_path / "llama.gguf")
    subject = Subject(
        key="?" * 64, label="Q4_K_M", file="big-Q4_K_M.gguf", headers=(SparseHeader.read(path),)
    )
    with MemorySimulator() as simulator:
        check = FitCheck(
            computer=lambda: LAPTOP, survey=EngineSurvey(), simulate=simulator.memory, speed=None
        )
        with pytest.raises(UserError) as caught:
            check.check(subject, FitQuestion(context_length=131073))
    assert caught.value.key == "context-too-long"
    assert one_line(caught.value).startswith("The model big-Q4_K_M.gguf cannot be loaded")


def test_why_nothing_is_said_of_the_speed() -> None:
    check = Bench().check
    unknown = Subject(key="?", format="gguf", dimensions=Dimensions(layers=2), weights_bytes=GIB)
    report = check.check(unknown)
    assert report.speed is None
    assert report.speed_note is not None
    assert report.speed_note.key == "fit-speed-model-unknown"
    assert check.check(listed(8, "Q4_K_M", 4.9)).speed_note is None


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    bench = Bench()
    path = tmp_path / "model.gguf"
    llama_8b().write(path)
    before = bench.check.memory(Subject(key="one", path=path), FitQuestion())
    gemma3_4b().write(path)
    after = bench.check.memory(Subject(key="one", path=path), FitQuestion())
    assert before is not None
    assert after is not None
    assert before.parts.kv != after.parts.kv


def test_with_the_real_simulation(tmp_path: Path) -> None:
    path = lfm2_1b().write(tmp_path / "lfm2.gguf")
    with MemorySimulator() as simulator:
        check = FitCheck(
            computer=lambda: LAPTOP, survey=EngineSurvey(), simulate=simulator.memory, speed=None
        )
        local = check.check(Subject(key="here", path=path))
        remote = check.check(Subject(key="there", headers=(SparseHeader.read(path),)))
        unknown = tmp_path / "unknown.gguf"
        with unknown.open("wb") as file:
            file.write(SparseHeader.read(path).data.replace(b"lfm2", b"lfmX"))
            file.truncate(path.stat().st_size)
        other = check.check(Subject(key="unknown", path=unknown))
    assert local.memory is not None
    assert remote.memory is not None
    assert other.memory is not None
    assert (local.memory.source, remote.memory.source) == ("simulated", "simulated")
    assert local.memory.parts == remote.memory.parts
    assert other.memory.source == "estimated"
    assert local.verdict is remote.verdict is Verdict.FITS


def test_many_threads_may_ask_at_once(llama: Subject) -> None:
    bench = Bench(WITH_GPU, [CUDA])
    bench.answer = exactly(bench, llama)
    together = threading.Barrier(4, timeout=60)

    def ask(context_length: int) -> Verdict:
        together.wait()
        return bench.check.check(llama, FitQuestion(context_length=context_length)).verdict

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(ask, [512, 8192, 16384, 131072] * 3))
    assert found == [Verdict.FITS, Verdict.FITS, Verdict.FITS, Verdict.TOO_BIG] * 3
