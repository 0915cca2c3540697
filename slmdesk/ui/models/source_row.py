"""Where the figures of a fit come from, and the button that has better ones computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QWidget

from slmdesk.messages import tr
from slmdesk.ui.theme import Space, TextRole, Theme
from slmdesk.ui.widgets.button import Button
from slmdesk.ui.widgets.flow import Flow
from slmdesk.ui.widgets.labels import Icon, WrappingLabel
from slmdesk.ui.widgets.tooltip import set_tooltip

if TYPE_CHECKING:
    from slmdesk.fit import Source
    from slmdesk.ui.models.worker import Judged


class SourceRow(Flow):
    """One line that says how a `Judged` is known. `button`: look into the files of the variant themselves."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.source = QWidget()
        line = QHBoxLayout(self.source)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(Space.XS + Space.TINY)
        self._icon = Icon(theme, "info", theme.sizes.icon_chevron)
        line.addWidget(self._icon)
        self.label = WrappingLabel(theme, "", TextRole.SECONDARY, "text_secondary")
        line.addWidget(self.label, 1)
        self._format = "gguf"
        self._asking = False
        self.button = Button(theme, tr("Compute exactly"), icon="badge-check", small=True)
        self._promise()
        self.addWidget(self.source)
        self.addWidget(self.button)

    def show_judged(self, judged: Judged) -> None:
        """Say how it is known, and offer what is better where there is something."""
        memory = judged.report.memory
        self.source.setVisible(memory is not None)
        simulated = memory is not None and memory.source == "simulated"
        self._icon.set_icon("badge-check" if simulated else "info", "text_secondary")
        words, explained = _words_of(memory.source if memory is not None else "estimated", judged.exact)
        self.label.setText(words)
        set_tooltip(self.source, explained)
        self.button.setVisible(not judged.exact)
        self._format = judged.variant.format
        self._promise()

    def show_nothing(self) -> None:
        """There are no figures."""
        self.source.hide()

    def set_asking(self, asking: bool) -> None:
        """Whether what the button started is going on."""
        self._asking = asking
        self.button.set_busy(asking, tr("Computing"))
        self._promise()

    def _promise(self) -> None:
        """No more than can be had: a folder of ONNX cannot be laid out without loading it."""
        if self._asking:
            return
        if self._format == "gguf":
            icon, words = "badge-check", tr("Compute exactly")
            what = tr("Reads the header of the file from the Hub, some megabytes, and asks the engine.")
        else:
            icon, words = "info", tr("Estimate from its files")
            what = tr(
                "Reads the configuration and the structure of the model from the Hub, a few megabytes as a"
                " rule. What its engine takes can only be estimated."
            )
        self.button.set_icon(icon)
        self.button.setText(words)
        set_tooltip(self.button, what)


def _words_of(source: Source, exact: bool) -> tuple[str, str]:
    """Where the figures come from, and the same at more length."""
    if source == "simulated":
        return (
            tr("Computed from the file's header"),
            tr("The engine laid out every buffer for this file, without loading it."),
        )
    if exact:
        return (
            tr("Estimate, from the model's own files"),
            tr("By formulas, from what the files themselves say about the model."),
        )
    return (
        tr("Estimate, from what is published"),
        tr("By formulas, from the size of the file and the dimensions of the model."),
    )
