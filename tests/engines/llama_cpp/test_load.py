"""Loading and unloading the real library with real and tiny models."""

from __future__ import annotations

import ctypes
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from slmdesk.engines.llama_cpp import LlamaCppEngine, build_info, native
from slmdesk.engines.llama_cpp.native import lib
from slmdesk.engines.protocol import GenerateRequest, LoadOptions, LoadProgress, LoadReport
from slmdesk.messages import ErrorKind, UserError
from tests.engines.llama_cpp.conftest import GREEDY, OPTIONS, collect, user
from tests.formats import gguf_writer as w


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


def load(engine: LlamaCppEngine, file: Path, options: LoadOptions = LoadOptions(threads=1)) -> LoadReport:  # noqa: B008
    report = engine.load(str(file), options, lambda progress: None)
    assert report is not None
    return report


def test_the_report_of_the_starter(fresh: LlamaCppEngine, starter_file: Path) -> None:
    seen: list[LoadProgress] = []
    report = fresh.load(str(starter_file), LoadOptions(), seen.append)
    assert report is not None
    assert report.engine == "llama.cpp"
    assert "llama-cpp-python" in report.engine_version
    assert report.architecture == "llama"
    assert report.parameters == 134_515_008
    assert report.quantization == "Q4_1"
    assert (report.context_length, report.trained_context_length) == (4096, 8192)
    assert (report.device, report.gpu_layers, report.layers) == ("CPU", 0, 31)
    assert report.capabilities == fresh.capabilities
    assert 92 * 2**20 < report.weights_bytes < 93 * 2**20
    assert report.kv_bytes == 90 * 2**20
    assert report.threads >= 1
    assert report.load_seconds > 0
    assert report.has_chat_template
    assert report.thinking == "no"
    fractions = [progress.fraction for progress in seen]
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] < fractions[-1] <= 1


def test_a_tiny_model_without_a_template_answers(fresh: LlamaCppEngine, tiny: Path) -> None:
    report = load(fresh, tiny)
    assert (report.model_name, report.has_chat_template) == ("tiny", False)
    assert report.context_length == 512, "as long as it was trained for"
    answer = collect(fresh.generate(GenerateRequest(messages=(user("ab"),), sampling=GREEDY, max_tokens=5)))
    assert answer.stats.generated_tokens <= 5


def test_an_answer_that_fills_the_context(fresh: LlamaCppEngine, tiny: Path) -> None:
    report = load(fresh, tiny, LoadOptions(threads=1, context_length=100))
    assert report.context_length == 100, "although llama.cpp rounds it up to 256"
    answer = collect(fresh.generate(GenerateRequest(messages=(user("ab"),), sampling=GREEDY)))
    assert answer.end.reason == "context_full"
    assert (answer.end.needed_tokens, answer.end.context_length) == (101, 100)
    assert answer.stats.context_tokens == 100
    assert answer.stats.generated_tokens == 101 - answer.stats.prompt_tokens
    again = collect(fresh.generate(GenerateRequest(messages=(user("ab"),), sampling=GREEDY)))
    assert again.text == answer.text, "a full cache is shortened and used on"


@pytest.mark.parametrize("batch", [1, 3, 64])
def test_the_size_of_batches_does_not_change_the_prompt(
    fresh: LlamaCppEngine, tiny: Path, batch: int
) -> None:
    load(fresh, tiny, LoadOptions(threads=1, batch_size=batch))
    answer = collect(
        fresh.generate(GenerateRequest(messages=(user("ab" * 20),), sampling=GREEDY, max_tokens=3))
    )
    steps = [after.processed - before.processed for before, after in itertools.pairwise(answer.progress)]
    assert all(0 < step <= batch for step in steps)
    assert steps[-1] == 1, "the last token is always evaluated alone"
    assert answer.progress[-1].processed == answer.stats.prompt_tokens


@pytest.mark.parametrize("kv_type", ["f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0"])
def test_every_kv_type_loads_and_is_as_large_as_computed(
    fresh: LlamaCppEngine, starter_file: Path, kv_type: str
) -> None:
    options = LoadOptions(threads=1, context_length=512, kv_type=kv_type)  # type: ignore[arg-type]
    report = load(fresh, starter_file, options)
    elements = 30 * 3 * 64 * 2 * 512
    bits = {"f32": 32, "f16": 16, "bf16": 16, "q8_0": 8.5, "q5_1": 6, "q5_0": 5.5, "q4_1": 5, "q4_0": 4.5}
    assert report.kv_bytes == pytest.approx(elements * bits[kv_type] / 8, abs=10_000)
    request = GenerateRequest(messages=(user("Hi"),), sampling=GREEDY, max_tokens=2)
    assert collect(fresh.generate(request)).stats.generated_tokens > 0


@pytest.mark.parametrize("flash", ["auto", "on", "off"])
def test_flash_attention(fresh: LlamaCppEngine, tiny: Path, flash: str) -> None:
    load(fresh, tiny, LoadOptions(threads=1, flash_attention=flash))  # type: ignore[arg-type]


def test_a_device_that_is_not_there_is_an_error(fresh: LlamaCppEngine, tiny: Path) -> None:
    """Not another device, and not the processor: nobody asked for these."""
    with pytest.raises(UserError) as caught:
        load(fresh, tiny, LoadOptions(threads=1, devices=("Nowhere0",)))
    assert caught.value.key in ("device-unknown-none", "device-unknown")
    assert caught.value.facts["device"] == "Nowhere0"


@pytest.mark.parametrize(
    "options", [LoadOptions(threads=1), LoadOptions(threads=1, devices=("Nowhere0",), gpu_layers=0)]
)
def test_the_processor_alone_touches_no_device(
    fresh: LlamaCppEngine, tiny: Path, monkeypatch: pytest.MonkeyPatch, options: LoadOptions
) -> None:
    seen: list[object] = []
    real_load, real_context = lib.llama_model_load_from_file, lib.llama_init_from_model

    def load_model(path: bytes, parameters: object) -> object:
        first = ctypes.cast(parameters.devices, ctypes.POINTER(ctypes.c_void_p))[0]  # type: ignore[attr-defined]
        seen.extend([parameters.n_gpu_layers, bool(parameters.devices), first])  # type: ignore[attr-defined]
        return real_load(path, parameters)

    def make_context(model: object, parameters: object) -> object:
        seen.extend([parameters.op_offload, parameters.offload_kqv])  # type: ignore[attr-defined]
        return real_context(model, parameters)

    monkeypatch.setattr(lib, "llama_model_load_from_file", load_model)
    monkeypatch.setattr(lib, "llama_init_from_model", make_context)
    monkeypatch.setattr(native, "start_drivers", lambda: pytest.fail("a driver was started"))
    report = load(fresh, tiny, options)
    assert seen == [0, True, None, False, False]
    assert (report.device, report.gpu_layers, report.used_devices) == ("CPU", 0, ())
    assert report.layers == 2, "one layer of the model, and the output layer"


def test_a_cancelled_load_is_no_error(fresh: LlamaCppEngine, starter_file: Path) -> None:
    fractions: list[float] = []

    def cancel(progress: LoadProgress) -> None:
        fractions.append(progress.fraction)
        if progress.fraction > 0.3:
            fresh.cancel()

    assert fresh.load(str(starter_file), OPTIONS, cancel) is None
    assert fractions[-1] < 1
    with pytest.raises(UserError) as caught:
        fresh.count_tokens((user("x"),))
    assert caught.value.key == "no-model-loaded"
    load(fresh, starter_file, OPTIONS)


def test_loading_another_model_replaces_the_first(
    fresh: LlamaCppEngine, tiny: Path, starter_file: Path
) -> None:
    load(fresh, starter_file, OPTIONS)
    assert load(fresh, tiny).model_name == "tiny"


def test_a_name_in_any_script(fresh: LlamaCppEngine, tiny: Path) -> None:
    odd = tiny.with_name("zażółć 😀 模型.gguf")
    shutil.copy(tiny, odd)
    load(fresh, odd)


def test_everything_is_freed_once_and_in_order(
    fresh: LlamaCppEngine, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Freeing the model before its context, or anything twice, ends the process."""
    freed: list[str] = []

    def watch(name: str) -> None:
        real = getattr(lib, name)

        def free(pointer: object) -> None:
            freed.append(name)
            real(pointer)

        monkeypatch.setattr(lib, name, free)

    for name in ("llama_batch_free", "llama_free", "llama_model_free"):
        watch(name)
    load(fresh, tiny)
    fresh.unload()
    fresh.unload()
    assert freed == ["llama_batch_free", "llama_free", "llama_model_free"]


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads Linux's own count")
def test_unloading_gives_the_memory_back(starter_file: Path) -> None:
    script = """
import os, sys
from slmdesk.engines.llama_cpp import LlamaCppEngine
from slmdesk.engines.protocol import ChatMessage, GenerateRequest, LoadOptions
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
def once():
    engine.load(sys.argv[1], LoadOptions(threads=1, context_length=1024), lambda p: None)
    for _ in engine.generate(GenerateRequest(messages=(ChatMessage("user", "word " * 20),), max_tokens=2)):
        pass
    full = resident()
    engine.unload()
    return full
engine = LlamaCppEngine()
start = resident()
fulls = [once() for _ in range(3)]
print(start, max(fulls), resident())
"""
    answer = subprocess.run(
        [sys.executable, "-c", script, str(starter_file)], capture_output=True, text=True, check=True
    )
    start, full, end = map(int, answer.stdout.split())
    assert full - start > 100 * 2**20
    assert end - start < 30 * 2**20


def test_the_library_writes_nothing_to_stdout_and_starts_no_debugger(tiny: Path) -> None:
    script = """
import os, sys, logging
logging.basicConfig(level=logging.INFO)
from slmdesk.engines.llama_cpp import LlamaCppEngine
from slmdesk.engines.protocol import LoadOptions
LlamaCppEngine().load(sys.argv[1], LoadOptions(threads=1), lambda p: None)
assert os.environ["GGML_NO_BACKTRACE"] == "1"
"""
    environment = {key: value for key, value in os.environ.items() if key != "GGML_NO_BACKTRACE"}
    answer = subprocess.run(
        [sys.executable, "-c", script, str(tiny)], capture_output=True, text=True, check=True, env=environment
    )
    assert answer.stdout == ""
    assert "INFO:slmdesk.engines.llama_cpp.native:llama_model_loader" in answer.stderr


def test_importing_the_engine_s_package_loads_no_library() -> None:
    script = "import sys, slmdesk.engines.llama_cpp; print('llama_cpp' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"


@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux has mapped")
def test_no_library_is_there_twice() -> None:
    """A second copy has a list of devices of its own: what was chosen from it is not what llama.cpp uses."""
    script = """
import re
from pathlib import Path
from slmdesk.engines.llama_cpp import build_info
build_info()
mapped = {line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "/" in line}
for path in mapped:
    found = re.search(r"lib(ggml[a-z-]*|llama)[.]so", path)
    if found:
        print(found[1])
"""
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    names = answer.stdout.split()
    assert {"llama", "ggml", "ggml-base"} <= set(names)
    assert len(names) == len(set(names))


def test_what_the_build_says_of_itself() -> None:
    info = build_info()
    assert "llama-cpp-python" in info.version
    assert Path(info.library).is_file()
    assert info.devices
    cpu = next(device for device in info.devices if device.kind == "cpu")
    assert (cpu.name, cpu.backend) == ("CPU", "CPU")
    assert cpu.total_memory > 0
    assert info.package == "llama-cpp-python"
    assert "CPU" in info.backends
    assert {device.backend for device in info.devices} <= set(info.backends)


def test_a_model_in_parts(fresh: LlamaCppEngine, tmp_path: Path) -> None:
    whole = tmp_path / "model-00001-of-00002.gguf"
    whole.write_bytes(w.tiny_model({"split.count": (w.U16, 2), "split.no": (w.U16, 0)}))
    with pytest.raises(UserError) as caught:
        load(fresh, whole)
    assert caught.value.key == "model-part-missing"
    assert caught.value.facts["part"] == "model-00002-of-00002.gguf"
    renamed = tmp_path / "renamed.gguf"
    whole.rename(renamed)
    with pytest.raises(UserError) as caught:
        load(fresh, renamed)
    assert caught.value.key == "model-not-first-part"
    assert caught.value.kind is ErrorKind.MODEL


@pytest.mark.parametrize("tensors", [None, 1])
def test_parts_that_do_not_belong_together(
    fresh: LlamaCppEngine, tmp_path: Path, tensors: int | None
) -> None:
    """llama.cpp would refuse them too, with less to tell."""
    for number in range(2):
        of_set = {"split.count": (w.U16, 2), "split.no": (w.U16, number)}
        if tensors is not None:
            of_set["split.tensors.count"] = (w.I32, tensors)
        (tmp_path / f"model-{number + 1:05d}-of-00002.gguf").write_bytes(w.tiny_model(of_set))
    with pytest.raises(UserError) as caught:
        load(fresh, tmp_path / "model-00001-of-00002.gguf")
    assert caught.value.key == "model-parts-do-not-match"
