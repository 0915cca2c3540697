"""Model folders of ONNX Runtime GenAI: their config, the structure of their graph, their tokenizer's tokens.

A bounded reader of our own: a hostile folder ends in an `OnnxError`, not in a hang or an allocation, and what
would make the native library leave the folder, load code or write files is refused by its name.
"""

from slmdesk.formats.onnx.config import GenaiConfig, parse_config
from slmdesk.formats.onnx.elsewhere import find_graph, read_outline
from slmdesk.formats.onnx.errors import OnnxError, OnnxErrorCode
from slmdesk.formats.onnx.folder import GenaiFolder, is_genai_folder, read_folder
from slmdesk.formats.onnx.limits import Limits
from slmdesk.formats.onnx.options import CONFIG, ENDINGS_OF_TEXTS
from slmdesk.formats.onnx.outline import GenaiOutline
from slmdesk.formats.onnx.texts import SpecialTokens

__all__ = [
    "CONFIG",
    "ENDINGS_OF_TEXTS",
    "GenaiConfig",
    "GenaiFolder",
    "GenaiOutline",
    "Limits",
    "OnnxError",
    "OnnxErrorCode",
    "SpecialTokens",
    "find_graph",
    "is_genai_folder",
    "parse_config",
    "read_folder",
    "read_outline",
]
