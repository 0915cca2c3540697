"""Prints what the theme hears from a desktop that at first wants no motion, and then changes its mind.

    dbus-run-session -- python -m tests.ui.talk_to_desktop

Two processes on the bus: this one is the program, the one that it starts is the desktop's settings portal.
"""

from __future__ import annotations

import os
import subprocess
import sys

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtCore import QTimer
from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusVariant, QDBusVirtualObject
from PySide6.QtWidgets import QApplication

SERVICE = "org.freedesktop.portal.Desktop"
SETTINGS = "org.freedesktop.portal.Settings"
SETTING = ["org.gnome.desktop.interface", "enable-animations"]
PATH = "/org/freedesktop/portal/desktop"
LATEST_MS = 20_000


class Portal(QDBusVirtualObject):
    """Knows one setting, and changes it when it is told to."""

    def introspect(self, path: str) -> str:
        return ""

    def handleMessage(self, message: QDBusMessage, connection: QDBusConnection) -> bool:
        if message.member() == "Change":
            changed = QDBusMessage.createSignal(PATH, SETTINGS, "SettingChanged")
            changed.setArguments([*SETTING, QDBusVariant(True)])
            connection.send(changed)
        elif message.arguments() == SETTING:
            connection.send(message.createReply(QDBusVariant(False)))
        else:
            connection.send(message.createErrorReply("org.freedesktop.portal.Error.NotFound", "not known"))
        return True


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def run_portal() -> None:
    app = QApplication([])
    portal = Portal()
    bus = QDBusConnection.sessionBus()
    bus.registerVirtualObject(PATH, portal)
    bus.registerService(SERVICE)
    say("ready")
    QTimer.singleShot(LATEST_MS, app.quit)
    app.exec()


def run_program() -> None:
    from slmdesk.ui import Theme

    app = QApplication([])
    command = [sys.executable, "-m", "tests.ui.talk_to_desktop", "portal"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as portal:
        assert portal.stdout is not None
        assert portal.stdout.readline() == "ready\n"
        theme = Theme(app, "light")

        def tell() -> None:
            say(str(theme.reduce_motion))
            if theme.reduce_motion:
                change = QDBusMessage.createMethodCall(SERVICE, PATH, SETTINGS, "Change")
                QDBusConnection.sessionBus().send(change)
            else:
                app.quit()

        theme.changed.connect(tell)
        theme.follow_system_motion()
        QTimer.singleShot(LATEST_MS, app.quit)
        app.exec()
        portal.terminate()


if __name__ == "__main__":
    if sys.argv[1:] == ["portal"]:
        run_portal()
    else:
        run_program()
