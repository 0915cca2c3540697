"""What the name of a quantization says: bits per weight, and what it costs in quality.

One table for all of it. Where its figures come from:

- `loss` is the mean Kullback-Leibler divergence from the unquantized model, measured on Llama 3 8B over
  Wikitext-2: ggml-org/llama.cpp, tools/perplexity/README.md, "LLaMA 3 8b Scoreboard" (revision f364eb6f).
  Without an importance matrix where that was measured; the types below three bits and all that begin with I
  with one (WT 10m), because they are hardly ever made without.
- `bits` is what a whole Llama 3.1 8B comes to: ggml-org/llama.cpp, tools/quantize/README.md, "Quantization".
  Types that are missing there: the file size of the scoreboard over 8.03e9 weights (two decimals), or the
  "bpw" of tools/quantize/quantize.cpp. Another model has other bits, a small one with a large vocabulary more
  of them: `bits_per_weight` measures.
- `runs` is false for what llama.cpp does not load: I2_S lives in a fork (issues 12997 and 17105), Q4_0_4_4
  and its like were removed from the format (ggml.h), and the types of ik_llama.cpp never were in it.

Grades are bands of the loss: `_BANDS`.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from msgspec import Struct
from msgspec.structs import replace


class Quantization(Struct, frozen=True):
    """One way to store weights."""

    name: str
    bits: float | None = None
    """Bits per weight of a whole model of 8 billion weights, typically; None: not known."""
    loss: float | None = None
    """Mean divergence from the unquantized model in nats per token; None: not measured."""
    runs: bool = True
    """Whether llama.cpp loads it."""
    finer: bool = False
    """Embeddings or single layers are kept finer than in the type that the figures are of."""

    @property
    def quality(self) -> int | None:
        """5 as good as the original ... 0 for experiments; None: not known."""
        if self.loss is None:
            return None
        return next((grade for grade, below in _BANDS if self.loss < below), 0)


# Grade, and the loss that it must stay below.
_BANDS = ((5, 0.003), (4, 0.025), (3, 0.075), (2, 0.25), (1, 0.6))

_TABLE = (
    Quantization("F32", 32.0, 0.0),
    Quantization("BF16", 16.0, 0.0),
    Quantization("F16", 16.0005, 0.000551),
    Quantization("Q8_0", 8.5008, 0.001355),
    Quantization("Q6_K", 6.5633, 0.005452),
    Quantization("Q5_K_M", 5.7036, 0.010762),
    Quantization("Q5_K_S", 5.5704, 0.016595),
    Quantization("Q5_1", 6.04, 0.018045),
    Quantization("Q5_0", 5.57, 0.022239),
    Quantization("Q4_K_M", 4.8944, 0.031273),
    Quantization("IQ4_NL", 4.6818, 0.035742),
    Quantization("IQ4_XS", 4.4597, 0.036334),
    Quantization("Q4_K_S", 4.6672, 0.043136),
    Quantization("Q4_1", 5.11, 0.071683),
    Quantization("Q4_0", 4.64, 0.071940),
    Quantization("Q3_K_L", 4.2979, 0.087176),
    Quantization("Q3_K_M", 4.00, 0.101913),
    Quantization("IQ3_M", 3.7628, 0.102534),
    Quantization("IQ3_S", 3.6606, 0.111278),
    Quantization("IQ3_XS", 3.4977, 0.138693),
    Quantization("IQ3_XXS", 3.2548, 0.183625),
    Quantization("Q3_K_S", 3.6429, 0.228217),
    Quantization("IQ2_M", 2.9294, 0.325989),
    Quantization("Q2_K", 3.1593, 0.332223),
    Quantization("Q2_K_S", 2.9697, 0.403360),
    Quantization("IQ2_S", 2.7403, 0.439197),
    Quantization("IQ2_XS", 2.5882, 0.546290),
    Quantization("IQ2_XXS", 2.3824, 0.812022),
    Quantization("IQ1_M", 2.1460, 1.393084),
    Quantization("IQ1_S", 2.0042, 2.254554),
    # ONNX, rounded to the nearest in blocks of 32, as the model builder of onnxruntime-genai does unless told
    # otherwise: the same numbers as in Q8_0 and Q4_0, so their figures are taken.
    Quantization("INT8", 8.5, 0.001355),
    Quantization("INT4", 4.5, 0.071940),
    Quantization("UINT4", 4.5, 0.071940),
    # Not measured there: what they cost depends on whether the model was trained for them.
    Quantization("MXFP4"),
    Quantization("MXFP4_MOE"),
    Quantization("NVFP4"),
    Quantization("TQ2_0", 2.06),
    Quantization("TQ1_0", 1.69),
    Quantization("Q2_0", 2.25),
    Quantization("Q1_0", 1.125),
    Quantization("I2_S", runs=False),
    Quantization("Q4_0_4_4", runs=False),
    Quantization("Q4_0_4_8", runs=False),
    Quantization("Q4_0_8_8", runs=False),
)
_BY_NAME = {one.name: one for one in _TABLE}
# The short names that quantize.cpp calls aliases, and how others write the unquantized ones.
_ALIASES = {
    "Q3_K": "Q3_K_M",
    "Q4_K": "Q4_K_M",
    "Q5_K": "Q5_K_M",
    "Q8_K": "Q8_0",
    "FP16": "F16",
    "FP32": "F32",
}

# Models whose own weights are of this kind, so that nothing is lost (model card of gpt-oss, "MXFP4
# quantization").
_ORIGINAL = {"MXFP4": "gpt-oss", "MXFP4_MOE": "gpt-oss"}

_FINER = ("_L", "_XL", "_XXL")

_UNQUANTIZED = frozenset({"BF16", "F16", "FP16", "F32", "FP32"})
# As in gemma-3-4b-it-qat-q4_0-unquantized-BF16.gguf, whose weights were only trained for Q4_0.
_UNDONE = re.compile(r"(?:UN|DE)-?QUANT")


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Where a name says it, and where it only says how many bits. Not made before they are needed: that takes
    milliseconds, and starting must not wait.
    """
    said = re.compile(
        r"(?<![A-Z0-9])(?:"
        r"(?:UD-)?I?Q[1-9]_(?:\d(?:_\d_\d)?|K[STVL]{0,3}(?:_(?:X{0,2}[LS]|[MP]))?|NL|X{0,2}S|M)(?:_R\d{1,2})?"
        r"|BF16|FP?16|FP?32|MXFP4(?:_MOE)?|NVFP4|TQ[12]_0|I2_S"
        r")(?![A-Z0-9])"
    )
    return said, re.compile(r"(?<![A-Z0-9])I?Q[1-8](?![A-Z0-9_])")


@lru_cache(maxsize=2048)
def find_quantization(name: str) -> tuple[str, int, int] | None:
    """The quantization that the name of a file or folder says, with its place in `name`: the last one wins.

    Not where that is F32, F16 or BF16 behind a smaller one (`…Q4_K_M-f32`): it then tells what the file was
    made from, unless the name says that the smaller one was undone. Upper case, and FP16 as F16. None: the
    name says none.
    """
    upper = name.upper()
    if len(upper) != len(name):
        # A letter that grows in upper case (ß) would shift the places; no quantization is written with one.
        upper = "".join(letter.upper() if len(letter.upper()) == 1 else letter for letter in name)
    for pattern in _patterns():
        found = list(pattern.finditer(upper))
        if found:
            last = found[-1]
            smaller = [one for one in found if one[0] not in _UNQUANTIZED]
            if smaller and last[0] in _UNQUANTIZED:
                undone = _UNDONE.search(upper, smaller[-1].end(), last.start())
                last = last if undone else smaller[-1]
            return {"FP16": "F16", "FP32": "F32"}.get(last[0], last[0]), *last.span()
    return None


def quantization_named(name: str, model: str = "") -> Quantization:
    """What is known of the quantization `name`.

    `model`, the name of a repository or file, tells where it is what the model was published in.
    """
    known = _known(name)
    if (made_for := _ORIGINAL.get(name)) and made_for in model.lower():
        return replace(known, loss=0.0)
    return known


@lru_cache(maxsize=256)
def _known(name: str) -> Quantization:
    plain = name.removeprefix("UD-")
    known = _BY_NAME.get(_ALIASES.get(plain, plain))
    finer = plain != name
    base, mark, size = plain.rpartition("_")
    if known is None and mark + size in _FINER:
        known = _BY_NAME.get(f"{base}_M") or _BY_NAME.get(_ALIASES.get(base, base))
        finer = True
    if known is None:
        return Quantization(name, runs=not _is_of_a_fork(plain))
    return Quantization(name, known.bits, known.loss, known.runs, finer)


def _is_of_a_fork(name: str) -> bool:
    """IQ4_KSS, Q4_K_R4, Q8_KV and the like: ik_llama.cpp's."""
    parts = name.split("_")
    interleaved = parts[-1].startswith("R") and parts[-1][1:].isdecimal()
    of_i_and_k = name.startswith("IQ") and len(parts) > 1 and parts[1].startswith("K")
    return interleaved or of_i_and_k or name == "Q8_KV"


def bits_per_weight(size_bytes: int, parameters: int) -> float:
    """Bits for each weight of a model of `parameters` weights in `size_bytes` of files (no projector).

    Raises ValueError where there are no weights.
    """
    if parameters <= 0:
        raise ValueError("no weights to divide by")
    return size_bytes * 8 / parameters
