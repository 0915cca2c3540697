"""Where the tensors of a model lie."""

from __future__ import annotations

from slmdesk.engines.llama_cpp.tensors import weights_by_device
from slmdesk.formats.gguf import GgufHeader, read_header
from tests.formats import gguf_writer as w


def header(output: bool = True) -> GgufHeader:
    """Tensors of 320 bytes, one after the other, each of 10 x 8 F32."""
    names = ["token_embd.weight", "blk.0.attn_q.weight", "blk.1.attn_q.weight", "output_norm.weight"]
    if output:
        names.append("output.weight")
    tensors = [(name, (10, 8), 0, 320 * index) for index, name in enumerate(names)]
    data = w.header({"general.architecture": (w.STRING, "llama"), "llama.block_count": (w.U32, 2)}, tensors)
    return read_header(data)


def test_all_on_the_processor_is_the_file_from_first_to_last() -> None:
    assert weights_by_device([header()], {0: "CPU", 1: "CPU", 2: "CPU"}) == {"CPU": 5 * 320}


def test_layers_go_with_their_device_and_the_output_with_the_last() -> None:
    held = weights_by_device([header()], {0: "CPU", 1: "GPU0", 2: "GPU1"})
    assert held == {"CPU": 2 * 320, "GPU0": 320, "GPU1": 2 * 320}


def test_what_lies_between_two_tensors_of_the_processor_is_mapped_too() -> None:
    held = weights_by_device([header()], {0: "GPU0", 1: "CPU", 2: "CPU"})
    assert held == {"CPU": 5 * 320, "GPU0": 320}


def test_an_output_layer_without_a_tensor_copies_the_input_s_to_its_device() -> None:
    held = weights_by_device([header(output=False)], {0: "CPU", 1: "CPU", 2: "GPU0"})
    assert held == {"CPU": 3 * 320, "GPU0": 2 * 320}, "the norm, and a copy of the input"
    assert weights_by_device([header(output=False)], {0: "CPU", 1: "CPU", 2: "CPU"}) == {"CPU": 4 * 320}


def test_copies_add_to_the_file_of_which_less_is_mapped() -> None:
    copied = {"output.weight": 400, "output_norm.weight": 0}
    assert weights_by_device([header()], {}, copied) == {"CPU": 3 * 320 + 400}
    tied = {"token_embd.weight": 400}
    assert weights_by_device([header(output=False)], {}, tied) == {"CPU": 4 * 320 + 400}


def test_the_parts_of_a_model_add_up() -> None:
    assert weights_by_device([header(), header()], {}) == {"CPU": 2 * 5 * 320}
