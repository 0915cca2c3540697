"""Make resources/catalogue/catalogue.json from a file of facts and our own words.

Run `python .ci/catalogue.py FACTS.json` after new facts were collected or words changed in
.ci/catalogue-words.json, read the difference, and commit it. The same input gives the same bytes. It lives
here and not beside its result because everything in resources/ is shipped.

What it does with facts, in the order of doubt:
- a model that cannot be fetched (no repository is known) is left out;
- sizes that their source rounded become `about_bytes` (GiB = 2^30, GB = 10^9); so does an exact one of a file
  that was replaced since, as its differing hashes tell, and such a hash is left out and the file marked;
- an MD5 says nothing about a SHA-256 and is left out; a count of weights, which may count some twice, is kept
  for working out sizes and shown to nobody;
- limits of a licence that were not read in its own text are marked as second-hand;
- everything else that is unknown is left out, never computed.

Files are grouped into variants here, by the rules that the program has for the Hub, so that it only has to
read them: starting must not wait for it.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from slmdesk.catalogue import ModelFile, Variant, group_variants
from slmdesk.catalogue.labels import label_variants
from slmdesk.catalogue.onnx_folders import onnx_variant

ROOT = Path(__file__).resolve().parent.parent
WORDS = ROOT / ".ci" / "catalogue-words.json"
RESULT = ROOT / "resources" / "catalogue" / "catalogue.json"
FORMAT = 1

_UNITS = {"MB": 10**6, "GB": 10**9, "MiB": 2**20, "GiB": 2**30}
_ABILITIES = ("chat", "reasoning", "code", "vision", "tools")
_COMMERCIAL_USE = {"yes": "yes", "no": "no", "with limits": "limits"}
_CONTEXT_KINDS = {
    "vendor": "vendor",
    "vendor (with YaRN)": "vendor",
    "catalogue": "catalogue",
    "catalogue, rounded": "rounded",
    "config hint": "config",
    "config": "config",
    "GGUF header": "header",
}
# The facts have the names of config.json; headers and the engine have those that llama.cpp's converter gives.
_ARCHITECTURES = {
    "gemma3_text": "gemma3",
    "gpt_oss": "gpt-oss",
    "granitemoehybrid": "granitehybrid",
    "idefics3": "llama",
    "internlm3": "llama",
    "falcon3": "llama",
    "lfm2_moe": "lfm2moe",
    "mistral": "llama",
    "olmo3": "olmo2",
    "qwen2_5_vl": "qwen2vl",
    "qwen3_5": "qwen35",
    "qwen3_moe": "qwen3moe",
    "qwen3_vl": "qwen3vl",
}
_DIMENSIONS = (
    "layers", "heads", "kv_heads", "head_dim", "hidden_size", "vocab_size", "sliding_window", "experts",
    "active_experts",
)  # fmt: skip

# A source that is the facts file itself, by what it says of that part.
_OLDER_FACTS = re.compile(r"model_facts\.json before this revision \(its own note: (?P<note>[^)]+)\)")

Json = dict[str, Any]


class _Table:
    """Values by their place in the order of first use."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}

    def place(self, value: object) -> int:
        key = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return self.places.setdefault(key, len(self.places))

    def places_of(self, texts: list[str], chosen: list[int | None]) -> list[int]:
        """The places of the chosen `texts`, each once."""
        shown = (_shown(texts[one]) for one in chosen if one is not None)
        return list(dict.fromkeys(self.place(text) for text in shown))


def make_catalogue(facts: Json, words: Json) -> str:
    """The text of the list. Raises KeyError for a fact or a word that nothing here knows what to do with."""
    sources, licences = _Table(), _Table()
    chosen = [model for model in facts["models"] if model["gguf_repos"] or model["onnx"]]
    unused = set(words["descriptions"]) - {model["id"] for model in chosen}
    if unused:
        raise KeyError(f"descriptions of models that are not in the list: {sorted(unused)}")
    models = [_model(model, words, sources, licences) for model in chosen]
    collected = re.search(r"Collected (\d{4}-\d{2}-\d{2})", facts["about"])
    if collected is None:
        raise KeyError("the facts do not say when they were collected")
    lines = [
        "{",
        f'"format": {FORMAT},',
        f'"date": "{collected[1]}",',
        *_array("licences", licences.places),
        *_array("models", [_line(model) for model in models]),
        *_array("sources", [_line(source) for source in sources.places], last=True),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _array(name: str, rows: Any, *, last: bool = False) -> list[str]:
    """A row to a line, so that a difference shows which model changed."""
    return [f'"{name}": [', ",\n".join(rows), "]" if last else "],"]


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _known(**values: object) -> Json:
    """Without what is unknown or empty."""
    return {
        name: value
        for name, value in values.items()
        if value or (isinstance(value, int | float) and not isinstance(value, bool))
    }


def _model(model: Json, words: Json, sources: _Table, licences: _Table) -> Json:
    own = model["sources"]
    licence, languages, context = (model[name] or {} for name in ("license", "languages", "context_length"))
    abilities = model["abilities"] or {}
    assert set(abilities) <= set(_ABILITIES), abilities
    others = context.get("others", [])
    dimensions = _dimensions(model["architecture"])
    topics: dict[str, list[int | None]] = {
        "licence": [licence.get("source"), *(one["source"] for one in licence.get("also_stated", []))],
        "terms": [licence.get("terms_source")],
        "languages": [languages.get("source")],
        "abilities": [place for places in abilities.values() for place in places],
        "context": [context.get("source"), *(one["source"] for one in others)],
        "architecture": model["architecture"]["source"] if dimensions else [],
        "released": [(model["release_month"] or {}).get("source")],
        "files": [
            *(place for file in model["gguf"] for place in _sources_of_file(file)),
            *(folder["source"] for folder in model["onnx"]),
        ],
    }
    return _known(
        id=model["id"],
        name=model["name"],
        publisher=model["publisher"],
        description=words["descriptions"][model["id"]],
        size=_known(
            label=model["published_size"]["label"],
            billions=model["published_size"]["billions"],
            active_billions=_billions(model["active_parameters"]),
            counted=model["parameters_raw"],
        ),
        **_licence(licence, own, words, licences),
        languages=_known(
            codes=languages.get("codes"), count=languages.get("count"), at_least=languages.get("at_least")
        ),
        abilities=[ability for ability in _ABILITIES if ability in abilities],
        context=_known(
            tokens=context.get("tokens"),
            kind=_CONTEXT_KINDS[context["kind"]] if context else None,
            others=sorted({one["tokens"] for one in others}),
        ),
        dimensions=dimensions,
        released=(model["release_month"] or {}).get("month"),
        gguf={repo: _gguf(model, repo) for repo in model["gguf_repos"]},
        onnx=_onnx(model["onnx"]),
        sources=_known(**{topic: sources.places_of(own, places) for topic, places in topics.items()}),
    )


def _licence(licence: Json, own: list[str], words: Json, licences: _Table) -> Json:
    if not licence:
        return {}
    limit = licence["limit"]
    translated = {code: texts[limit] for code, texts in words["limits"].items()} if limit else {}
    # A limit without a source of its own was not read in the text of the licence either.
    read_in = own[licence["terms_source"]] if "terms_source" in licence else "second-hand"
    said = _known(
        id=licence["id"],
        url=licence["url"],
        commercial_use=_COMMERCIAL_USE[licence["commercial_use"]],
        limit={"en": limit} | translated if limit else {},
        second_hand=bool(limit) and read_in.startswith("second-hand"),
    )
    also = [one["id"] for one in licence.get("also_stated", [])]
    return {"licence": licences.place(said)} | _known(licence_also_stated=also)


def _dimensions(architecture: Json) -> Json:
    name = architecture["architecture"]
    return _known(
        architecture=_ARCHITECTURES.get(name, name), **{one: architecture[one] for one in _DIMENSIONS}
    )


def _gguf(model: Json, repo: str) -> list[Json]:
    files = [_file(file) for file in model["gguf"] if file["repo"] == repo]
    return [_variant(variant) for variant in group_variants(repo, files)]


def _file(file: Json) -> ModelFile:
    replaced = bool(file.get("conflict"))
    exact = file["size_bytes"]
    return ModelFile(
        repo=file["repo"],
        path=file["file"],
        size_bytes=None if replaced else exact,
        about_bytes=exact if replaced and exact else None if exact else _bytes(file["size_rounded"]),
        sha256="" if replaced else file["sha256"] or "",
        sha256_disputed=replaced,
    )


def _sources_of_file(file: Json) -> list[int]:
    return [*file["source"], *(one["source"] for one in file.get("other_sha256", []))]


def _onnx(folders: list[Json]) -> dict[str, list[Json]]:
    """Variants by repository; none where it has not been seen which folder it is."""
    found: dict[str, list[Variant]] = {}
    for folder in folders:
        seen = found.setdefault(folder["repo"], [])
        exact = folder["size_bytes"]
        if folder["folder"] is not None:
            seen.append(
                onnx_variant(
                    folder["repo"],
                    folder["folder"],
                    execution_provider=folder["execution_provider"] or "",
                    size_bytes=exact,
                    about_bytes=None if exact else _bytes(folder["size_rounded"]),
                )
            )
    return {repo: [_variant(variant) for variant in label_variants(seen)] for repo, seen in found.items()}


def _variant(variant: Variant) -> Json:
    """What the list says of it; the rest follows from where it stands."""
    return _known(
        label=variant.label,
        quantization=variant.quantization,
        quality=variant.quality,
        files=[_known(**_facts(file)) for file in variant.files],
        projector=_known(**_facts(variant.projector)) if variant.projector else None,
        folder=variant.folder,
        folder_bytes=variant.folder_bytes,
        folder_about_bytes=variant.folder_about_bytes,
        execution_provider=variant.execution_provider,
        trained_for=variant.trained_for,
        unloadable=not variant.loadable,
    )


def _facts(file: ModelFile) -> Json:
    return {
        "path": file.path,
        "size_bytes": file.size_bytes,
        "about_bytes": file.about_bytes,
        "sha256": file.sha256,
        "sha256_disputed": file.sha256_disputed,
    }


def _bytes(text: str | None) -> int | None:
    """Bytes of a size such as `2.9 GiB`."""
    if text is None:
        return None
    number, unit = text.split()
    return round(float(number) * _UNITS[unit])


def _shown(source: str) -> str:
    older = _OLDER_FACTS.fullmatch(source)
    return older["note"] if older else source


def _billions(parameters: int | None) -> float | None:
    return parameters / 10**9 if parameters is not None else None


def main() -> int:
    """Write the list; the exit code."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python .ci/catalogue.py FACTS.json\n")
        return 2
    facts = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    text = make_catalogue(facts, json.loads(WORDS.read_text(encoding="utf-8")))
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_bytes(text.encode())
    sys.stdout.write(f"{RESULT.relative_to(ROOT)}: {len(text.encode())} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
