"""The header of a GGUF file: metadata, tensor table, and the facts that follow from them.

A bounded reader of our own: a hostile file ends in a `GgufError`, not in a hang or an allocation.
"""

from slmdesk.formats.gguf.errors import GgufError, GgufErrorCode
from slmdesk.formats.gguf.header import GgufHeader, SkippedArray, TensorInfo, Value
from slmdesk.formats.gguf.limits import Limits
from slmdesk.formats.gguf.parts import Part, fault_of_set, find_part
from slmdesk.formats.gguf.reader import read_header, read_texts
from slmdesk.formats.gguf.source import RangeSource
from slmdesk.formats.gguf.types import TENSOR_TYPES, ValueType, block_of, bytes_of

__all__ = [
    "TENSOR_TYPES",
    "GgufError",
    "GgufErrorCode",
    "GgufHeader",
    "Limits",
    "Part",
    "RangeSource",
    "SkippedArray",
    "TensorInfo",
    "Value",
    "ValueType",
    "block_of",
    "bytes_of",
    "fault_of_set",
    "find_part",
    "read_header",
    "read_texts",
]
