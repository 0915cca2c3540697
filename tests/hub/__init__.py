"""A Hub on this computer for tests, as far as the real huggingface_hub client asks one."""

from tests.hub.content import SparseFile
from tests.hub.loopback import LoopbackHub
from tests.hub.requests import HubRequest

__all__ = ["HubRequest", "LoopbackHub", "SparseFile"]
