"""Which model answers where nobody names one: the one chosen last, or another, which is said."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from slmdesk.cli.output import Output
from slmdesk.cli.placing import turned_off
from slmdesk.library import STARTER_ID, InstalledModel, find_models, resolve_model
from slmdesk.messages import UserError, error_sentences, tr
from slmdesk.storage import Paths, Settings


def chosen_or_another(paths: Paths, settings: Settings, output: Output) -> InstalledModel:
    """The model chosen last; where it cannot be used, the first that can, as in the window, and that is said.

    Raises UserError (kind MODEL) where no model can be used: why the one chosen cannot, or the starter.
    """
    wanted = settings.model or STARTER_ID
    try:
        return _usable(resolve_model(wanted, paths), settings, paths)
    except UserError as error:
        models = find_models(paths)
        file = paths.settings_file
        other = next((one for one in models if not (one.problem or turned_off(one, settings, file))), None)
        if other is None:
            raise
        if settings.model:
            output.note(f"slmdesk: {_in_words(wanted, models, error, other)}")
        return other


def _usable(model: InstalledModel, settings: Settings, paths: Paths) -> InstalledModel:
    problem = turned_off(model, settings, paths.settings_file)
    if problem is not None:
        raise problem
    return model


def _in_words(wanted: str, models: Sequence[InstalledModel], error: UserError, other: InstalledModel) -> str:
    """That `other` answers in place of the model with the id or path `wanted`, because of `error`."""
    path = Path(wanted).expanduser()
    own = next((one for one in models if wanted in (one.id, str(one.path))), None)
    name = own.title if own is not None else path.name if path.is_absolute() else wanted
    if own is None and not os.path.lexists(path):
        words = tr("{model} is no longer on this computer, so {other} answers.")
        return words.format(model=name, other=other.title)
    words = tr("{model} cannot be used any more, so {other} answers. {reason}")
    return words.format(model=name, other=other.title, reason=error_sentences(error).why)
