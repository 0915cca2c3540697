"""The catalogue, the Hub and the fit check as the commands use them. Nothing is asked of the network before a
method of the Hub is called, and no engine is started before a check needs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from slmdesk.catalogue import CatalogueModel, HubCatalogue, load_curated
from slmdesk.cli.fitting import Fitting, open_fitting
from slmdesk.library import find_models
from slmdesk.net import Network
from slmdesk.offers import Adviser, OnDisk
from slmdesk.storage import Paths, Settings


@dataclass
class Advice:
    """What a command asks. Main thread, unless a method says otherwise."""

    paths: Paths
    settings: Settings
    hub: HubCatalogue
    fitting: Fitting
    """Of this computer as it is now."""

    @property
    def curated_date(self) -> str:
        """The day on which the facts of the list were collected, `2026-11-24`."""
        return load_curated().date

    @cached_property
    def curated(self) -> tuple[CatalogueModel, ...]:
        """The list with what the last refresh brought."""
        return self.hub.lay_over(load_curated().models).models

    @cached_property
    def adviser(self) -> Adviser:
        return Adviser(self.fitting.check, self.hub.kept_header)

    @cached_property
    def on_disk(self) -> OnDisk:
        return OnDisk(find_models(self.paths))


@contextmanager
def open_advice(paths: Paths, settings: Settings) -> Iterator[Advice]:
    """Everything as the settings have it; its connections are closed afterwards."""
    network = Network.for_person(lambda: settings, paths)
    try:
        hub = HubCatalogue(network, paths.cache / "catalogue")
        with open_fitting(paths) as fitting:
            yield Advice(paths, settings, hub, fitting)
    finally:
        network.close()
