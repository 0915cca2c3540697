"""The model of this computer's speed: probed once, and taught by each answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from slmdesk.engines import Loaded, LoadOptions, LoadReport, Stats, engine_of_format
from slmdesk.fit import FitQuestion, SpeedModel, SpeedQuestion, Speeds
from slmdesk.fit.kept_probes import PROBES_FILE
from slmdesk.fit.probe import LIMIT_S, ProbeResult
from slmdesk.fit.probe_models import ProbeModel
from slmdesk.fit.probe_tries import WAIT_S
from slmdesk.fit.probing import UNKEPT_LIMIT_S, Measures
from slmdesk.fit.roofline import seconds_per_token
from slmdesk.fit.work import TokenWork
from slmdesk.messages import ErrorKind, UserError, say
from tests.fit.speed_samples import MadeUpProbe, computer, work_of

ENGINE = engine_of_format("gguf")
QUESTION = FitQuestion(context_length=4096, threads=2)


class Situation:
    """A home, a computer, and two models that lie on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cpu, self.version, self.time = "a processor", "1", 0.0
        self.probe = MadeUpProbe()
        self.files = {"one": folder / "one.gguf", "other": folder / "other.gguf"}
        ProbeModel(type="Q4_K", layers=12, width=768, forward_width=2048).write(self.files["one"])
        ProbeModel(type="Q6_K", layers=8, width=1024, forward_width=2048).write(self.files["other"])
        self.works = {name: work_of(file) for name, file in self.files.items()}
        self.model = self.open()

    def open(self, measures: Measures | None = None) -> SpeedModel:
        """As after a restart."""
        return SpeedModel(
            self.folder / "speed",
            measures=measures or self.probe,
            cpu=lambda: self.cpu,
            threads=lambda: 2,
            version=lambda engine: self.version,
            now=lambda: self.time,
        )

    def expected(self, name: str = "one", depth: int = 0, question: FitQuestion = QUESTION) -> float:
        found = self.model.predict(self.works[name], question, depth=depth)
        assert found is not None
        return found.expected

    def speeds(self, question: FitQuestion = QUESTION) -> Speeds:
        asked = SpeedQuestion(work=self.works["one"], engine=ENGINE, placed_share=0.0, question=question)
        return self.model.speeds(asked)

    def run(self, name: str, rate: float, *, share: float | None = 0.98, **changes: object) -> bool:
        """An answer of the model `name` at `rate` tokens per second."""
        work = self.works[name]
        report = LoadReport(
            engine="e", model_name="", architecture="llama", parameters=1, quantization="",
            context_length=4096, trained_context_length=4096, threads=2, device="CPU", gpu_layers=0,
            weights_bytes=work.model_bytes, kv_bytes=1, load_seconds=0.0, has_chat_template=True,
        )  # fmt: skip
        stats = Stats(
            prompt_tokens=200, reused_tokens=0, prompt_tokens_per_second=100.0, time_to_first_token_s=2.0,
            generated_tokens=200, tokens_per_second=rate, seed=1, context_tokens=400,
        )  # fmt: skip
        stats = replace(stats, **changes)
        loaded = Loaded(str(self.files[name]), LoadOptions(), report, ENGINE, report.capabilities)
        return self.model.record(loaded, stats, share)


@pytest.fixture
def here(tmp_path: Path) -> Situation:
    return Situation(tmp_path)


def test_nothing_is_known_before_the_probe(here: Situation) -> None:
    assert not here.model.is_probed(QUESTION)
    assert here.model.predict(here.works["one"], QUESTION) is None
    assert here.model.first_token_s(here.works["one"], QUESTION) is None
    assert not (here.folder / "speed").exists()


def test_a_prediction_is_a_range_around_what_the_computer_can_do(here: Situation) -> None:
    here.model.probe(QUESTION)
    for depth in (0, 2000):
        found = here.model.predict(here.works["one"], QUESTION, depth=depth)
        assert found is not None
        real = 1 / seconds_per_token(computer(), here.works["one"], "f16", depth)
        assert found.low < real < found.high
        assert found.expected == pytest.approx(real, rel=0.08)
        assert not found.measured


def test_one_probe_is_kept_for_good(here: Situation) -> None:
    assert here.model.probe(QUESTION)
    here.model.probe(QUESTION)
    before = here.expected()
    here.model = here.open()
    assert here.model.is_probed(QUESTION)
    here.model.probe(QUESTION)
    assert here.probe.asked == [LoadOptions(threads=2)]
    assert here.expected() == before


@pytest.mark.parametrize("what", ["processor", "engine", "threads"])
def test_the_probe_is_taken_again_where_something_has_changed(here: Situation, what: str) -> None:
    here.model.probe(QUESTION)
    question = QUESTION
    match what:
        case "processor":
            here.cpu = "another processor"
        case "engine":
            here.version = "2"
        case "threads":
            question = replace(QUESTION, threads=1)
    here.model = here.open()
    assert not here.model.is_probed(question)
    here.model.probe(question)
    assert here.model.is_probed(question)
    assert len(here.probe.asked) == 2


def test_a_disturbed_probe_is_used_with_room_above_and_taken_again(here: Situation) -> None:
    here.probe.speed, here.probe.share = 0.5, 0.82
    assert here.model.probe(QUESTION)
    found = here.model.predict(here.works["one"], QUESTION)
    assert found is not None
    real = 1 / seconds_per_token(computer(), here.works["one"], "f16", 0)
    assert found.expected < 0.6 * real < real < found.high
    assert found.low == pytest.approx(0.85 * found.expected)
    speeds = here.speeds()
    assert speeds.note is not None
    assert speeds.note.key == "fit-speed-disturbed"
    assert speeds.slack == pytest.approx(0.82**-5)

    here.time += WAIT_S
    here.model = here.open()
    assert here.model.is_disturbed(QUESTION)
    assert not here.model.is_probed(QUESTION)
    here.probe.speed, here.probe.share = 1.0, 0.86
    assert here.model.probe(QUESTION)
    assert here.model.is_probed(QUESTION)
    assert not here.model.is_disturbed(QUESTION)
    found = here.model.predict(here.works["one"], QUESTION)
    assert found is not None
    assert found.expected == pytest.approx(real, rel=0.08)
    assert found.high == pytest.approx(1.15 * found.expected)
    assert (here.speeds().note, here.speeds().slack) == (None, 1.0)
    here.model.probe(QUESTION)
    assert len(here.probe.asked) == 2


@pytest.mark.parametrize("share", [0.79, 0.5, 0.01])
def test_of_a_probe_that_was_disturbed_much_no_range_is_told(here: Situation, share: float) -> None:
    here.probe.share = share
    assert not here.model.probe(QUESTION)
    assert here.model.predict(here.works["one"], QUESTION) is None
    speeds = here.speeds()
    assert (speeds.empty, speeds.full, speeds.first_token_s) == (None, None, None)
    assert speeds.note is not None
    assert speeds.note.key == "fit-speed-busy"


@pytest.mark.parametrize("share", [0.80, 0.84, 0.85])
def test_no_range_is_absurd(here: Situation, share: float) -> None:
    here.probe.share = share
    # By rules of thumb, which is the widest.
    here.probe.roles = frozenset({"layers", "type", "words", "memory"})
    here.model.probe(QUESTION)
    found = here.model.predict(here.works["one"], QUESTION)
    assert found is not None
    assert found.high <= 5 * found.expected
    assert found.high <= 8 * found.low


def test_a_disturbed_probe_replaces_only_a_more_disturbed_one(here: Situation) -> None:
    other = here.open()
    rates = []
    for model, speed, share in [
        (here.model, 0.5, 0.81),
        (here.model, 0.3, 0.80),
        (here.model, 0.7, 0.83),
        (other, 1.0, None),  # Another window, of which the first has not heard.
        (here.model, 0.9, 0.84),
    ]:
        here.time += WAIT_S
        here.probe.speed, here.probe.share = speed, share
        model.probe(QUESTION)
        found = here.open().predict(here.works["one"], QUESTION)
        assert found is not None
        rates.append(found.expected)
    assert len(here.probe.asked) == 5
    first, worse, better, undisturbed, last = (rate / rates[0] for rate in rates)
    assert (first, worse) == (1.0, 1.0)
    assert better == pytest.approx(1.4, rel=0.05)
    assert undisturbed == pytest.approx(2.0, rel=0.05)
    assert last == undisturbed
    assert here.model.is_probed(QUESTION)


@pytest.mark.parametrize("share", [0.82, 0.6])
def test_own_runs_are_not_doubted_with_the_probe(here: Situation, share: float) -> None:
    here.probe.share = share
    here.model.probe(QUESTION)
    here.run("one", 20.0)
    for question in (QUESTION, replace(QUESTION, kv_type="q8_0")):
        found = here.model.predict(here.works["one"], question)
        assert found is not None
        assert found.high < 1.3 * found.expected
        assert (here.speeds(question).note, here.speeds(question).slack) == (None, 1.0)


@pytest.mark.parametrize("what", ["disturbed", "no time"])
def test_a_busy_computer_is_not_measured_again_at_once(here: Situation, what: str) -> None:
    if what == "disturbed":
        here.probe.share = 0.6
    else:
        here.probe.roles = frozenset()
    for _ in range(3):
        # As three commands.
        assert not here.open().probe(QUESTION)
        assert here.open().is_probed(QUESTION)
    assert len(here.probe.asked) == 1
    here.time += WAIT_S - 1
    assert here.open().is_probed(QUESTION)
    here.time += 1
    here.probe.share, here.probe.roles = 0.97, None
    assert not here.open().is_probed(QUESTION)
    assert here.open().probe(QUESTION)
    here.model = here.open()
    assert len(here.probe.asked) == 2
    assert here.speeds().empty is not None


def test_a_clock_that_was_put_back_does_not_stop_measuring(here: Situation) -> None:
    here.time, here.probe.share = 1e9, 0.5
    here.model.probe(QUESTION)
    here.time -= 1e6
    assert not here.open().is_probed(QUESTION)


def test_where_nothing_can_be_kept_a_probe_is_shorter_and_not_repeated_by_the_same_program(
    here: Situation,
) -> None:
    # A file in its place, in which no folder can be made.
    (here.folder / "speed").write_text("")
    here.probe.roles = frozenset()
    assert not here.model.probe(QUESTION)
    assert here.probe.limits_s == [UNKEPT_LIMIT_S]
    assert here.model.is_probed(QUESTION)
    here.model.probe(QUESTION)
    assert len(here.probe.asked) == 1
    note = here.speeds().note
    assert note is not None
    assert note.key == "fit-speed-busy"
    # Another one does not know of it.
    here.probe.roles = None
    other = here.open()
    assert other.probe(QUESTION)
    assert other.predict(here.works["one"], QUESTION) is not None
    assert here.probe.limits_s == [UNKEPT_LIMIT_S] * 2
    (here.folder / "speed").unlink()
    assert here.open().probe(QUESTION)
    assert here.probe.limits_s[-1] == LIMIT_S > UNKEPT_LIMIT_S


def test_a_good_probe_with_other_threads_is_better_than_a_useless_one(here: Situation) -> None:
    here.model.probe(replace(QUESTION, threads=4))
    here.probe.speed, here.probe.share = 0.1, 0.5
    assert not here.model.probe(QUESTION)
    found = here.model.predict(here.works["one"], QUESTION)
    assert found is not None
    assert found.expected > 0.3 * here.expected(question=replace(QUESTION, threads=4))
    assert here.speeds().note is None


def test_why_no_speed_is_known_is_told(here: Situation) -> None:
    def why() -> str:
        note = here.speeds().note
        assert note is not None
        assert say(note)
        return note.key

    assert why() == "fit-speed-not-measured"

    def fails(*_: object, **__: object) -> ProbeResult | None:
        raise UserError("engine-not-working", ErrorKind.MODEL)

    here.model = here.open(fails)
    with pytest.raises(UserError):
        here.model.probe(QUESTION)
    assert why() == "fit-speed-failed"
    # That is over soon, and may be mended.
    assert not here.model.is_probed(QUESTION)


def test_a_probe_without_time_for_all_is_less_sure_and_kept(here: Situation) -> None:
    here.probe.roles = frozenset({"layers", "type", "words", "memory"})
    assert here.model.probe(QUESTION)
    assert here.model.is_probed(QUESTION)
    found = here.model.predict(here.works["one"], QUESTION)
    assert found is not None
    assert found.low == pytest.approx(0.6 * found.expected)


def test_a_probe_without_time_for_the_memory_says_nothing(here: Situation) -> None:
    here.probe.roles = frozenset({"layers", "words"})
    assert not here.model.probe(QUESTION)
    assert here.model.predict(here.works["one"], QUESTION) is None
    here.probe.roles = frozenset()
    assert not here.model.probe(QUESTION)


def test_a_probe_of_an_older_kind_is_not_used(here: Situation) -> None:
    here.probe.speed = 0.2
    here.model.probe(QUESTION)
    file = here.folder / "speed" / PROBES_FILE
    kept = json.loads(file.read_text())
    kept[0]["key"]["probe"] -= 1
    file.write_text(json.dumps(kept))
    here.model = here.open()
    assert here.model.predict(here.works["one"], QUESTION) is None
    here.probe.speed = 1.0
    here.model.probe(QUESTION)
    real = 1 / seconds_per_token(computer(), here.works["one"], "f16", 0)
    assert here.expected() == pytest.approx(real, rel=0.08)


def test_progress_is_told_of_all_that_is_probed_together(here: Situation) -> None:
    told: list[float] = []
    question = replace(QUESTION, devices=("GPU0",), gpu_layers=-1)
    here.model.probe(question, on_progress=told.append)
    assert told == [0.5, 1.0]


def test_a_device_is_probed_beside_the_processor_and_layers_divide_the_time(here: Situation) -> None:
    question = replace(QUESTION, devices=("GPU0",), gpu_layers=-1)
    here.model.probe(QUESTION)
    here.probe.speed = 4.0
    here.model.probe(question)
    assert here.probe.asked[-1] == LoadOptions(threads=2, devices=("GPU0",))
    half = replace(question, gpu_layers=round((here.works["one"].layers + 1) / 2))
    slow, mixed, fast = (here.expected(question=one) for one in (QUESTION, half, question))
    assert slow < mixed < fast
    assert 1 / mixed == pytest.approx((1 / slow + 1 / fast) / 2, rel=0.05)


def test_a_device_that_was_not_probed_is_not_guessed(here: Situation) -> None:
    here.model.probe(QUESTION)
    question = replace(QUESTION, devices=("GPU0",), gpu_layers=-1)
    assert here.model.predict(here.works["one"], question) is None


def test_a_stopped_probe_leaves_nothing(here: Situation) -> None:
    here.probe.stopped = True
    assert not here.model.probe(QUESTION)
    assert not here.model.is_probed(QUESTION)


def test_another_number_of_threads_is_derived_and_less_sure(here: Situation) -> None:
    here.model.probe(QUESTION)
    found = here.model.predict(here.works["one"], QUESTION)
    more = here.model.predict(here.works["one"], replace(QUESTION, threads=4))
    assert found is not None
    assert more is not None
    assert more.expected > found.expected
    assert more.low / more.expected < found.low / found.expected


def test_a_run_replaces_the_prediction_of_its_model(here: Situation) -> None:
    here.model.probe(QUESTION)
    predicted, deep = here.expected(depth=300), here.expected(depth=3000)
    assert here.run("one", 0.7 * predicted)
    for _ in range(2):
        found = here.model.predict(here.works["one"], QUESTION, depth=300)
        assert found is not None
        assert found.measured
        assert found.expected == pytest.approx(0.7 * predicted, rel=0.01)
        # The fall with the context is still the predicted one.
        assert here.expected(depth=3000) == pytest.approx(0.7 * deep, rel=0.01)
        here.model = here.open()


def test_without_a_probe_a_run_says_how_fast_its_own_model_is(here: Situation) -> None:
    assert here.run("one", 33.0)
    found = here.model.predict(here.works["one"], QUESTION)
    assert found is not None
    assert (found.measured, found.expected) == (True, 33.0)
    assert here.model.predict(here.works["other"], QUESTION) is None


def test_runs_of_one_model_pull_the_others_a_little(here: Situation) -> None:
    here.model.probe(QUESTION)
    one, other = here.expected("one", 300), here.expected("other", 300)
    for _ in range(9):
        here.run("one", 0.8 * one)
    found = here.model.predict(here.works["other"], QUESTION, depth=300)
    assert found is not None
    assert not found.measured
    assert 0.82 * other < found.expected < 0.95 * other


def test_a_run_with_other_settings_corrects_without_being_a_measurement(here: Situation) -> None:
    here.model.probe(QUESTION)
    quantized = replace(QUESTION, kv_type="q8_0")
    before = here.model.predict(here.works["one"], quantized)
    here.run("one", 0.8 * here.expected(depth=300))
    after = here.model.predict(here.works["one"], quantized)
    assert before is not None
    assert after is not None
    assert not after.measured
    assert after.expected == pytest.approx(0.8 * before.expected, rel=0.01)
    assert after.high / after.low < before.high / before.low


def test_a_run_on_another_processor_or_engine_is_no_measurement_here(here: Situation) -> None:
    here.model.probe(QUESTION)
    here.run("one", 0.8 * here.expected(depth=300))
    here.version = "2"
    here.model = here.open()
    here.model.probe(QUESTION)
    found = here.model.predict(here.works["one"], QUESTION)
    assert found is not None
    assert not found.measured


def test_short_and_disturbed_answers_teach_nothing(here: Situation) -> None:
    here.model.probe(QUESTION)
    before = here.expected()
    assert not here.run("one", 5.0, generated_tokens=10)
    assert not here.run("one", 5.0, share=0.5)
    assert not here.run("one", 0.0)
    assert here.expected() == before


def test_reading_a_prompt_is_corrected_by_its_own_runs(here: Situation) -> None:
    here.model.probe(QUESTION)
    work = here.works["one"]
    before = here.model.first_token_s(work, QUESTION, prompt_tokens=200)
    assert before is not None
    here.run("one", 20.0, prompt_tokens_per_second=0.5 * 200 / before)
    assert here.model.first_token_s(work, QUESTION, prompt_tokens=200) == pytest.approx(2 * before, rel=0.02)


def test_a_model_that_is_gone_teaches_nothing_and_stops_nothing(here: Situation) -> None:
    here.files["one"].unlink()
    assert not here.run("one", 20.0)


def test_damaged_probes_are_taken_again(here: Situation) -> None:
    here.model.probe(QUESTION)
    (here.folder / "speed" / PROBES_FILE).write_bytes(b"[{]")
    here.model = here.open()
    assert not here.model.is_probed(QUESTION)
    here.model.probe(QUESTION)
    assert here.model.is_probed(QUESTION)


def test_the_fit_check_gets_all_it_asks_for(here: Situation) -> None:
    here.model.probe(QUESTION)
    asked = SpeedQuestion(work=here.works["one"], engine=ENGINE, placed_share=0.0, question=QUESTION)
    speeds = here.model.speeds(asked)
    assert speeds.empty is not None
    assert speeds.full is not None
    assert speeds.first_token_s is not None
    assert speeds.full.expected < speeds.empty.expected
    assert 0.01 < speeds.first_token_s < 10


def test_an_engine_without_a_probe_of_its_own_is_less_sure(here: Situation) -> None:
    here.model.probe(QUESTION)
    work: TokenWork = here.works["one"]
    own = here.model.predict(work, QUESTION)
    foreign = here.model.predict(work, QUESTION, engine=engine_of_format("onnx"))
    assert own is not None
    assert foreign is not None
    assert foreign.low < own.low
    assert foreign.high > own.high
