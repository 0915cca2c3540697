"""Models, variants and reports as tests need them: every field that is not in question has a plain value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slmdesk.catalogue import CatalogueModel, Languages, Licence, ModelFile, Variant, tier_of
from slmdesk.fit import DeviceNeed, FitReport, MemoryNeed, Parts, SpeedRange, Verdict
from slmdesk.messages import Message
from slmdesk.offers import Offer

GIB = 2**30
QUALITIES = {"F16": 5, "Q8_0": 5, "Q6_K": 4, "Q5_K_M": 4, "Q4_K_M": 3, "Q4_K_S": 3, "Q3_K_M": 2, "Q2_K": 1}


def make_variant(
    quantization: str, size_bytes: int | None, repo: str = "maker/files-GGUF", **more: Any
) -> Variant:
    file = ModelFile(repo=repo, path=f"model-{quantization}.gguf", size_bytes=size_bytes)
    return Variant(
        **{
            "id": f"{repo}/{file.path}",
            "repo": repo,
            "format": "gguf",
            "label": quantization,
            "quantization": quantization,
            "files": (file,),
            "quality": QUALITIES.get(quantization),
            **more,
        }
    )


def make_model(model_id: str = "maker/model", **more: Any) -> CatalogueModel:
    billions = more.pop("billions", 4.0)
    languages = more.pop("languages", ())
    work = more.pop("work", "yes")
    return CatalogueModel(
        **{
            "id": model_id,
            "name": model_id.rpartition("/")[2],
            "publisher": model_id.partition("/")[0],
            "billions": billions,
            "tier": tier_of(billions),
            "licence": Licence(id="apache-2.0", commercial_use=work),
            "languages": Languages(codes=tuple(languages)),
            "abilities": ("chat",),
            "curated": True,
            **more,
        }
    )


def make_report(
    verdict: Verdict = Verdict.FITS,
    *,
    speed: tuple[float, float] | None = (25.0, 35.0),
    resident: int = 2 * GIB,
    free: int | None = 8 * GIB,
    speed_note: Message | None = None,
) -> FitReport:
    known = verdict is not Verdict.UNKNOWN
    range_ = (
        SpeedRange(low=speed[0], expected=sum(speed) / 2, high=speed[1], measured=False) if speed else None
    )
    memory = MemoryNeed(
        parts=Parts(weights=resident),
        resident=resident,
        devices=(DeviceNeed(name="CPU", parts=Parts(weights=resident), free=free),),
        context_length=4096,
        kv_type="f16",
        gpu_layers=0,
        source="estimated",
    )
    return FitReport(
        verdict=verdict,
        reason=Message("fit-unknown"),
        change=None,
        memory=memory if known else None,
        speed=range_ if known else None,
        speed_when_full=range_ if known else None,
        first_token_s=1.0 if known else None,
        speed_note=speed_note,
    )


def make_offer(
    model: CatalogueModel | str,
    verdict: Verdict = Verdict.FITS,
    *,
    size_bytes: int | None = 2_500_000_000,
    installed: Sequence[str] = (),
    **report: Any,
) -> Offer:
    model = make_model(model) if isinstance(model, str) else model
    variants = model.variants or (make_variant("Q4_K_M", size_bytes, model.id),)
    return Offer(
        model=model,
        variant=variants[0],
        report=make_report(verdict, **report),
        installed=tuple(installed),
    )
