"""The options in a genai_config.json that go straight to the native library.

Some name a library to be loaded, some a file to be written, some are addresses in memory written as numbers.
A model has no business with any of them, so only options are let through that are known to change speed or
memory use and nothing else; whatever is not known is refused by its name.
"""

from __future__ import annotations

import re

from slmdesk.formats.onnx.errors import OnnxError
from slmdesk.formats.onnx.json_text import Json, Object

# By the names that ONNX Runtime's documentation has for them.
_SESSION = frozenset(
    {
        "log_id", "log_severity_level", "log_verbosity_level", "intra_op_num_threads", "inter_op_num_threads",
        "enable_cpu_mem_arena", "enable_mem_pattern", "graph_optimization_level", "use_env_allocators",
        "disable_cpu_ep_fallback", "disable_quant_qdq", "enable_quant_qdq_cleanup",
        "session.disable_cpu_ep_fallback", "session.disable_quant_qdq", "session.enable_quant_qdq_cleanup",
        "session.disable_double_qdq_remover", "session.disable_prepacking",
        "session.disable_aot_function_inlining", "session.disable_qdq_constant_folding",
        "session.use_env_allocators", "session.set_denormal_as_zero", "session.qdqisint8allowed",
        "session.x64quantprecision", "session.intra_op.allow_spinning", "session.inter_op.allow_spinning",
        "session.force_spinning_stop", "session.dynamic_block_base", "session.strict_shape_type_inference",
        "session.allow_released_opsets_only", "session.graph_optimizations_loop_level",
        "session.use_device_allocator_for_initializers", "session.use_deterministic_compute",
        "session.enable_dq_matmulnbits_fusion", "session.qdq_matmulnbits_accuracy_level",
        "session.qdq_matmulnbits_block_size", "session.intra_op_thread_affinities",
        "optimization.minimal_build_optimizations", "optimization.enable_gelu_approximation",
        "optimization.enable_cast_chain_elimination", "optimization.disable_specified_optimizers",
        "mlas.enable_gemm_fastmath_arm64_bfloat16", "mlas.use_lut_gemm", "mlas.disable_kleidiai",
        "ep.context_embed_mode",
    }
)  # fmt: skip
_RUN = frozenset(
    {
        "memory.enable_memory_arena_shrinkage", "disable_synchronize_execution_providers",
        "qnn.htp_perf_mode", "qnn.htp_perf_mode_post_run", "qnn.rpc_control_latency",
    }
)  # fmt: skip
_PROVIDER = frozenset(
    {
        # CUDA and TensorRT for RTX
        "device_id", "enable_cuda_graph", "arena_extend_strategy", "gpu_mem_limit", "cudnn_conv_algo_search",
        "cudnn_conv_use_max_workspace", "cudnn_conv1d_pad_to_nc1d", "do_copy_in_default_stream",
        "tunable_op_enable", "tunable_op_tuning_enable", "enable_skip_layer_norm_strict_mode", "use_tf32",
        "prefer_nhwc", "sdpa_kernel", "fuse_conv_bias", "use_ep_level_unified_stream",
        "nv_max_workspace_size", "nv_cuda_graph_enable", "nv_multi_profile_enable",
        "nv_use_external_data_initializer", "nv_profile_min_shapes", "nv_profile_opt_shapes",
        "nv_profile_max_shapes", "nv_length_of_optimization", "nv_detailed_build_log",
        # DirectML
        "performance_preference", "device_filter", "disable_metacommands", "enable_graph_capture",
        "enable_dynamic_graph_fusion",
        # WebGPU
        "deviceId", "validationMode", "preferredLayout", "enableGraphCapture", "storageBufferCacheMode",
        "uniformBufferCacheMode", "queryResolveBufferCacheMode", "defaultBufferCacheMode",
        "dawnBackendType", "powerPreference", "enableInt64",
        # OpenVINO
        "device_type", "precision", "num_of_threads", "num_streams", "enable_qdq_optimizer",
        "disable_dynamic_shapes", "model_priority", "enable_causallm", "enable_opencl_throttling",
        # QNN
        "htp_performance_mode", "htp_graph_finalization_optimization_mode", "enable_htp_fp16_precision",
        "enable_htp_weight_sharing", "enable_htp_shared_memory_allocator", "soc_model", "htp_arch",
        "rpc_control_latency", "vtcm_mb", "qnn_context_priority", "offload_graph_io_quantization",
        "profiling_level",
    }
)  # fmt: skip

_WRITES = ("profiling", "optimized_model_filepath", "to_file", "dump", "context_enable", "cache")
_LIBRARY_WORDS = ("library", "lib_path", "plugin", "backend_path")
_WORD = re.compile(r"[A-Za-z0-9_.,:;|=+ -]{0,256}")
_LIBRARY = re.compile(r"\.(so|dll|dylib)(\.|$)", re.IGNORECASE)
_OFF = ("", "0", "false", "off")
# Any other format would not be what the graph reader has checked.
_USUAL_FORMAT = ("session.load_model_format", "ONNX")
_LONGEST_KEY = 200

CONFIG = "genai_config.json"
ENDINGS_OF_TEXTS = (".json", ".jinja", ".txt", ".model")
"""Of the files beside the weights: settings, templates and the tokenizer."""


def check_session_options(options: Json, key: str) -> tuple[str, ...]:
    """The names of the providers in session options that may go to the native library.

    Raises `custom_library`, `writes_file`, `unsafe_option` with the option's name, `bad_value`.
    """
    providers: tuple[str, ...] = ()
    for name, value in _object(options, key).items():
        if name == "provider_options":
            providers = _check_providers(value, f"{key}.{name}")
        else:
            _check(f"{key}.{name}", name, value, _SESSION)
    return providers


def check_run_options(options: Json, key: str) -> None:
    """Raises what `check_session_options` raises."""
    for name, value in _object(options, key).items():
        _check(f"{key}.{name}", name, value, _RUN)


def _check_providers(value: Json, key: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise OnnxError("bad_value", part=CONFIG, setting=key)
    names: list[str] = []
    for one in value:
        for provider, options in _object(one, key).items():
            names.append(provider)
            for name, setting in _object(options, f"{key}.{provider}").items():
                place = f"{key}.{provider}.{name}"
                if name == "device_filtering_options":
                    for part, number in _object(setting, place).items():
                        _check_value(f"{place}.{part}", part, number)
                else:
                    _check(place, name, setting, _PROVIDER)
    return tuple(names)


def _check(key: str, name: str, value: Json, harmless: frozenset[str]) -> None:
    if name in harmless:
        _check_value(key, name, value)
    elif not _is_off(value) and (name, value) != _USUAL_FORMAT:
        raise _refusal(key, name, value)


def _check_value(key: str, name: str, value: Json) -> None:
    """A harmless option has a plain value: a number, a switch, a word."""
    if isinstance(value, str):
        if not _WORD.fullmatch(value) or _LIBRARY.search(value):
            raise _refusal(key, name, value)
    elif not isinstance(value, (int, float)):
        raise OnnxError("bad_value", part=CONFIG, setting=key)


def _refusal(key: str, name: str, value: Json) -> OnnxError:
    key, lower = key[:_LONGEST_KEY], name.lower()
    if (isinstance(value, str) and _LIBRARY.search(value)) or any(word in lower for word in _LIBRARY_WORDS):
        return OnnxError("custom_library", part=CONFIG, setting=key)
    if any(word in lower for word in _WRITES):
        return OnnxError("writes_file", part=CONFIG, setting=key)
    return OnnxError("unsafe_option", part=CONFIG, setting=key)


def _is_off(value: Json) -> bool:
    return value is None or value is False or (isinstance(value, str) and value.lower() in _OFF)


def _object(value: Json, key: str) -> Object:
    if not isinstance(value, dict):
        raise OnnxError("bad_value", part=CONFIG, setting=key[:_LONGEST_KEY])
    return value
