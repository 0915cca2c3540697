"""Offering, where the memory did not suffice for loading a model, what would fit instead."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, get_args

from slmdesk.messages import tr
from slmdesk.ui.widgets.banner import BannerAction
from slmdesk.ui.widgets.focus import holds_focus

if TYPE_CHECKING:
    from slmdesk.fit import Step
    from slmdesk.library import InstalledModel
    from slmdesk.messages import UserError
    from slmdesk.storage import Settings
    from slmdesk.ui.chat.panel import ChatPanel
    from slmdesk.ui.tasks import Tasks

FindSteps = Callable[["InstalledModel", "int | None"], "Sequence[Step]"]


class MemoryLadder:
    """Asks in the background, and then puts the steps into the banner, if that is still shown. GUI thread."""

    def __init__(
        self,
        chat: ChatPanel,
        tasks: Tasks,
        find: FindSteps,
        settings: Callable[[], Settings],
        change: Callable[[str, object], None],
        show_fitting: Callable[[], None],
    ) -> None:
        """`find` blocks. `change` a setting by name; `show_fitting` shows the models that fit here."""
        self._chat = chat
        self._tasks = tasks
        self._find = find
        self._settings = settings
        self._change = change
        self._show_fitting = show_fitting
        chat.short_of_memory.connect(self._ask)

    def _ask(self, error: UserError) -> None:
        chat = self._chat
        model, banner = chat.model, chat.banners.banner
        if model is None or banner is None:
            return
        context_length = chat.conversation.options.context_length

        def take(steps: Sequence[Step]) -> None:
            # Whoever has closed the banner, or chosen another model, has decided already.
            if chat.banners.banner is not banner or chat.model != model:
                return
            had_focus = holds_focus(banner)
            chat.show_error(error, *self._actions(model, steps))
            if had_focus and chat.banners.banner is not None:
                chat.banners.banner.buttons[0].setFocus()

        # Where it cannot be told, the banner stays as it is: what is wrong with the file, loading says.
        self._tasks.run(lambda: self._find(model, context_length), take, lambda _: None)

    def _actions(self, model: InstalledModel, steps: Sequence[Step]) -> list[BannerAction]:
        from slmdesk.ui.chat.step_words import step_words

        actions = [
            BannerAction(step_words(step), partial(self._apply, model, step))
            for step in steps
            if self._can_apply(step)
        ]
        if not any(step.change == "variant" for step in steps):
            actions.append(BannerAction(tr("Find a smaller model"), self._show_fitting))
        return [*actions, BannerAction(tr("Reload as before"), lambda: self._chat.reload(None))]

    def _can_apply(self, step: Step) -> bool:
        """Whether the settings know such a value."""
        from slmdesk.storage import KvPrecision

        return step.change != "kv_type" or step.question.kv_type in get_args(KvPrecision)

    def _apply(self, model: InstalledModel, step: Step) -> None:
        from slmdesk.engines import CPU_ONLY

        match step.change:
            case "context":
                self._chat.reload(step.question.context_length)
            case "kv_type":
                self._reload_with(model, kv_type=step.question.kv_type)
            case "gpu_layers":
                self._reload_with(model, gpu_layers=step.question.gpu_layers)
            case "processor":
                self._reload_with(model, device=CPU_ONLY)
            case _:
                self._chat.load_file(step.variant)

    def _reload_with(self, model: InstalledModel, **changes: object) -> None:
        """For this model from now on, as the page about engines and devices shows it."""
        settings, path = self._settings(), str(model.path)
        own = dataclasses.replace(settings.for_model(path), **changes)  # type: ignore[arg-type]
        self._change("model_settings", {**settings.model_settings, path: own})
        self._chat.reload(None)
