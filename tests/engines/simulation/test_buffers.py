"""What the log of a load says about memory, from lines that llama.cpp really wrote."""

from __future__ import annotations

from slmdesk.engines.llama_cpp.buffers import layer_places, loaded_buffers, simulated_buffers, wanted_line
from slmdesk.engines.protocol import Reserved

MIB = 2**20

LOADED = """\
load_tensors: loading model tensors, this can take a while... (load_mode = mmap)
load_tensors:          AMX model buffer size =    95.34 MiB
load_tensors:   CPU_Mapped model buffer size =    92.10 MiB
llama_context:        CPU  output buffer size =     0.19 MiB
llama_kv_cache:        CPU KV buffer size =    11.25 MiB
llama_kv_cache: size =   11.25 MiB (   512 cells,  30 layers,  1/1 seqs), K (f16):    5.62 MiB, V (f16):    5.62 MiB
llama_memory_recurrent:        CPU RS buffer size =     0.50 MiB
sched_reserve:        CPU compute buffer size =    17.51 MiB
sched_reserve:        CPU compute buffer size is  17.5100 MiB, matches expectation of  17.5100 MiB
""".splitlines()  # noqa: E501 - as it is written

ON_DEVICE = """\
load_tensors:      Vulkan0 model buffer size =    47.71 MiB
load_tensors:   CPU_Mapped model buffer size =    92.10 MiB
llama_context: Vulkan_Host  output buffer size =     0.19 MiB
llama_kv_cache:        CPU KV buffer size =    31.50 MiB
llama_kv_cache:    Vulkan0 KV buffer size =    13.50 MiB
sched_reserve:    Vulkan0 compute buffer size =    15.70 MiB
sched_reserve: Vulkan_Host compute buffer size =     4.26 MiB
""".splitlines()

PLACES = [f"load_tensors: layer {layer:3} assigned to device {device}, is_swa = 0" for layer, device in
          enumerate(["CPU", "CPU", "Vulkan0", "Vulkan0", "Vulkan0"])]  # fmt: skip

SIMULATED = """\
llama_context:        CPU  output buffer size =     0.25 MiB
llama_kv_cache: layer   1: dev = CPU
llama_kv_cache: layer   3: dev = Vulkan0
llama_kv_cache:        CPU KV buffer size =     0.00 MiB
llama_kv_cache:    Vulkan0 KV buffer size =     0.00 MiB
llama_kv_cache: size =    8.00 MiB (  4096 cells,   2 layers,  1/1 seqs), K (f16):    4.00 MiB, V (f16):    4.00 MiB
llama_memory_recurrent, layer   0: dev = CPU
llama_memory_recurrent, layer   2: dev = Vulkan0
llama_memory_recurrent:        CPU RS buffer size =     0.30 MiB
llama_memory_recurrent: size =    0.60 MiB (     1 cells,   4 layers,  1 seqs  0 rs_seq), R (f32):    0.10 MiB, S (f32):    0.50 MiB, P (f32):    0.00 MiB
sched_reserve:    Vulkan0 compute buffer size =     2.00 MiB
sched_reserve: Vulkan_Host compute buffer size =     1.00 MiB
""".splitlines()  # noqa: E501 - as it is written


def test_a_real_load_on_the_processor() -> None:
    """Copies of weights add up with the file; what is said when it ends does not count again."""
    assert loaded_buffers(LOADED, {}) == (
        Reserved(
            device="CPU",
            weights=round(95.34 * MIB) + round(92.10 * MIB),
            kv=round(11.25 * MIB) + round(0.5 * MIB),
            compute=round(17.51 * MIB),
            output=round(0.19 * MIB),
        ),
    )


def test_memory_of_the_computer_that_a_device_can_reach_is_the_computer_s() -> None:
    own, device = loaded_buffers(ON_DEVICE, {"Vulkan0": "Vulkan0"})
    assert (own.compute, own.output) == (round(4.26 * MIB), round(0.19 * MIB))
    assert device == Reserved(
        device="Vulkan0", weights=round(47.71 * MIB), kv=round(13.5 * MIB), compute=round(15.7 * MIB)
    )


def test_a_simulated_load_says_caches_in_sums_and_their_places_before() -> None:
    own, device = simulated_buffers(SIMULATED, {"Vulkan0": "Vulkan0"}, {"CPU": 70, "Vulkan0": 30}, [])
    assert own == Reserved(
        device="CPU", weights=70, kv=4 * MIB + round(0.3 * MIB), compute=MIB, output=MIB // 4
    )
    assert device == Reserved(
        device="Vulkan0", weights=30, kv=4 * MIB + round(0.3 * MIB), compute=2 * MIB, output=0
    )


def test_layers_of_different_width_share_a_cache_by_it() -> None:
    own, device = simulated_buffers(SIMULATED, {"Vulkan0": "Vulkan0"}, {}, [0, 2, 0, 6])
    # Those of the recurrent layers are 0 in that list, so they share evenly.
    assert (own.kv, device.kv) == (2 * MIB + round(0.3 * MIB), 6 * MIB + round(0.3 * MIB))


def test_the_last_layer_is_the_output() -> None:
    places = layer_places(PLACES)
    assert places == {0: "CPU", 1: "CPU", 2: "Vulkan0", 3: "Vulkan0", 4: "Vulkan0"}


def test_only_lines_about_memory_are_kept() -> None:
    assert all(wanted_line(line) for line in [*LOADED[1:], *SIMULATED, *PLACES])
    noise = "llama_graph_n_input_tensors: input tensor 'inp_pos' [i32, ne = { 1, 1, 1, 1 }] is used by node"
    assert not wanted_line(noise)
