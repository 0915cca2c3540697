"""Models that can be fetched: the curated list, the Hub, and their variants."""

from slmdesk.catalogue.curated import CuratedList, curated_notes, load_curated
from slmdesk.catalogue.descriptions import description_of
from slmdesk.catalogue.hub import HubCatalogue, LaidOver, refresh
from slmdesk.catalogue.licences import licence_doubts, licence_name, licence_summary, limit_of
from slmdesk.catalogue.merging import merge
from slmdesk.catalogue.model import (
    GGUF,
    ONNX,
    Ability,
    CatalogueModel,
    CommercialUse,
    ContextKind,
    Format,
    Languages,
    Licence,
    ModelFile,
    Tier,
    Topic,
    Variant,
    tier_of,
)
from slmdesk.catalogue.names import is_repository
from slmdesk.catalogue.projectors import projector_sentence
from slmdesk.catalogue.quantizations import bits_per_weight, quantization_named
from slmdesk.catalogue.query import HubQuery, Sort
from slmdesk.catalogue.refreshing import Change, RefreshReport, RepoFailure
from slmdesk.catalogue.repository import repositories_of
from slmdesk.catalogue.search import HubPage
from slmdesk.catalogue.variants import (
    group_variants,
    is_projector,
    listed_parts,
    missing_parts,
    quality_order,
    quality_words,
)
from slmdesk.catalogue.weights import expected_size, is_sold_as, parameters_of

__all__ = [
    "GGUF",
    "ONNX",
    "Ability",
    "CatalogueModel",
    "Change",
    "CommercialUse",
    "ContextKind",
    "CuratedList",
    "Format",
    "HubCatalogue",
    "HubPage",
    "HubQuery",
    "LaidOver",
    "Languages",
    "Licence",
    "ModelFile",
    "RefreshReport",
    "RepoFailure",
    "Sort",
    "Tier",
    "Topic",
    "Variant",
    "bits_per_weight",
    "curated_notes",
    "description_of",
    "expected_size",
    "group_variants",
    "is_projector",
    "is_repository",
    "is_sold_as",
    "licence_doubts",
    "licence_name",
    "licence_summary",
    "limit_of",
    "listed_parts",
    "load_curated",
    "merge",
    "missing_parts",
    "parameters_of",
    "projector_sentence",
    "quality_order",
    "quality_words",
    "quantization_named",
    "refresh",
    "repositories_of",
    "tier_of",
]
