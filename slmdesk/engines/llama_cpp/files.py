"""The model's files, read and checked before native code is shown them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from slmdesk.engines.gguf_problems import gguf_problem, other_parts, read_whole_header
from slmdesk.engines.llama_cpp.sanity import Alphabet, check_header, check_vocabulary
from slmdesk.formats.gguf import GgufError, GgufHeader, fault_of_set, read_texts
from slmdesk.messages import ErrorKind, UserError

# A model that writes text has none of these; llama.cpp ends the process over one that has.
_VOCABULARIES_OF_ENCODERS = ("bert",)


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model that is worth showing to native code."""

    headers: tuple[GgufHeader, ...]
    """Of all parts, in their order."""
    weights_bytes: int
    """Of all parts."""
    parameters: int
    """Of all parts."""
    alphabet: Alphabet | None
    """None: every text can be put into tokens."""

    @property
    def header(self) -> GgufHeader:
        """Of the first part: what the model is."""
        return self.headers[0]


def inspect_files(path: str) -> ModelFiles:
    """Read and check the file at `path` and the other parts of a split model.

    Blocking. Raises UserError (kind MODEL) that names the file and says what is wrong with it.
    """
    header = read_whole_header(Path(path))
    alphabet = _guard(Path(path), header)
    headers = (header, *map(read_whole_header, other_parts(Path(path), header)))
    fault = fault_of_set(headers)
    if fault:
        raise UserError(
            "model-parts-do-not-match", ErrorKind.MODEL, details=fault, file=path, count=len(headers)
        )
    return ModelFiles(
        headers,
        sum(one.weights_bytes for one in headers),
        sum(one.parameters for one in headers),
        alphabet,
    )


def _guard(path: Path, header: GgufHeader) -> Alphabet | None:
    """Raise UserError for a file that llama.cpp would end the process over."""
    try:
        check_header(header)
        tokens = read_texts(path, header, "tokenizer.ggml.tokens")
        alphabet = check_vocabulary(header.text("tokenizer.ggml.model"), tokens)
    except GgufError as error:
        raise gguf_problem(path, error) from error
    if header.text("tokenizer.ggml.model") in _VOCABULARIES_OF_ENCODERS:
        raise UserError("model-not-for-chat", ErrorKind.MODEL, file=str(path))
    return alphabet
