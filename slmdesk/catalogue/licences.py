"""What a licence allows, in plain words."""

from __future__ import annotations

from slmdesk.catalogue.model import Licence
from slmdesk.messages import Message, current_language

# Their own titles, which no language translates; the Hub's ids are all in lower case.
_NAMES = {
    "apache-2.0": "Apache-2.0",
    "mit": "MIT",
    "gemma": "Gemma Terms of Use",
    "llama3": "Llama 3 License",
    "llama3.1": "Llama 3.1 License",
    "llama3.2": "Llama 3.2 License",
    "llama3.3": "Llama 3.3 License",
    "lfm1.0": "LFM Open License 1.0",
    "qwen-research": "Qwen Research License",
    "falcon-llm-license": "Falcon LLM License",
    "exaone-1.1-nc": "EXAONE License 1.1 NC",
    "exaone-1.2-nc": "EXAONE License 1.2 NC",
    "nvidia-open-model-license": "NVIDIA Open Model License",
}

_SUMMARIES = {
    "yes": "licence-work-yes",
    "no": "licence-work-no",
    "limits": "licence-work-limits",
    None: "licence-work-unknown",
}


def licence_name(licence: Licence) -> str:
    """The licence as people write it; "" where none is known."""
    return _NAMES.get(licence.id, licence.id)


def limit_of(licence: Licence) -> str:
    """The sentence on its limits in the person's language, else in English; "": none, or not known."""
    return licence.limit_in.get(current_language().code, licence.limit)


def licence_summary(licence: Licence) -> Message:
    """The name, whether the model may be used at work, and the limit where there is one."""
    name, limit = licence_name(licence), limit_of(licence)
    if not name:
        return _unnamed(licence, limit)
    key = _SUMMARIES[licence.commercial_use]
    if licence.commercial_use in ("no", "limits") and limit:
        return Message(f"{key}-told", {"licence": name, "limit": limit})
    return Message(key, {"licence": name})


def licence_doubts(licence: Licence) -> tuple[Message, ...]:
    """What to know about how sure the summary is; most licences have none."""
    doubts = []
    if licence.also_stated:
        doubts.append(Message("licence-also-stated", {"others": ", ".join(licence.also_stated)}))
    if licence.second_hand:
        doubts.append(Message("licence-second-hand"))
    return tuple(doubts)


def _unnamed(licence: Licence, limit: str) -> Message:
    if licence.commercial_use == "no":
        key = "licence-unnamed-no"
        return Message(f"{key}-told", {"limit": limit}) if limit else Message(key)
    return Message("licence-unknown")
