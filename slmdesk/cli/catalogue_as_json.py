"""What `slmdesk catalogue ... --json` prints. Keys are added, never renamed: scripts read them. Sizes are in
bytes, lengths in tokens; what is not known is null, an empty text or an empty list."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slmdesk.catalogue import (
    CatalogueModel,
    Change,
    RefreshReport,
    Variant,
    description_of,
    licence_summary,
    missing_parts,
)
from slmdesk.cli.fit_view import speed_as_json
from slmdesk.fit import FitReport
from slmdesk.messages import UserError, one_line, say
from slmdesk.offers import Offer, note_of_speeds


@dataclass(frozen=True, slots=True)
class HubAnswer:
    """What the Hub said to a search."""

    models: tuple[CatalogueModel, ...] = ()
    date: float | None = None
    """When; seconds since 1970. The oldest of its pages; None: nothing came from it."""
    problem: UserError | None = None
    """Why it was not asked now."""
    more: bool = False
    """Whether it has further pages."""
    asked: bool = False
    """Whether anything was asked of it now, also where no answer came."""


def search_as_json(
    offers: Sequence[Offer], hub: HubAnswer, *, curated_date: str, more: bool
) -> dict[str, Any]:
    """What `search` prints."""
    note = note_of_speeds(offers)
    return {
        "models": [_offer(offer) for offer in offers],
        "more": more,
        "curated_date": curated_date,
        "speed_note": say(note) if note is not None else None,
        "hub": {
            "asked": hub.asked,
            "date": _moment(hub.date),
            "stale": hub.problem is not None and hub.date is not None,
            "problem": one_line(hub.problem) if hub.problem is not None else None,
        },
    }


def model_as_json(
    offer: Offer, reports: Mapping[str, FitReport], problem: UserError | None = None
) -> dict[str, Any]:
    """What `show` prints; `reports` by the variants' ids, `problem` why the Hub said nothing now."""
    recommended = offer.variant.id if offer.variant is not None else ""
    return {
        **_offer(offer),
        "sources": offer.model.sources,
        "hub_problem": one_line(problem) if problem is not None else None,
        "variants_known": offer.model.variants_known,
        "variants": [
            {
                **_variant(variant),
                "recommended": variant.id == recommended,
                **_report(None if variant.parts else reports.get(variant.id)),
            }
            for variant in offer.model.variants
        ],
    }


def refresh_as_json(report: RefreshReport) -> dict[str, Any]:
    """What `refresh` prints."""
    return {
        "date": _moment(report.date),
        "repositories": report.total,
        "answered": report.answered,
        "not_asked": report.not_asked,
        "stopped": report.stopped,
        "absent": list(report.absent),
        "learned_files": report.learned,
        "confirmed_files": report.confirmed,
        "changes": [_change(change) for change in report.changes],
        "not_kept": one_line(report.not_kept) if report.not_kept is not None else None,
        "failed": [{"repo": one.repo, "problem": one_line(one.error)} for one in report.failed],
    }


def _offer(offer: Offer) -> dict[str, Any]:
    model = offer.model
    licence = model.licence
    return {
        "id": model.id,
        "name": model.name,
        "publisher": model.publisher,
        "size": model.size_label,
        "billions": model.billions,
        "active_billions": model.active_billions,
        "parameters": model.dimensions.parameters if model.dimensions is not None else None,
        "tier": model.tier,
        "licence": {
            "id": licence.id,
            "url": licence.url,
            "commercial_use": licence.commercial_use,
            "summary": say(licence_summary(licence)),
        },
        "languages": list(model.languages.codes),
        "language_count": model.languages.count,
        "abilities": list(model.abilities),
        "context_length": model.context_length,
        "released": model.released,
        "description": description_of(model),
        "gguf_repos": list(model.gguf_repos),
        "onnx_repos": list(model.onnx_repos),
        "curated": model.curated,
        "gone": model.is_gone,
        "gated": model.gated,
        "downloads": model.downloads,
        "likes": model.likes,
        "updated": model.updated,
        "asked": _moment(model.asked),
        "installed": list(offer.installed),
        "recommended": _variant(offer.variant) if offer.variant is not None else None,
        "reason": say(offer.reason) if offer.reason is not None else None,
        "download_bytes": offer.download_bytes,
        "download_source": offer.download_source,
        **_report(offer.report),
    }


def _variant(variant: Variant) -> dict[str, Any]:
    return {
        "id": variant.id,
        "repo": variant.repo,
        "format": variant.format,
        "label": variant.label,
        "quantization": variant.quantization,
        "quality": variant.quality,
        "bits_per_weight": round(variant.bits_per_weight, 2) if variant.bits_per_weight else None,
        "execution_provider": variant.execution_provider,
        "folder": variant.folder,
        "loadable": variant.loadable,
        "projector": variant.projector.path if variant.projector is not None else None,
        "missing_parts": list(missing_parts(variant)),
        "size_bytes": variant.size_bytes,
        "about_bytes": variant.about_bytes,
        "files": [
            {
                "path": file.path,
                "size_bytes": file.size_bytes,
                "about_bytes": file.about_bytes,
                "sha256": file.sha256,
                "revision": file.revision,
            }
            for file in variant.all_files
        ],
    }


def _report(report: FitReport | None) -> dict[str, Any]:
    memory = report.memory if report is not None else None
    note = report.speed_note if report is not None else None
    return {
        "verdict": report.verdict.value if report is not None else "unknown",
        "source": memory.source if memory is not None else None,
        "total": memory.parts.total if memory is not None else None,
        "resident": memory.resident if memory is not None else None,
        "tokens_per_second": speed_as_json(report.speed if report is not None else None),
        "speed_note": say(note) if note is not None else None,
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "model": change.model,
        "repo": change.repo,
        "path": change.path,
        "before": change.before,
        "after": change.after,
        "sentence": say(change.message),
    }


def _moment(seconds: float | None) -> str | None:
    """ISO 8601 in UTC."""
    if seconds is None:
        return None
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="seconds")
