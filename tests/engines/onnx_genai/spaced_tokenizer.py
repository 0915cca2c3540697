"""A tokenizer in the manner of Llama 2 for the tiny model: a blank before every piece, bytes for the rest."""

from __future__ import annotations

import json
from pathlib import Path

_CONTROL = ("<unk>", "<s>", "</s>")
_WORDS = ("▁", "a", "b", "h", "e", "l", "o", "▁h", "▁he", "ll", "▁hell", "▁hello", "▁a", "▁b", ":")
_MERGES = ("▁ h", "▁h e", "l l", "▁he ll", "▁hell o", "▁ a", "▁ b")


def give_spaced_tokenizer(folder: Path) -> None:
    """Replace the tokenizer in `folder`, whose model must know 274 tokens, with `</s>` as the end."""
    vocabulary = {text: number for number, text in enumerate(_CONTROL)}
    for text in (*(f"<0x{byte:02X}>" for byte in range(256)), *_WORDS):
        vocabulary[text] = len(vocabulary)
    control = [
        {
            "id": number, "content": text, "special": True,
            "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
        }
        for number, text in enumerate(_CONTROL)
    ]  # fmt: skip
    begins = {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": control,
        "normalizer": {
            "type": "Sequence",
            "normalizers": [
                {"type": "Prepend", "prepend": "▁"},
                {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
            ],
        },
        "pre_tokenizer": None,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [
                {"SpecialToken": {"id": "<s>", "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
            ],
            "pair": [],
            "special_tokens": begins,
        },
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0},
            ],
        },
        "model": {
            "type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None,
            "end_of_word_suffix": None, "fuse_unk": True, "byte_fallback": True,
            "vocab": vocabulary, "merges": list(_MERGES),
        },
    }  # fmt: skip
    config = {
        "tokenizer_class": "LlamaTokenizer",
        "add_bos_token": True,
        "add_eos_token": False,
        "bos_token": "<s>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
    }
    template = "{% for m in messages %}{{ m.role }}: {{ m.content }}</s>{% endfor %}assistant:"
    for name, value in (("tokenizer.json", tokenizer), ("tokenizer_config.json", config)):
        (folder / name).write_text(json.dumps(value), encoding="utf-8")
    (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
