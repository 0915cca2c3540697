"""Asks a Linux desktop whether to keep still, over D-Bus, without waiting for the answer."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import SLOT, QObject, Slot
from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusPendingCallWatcher, QDBusVariant

_SERVICE = "org.freedesktop.portal.Desktop"
_PATH = "/org/freedesktop/portal/desktop"
_INTERFACE = "org.freedesktop.portal.Settings"
# Where desktops keep it, and what they write there when nothing shall move.
_STILL: dict[tuple[str, str], object] = {
    ("org.freedesktop.appearance", "reduced-motion"): 1,
    ("org.gnome.desktop.interface", "enable-animations"): False,
    ("org.kde.kdeglobals.KDE", "AnimationDurationFactor"): "0",
}


def _plain(value: object) -> object:
    """The value inside the variants that D-Bus wraps it in."""
    while isinstance(value, QDBusVariant):
        value = value.variant()
    return value


class MotionWatch(QObject):
    """Calls `on_change` with whether to keep still: when the desktop answers, and when it changes.

    Where there is no session bus or no portal, nothing is ever called. GUI thread.
    """

    def __init__(self, on_change: Callable[[bool], None], parent: QObject) -> None:
        super().__init__(parent)
        self._on_change = on_change
        self._still: dict[tuple[str, str], bool] = {}
        self._bus = QDBusConnection.sessionBus()
        if not self._bus.isConnected():
            return
        slot = SLOT("_changed(QDBusMessage)")
        # The type stub asks for bytes, which are then refused.
        self._bus.connect(_SERVICE, _PATH, _INTERFACE, "SettingChanged", self, slot)  # type: ignore[call-overload]
        for namespace, key in _STILL:
            self._ask(namespace, key)

    def _ask(self, namespace: str, key: str) -> None:
        message = QDBusMessage.createMethodCall(_SERVICE, _PATH, _INTERFACE, "Read")
        message.setArguments([namespace, key])
        watcher = QDBusPendingCallWatcher(self._bus.asyncCall(message), self)
        watcher.finished.connect(lambda done, place=(namespace, key): self._answered(done, place))

    def _answered(self, watcher: QDBusPendingCallWatcher, place: tuple[str, str]) -> None:
        arguments = watcher.reply().arguments()
        # A desktop that does not know the setting answers with an error, which says nothing.
        # A change that was heard meanwhile is newer than the answer.
        if not watcher.isError() and arguments and place not in self._still:
            self._take(place, arguments[0])
        watcher.deleteLater()

    @Slot(QDBusMessage)
    def _changed(self, message: QDBusMessage) -> None:
        arguments = message.arguments()
        if len(arguments) == 3:
            self._take((str(arguments[0]), str(arguments[1])), arguments[2])

    def _take(self, place: tuple[str, str], value: object) -> None:
        if place not in _STILL:
            return
        before = any(self._still.values())
        self._still[place] = _plain(value) == _STILL[place]
        if any(self._still.values()) != before:
            self._on_change(not before)
