"""What kills llama.cpp, returns an error, or stays silent: each has a guard here, and the guard a test.

Not used at all, and so without a guard: grammar samplers (a bad grammar is a NULL like any other sampler, a
forbidden token kills), `no_alloc` (kills with mmap and when decoded), saving and loading of state.
"""

from __future__ import annotations

import ctypes
import itertools
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slmdesk import hardware
from slmdesk.engines import Device
from slmdesk.engines.limits import most_threads
from slmdesk.engines.llama_cpp import LlamaCppEngine, native
from slmdesk.engines.llama_cpp.files import inspect_files
from slmdesk.engines.llama_cpp.model import LoadedModel
from slmdesk.engines.llama_cpp.native import StopFlag, lib
from slmdesk.engines.llama_cpp.options import LoadPlan, Surroundings, plan_load
from slmdesk.engines.llama_cpp.sampling import SamplerChain, _made
from slmdesk.engines.llama_cpp.sanity import check_vocabulary
from slmdesk.engines.protocol import GenerateRequest, LoadOptions, Sampling
from slmdesk.formats.gguf import GgufHeader, read_header
from slmdesk.hardware import MemoryFacts
from slmdesk.messages import ErrorKind, UserError, error_sentences, one_line
from tests.engines.llama_cpp.conftest import GREEDY, collect, user
from tests.formats import gguf_writer as w

ROOMY = Surroundings(available_bytes=64 * 2**30, default_threads=2, most_threads=8)
REQUEST = GenerateRequest(messages=(user("ab"),), sampling=GREEDY, max_tokens=5)


@pytest.fixture
def fresh() -> Iterator[LlamaCppEngine]:
    engine = LlamaCppEngine()
    yield engine
    engine.unload()


@pytest.fixture
def no_native(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reaching native code fails the test, where it would end the process."""

    def reached(*_: object) -> None:
        pytest.fail("native code was reached")

    for name in ("llama_model_load_from_file", "llama_init_from_model", "llama_decode"):
        monkeypatch.setattr(lib, name, reached)


def refusal(engine: LlamaCppEngine, path: Path | str, options: LoadOptions | None = None) -> UserError:
    with pytest.raises(UserError) as caught:
        engine.load(str(path), options or LoadOptions(threads=1), lambda progress: None)
    assert caught.value.kind is ErrorKind.MODEL
    sentences = error_sentences(caught.value)
    assert sentences.what
    assert sentences.why
    assert sentences.do
    return caught.value


def written(folder: Path, data: bytes) -> Path:
    file = folder / "model.gguf"
    file.write_bytes(data)
    return file


# --- The file ---------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_native")
def test_files_that_are_no_model(fresh: LlamaCppEngine, tmp_path: Path, starter_file: Path) -> None:
    assert refusal(fresh, tmp_path / "none.gguf").key == "model-missing"
    assert refusal(fresh, tmp_path).key == "model-is-folder"
    assert refusal(fresh, written(tmp_path, b"")).key == "model-empty"
    assert refusal(fresh, written(tmp_path, b"PK\3\4 an archive")).key == "model-not-gguf"
    assert refusal(fresh, written(tmp_path, w.header({}, version=1))).key == "model-version"
    assert refusal(fresh, written(tmp_path, w.header({}, counts=(2**60, 0)))).key == "model-header-too-large"
    assert refusal(fresh, written(tmp_path, w.header({}))).key == "model-damaged"


@pytest.mark.usefixtures("no_native")
def test_a_cut_off_file_is_named_with_both_sizes(
    fresh: LlamaCppEngine, tmp_path: Path, starter_file: Path
) -> None:
    with starter_file.open("rb") as source:
        cut = written(tmp_path, source.read(50_000_000))
    error = refusal(fresh, cut)
    assert one_line(error) == (
        f"The model {cut} cannot be loaded: the file is cut off: "
        "it has 50 MB and should have at least 98.4 MB."
    )


HOSTILE: dict[str, dict[str, w.Typed | None]] = {
    "block_count 100000": {"llama.block_count": (w.U32, 100_000)},
    "block_count 513": {"llama.block_count": (w.U32, 513)},
    "block_count 0": {"llama.block_count": (w.U32, 0)},
    "block_count negative": {"llama.block_count": (w.I32, -1)},
    "experts": {"llama.expert_count": (w.U32, 1025), "llama.expert_used_count": (w.U32, 1)},
    "experts unused": {"llama.expert_count": (w.U32, 2)},
    "experts too many used": {"llama.expert_used_count": (w.U32, 1)},
    "groups without experts": {"llama.expert_group_count": (w.U32, 2)},
    "layers that predict": {"llama.nextn_predict_layers": (w.U32, 2)},
    "epsilon NaN": {"llama.attention.layer_norm_rms_epsilon": (w.F32, math.nan)},
    "epsilon negative": {"llama.attention.layer_norm_rms_epsilon": (w.F32, -1.0)},
    "tokens twice": {"tokenizer.ggml.tokens": (w.ARRAY, (w.STRING, ["a"] * len(w.TOKENS)))},
    "alignment 8": {"general.alignment": (w.U32, 8)},
    "no architecture": {"general.architecture": None},
    "short token types": {"tokenizer.ggml.token_type": (w.ARRAY, (w.I32, [1]))},
}
"""Each ends the process of llama.cpp 0.5.0 or is refused by it; `test_native_facts` shows which."""


@pytest.mark.usefixtures("no_native")
@pytest.mark.parametrize("changes", HOSTILE.values(), ids=HOSTILE.keys())
def test_headers_that_kill(fresh: LlamaCppEngine, tmp_path: Path, changes: dict[str, w.Typed | None]) -> None:
    assert refusal(fresh, written(tmp_path, w.tiny_model(changes))).key == "model-damaged"


@pytest.mark.usefixtures("no_native")
def test_a_vocabulary_of_encoders_kills(fresh: LlamaCppEngine, tmp_path: Path) -> None:
    model = w.tiny_model({"tokenizer.ggml.model": (w.STRING, "bert")})
    assert refusal(fresh, written(tmp_path, model)).key == "model-not-for-chat"


@pytest.mark.usefixtures("no_native")
def test_a_file_of_the_other_byte_order(fresh: LlamaCppEngine, tmp_path: Path) -> None:
    names: dict[str, w.Typed] = {"general.architecture": (w.STRING, "llama")}
    data = w.header(names, [("a", (1,), 0, 0)], order=">") + bytes(64)
    assert refusal(fresh, written(tmp_path, data)).key == "model-damaged"


@pytest.mark.parametrize(
    "changes",
    [
        {"general.architecture": (w.STRING, "unheard-of")},
        {"llama.embedding_length": (w.U32, 128)},
        {"llama.feed_forward_length": (w.U32, 7)},
        {"llama.attention.layer_norm_rms_epsilon": None},
        {"tokenizer.ggml.model": (w.STRING, "unheard-of")},
    ],
    ids=["architecture", "shapes", "feed forward", "missing key", "tokenizer"],
)
def test_what_llama_cpp_refuses_itself(
    fresh: LlamaCppEngine, tmp_path: Path, changes: dict[str, w.Typed | None]
) -> None:
    error = refusal(fresh, written(tmp_path, w.tiny_model(changes)))
    assert error.key == "model-refused"
    assert "error" in error.details, "the native log's own reason is kept for the report"


@pytest.mark.parametrize("cut", [0, 10, 2_000, 60_000])
def test_native_code_returns_null_for_truncated_files(tmp_path: Path, cut: int, tiny_plan: LoadPlan) -> None:
    """Shown to it past our own reader."""
    file = written(tmp_path, w.tiny_model()[:cut])
    with pytest.raises(UserError) as caught:
        LoadedModel(str(file), tiny_plan, StopFlag(), lambda fraction: None)
    assert caught.value.key == "model-refused"


def test_silent_corrupted_weights_never_answer_and_are_found_when_asked(
    fresh: LlamaCppEngine, tmp_path: Path
) -> None:
    file = written(tmp_path, w.tiny_model(seed=None))
    fresh.load(str(file), LoadOptions(threads=1), lambda progress: None)
    with pytest.raises(UserError) as caught:
        collect(fresh.generate(REQUEST))
    assert caught.value.key == "model-weights-damaged"
    error = refusal(fresh, file, LoadOptions(threads=1, check_tensors=True))
    assert error.key == "model-refused"
    assert "invalid" in error.details


def test_silent_a_bad_bos_id_is_replaced_and_harmless(fresh: LlamaCppEngine, tmp_path: Path) -> None:
    changes: dict[str, w.Typed | None] = {
        "tokenizer.ggml.bos_token_id": (w.U32, 99_999),
        "tokenizer.ggml.eos_token_id": (w.U32, 99_999),
    }
    fresh.load(str(written(tmp_path, w.tiny_model(changes))), LoadOptions(threads=1), lambda progress: None)
    assert collect(fresh.generate(REQUEST)).stats.prompt_tokens > 0


# --- Options ----------------------------------------------------------------------------------------------


@pytest.fixture
def tiny_plan(tmp_path: Path) -> LoadPlan:
    header = read_header(w.tiny_model())
    return plan_load("tiny", header, header.weights_bytes, LoadOptions(threads=1), ROOMY)


@pytest.fixture
def starter_header(starter_file: Path) -> GgufHeader:
    return read_header(starter_file)


def plan_error(header: GgufHeader, around: Surroundings = ROOMY, **options: Any) -> UserError:
    with pytest.raises(UserError) as caught:
        plan_load("m.gguf", header, header.weights_bytes, LoadOptions(**options), around)
    assert caught.value.kind is ErrorKind.MODEL
    assert error_sentences(caught.value).do
    return caught.value


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"threads": 0}, "threads-out-of-range"),
        ({"threads": -3}, "threads-out-of-range"),
        # 10,000 threads hang for a minute.
        ({"threads": 10_000}, "threads-out-of-range"),
        ({"batch_size": 0}, "batch-size-out-of-range"),
        ({"batch_size": 10**9}, "batch-size-out-of-range"),
        ({"gpu_layers": -2}, "gpu-layers-out-of-range"),
        ({"context_length": 0}, "context-too-short"),
        ({"context_length": -1}, "context-too-short"),
        ({"context_length": 8193}, "context-too-long"),
        ({"context_length": 400_000}, "context-too-long"),
        # An unknown number for the KV type kills.
        ({"kv_type": "q99"}, "kv-type-unknown"),
        ({"flash_attention": "maybe"}, "flash-attention-unknown"),
        ({"kv_type": "q8_0", "flash_attention": "off"}, "kv-type-needs-flash-attention"),
    ],
)
def test_options_that_cannot_be(starter_header: GgufHeader, options: dict[str, Any], key: str) -> None:
    assert plan_error(starter_header, **options).key == key


@pytest.mark.usefixtures("no_native")
def test_bad_options_stop_the_engine_before_native_code(fresh: LlamaCppEngine, starter_file: Path) -> None:
    for options in (
        LoadOptions(threads=10_000),
        LoadOptions(kv_type="q99"),  # type: ignore[arg-type]
        LoadOptions(context_length=8193),
        LoadOptions(kv_type="q8_0", flash_attention="off"),
        LoadOptions(batch_size=0),
    ):
        refusal(fresh, starter_file, options)


def test_a_context_beyond_the_training_is_told_with_both_numbers(starter_header: GgufHeader) -> None:
    assert one_line(plan_error(starter_header, context_length=10_000)) == (
        "The model m.gguf cannot be loaded: a context of 10,000 tokens was asked for, "
        "and it was trained for 8,192."
    )


def test_heads_that_a_quantized_kv_type_does_not_divide() -> None:
    header = read_header(w.tiny_model(width=48, heads=2))
    assert plan_error(header, kv_type="q8_0").key == "kv-type-does-not-fit"


def test_defaults_become_definite(starter_header: GgufHeader) -> None:
    plan = plan_load("m", starter_header, 1, LoadOptions(), ROOMY)
    assert (plan.context_length, plan.threads, plan.batch_size, plan.micro_batch_size) == (4096, 2, 512, 512)
    small = plan_load("m", starter_header, 1, LoadOptions(context_length=100), ROOMY)
    assert (small.context_length, small.batch_size) == (100, 100)
    assert most_threads(2) == 8
    assert most_threads(4_000) == 512


def test_more_memory_than_there_is_names_the_file_and_the_numbers(starter_header: GgufHeader) -> None:
    around = replace(ROOMY, available_bytes=150 * 2**20)
    error = plan_error(starter_header, around)
    assert error.key == "memory-too-small"
    assert one_line(error) == (
        "The model m.gguf cannot be loaded: it needs 182 MiB of memory with a context of "
        "4,096 tokens, and 150 MiB are available."
    )
    plan_load("m", starter_header, starter_header.weights_bytes, LoadOptions(context_length=1024), around)


@pytest.mark.usefixtures("no_native")
def test_the_engine_asks_how_much_memory_there_is(
    fresh: LlamaCppEngine, starter_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hardware, "memory_limits", lambda: MemoryFacts(10**8, 10**7))
    error = refusal(fresh, starter_file)
    assert error.key == "memory-too-small"
    assert error.facts["name"] == str(starter_file)


GPU = Device(
    name="GPU0",
    description="A card",
    kind="gpu",
    free_memory=10**9,
    total_memory=10**9,
    largest_buffer=2**30,
)


@pytest.mark.parametrize(
    ("kv_heads", "value_length", "context", "fits"),
    [
        # One layer of two has all the cache: the average would be half of it.
        ([1, 16], 1024, 32_512, True),
        ([1, 16], 1024, 33_024, False),
        # Keys and values are tensors of their own: their sum is twice as large.
        ([16, 16], 1024, 32_512, True),
        # Longer values than keys.
        ([16, 16], 2048, 32_512, False),
    ],
)
def test_the_largest_kv_tensor_of_any_layer_counts(
    kv_heads: list[int], value_length: int, context: int, fits: bool
) -> None:
    changes: dict[str, w.Typed | None] = {
        "llama.context_length": (w.U32, 1_000_000),
        "llama.attention.head_count": (w.U32, 16),
        "llama.attention.head_count_kv": (w.ARRAY, (w.U32, kv_heads)),
        "llama.attention.key_length": (w.U32, 1024),
        "llama.attention.value_length": (w.U32, value_length),
    }
    header = read_header(w.tiny_model(changes, layers=2))
    around = replace(ROOMY, available_bytes=2**50, devices=(GPU,))
    options = LoadOptions(context_length=context, devices=("GPU0",), gpu_layers=1)
    if fits:
        plan_load("m.gguf", header, 0, options, around)
        return
    with pytest.raises(UserError) as caught:
        plan_load("m.gguf", header, 0, options, around)
    assert caught.value.key == "context-too-long-for-device"


def test_what_is_damaged_is_in_the_details(fresh: LlamaCppEngine, tmp_path: Path) -> None:
    """It is for who looks closer, and not translated."""
    file = tmp_path / "odd.gguf"
    file.write_bytes(w.tiny_model({"general.architecture": None}))
    error = refusal(fresh, file)
    assert error.key == "model-damaged"
    assert "no architecture" in error.details


def test_a_kv_tensor_larger_than_the_device_s_largest_buffer_kills() -> None:
    changes: dict[str, w.Typed | None] = {
        "llama.context_length": (w.U32, 100_000_000),
        "llama.attention.key_length": (w.U32, 1024),
    }
    header = read_header(w.tiny_model(changes))
    around = replace(ROOMY, available_bytes=2**50, devices=(GPU,))
    on_device = plan_error(header, around, context_length=400_000, devices=("GPU0",), gpu_layers=1)
    assert on_device.key == "context-too-long-for-device"
    plan_load("m", header, 1, LoadOptions(context_length=400_000, devices=("GPU0",), gpu_layers=0), around)
    plan_load("m", header, 1, LoadOptions(context_length=400_000), around)


def test_layers_on_a_gpu_need_no_main_memory(starter_header: GgufHeader) -> None:
    around = replace(ROOMY, available_bytes=10 * 2**20, devices=(GPU,))
    plan = plan_load("m", starter_header, 10**8, LoadOptions(devices=("GPU0",)), around)
    assert plan.gpu_layers == 31
    assert plan_error(starter_header, around, devices=("GPU0",), gpu_layers=15).key == "memory-too-small"


def test_native_code_refuses_quantized_values_without_flash_attention(
    starter_file: Path, tiny_plan: LoadPlan
) -> None:
    """A NULL context, were it ever asked: in words all the same."""
    plan = replace(tiny_plan, kv_type="q8_0", flash_attention=0)
    with pytest.raises(UserError) as caught:
        LoadedModel(str(starter_file), plan, StopFlag(), lambda fraction: None)
    assert caught.value.key == "context-refused"


# --- While answering --------------------------------------------------------------------------------------


@pytest.fixture
def tiny(fresh: LlamaCppEngine, tmp_path: Path) -> tuple[LlamaCppEngine, LoadedModel]:
    fresh.load(str(written(tmp_path, w.tiny_model())), LoadOptions(threads=1), lambda progress: None)
    return fresh, fresh._loaded()[0]


Tiny = tuple[LlamaCppEngine, LoadedModel]


def test_a_batch_larger_than_allowed_kills(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    _, model = tiny
    monkeypatch.setattr(lib, "llama_decode", None)
    for tokens in ([5] * (model.batch_size + 1), []):
        with pytest.raises(ValueError, match="a batch of"):
            model.decode(tokens, 0, answer=True)


def test_a_character_without_tokens_kills(fresh: LlamaCppEngine, tmp_path: Path) -> None:
    tokens = ["<missing>" if token == "<0xC5>" else token for token in w.TOKENS]
    model = w.tiny_model({"tokenizer.ggml.tokens": (w.ARRAY, (w.STRING, tokens))})
    fresh.load(str(written(tmp_path, model)), LoadOptions(threads=1), lambda progress: None)
    assert collect(fresh.generate(REQUEST)).stats.generated_tokens > 0
    # "ł" is C5 82 in UTF-8.
    for ask in (lambda: fresh.count_tokens((user("ał"),)), lambda: next(fresh.generate(replaced("ał")))):
        with pytest.raises(UserError) as caught:
            ask()
        assert caught.value.key == "character-unknown"
        assert caught.value.facts["character"] == "ł"


def replaced(text: str) -> GenerateRequest:
    return GenerateRequest(messages=(user(text),), sampling=GREEDY, max_tokens=5)


def test_alphabets() -> None:
    every = [b"<0x%02X>" % byte for byte in range(256)]
    assert check_vocabulary("llama", every) is None
    assert check_vocabulary("gpt2", [b"a"]) is None
    some = check_vocabulary("llama", ["▁".encode(), "ł".encode(), b"<0x41>", b"b", b"ab"])
    assert some is not None
    assert some.first_unknown("A ł bA") is None
    assert some.first_unknown("bac") == "a"


@pytest.mark.parametrize("token", [-1, 264, 2**31 - 1])
def test_the_piece_of_a_token_that_is_none_kills(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, token: int
) -> None:
    _, model = tiny
    monkeypatch.setattr(lib, "llama_token_to_piece", None)
    with pytest.raises(ValueError, match="token"):
        model.piece(token)


def test_a_long_piece_is_read_whole(tiny: Tiny) -> None:
    _, model = tiny
    model._piece_room = ctypes.create_string_buffer(1)
    assert model.piece(1, special=True) == b"<s>"


def test_tokens_are_only_drawn_after_an_evaluation_with_logits(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Drawing before any evaluation kills."""
    engine, model = tiny
    calls: list[str] = []
    decode, sample = lib.llama_decode, lib.llama_sampler_sample

    def watched_decode(context: Any, batch: Any) -> int:
        code: int = decode(context, batch)
        calls.append("logits" if code == 0 and batch.logits[batch.n_tokens - 1] else "none")
        return code

    def watched_sample(*arguments: Any) -> int:
        calls.append("draw")
        token: int = sample(*arguments)
        return token

    monkeypatch.setattr(lib, "llama_decode", watched_decode)
    monkeypatch.setattr(model, "_decode", watched_decode)
    monkeypatch.setattr(lib, "llama_sampler_sample", watched_sample)
    collect(engine.generate(REQUEST))
    assert calls.count("draw") >= 2
    for before, after in itertools.pairwise(calls):
        if after == "draw":
            assert before == "logits"


def test_codes_that_llama_decode_returns(tiny: Tiny) -> None:
    _, model = tiny
    assert model.decode([-1], 0, answer=True) == -1
    assert model.decode([model.token_count], 0, answer=True) == -1
    assert model.decode([5], 7, answer=True) in (0, -1), "a gap before the first token"
    model.keep(0)
    assert model.decode([5], 0, answer=False) == 0
    assert model.decode([5], 5, answer=True) == -1, "a gap"
    model.keep(0)
    assert model.decode([5] * 512, 0, answer=False) == 0
    assert model.decode_one(5, 512) == 1, "the context is full"
    assert model.evaluated() == 512


@pytest.mark.parametrize("code", [-1, -2, 2])
def test_a_failed_evaluation_is_told_and_the_engine_goes_on(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """2 without anybody having cancelled is what an exception in a callback looks like."""
    engine, model = tiny
    whole = collect(engine.generate(REQUEST))
    with monkeypatch.context() as patch:
        patch.setattr(model, "_decode", lambda context, batch: code)
        with pytest.raises(UserError) as caught:
            collect(engine.generate(REQUEST))
    assert caught.value.key == "decoding-failed"
    assert caught.value.kind is ErrorKind.GENERATION
    again = collect(engine.generate(REQUEST))
    assert again.stats.reused_tokens == 0, "what the cache held was not known"
    assert again.text == whole.text


def test_no_room_while_answering_is_an_end_with_numbers(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, model = tiny
    monkeypatch.setattr(model, "_decode", lambda context, batch: 1)
    answer = collect(engine.generate(REQUEST))
    assert answer.end.reason == "context_full"
    assert answer.end.context_length == 512


def test_a_cache_that_cannot_be_shortened_is_emptied(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recurrent models cannot go back to the middle."""
    engine, _ = tiny
    whole = collect(engine.generate(REQUEST))
    monkeypatch.setattr(lib, "llama_memory_seq_rm", lambda *arguments: False)
    again = collect(engine.generate(REQUEST))
    assert again.stats.reused_tokens == 0
    assert again.text == whole.text


def test_a_null_pointer_is_no_none() -> None:
    null = ctypes.POINTER(ctypes.c_int)()
    assert null is not None
    with pytest.raises(MemoryError):
        _made(null)


def test_a_sampler_that_cannot_be_made_frees_the_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    freed: list[object] = []
    real = lib.llama_sampler_free

    def free(chain: object) -> None:
        freed.append(chain)
        real(chain)

    monkeypatch.setattr(lib, "llama_sampler_free", free)
    monkeypatch.setattr(lib, "llama_sampler_init_dist", lambda seed: None)
    with pytest.raises(MemoryError):
        SamplerChain(Sampling(), 100, 100)
    assert len(freed) == 1


def test_the_stop_flag_is_read_by_native_code() -> None:
    flag = StopFlag()
    ask = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p)(
        ctypes.cast(flag.callback, ctypes.c_void_p).value or 0
    )
    assert (bool(flag), ask(flag.address)) == (False, False)
    flag.set()
    assert (bool(flag), ask(flag.address)) == (True, True)
    flag.clear()
    assert (bool(flag), ask(flag.address)) == (False, False)


def test_the_native_log_keeps_no_debug_lines(tiny: Tiny) -> None:
    lines = native.recent_log()
    assert any("llama_kv_cache: size" in line for line in lines)
    assert not any("llama_graph_n_input_tensors" in line for line in lines)


def test_weights_of_all_parts_are_counted(starter_file: Path) -> None:
    files = inspect_files(str(starter_file))
    assert files.weights_bytes == files.header.weights_bytes
    assert files.parameters == 134_515_008
