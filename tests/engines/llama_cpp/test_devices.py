"""Devices: which are chosen, and whether llama.cpp did what it was asked, from its log.

The log is as llama-cpp-python 0.3.36 wrote it with Vulkan on Mesa's software device; tests/targets/vulkan has
the same for real.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slmdesk.engines import ALL_LAYERS, Device, LoadOptions
from slmdesk.engines.device_titles import device_title, titles_of
from slmdesk.engines.llama_cpp import LlamaCppEngine, devices, native
from slmdesk.engines.llama_cpp.native import lib
from slmdesk.engines.llama_cpp.options import LoadPlan, Surroundings, plan_load
from slmdesk.engines.llama_cpp.placed import Placed, is_of, read_placed, refused_buffer
from slmdesk.formats.gguf import GgufHeader, read_header
from slmdesk.messages import UserError, error_sentences
from tests.formats import gguf_writer as w

MIB = 2**20
CARD = Device(name="CUDA0", description="A card", kind="gpu", free_memory=10**9, total_memory=10**9)
OTHER = Device(name="CUDA1", description="Another card", kind="gpu", free_memory=10**9, total_memory=10**9)
CPU = Device(name="CPU", description="A processor", kind="cpu", free_memory=10**9, total_memory=10**9)
BLAS = Device(name="BLAS", description="OpenBLAS", kind="accelerator", free_memory=0, total_memory=0)
AROUND = Surroundings(
    available_bytes=64 * 2**30, default_threads=2, most_threads=8, devices=(CARD, OTHER, BLAS, CPU)
)

LAYER_LINES = [
    "load_tensors: layer   0 assigned to device CPU, is_swa = 0",
    "load_tensors: layer   1 assigned to device Vulkan0, is_swa = 0",
    "load_tensors: layer   2 assigned to device Vulkan0, is_swa = 0",
]
LINES = [
    "load_tensors: offloading output layer to GPU",
    "load_tensors: offloaded 2/3 layers to GPU",
    "load_tensors:   CPU_Mapped model buffer size =    34.21 MiB",
    "load_tensors:      Vulkan0 model buffer size =    58.02 MiB",
    "llama_kv_cache:        CPU KV buffer size =    48.00 MiB",
    "llama_kv_cache:    Vulkan0 KV buffer size =    42.00 MiB",
    "sched_reserve:    Vulkan0 compute buffer size =   102.25 MiB",
]


@pytest.fixture
def header() -> GgufHeader:
    return read_header(w.tiny_model(layers=2))


def plan(header: GgufHeader, **options: Any) -> LoadPlan:
    return plan_load("m", header, 1000, LoadOptions(**options), AROUND)


def test_exactly_the_devices_that_were_chosen(header: GgufHeader) -> None:
    chosen = plan(header, devices=("CUDA1", "CUDA0", "CUDA1"), tensor_split=(3.0, 1.0))
    assert [device.name for device in chosen.devices] == ["CUDA1", "CUDA0"]
    assert (chosen.gpu_layers, chosen.tensor_split) == (3, (3.0, 1.0))
    assert plan(header, devices=("CUDA0",), gpu_layers=2).gpu_layers == 2
    assert plan(header, devices=("CUDA0",), gpu_layers=99).gpu_layers == 3


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"gpu_layers": ALL_LAYERS},
        {"gpu_layers": 5},
        {"devices": ("CUDA0",), "gpu_layers": 0},
        {"devices": ("Nowhere",), "gpu_layers": 0},
    ],
)
def test_without_devices_or_layers_there_is_the_processor_alone(
    header: GgufHeader, options: dict[str, Any]
) -> None:
    chosen = plan(header, **options)
    assert (chosen.devices, chosen.gpu_layers, chosen.tensor_split) == ((), 0, ())


@pytest.mark.parametrize("name", ["CUDA2", "cuda0", "CPU", "BLAS", ""])
def test_an_unknown_device_is_named_with_those_there_are(header: GgufHeader, name: str) -> None:
    with pytest.raises(UserError) as caught:
        plan(header, devices=("CUDA0", name))
    assert caught.value.key == "device-unknown"
    assert caught.value.facts == {"device": name, "devices": "CUDA0, CUDA1"}


def test_where_there_are_no_devices_it_says_so(header: GgufHeader) -> None:
    around = replace(AROUND, devices=(CPU, BLAS))
    with pytest.raises(UserError) as caught:
        plan_load("m", header, 1000, LoadOptions(devices=("CUDA0",)), around)
    assert error_sentences(caught.value).why == (
        "There is no device “CUDA0”: this llama.cpp sees none besides the processor."
    )


@pytest.mark.parametrize(
    "split", [(1.0,), (1.0, 1.0, 1.0), (0.0, 0.0), (-1.0, 2.0), (float("nan"), 1.0), (float("inf"), 1.0)]
)
def test_shares_that_cannot_be(header: GgufHeader, split: tuple[float, ...]) -> None:
    with pytest.raises(UserError) as caught:
        plan(header, devices=("CUDA0", "CUDA1"), tensor_split=split)
    assert caught.value.key == "tensor-split-does-not-fit"


def test_the_log_tells_what_is_where() -> None:
    placed = read_placed(LAYER_LINES, LINES)
    assert placed.layers == {"CPU": 1, "Vulkan0": 2}
    assert placed.total == 3
    assert placed.weights == {"CPU_Mapped": round(34.21 * MIB), "Vulkan0": round(58.02 * MIB)}
    assert placed.kv == {"CPU": 48 * MIB, "Vulkan0": 42 * MIB}
    assert placed.holds_layers("Vulkan0", "Vulkan0")


@pytest.mark.parametrize(
    ("layers", "weights", "holds"),
    [
        ({"MTL0": 3}, {"MTL0_Mapped": 9}, True),
        ({"GPUOpenCL": 3}, {"OpenCL": 9}, True),
        ({"CPU": 3}, {"CPU_Mapped": 9}, False),
        ({"CPU": 3}, {"MTL0_Mapped": 9}, False),
        ({"MTL0": 3}, {"CPU_Mapped": 9}, False),
        ({"MTL0": 3}, {"CUDA_Host": 9, "CPU_REPACK": 9}, False),
        ({"MTL0": 3}, {"MTL0": 0}, False),
    ],
)
def test_what_holds_layers(layers: dict[str, int], weights: dict[str, int], holds: bool) -> None:
    device = next(iter(layers))
    asked = "MTL0" if device == "CPU" else device
    assert Placed(layers, weights).holds_layers(asked, asked) == holds


@pytest.mark.parametrize(
    ("buffer", "belongs"),
    [("CUDA1", True), ("CUDA1_Mapped", True), ("CUDA10", False), ("CUDA_Host", False), ("CPU", False)],
)
def test_memory_of_one_device_is_not_taken_for_another_s(buffer: str, belongs: bool) -> None:
    assert is_of(buffer, "CUDA1") == belongs


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["alloc_tensor_range: failed to allocate Vulkan0 buffer of size 97517568"], ("Vulkan0", 97517568)),
        (["llama_model_load: error loading model: unable to allocate Vulkan0 buffer"], ("Vulkan0", 0)),
        (
            [
                "llama_model_load: error loading model: unable to allocate Vulkan0 buffer",
                "alloc_tensor_range: failed to allocate Vulkan0 buffer of size 5",
            ],
            ("Vulkan0", 5),
        ),
        (["llama_model_load: error loading model: tensor is missing"], None),
        ([], None),
    ],
)
def test_which_memory_did_not_suffice(lines: list[str], found: tuple[str, int] | None) -> None:
    assert refused_buffer(lines) == found


@pytest.mark.parametrize(
    ("description", "title"),
    [
        ("NVIDIA GeForce RTX 4060", "NVIDIA GeForce RTX 4060"),
        ("AMD Radeon RX 7900 XTX (RADV NAVI31)", "AMD Radeon RX 7900 XTX"),
        ("Intel(R) Arc(TM)  A770 Graphics", "Intel Arc A770 Graphics"),
        ("llvmpipe (LLVM 15.0.6, 256 bits)", "llvmpipe"),
        ("(only this)", "(only this)"),
        ("", "CUDA0"),
    ],
)
def test_titles_fit_for_a_status_bar(description: str, title: str) -> None:
    device = Device(name="CUDA0", description=description, kind="gpu", free_memory=1, total_memory=1)
    assert device_title(device) == title


def test_titles_of_several() -> None:
    assert titles_of(()) == "CPU"
    assert titles_of((CARD, OTHER)) == "A card, Another card"
    assert titles_of((CARD, CARD)) == "2 × A card"


class Pretended:
    """A library with a card in it: the load goes to the processor, and the log is the test's."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.log: list[str] = []
        self.layer_log: list[str] = []
        self.devices: list[int | None] = []
        self.refuses_model = self.refuses_context = False
        real_load, real_context = lib.llama_model_load_from_file, lib.llama_init_from_model

        def load_model(path: bytes, parameters: Any) -> Any:
            given = ctypes.cast(parameters.devices, ctypes.POINTER(ctypes.c_void_p))
            self.devices = [given[0], given[1]]
            self.layers, self.split = parameters.n_gpu_layers, parameters.split_mode
            if self.refuses_model:
                return None
            parameters.devices = ctypes.cast((ctypes.c_void_p * 1)(None), ctypes.c_void_p)
            return real_load(path, parameters)

        def make_context(model: Any, parameters: Any) -> Any:
            self.offload = (parameters.op_offload, parameters.offload_kqv)
            return None if self.refuses_context else real_context(model, parameters)

        monkeypatch.setattr(lib, "llama_model_load_from_file", load_model)
        monkeypatch.setattr(lib, "llama_init_from_model", make_context)
        monkeypatch.setattr(devices, "list_devices", lambda: (CARD, CPU))
        monkeypatch.setattr(devices, "find_pointers", lambda names: [1234 for _ in names])
        monkeypatch.setattr(devices, "buffer_name", lambda pointer: "CUDA0")
        monkeypatch.setattr(native, "recent_log", lambda: self.log)
        monkeypatch.setattr(native, "placing_log", lambda: self.layer_log)


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Pretended:
    return Pretended(monkeypatch)


@pytest.fixture
def fresh() -> Iterator[LlamaCppEngine]:
    engine = LlamaCppEngine()
    yield engine
    engine.unload()


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    file = tmp_path / "tiny.gguf"
    file.write_bytes(w.tiny_model())
    return file


ON_CARD = LoadOptions(threads=1, devices=("CUDA0",))


def refusal(engine: LlamaCppEngine, file: Path) -> UserError:
    with pytest.raises(UserError) as caught:
        engine.load(str(file), ON_CARD, lambda progress: None)
    return caught.value


def test_what_llama_cpp_is_given_and_what_is_reported(
    fresh: LlamaCppEngine, tiny: Path, card: Pretended
) -> None:
    card.layer_log = [line.replace("Vulkan0", "CUDA0") for line in LAYER_LINES]
    card.log = [line.replace("Vulkan0", "CUDA0") for line in LINES]
    report = fresh.load(str(tiny), ON_CARD, lambda progress: None)
    assert (card.devices, card.layers, card.split, card.offload) == ([1234, None], 2, 1, (True, True))
    assert report is not None
    assert (report.device, report.used_devices) == ("A card", ("CUDA0",))
    assert (report.gpu_layers, report.layers) == (2, 3)


def test_a_device_that_got_nothing_is_an_error(fresh: LlamaCppEngine, tiny: Path, card: Pretended) -> None:
    """llama.cpp itself says nothing and goes on with the processor."""
    error = refusal(fresh, tiny)
    assert error.key == "gpu-not-used"
    assert error.facts["device"] == "A card"
    with pytest.raises(UserError):
        fresh.count_tokens(())


@pytest.mark.parametrize("context", [False, True])
def test_memory_of_the_device_that_does_not_suffice(
    fresh: LlamaCppEngine, tiny: Path, card: Pretended, context: bool
) -> None:
    card.refuses_model, card.refuses_context = not context, context
    card.log = ["alloc_tensor_range: failed to allocate CUDA0 buffer of size 97517568"]
    error = refusal(fresh, tiny)
    assert error.key == "device-memory-too-small"
    assert (
        error_sentences(error).why.replace("\xa0", " ")
        == "A card does not have the 93 MiB that it needs there."
    )
    card.log = ["llama_model_load: error loading model: unable to allocate CUDA0 buffer"]
    assert refusal(fresh, tiny).key == "device-memory-too-small-unsaid"
    card.log = ["alloc_tensor_range: failed to allocate CPU buffer of size 97517568"]
    assert refusal(fresh, tiny).key == ("context-refused" if context else "model-refused")
