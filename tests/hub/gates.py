"""Who may have the files of a gated model."""

from __future__ import annotations

from tests.hub.answers import Answer, problem
from tests.hub.models import HubModel


def refusal_of(model: HubModel, token: str) -> Answer | None:
    """Why someone with this token may not have the files; None: they may."""
    if not model.gated or token in model.accepted_by:
        return None
    if not token:
        return problem(
            401,
            "GatedRepo",
            f"Access to model {model.id} is restricted. You must have access to it and be authenticated to"
            " access it. Please log in.",
        )
    if token in model.denied:
        text = f"Your request to access model {model.id} has been rejected by the repo's authors."
    else:
        text = (
            f"Access to model {model.id} is restricted and you are not in the authorized list."
            f" Visit https://huggingface.co/{model.id} to ask for access."
        )
    return problem(403, "GatedRepo", text)
