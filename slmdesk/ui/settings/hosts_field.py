"""The hosts that may be asked beside the Hub's own, in one line."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Signal

from slmdesk.messages import tr
from slmdesk.net import read_hosts
from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.text_field import TextField


class HostsField(TextField):
    """Names of hosts. What is none stays as it was typed, with a sentence below."""

    hosts_changed = Signal(tuple)
    """The person changed them and is done: names, or `*.name`, in order."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, name, placeholder="*.example.org")
        self._hosts: tuple[str, ...] = ()
        self.changed.connect(self._judge)
        self.left.connect(self._take)

    def set_value(self, value: str | Sequence[str]) -> None:
        """Show these hosts, without saying that they changed, and forget what was wrong."""
        self._hosts = (value,) if isinstance(value, str) else tuple(value)
        super().set_value(", ".join(self._hosts))
        self.set_error("")

    def sizeHint(self) -> QSize:
        """As wide as a choice."""
        return QSize(self._theme.sizes.choice, super().sizeHint().height())

    def _judge(self, text: str) -> tuple[str, ...] | None:
        try:
            hosts = read_hosts(text)
        except ValueError as error:
            self.set_error(tr("“{text}” is not the name of a host.").format(text=error))
            return None
        self.set_error("")
        return hosts

    def _take(self, text: str) -> None:
        hosts = self._judge(text)
        if hosts is not None and hosts != self._hosts:
            self.set_value(hosts)
            self.hosts_changed.emit(hosts)
