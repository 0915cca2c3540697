"""What a model is, in our own words."""

from __future__ import annotations

from slmdesk.catalogue.model import CatalogueModel
from slmdesk.messages import current_language


def description_of(model: CatalogueModel) -> str:
    """The line on `model` in the person's language, else in English; "" where there is none."""
    return model.description.get(current_language().code) or model.description.get("en", "")
