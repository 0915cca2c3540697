"""The models on this disk: which there are, what each says about itself, and what is wrong with it."""

from slmdesk.library.find import find_models, resolve_model
from slmdesk.library.installed import STARTER_ID, InstalledModel
from slmdesk.library.starter import starter_file

__all__ = ["STARTER_ID", "InstalledModel", "find_models", "resolve_model", "starter_file"]
