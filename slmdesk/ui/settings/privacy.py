"""Settings, Privacy and data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from slmdesk.messages import tr
from slmdesk.ui.settings.hosts_field import HostsField
from slmdesk.ui.settings.rows import OnChange, SettingsPage, path_row
from slmdesk.ui.theme import Theme
from slmdesk.ui.widgets.switch import Switch


class PrivacyPage(SettingsPage):
    """What may use the network, and what it was used for."""

    def __init__(
        self, theme: Theme, on_change: OnChange, network_log: Path, open_path: Callable[[Path], None]
    ) -> None:
        """`network_log`: the file in which every request is noted."""
        about = tr("Chats stay on this computer. The network is used only for what you ask for.")
        super().__init__(theme, tr("Privacy and data"), about)
        self.offline_control = Switch(theme, tr("Work offline"))
        self.offline_control.changed.connect(lambda value: on_change("offline", value))
        self.loopback_control = Switch(theme, tr("Allow servers on this computer when offline"))
        self.loopback_control.changed.connect(lambda value: on_change("loopback_when_offline", value))
        hosts = tr("Other hosts that may be asked")
        self.hosts_control = HostsField(theme, hosts)
        self.hosts_control.hosts_changed.connect(lambda value: on_change("allowed_hosts", value))
        log_row, self.log_button = path_row(theme, "scroll-text", tr("Network log"), network_log, open_path)
        self.add_group(
            tr("Network"),
            self.add_row(
                "offline",
                "cloud-off",
                tr("Work offline"),
                tr("Nothing is asked of the network. Models on this computer go on working."),
                self.offline_control,
                "internet hugging face hub",
            ),
            self.add_row(
                "loopback_when_offline",
                "laptop",
                tr("Allow servers on this computer when offline"),
                tr("Other programs here might pass on what they are asked."),
                self.loopback_control,
                "localhost loopback",
            ),
            self.add_row(
                "allowed_hosts",
                "globe",
                hosts,
                tr("Beside the Hub's own: those that a mirror sends to. A name, or *.name for all below it."),
                self.hosts_control,
                "allowed mirror proxy endpoint",
            ),
            log_row,
        )

    def set_forced_offline(self, reason: str) -> None:
        """The network is out of use whatever is set here, and why; empty: the switch decides."""
        self.set_useless({"offline": reason} if reason else {})
