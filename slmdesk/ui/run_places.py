"""What the settings and the devices of this computer mean for the models, wherever the window shows it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from slmdesk.messages import ErrorKind, UserError
from slmdesk.ui.chat.placement_notice import PlacementNotice
from slmdesk.ui.placing import Placing
from slmdesk.ui.state import Phase

if TYPE_CHECKING:
    from slmdesk.engines import Placement
    from slmdesk.library import InstalledModel
    from slmdesk.storage import ModelSettings, Settings
    from slmdesk.ui.chat import ChatPanel
    from slmdesk.ui.inference import Inference
    from slmdesk.ui.services import Services
    from slmdesk.ui.settings.engines import EnginesPage
    from slmdesk.ui.settings.reload_bar import ReloadBar
    from slmdesk.ui.tasks import Tasks
    from slmdesk.ui.theme import Theme

_MOST_DISMISSED = 50
# Settings that a model is loaded with; a change of any other needs no other load.
_FOR_LOADING = ("device", "gpu_layers", "threads", "context_length", "kv_type", "model_settings")


class RunPlaces(QObject):
    """Keeps picker, chat and the page `Engines and devices` at one: what is there, what was chosen, what the
    loaded model runs with. GUI thread.
    """

    def __init__(
        self,
        theme: Theme,
        services: Services,
        tasks: Tasks,
        inference: Inference,
        chat: ChatPanel,
        settings: Settings,
        change: Callable[[str, object], None],
        open_page: Callable[[], None],
    ) -> None:
        """`change` a setting by name; `open_page` shows the page about engines and devices."""
        super().__init__(chat)
        self._services = services
        self._inference = inference
        self._chat = chat
        self._settings = settings
        self._change = change
        self._page: EnginesPage | None = None
        self._reload_bar: ReloadBar | None = None
        self._found: tuple[InstalledModel, ...] = ()
        # A model's path, and the settings it is being loaded with, and was.
        self._loading_with: tuple[str, ModelSettings] | None = None
        self._loaded_with: tuple[str, ModelSettings] | None = None
        # The settings were changed after the models were planned.
        self._outdated = False
        self.placing = Placing(tasks, services.look_around, services.plan, self)
        self.notice = PlacementNotice(theme, chat.banners, self._dismiss, open_page)
        self.notice.set_dismissed(settings.warnings_dismissed)
        self.placing.planned.connect(self._take_plans)
        chat.no_model.engines_wanted.connect(open_page)
        inference.placed.connect(self._take_placement)
        inference.loaded.connect(self._take_loaded)
        inference.state_changed.connect(lambda _: self._show_reload())
        inference.finished.connect(lambda _: self._plan_first())
        chat.choice.changed.connect(self._show_placements)
        services.settings_changed(settings)

    def take_models(self, models: Sequence[InstalledModel]) -> list[InstalledModel]:
        """What is on this computer; returns it as it can be chosen: nothing of an engine that is off."""
        if tuple(models) != self._found:
            self._found = tuple(models)
            self.placing.placements = {}
        return [self._usable(model) for model in models]

    def plan(self) -> None:
        """Find out where the models would run; while one is being loaded, when that is over."""
        if not self._inference.running:
            self.placing.plan([one for one in map(self._usable, self._found) if one.problem is None])

    def context_length(self, model: InstalledModel) -> int | None:
        """Of chats with `model` that have none of their own; None: the engine's own."""
        return self._in_effect(model).context_length or None

    def set_settings(self, settings: Settings) -> bool:
        """The person changed something. Returns whether the models that can be chosen are others now."""
        before, self._settings = self._settings, settings
        if settings == before:
            return False
        self._services.settings_changed(settings)
        self.notice.set_dismissed(settings.warnings_dismissed)
        switched = settings.engines_off != before.engines_off
        if switched:
            self._free(set(settings.engines_off) - set(before.engines_off))
        if switched or any(getattr(settings, name) != getattr(before, name) for name in _FOR_LOADING):
            self._outdated = True
            self.plan()
        if switched and self._page is not None:
            self.placing.look(again=True)
        self._show_reload()
        return switched

    def attach(self, page: EnginesPage, reload_bar: ReloadBar) -> None:
        """The page is there now, with the bar below it."""
        self._page, self._reload_bar = page, reload_bar
        self.placing.looking.connect(page.show_looking)
        self.placing.looked.connect(page.show_surroundings)
        self.placing.failed.connect(page.show_problem)
        page.look_wanted.connect(lambda: self.placing.look(again=True))
        reload_bar.load_wanted.connect(self._chat.load_again)
        self._show_placements()
        self._show_reload()

    def page_shown(self) -> None:
        """The page is in view: look, where nobody has."""
        self.placing.look()

    def _usable(self, model: InstalledModel) -> InstalledModel:
        if model.problem is not None or model.engine not in self._settings.engines_off:
            return model
        problem = UserError("engine-turned-off", ErrorKind.MODEL, name=model.title, engine=model.engine_title)
        return dataclasses.replace(model, problem=problem)

    def _in_effect(self, model: InstalledModel) -> ModelSettings:
        return self._settings.in_effect_for(str(model.path), self._services.fixed)

    def _plan_first(self) -> None:
        """The first load is over, and with it the time in which looking would have been in its way."""
        if self._outdated or not self.placing.placements or self._missing():
            self.plan()

    def _free(self, engines: set[str]) -> None:
        """Give back what `engines`, which are off from now on, hold, after what is going on."""
        model = self._inference.state.model
        if engines and (self._inference.running or (model is not None and model.engine in engines)):
            self._inference.unload(engines)

    def _missing(self) -> bool:
        usable = [one for one in map(self._usable, self._found) if one.problem is None]
        return any(str(one.path) not in self.placing.placements for one in usable)

    def _take_placement(self, model: InstalledModel, placement: Placement) -> None:
        path = str(model.path)
        self._loading_with = path, self._in_effect(model)
        self.notice.show(placement)
        self.placing.take(path, placement)

    def _take_loaded(self, model: InstalledModel) -> None:
        # The settings may have been changed since the load was planned.
        path, planned = str(model.path), self._loading_with
        known = planned is not None and planned[0] == path
        self._loaded_with = planned if known else (path, self._in_effect(model))
        self._loading_with = None

    def _take_plans(self) -> None:
        if self._outdated:
            # What is warned of may have been changed just now. Otherwise the notice is about the last load,
            # before which more memory may have been free than there is now.
            self._outdated = False
            model = self._chat.model
            self.notice.show(self.placing.placements.get(str(model.path)) if model else None)
        self._show_placements()

    def _show_placements(self) -> None:
        places = {path: one.title for path, one in self.placing.placements.items()}
        self._chat.composer.model_button.set_places(places)
        if self._page is not None:
            model = self._chat.model
            self._page.set_model(model, self.placing.placements.get(str(model.path)) if model else None)
            self._show_reload()

    def _show_reload(self) -> None:
        if self._reload_bar is None:
            return
        state, model = self._inference.state, self._chat.model
        loading = state.phase is Phase.LOADING
        pending = False
        loaded = state.model is not None and (state.report is not None or loading)
        if loaded and model is not None and self._loaded_with is not None:
            path, before = self._loaded_with
            now = self._in_effect(model)
            if self._chat.conversation.options.context_length is not None:
                now = dataclasses.replace(now, context_length=before.context_length)
            pending = state.phase is not Phase.FAILED and path == str(model.path) and now != before
        self._reload_bar.show_state(pending, loading or self._chat.choice.loading)

    def _dismiss(self, name: str) -> None:
        dismissed = [one for one in self._settings.warnings_dismissed if one != name]
        self._change("warnings_dismissed", (*dismissed, name)[-_MOST_DISMISSED:])
