"""What a load is planned from, when it is planned, and that the service follows the plan."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from slmdesk.chat import ChatEvent, ChatService, Conversation, LoadPlanner, LoadWishes
from slmdesk.chat.loading import needs_of
from slmdesk.engines import (
    ALL_LAYERS,
    ANY_GPU,
    CPU_ONLY,
    Capabilities,
    EngineFacts,
    EnginePool,
    EngineSurvey,
    KvType,
    LoadOptions,
    Placement,
    Preference,
    most_threads,
)
from slmdesk.hardware import Computer
from slmdesk.library import InstalledModel
from tests.chat.scripted_pool import ANSWER, MODEL, ScriptedPool
from tests.engines.placement.builds import composed_llama_cuda
from tests.hardware.recorded import machines

WITH_GPU, WITHOUT_GPU = machines()["linux-nvidia"], machines()["server-no-gpu"]
SOME = replace(MODEL, engine="llama.cpp", size_bytes=5 * 10**9, layers=32, kv_bytes_per_token=131_072)


@dataclass
class Situation:
    """A computer and its engine, which count how often they are asked."""

    computer: Computer = WITH_GPU
    wished: LoadWishes = field(default_factory=LoadWishes)
    probes: list[str] = field(default_factory=list)
    at_probe: Callable[[], None] = lambda: None

    def probe(self, name: str) -> EngineFacts:
        self.probes.append(name)
        self.at_probe()
        return composed_llama_cuda(self.computer)

    def planner(self) -> LoadPlanner:
        return LoadPlanner(EngineSurvey(self.probe), lambda: self.computer, lambda model: self.wished)


def test_everything_wished_is_in_the_options() -> None:
    wishes = LoadWishes(threads=3, context_length=2048, batch_size=64, kv_type="q8_0", flash_attention="on")
    plan = Situation(wished=wishes).planner().plan(SOME)
    assert plan.options == LoadOptions(
        threads=3,
        context_length=2048,
        batch_size=64,
        kv_type="q8_0",
        flash_attention="on",
        devices=("CUDA0",),
        gpu_layers=ALL_LAYERS,
    )
    assert plan.placement.reason.key == "placed-gpu-whole"


def test_a_conversation_s_own_context_length_comes_first() -> None:
    planner = Situation(wished=LoadWishes(context_length=2048)).planner()
    assert planner.plan(SOME, 1024).options.context_length == 1024
    assert planner.plan(SOME).options.context_length == 2048


def test_layers_follow_from_what_the_model_takes() -> None:
    large = replace(SOME, size_bytes=30 * 10**9)
    plan = Situation().planner().plan(large)
    assert plan.options.devices == ("CUDA0",)
    assert 0 < plan.options.gpu_layers < 33
    longer = Situation(wished=LoadWishes(context_length=65_536)).planner().plan(large)
    assert 0 < longer.options.gpu_layers < plan.options.gpu_layers


@pytest.mark.parametrize(
    ("kv_type", "context", "kv_bytes"),
    [
        ("f16", 1000, 131_072_000),
        ("q8_0", 1000, 69_632_000),
        ("f32", 1000, 262_144_000),
        ("f16", None, 64 * 131_072),
    ],
)
def test_what_a_model_takes(kv_type: KvType, context: int | None, kv_bytes: int) -> None:
    needs = needs_of(SOME, LoadWishes(kv_type=kv_type, context_length=context))
    assert (needs.weights_bytes, needs.kv_bytes, needs.layers) == (5 * 10**9, kv_bytes, 32)


@pytest.mark.parametrize(
    ("computer", "preference", "probes"),
    [
        (WITHOUT_GPU, Preference(), 0),
        (WITHOUT_GPU, Preference(device=CPU_ONLY), 0),
        (WITH_GPU, Preference(device=CPU_ONLY), 0),
        (WITH_GPU, Preference(gpu_layers=0), 0),
        (WITH_GPU, Preference(), 1),
        (WITHOUT_GPU, Preference(device=ANY_GPU), 1),
        (WITHOUT_GPU, Preference(device="CUDA0"), 1),
    ],
)
def test_an_engine_is_asked_only_where_it_matters(
    computer: Computer, preference: Preference, probes: int
) -> None:
    """It takes a second, before the first answer."""
    situation = Situation(computer, LoadWishes(preference=preference))
    planner = situation.planner()
    for _ in range(2):
        planner.plan(SOME)
    assert len(situation.probes) == probes


def test_a_model_of_which_nothing_is_known_is_asked_about_by_its_path() -> None:
    situation = Situation()
    situation.planner().plan(replace(SOME, engine=""))
    assert situation.probes == ["llama.cpp"]


# --- The service ------------------------------------------------------------------------------------------


class PoolThatLoads(ScriptedPool):
    """The scripted pool, which also tells what is loaded."""

    def __init__(self) -> None:
        super().__init__(list(ANSWER))
        self.what: Any = None
        self.engines: list[str | None] = []

    def cancel(self) -> None:
        """Nothing is going on in it."""

    @property
    def loaded(self) -> Any:
        return self.what

    @loaded.setter
    def loaded(self, value: object) -> None:
        pass

    @contextlib.contextmanager
    def use(
        self, path: str, options: LoadOptions, on_progress: Any, *, engine: str | None = None
    ) -> Iterator[Any]:
        self.engines.append(engine)
        with super().use(path, options, on_progress, engine=engine) as lease:
            self.what = _Loaded(path, options)
            yield lease


@dataclass(frozen=True)
class _Loaded:
    path: str
    options: LoadOptions


@dataclass
class Talk:
    """A service with a planner, and what it tells."""

    situation: Situation = field(default_factory=Situation)
    pool: PoolThatLoads = field(default_factory=PoolThatLoads)
    events: list[ChatEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.service = ChatService(cast(EnginePool, self.pool), None, planner=self.situation.planner())

    def ask(self, model: InstalledModel = SOME) -> object:
        self.events.clear()
        conversation = Conversation(title="x")
        return self.service.answer(conversation, "Hi", model=model, on_event=self.events.append)

    @property
    def placements(self) -> list[Placement]:
        return [event for event in self.events if isinstance(event, Placement)]


def test_a_plan_is_told_before_it_is_loaded() -> None:
    talk = Talk()
    talk.ask()
    assert isinstance(talk.events[0], Placement)
    assert talk.pool.loaded_with[0].devices == ("CUDA0",)
    assert talk.pool.engines == ["llama.cpp"]


def test_a_loaded_model_stays_as_it_was_planned() -> None:
    """Once it is loaded, less of the device's memory is free: a new plan would be another one."""
    talk = Talk()
    talk.ask()
    talk.situation.computer = WITHOUT_GPU
    talk.ask()
    assert talk.placements == []
    assert talk.pool.loaded_with[0] == talk.pool.loaded_with[1]


def test_it_is_planned_again_where_something_else_is_wished_or_chosen() -> None:
    talk = Talk()
    talk.ask()
    talk.situation.wished = LoadWishes(preference=Preference(device=CPU_ONLY))
    talk.ask()
    assert talk.pool.loaded_with[1].devices == ()
    assert len(talk.placements) == 1
    talk.ask(replace(SOME, path=Path("other.gguf")))
    assert len(talk.placements) == 1
    assert len(talk.situation.probes) == 1


def test_it_is_planned_again_with_fresh_facts_where_the_engine_died() -> None:
    talk = Talk()
    talk.ask()
    talk.pool.what = None
    talk.situation.computer = machines()["nvidia-driver-broken"]
    talk.ask()
    assert len(talk.situation.probes) == 2
    assert talk.placements[0].warning is not None
    assert talk.pool.loaded_with[1].devices == ()


def test_a_load_is_planned_as_well() -> None:
    talk = Talk()
    talk.service.load(SOME, on_event=talk.events.append, context_length=512)
    assert isinstance(talk.events[0], Placement)
    assert talk.pool.loaded_with[0].context_length == 512


def test_a_stop_while_it_is_planned_loads_nothing() -> None:
    talk = Talk()
    talk.situation.at_probe = lambda: talk.service.cancel()
    assert talk.ask() is None
    assert (talk.pool.loaded_with, talk.events) == ([], [])
    talk.situation.at_probe = lambda: None
    assert talk.ask() is not None, "and the next one is not stopped"


def test_an_engine_that_is_known_decides_also_where_no_probe_found_a_graphics_processor() -> None:
    """The page of engines and devices has asked it: a load must not say something else."""
    situation = Situation(computer=WITHOUT_GPU)
    facts = composed_llama_cuda(WITH_GPU)
    survey = EngineSurvey(lambda name: facts)
    planner = LoadPlanner(survey, lambda: situation.computer, lambda model: situation.wished)
    assert planner.plan(SOME).placement.devices == ()
    survey.facts("llama.cpp")
    assert planner.plan(SOME).placement.devices == ("CUDA0",)


def test_threads_set_for_another_computer_are_as_many_as_make_sense_here() -> None:
    plan = Situation(computer=WITHOUT_GPU, wished=LoadWishes(threads=300)).planner().plan(SOME)
    assert plan.options.threads == most_threads(WITHOUT_GPU.logical_cores)


def test_a_cache_of_another_precision_is_not_asked_of_an_engine_that_has_none() -> None:
    facts = replace(composed_llama_cuda(WITH_GPU), capabilities=Capabilities(kv_types=("f16",)))
    survey = EngineSurvey(lambda name: facts)
    planner = LoadPlanner(survey, lambda: WITH_GPU, lambda model: LoadWishes(kv_type="q8_0"))
    survey.facts("llama.cpp")
    assert planner.plan(SOME).options.kv_type == "f16"
