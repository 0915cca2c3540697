"""The window's composition root: the one place that builds services and hands them to the window."""

from __future__ import annotations

import dataclasses
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QFileSystemWatcher, QSocketNotifier, Qt, QTimer
from PySide6.QtWidgets import QApplication

from slmdesk.messages import UserError, choose_language, say, tr
from slmdesk.net import install_guard
from slmdesk.storage import (
    Database,
    Paths,
    Settings,
    SettingsStore,
    WindowLock,
    find_paths,
    resources_folder,
    set_up_logging,
    show_uncaught,
)
from slmdesk.ui import (
    MainWindow,
    ModelAdvice,
    Services,
    Surroundings,
    make_application,
    open_window,
    run_until_closed,
)

if TYPE_CHECKING:
    from slmdesk.chat import ChatService, LoadPlanner, LoadWishes, PlannedLoad
    from slmdesk.engines import EnginePool, EngineSurvey
    from slmdesk.fit import FitCheck, MemorySimulator, SpeedModel, Step
    from slmdesk.hardware import Computer
    from slmdesk.library import InstalledModel
    from slmdesk.net import Network
    from slmdesk.storage import RepairReport

_log = logging.getLogger(__name__)

_MINUTE_S = 60.0
_FREE_MEMORY_HOLDS_S = 1.0


def run(*, on_application: Callable[[QApplication], None] = lambda app: None) -> int:
    """Open the window and return the exit code once it is closed.

    Where a window of this home is open already, that one comes forward instead. `on_application` is called
    before anything is shown. Raises UserError where the home cannot be written.
    """
    install_guard()
    paths = find_paths()
    settings_store = SettingsStore(paths.settings_file, _names_of_engines)
    settings = settings_store.load()
    language = choose_language(
        os.environ.get("SLMDESK_LANGUAGE") or settings.language, resources_folder() / "locale"
    )
    # The language comes first: what goes wrong from here on is said in it.
    lock = WindowLock(paths.window_lock)
    if not lock.take():
        lock.ask_for_attention()
        # A program without a terminal has no stderr on Windows.
        if sys.stderr is not None:
            sys.stderr.write(tr("SLM Desk is open already; its window comes forward.") + "\n")
        return 0
    log_file = set_up_logging(paths)
    for problem in settings_store.problems:
        _log.warning("%s", problem)
    database = Database(paths.database_file)
    app = make_application(sys.argv[1:], language.code)
    on_application(app)
    services = make_services(paths, settings_store, settings, database, log_file)
    ended = True
    try:
        window = open_window(app, services)
        show_uncaught(window.bug_found.emit)
        with ExitStack() as stack:

            def listen() -> None:
                stack.enter_context(_brought_forward_on_request(window, lock))
                stack.enter_context(_closed_on_signal(window))

            # Setting these up takes as long as drawing the window, which comes first.
            window.painted.connect(listen)
            window.started.connect(window.follow_system_motion)
            run_until_closed(app, window)
        ended = window.ended
    finally:
        show_uncaught(None)
        if ended:
            database.close()
        lock.release()
    if not ended:
        # A thread is stuck, perhaps in the database. Everything a person wrote is on the disk; waiting for
        # the thread, as Python and Qt would now, could take for ever.
        logging.shutdown()
        os._exit(0)
    return 0


def make_services(
    paths: Paths, settings_store: SettingsStore, settings: Settings, database: Database, log_file: Path
) -> Services:
    """What the window needs, over the real rooms. The caller closes `database` after the window."""
    planning = _Planning(settings)
    return Services(
        paths=paths,
        log_file=log_file,
        settings=settings,
        settings_store=settings_store,
        list_models=lambda: _list_models(paths),
        open_chat=lambda: planning.open_chat(paths, database),
        check_conversations=lambda: _check_conversations(paths, database),
        engine_versions=planning.engine_versions,
        look_around=planning.look_around,
        plan=planning.plan,
        settings_changed=planning.take_settings,
        open_advice=lambda: planning.open_advice(paths),
        find_steps=lambda model, context_length: planning.find_steps(paths, model, context_length),
        close_advice=planning.close_advice,
        forced_offline=_forced_offline,
    )


def _names_of_engines() -> tuple[str, ...]:
    # Not at the top: it is asked only where an engine is turned off.
    from slmdesk.engines import engine_names

    return engine_names()


def _forced_offline() -> str:
    """Why the network is out of use whatever the settings say; empty: they decide."""
    from slmdesk.net import Network

    reason = Network().offline_reason
    return tr("Offline: {reason}.").format(reason=say(reason)) if reason is not None else ""


def _list_models(paths: Paths) -> Sequence[InstalledModel]:
    from slmdesk.library import find_models

    return find_models(paths)


class _Planning:
    """What there is to run models with, looked at once, and how each is loaded with the settings as they are.

    Used from any thread. What takes its time to import comes with the first call.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._survey: EngineSurvey | None = None
        self._planner: LoadPlanner | None = None
        self._computer: Computer | None = None
        self._pool: EnginePool | None = None
        self._speed: SpeedModel | None = None
        self._check: FitCheck | None = None
        self._seen: tuple[float, Computer] | None = None
        self._network: Network | None = None
        self._simulator: MemorySimulator | None = None

    def take_settings(self, settings: Settings) -> None:
        """Obey these from the next load on. Does not block."""
        self._settings = settings
        if self._pool is not None:
            self._pool.idle_s = _idle_s(settings)

    def open_chat(self, paths: Paths, database: Database) -> ChatService:
        """The chat over a pool that frees memory as the settings say. Called once."""
        from slmdesk.chat import ChatService, ConversationStore
        from slmdesk.engines import EnginePool
        from slmdesk.hardware import memory_limits

        pool = EnginePool(
            paths.logs,
            idle_s=_idle_s(self._settings),
            available_memory=lambda: memory_limits().available_bytes,
        )
        self._pool = pool
        return ChatService(
            pool,
            ConversationStore(database),
            planner=self._load_planner(),
            record_run=self.speed(paths).record,
        )

    def speed(self, paths: Paths) -> SpeedModel:
        """How fast models run here; one for the window, so that what a chat teaches it holds at once."""
        from slmdesk.fit import SpeedModel

        with self._lock:
            if self._speed is None:
                self._speed = SpeedModel(paths.speed)
            return self._speed

    def open_advice(self, paths: Paths) -> ModelAdvice:
        """See `Services.open_advice`. Called once."""
        from slmdesk.catalogue import HubCatalogue
        from slmdesk.hardware import disk_free_bytes
        from slmdesk.net import Network

        speed = self.speed(paths)
        network = Network.for_person(lambda: self._settings, paths)
        check = self._fit_check(paths)
        with self._lock:
            self._network = network

        def measure_speed() -> bool:
            try:
                return not speed.is_probed() and speed.probe()
            except OSError as error:
                _log.warning("how fast this computer is cannot be measured: %s", error)
                return False

        def free_disk() -> int | None:
            try:
                return disk_free_bytes(paths.models)
            except OSError as error:
                _log.warning("how much room there is for models is not known: %s", error)
                return None

        return ModelAdvice(
            hub=HubCatalogue(network, paths.cache / "catalogue"),
            check=check,
            installed=lambda: _list_models(paths),
            computer=self._computer_now,
            measure_speed=measure_speed,
            free_disk=free_disk,
        )

    def find_steps(self, paths: Paths, model: InstalledModel, context_length: int | None) -> Sequence[Step]:
        """See `Services.find_steps`."""
        from slmdesk.offers import ladder_steps

        planned = self._load_planner().plan(model, context_length)
        installed = _list_models(paths)
        return ladder_steps(self._fit_check(paths), planned, model, installed, context_length)

    def _fit_check(self, paths: Paths) -> FitCheck:
        """One for the window, so that an answer is found once."""
        from slmdesk.fit import FitCheck, KeptAnswers, MemorySimulator

        survey, speed = self._engine_survey(), self.speed(paths)
        with self._lock:
            if self._check is None:
                self._simulator = MemorySimulator(KeptAnswers(paths.cache / "fit" / "memory.json"))
                self._check = FitCheck(
                    computer=self._computer_now,
                    survey=survey,
                    simulate=self._simulator.memory,
                    speed=speed,
                    kept=self._simulator.kept,
                )
            return self._check

    def close_advice(self) -> None:
        """Leave no engine and no connection behind. Blocks for a moment."""
        with self._lock:
            network, self._network = self._network, None
            simulator, self._simulator, self._check = self._simulator, None, None
        if simulator is not None:
            simulator.close()
        if network is not None:
            network.close()

    def _computer_now(self) -> Computer:
        """This computer with what is free now: looked at again after a second."""
        from slmdesk.hardware import memory_limits

        now = time.monotonic()
        seen = self._seen
        if seen is None or now - seen[0] > _FREE_MEMORY_HOLDS_S:
            free = memory_limits().available_bytes
            computer = dataclasses.replace(self._look_at_computer(), available_memory_bytes=free)
            self._seen = seen = (now, computer)
        return seen[1]

    def look_around(self, again: bool) -> Surroundings:
        """See `Services.look_around`."""
        from slmdesk.engines import ENGINES, EngineFacts

        survey, off = self._engine_survey(), self._settings.engines_off
        if again:
            survey.refresh()
            with self._lock:
                self._computer = None
        engines = tuple(
            EngineFacts(name, entry.title) if name in off else survey.facts(name)
            for name, entry in ENGINES.items()
        )
        return Surroundings(engines, self._look_at_computer())

    def plan(self, model: InstalledModel) -> PlannedLoad:
        """See `Services.plan`."""
        return self._load_planner().plan(model)

    def engine_versions(self) -> list[tuple[str, str]]:
        """See `Services.engine_versions`."""
        return [(one.title, one.version) for one in self.look_around(False).engines if one.version]

    def _engine_survey(self) -> EngineSurvey:
        from slmdesk.engines import EngineSurvey

        with self._lock:
            if self._survey is None:
                self._survey = EngineSurvey()
            return self._survey

    def _load_planner(self) -> LoadPlanner:
        from slmdesk.chat import LoadPlanner, wishes_of
        from slmdesk.engines import engine_names
        from slmdesk.fit import layers_that_fit

        survey = self._engine_survey()

        def wishes(model: InstalledModel) -> LoadWishes:
            known = [facts for name in engine_names() if (facts := survey.known(name)) is not None]
            return wishes_of(self._settings, model, known)

        with self._lock:
            if self._planner is None:
                self._planner = LoadPlanner(survey, self._look_at_computer, wishes, layers_that_fit)
            return self._planner

    def _look_at_computer(self) -> Computer:
        from slmdesk.hardware import describe_computer

        computer = self._computer
        if computer is None:
            computer = describe_computer()
            self._computer = computer
        return computer


def _idle_s(settings: Settings) -> float | None:
    """After how many seconds a model that nobody uses is unloaded; None: never."""
    return settings.idle_unload_minutes * _MINUTE_S if settings.idle_unload_minutes else None


def _check_conversations(paths: Paths, database: Database) -> RepairReport | None:
    from slmdesk.storage import back_up, find_and_repair_damage

    report = find_and_repair_damage(database, paths.backups)
    try:
        back_up(database, paths.backups)
    except UserError as error:
        if report is None:
            raise
        # That something was repaired is the greater news; the next start says it if it is still so.
        _log.warning("no backup was made: %s", error)
    return report


@contextmanager
def _brought_forward_on_request(window: MainWindow, lock: WindowLock) -> Iterator[None]:
    watcher = QFileSystemWatcher([str(lock.attention_file)])
    watcher.fileChanged.connect(lambda _: _bring_forward(window))
    yield
    watcher.deleteLater()


def _bring_forward(window: MainWindow) -> None:
    window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
    window.raise_()
    window.activateWindow()


@contextmanager
def _closed_on_signal(window: MainWindow) -> Iterator[None]:
    """Close the window properly on Ctrl-C in its terminal and when the session ends.

    Python runs signal handlers only between bytecodes, which Qt's loop rarely reaches; a byte on a socket
    wakes it.
    """
    import socket

    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    notifier = QSocketNotifier(reader.fileno(), QSocketNotifier.Type.Read)
    notifier.activated.connect(lambda *_: reader.recv(1))
    before_fd = signal.set_wakeup_fd(writer.fileno())

    def close(*_: object) -> None:
        # The handler may run in the middle of drawing.
        QTimer.singleShot(0, window.close)

    before = {number: signal.signal(number, close) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before_fd)
        notifier.setEnabled(False)
        notifier.deleteLater()
        reader.close()
        writer.close()
