"""The states of the window that `render_window` draws: how each is reached, and what is in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from slmdesk.chat import ChatMessageRecord, Conversation
from slmdesk.engines import ENGINES, End, LoadProgress, PromptProgress, Reasoning, Text
from slmdesk.library import InstalledModel
from slmdesk.messages import ErrorKind, UserError
from slmdesk.net import Network
from slmdesk.ui import MainWindow, ModelAdvice
from slmdesk.ui.main_window import SETTINGS
from slmdesk.ui.state import Phase
from slmdesk.ui.surroundings import Surroundings
from tests.ui import advising, machines
from tests.ui.machines import Machine
from tests.ui.scripted import (
    BROKEN_MODEL,
    Gate,
    ScriptedChat,
    Step,
    make_conversation,
    make_model,
    make_report,
    make_stats,
)

QUESTION = "Write a short Python script that renames photos to the date they were taken."
ANSWER = """This reads the date from each photo's EXIF data and renames the file. Photos without \
a date stay as they are. Try it on a copy of the folder first.

```python
from pathlib import Path
from PIL import Image

for photo in sorted(Path("photos").glob("*.jpg")):
    with Image.open(photo) as image:
        taken = image.getexif().get_ifd(0x8769).get(36867)
    if taken:
        name = taken.replace(":", "-").replace(" ", "_")
        photo.rename(photo.with_name(f"{name}.jpg"))
```

Which files carry that date:

| Format | Date taken | What to know |
|---|---|---|
| JPEG | Nearly always | Written by cameras and phones |
| HEIC | Nearly always | Needs the `pillow-heif` package to open |
| PNG | Rarely | Screenshots usually have none |
"""
LEASE = """**Notice period.** Either side may end the lease with three months' notice, given \
in writing by the third working day of a month.

**Small repairs.** The tenant pays for them up to a limit:

- at most 110 euros for one repair
- at most 8% of a year's rent in total

Above either limit the landlord pays the whole repair, so a bill of 140 euros is not shared but"""
LONG_QUESTION = "A question that is long enough to be wrapped in its bubble, because it goes on and on. " * 4
MIXED = "שלום עולם! 😀 זה טקסט מימין לשמאל.\n\nمرحبا بالعالم 👋🏽\n\nAnd English with an emoji 🧑‍🚀 again."
MODELS = (
    make_model(),
    make_model(
        "qwen3-4b-instruct-2507",
        "Qwen3 4B Instruct 2507 with a long name that goes on",
        size_bytes=2_497_281_120,
        quantization="Q4_K_M",
    ),
    BROKEN_MODEL,
)
SECOND_MODEL = make_model(
    "phi-4-mini-onnx",
    "Phi 4 mini instruct",
    size_bytes=2_730_000_000,
    quantization="INT4",
    engine=machines.SECOND,
    engine_title=ENGINES[machines.SECOND].title,
)
CRASH = UserError(
    "engine-out-of-memory",
    ErrorKind.GENERATION,
    status="SIGKILL",
    details="exit status -9 (SIGKILL)\nllama_decode: failed to allocate",
)
_DAY_S = 86_400
_PAUSE_S = 0.002
_WORK_S = 60
_PATIENCE_S = 1200
"""Where something waits for what never comes, without working."""


def earlier() -> list[Conversation]:
    """Conversations of the days before, from the oldest to the newest."""
    titles = (
        ("Toast for a retirement, two minutes", 6),
        ("Heat pump offers side by side", 5),
        ("Packing list, three days in the Tatra mountains", 3),
        ("Regex for invoice numbers with a check digit", 2.5),
        ("Why is the sky dark at night?", 1),
        ("List do spółdzielni o remoncie", 1),
        ("Rewrite release notes in plain words", 4),
        ("SQL: orders without a customer", 0),
        ("Lease agreement: notice period", 0),
    )
    made = []
    for title, days in titles:
        one = make_conversation(title, "An answer.", pinned=title.startswith("Rewrite"), named=True)
        for message in one.messages:
            message.created_at = time.time() - days * _DAY_S
        made.append(one)
    return made


def photos() -> Conversation:
    """The conversation of the pictures."""
    one = make_conversation(QUESTION, ANSWER, named=True)
    one.title = "Rename photos by date taken"
    for message in one.messages:
        message.created_at = time.time()
    one.messages[1].stats = make_stats(tokens_per_second=23.4, generated_tokens=312)
    return one


def mixed() -> Conversation:
    """Long lines, two directions, and an answer that was stopped."""
    one = make_conversation("How should I store tomatoes?", "Keep them at room temperature.")
    one.messages += [
        ChatMessageRecord(0, "user", LONG_QUESTION, "complete", "", 1.79e9),
        ChatMessageRecord(
            0, "assistant", MIXED, "stopped", "SmolLM2 135M", 1.79e9, "cancelled", make_stats()
        ),
    ]
    return one


def wait(done: Callable[[], object]) -> None:
    """Let the window go on until `done`, however busy the computer is: only where the program itself has
    worked for long enough and the state has not come, it never will.
    """
    worked = time.process_time() + _WORK_S
    asked = time.monotonic() + _PATIENCE_S
    while not done():
        QApplication.processEvents()
        if time.process_time() > worked or time.monotonic() > asked:
            raise TimeoutError("the state was not reached")
        # What is waited for is done in threads, which need the processor, and the interpreter.
        time.sleep(_PAUSE_S)


def settle(seconds: float = 0.15) -> None:
    """Let the window go on for a while."""
    end = time.monotonic() + seconds
    wait(lambda: time.monotonic() > end)


@dataclass(frozen=True)
class State:
    """One picture: what is there, and how its state is reached."""

    reach: Callable[[MainWindow], None]
    scripts: tuple[tuple[Step, ...], ...] = ()
    loading: tuple[Step, ...] = (LoadProgress(0.5), make_report(thinking="optional"))
    stored: Callable[[], list[Conversation]] = field(default=lambda: [*earlier(), photos()])
    models: tuple[InstalledModel, ...] = MODELS
    fixed: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    surroundings: Callable[[], tuple[Surroundings | Exception, ...]] | None = None

    advice: bool = False
    """Whether there is a catalogue."""

    def make_advice(self, home: Path) -> Callable[[], ModelAdvice] | None:
        """The catalogue without a Hub, on a computer that is written down."""
        if not self.advice:
            return None
        network = Network(offline=lambda: True)
        installed = self.models
        return lambda: advising.make_advice(network, home / "catalogue", installed=installed)

    def make_machine(self) -> Machine | None:
        """The computer, where it is written down."""
        return Machine(*self.surroundings()) if self.surroundings is not None else None

    def make_chat(self, machine: Machine | None = None) -> ScriptedChat:
        """The chat behind the window."""
        return ScriptedChat(self.scripts, self.loading, self.stored(), machine)


def _send(window: MainWindow, text: str = QUESTION) -> None:
    window.chat.composer.input.setPlainText(text)
    window.chat.composer.input.sent.emit()


def _ready(window: MainWindow) -> None:
    wait(lambda: window.inference.state.phase is Phase.READY and window.settled)


def _chat(window: MainWindow) -> None:
    _ready(window)
    window.chat.composer.fill("Can it do HEIC files from my phone as well?")
    settle(0.4)
    last = window.chat.transcript.messages[-1]
    window.chat.transcript._pointer.near.emit(last)


def _empty(window: MainWindow) -> None:
    _ready(window)
    window.chat.start_new_chat()


def _sent(phase: Phase) -> Callable[[MainWindow], None]:
    def reach(window: MainWindow) -> None:
        _empty(window)
        _send(window)
        wait(lambda: window.inference.state.phase is phase)

    return reach


def _writing(window: MainWindow) -> None:
    _sent(Phase.WRITING)(window)
    window.chat.show_drawer(True)
    window.chat.focus_input()
    settle(0.3)


def _failed(window: MainWindow) -> None:
    _empty(window)
    _send(window)
    wait(lambda: window.chat.banners.banner is not None and window.settled)


def _details(window: MainWindow) -> None:
    _failed(window)
    assert window.chat.banners.banner is not None
    window.chat.banners.banner.details_button.click()


def _picker(window: MainWindow) -> None:
    _ready(window)
    window.chat.composer.model_button.open_list()


def _find(window: MainWindow) -> None:
    _ready(window)
    window.chat.open_find()
    window.chat.find_bar.field.edit.insert("photo")
    window.chat.find_bar.text_changed.emit("photo")
    settle(0.3)


def _deleted(window: MainWindow) -> None:
    _ready(window)
    window.chat.delete((window.chat.conversation.id,))
    wait(lambda: window.settled)


def _link(window: MainWindow) -> None:
    _ready(window)
    window.chat.transcript.link_wanted.emit("https://example.org/a/page?with=a&long=address")


def _editing(window: MainWindow) -> None:
    _ready(window)
    window.chat.transcript.begin_edit(0)


def _page(index: int) -> Callable[[MainWindow], None]:
    def reach(window: MainWindow) -> None:
        _ready(window)
        window.show_panel(SETTINGS)
        window.settings_panel.show_page(index)
        window.settings_panel.page_buttons[index].setFocus(Qt.FocusReason.MouseFocusReason)
        wait(lambda: window.settled)

    return reach


def _engines_looking(window: MainWindow) -> None:
    _ready(window)
    window.show_panel(SETTINGS)
    window.settings_panel.stack.setCurrentWidget(window.settings_panel.engines)
    window.settings_panel.page_buttons[1].setChecked(True)
    window.settings_panel.engines.show_looking()


def _engines_below(window: MainWindow) -> None:
    _page(1)(window)
    settle()
    bar = window.settings_panel.engines.verticalScrollBar()
    bar.setValue(bar.maximum())


def _freed(window: MainWindow) -> None:
    _ready(window)
    chat = window.inference._worker.chat
    assert chat is not None
    chat.pool.unload_idle()  # type: ignore[attr-defined]
    wait(lambda: window.inference.state.phase is Phase.UNLOADED)


def _drawer(window: MainWindow) -> None:
    _ready(window)
    window.chat.show_drawer(True)
    window.chat.drawer.more_button.click()
    settle(0.3)


def _no_engine(window: MainWindow) -> None:
    _ready(window)
    window._change_settings(engines_off=(machines.FIRST, machines.SECOND))
    wait(lambda: window.settled)


def _engines_reload(window: MainWindow) -> None:
    _page(1)(window)
    window.settings_panel.engines.device.device.picked.emit("cpu")
    wait(lambda: window.settled)


def _models(select: str = "", **wanted: Any) -> Callable[[MainWindow], None]:
    def reach(window: MainWindow) -> None:
        wait(lambda: window.settled)
        window.show_models()
        panel = window.models_panel
        wait(lambda: panel.list.model.rowCount() and window.settled)
        if select:
            panel.show_model(select)
            wait(lambda: window.settled)
        if wanted:
            panel.bar.show_only(**wanted)
        settle(0.3)

    return reach


def _models_busy(window: MainWindow) -> None:
    wait(lambda: window.settled)
    window.show_models()
    window.models_panel.list.show_busy("Looking at what runs here")


def _models_compared(window: MainWindow) -> None:
    _models("Qwen/Qwen3-4B")(window)
    window.models_panel.compare_with("google/gemma-3-4b-it")


def _models_card(window: MainWindow) -> None:
    _models("Qwen/Qwen3-4B")(window)
    panel = window.models_panel
    panel.card.show_waiting("Qwen3 4B", "Qwen/Qwen3-4B")
    panel.card.show_card("# A card\n\nSome **text** with a [link](https://example.org).\n\n" + ANSWER)
    panel.stack.setCurrentWidget(panel.card)


def _models_list(window: MainWindow) -> None:
    _models("Qwen/Qwen3-4B")(window)
    window.models_panel.panes.open_model(False)
    window.models_panel.list.focus_list()


def _models_filters(window: MainWindow) -> None:
    _models_list(window)
    window.models_panel.bar.fits.click()
    window.models_panel.bar.fold_button.setChecked(True)
    settle()


def _models_variants(window: MainWindow) -> None:
    _models("Qwen/Qwen3-4B")(window)
    detail = window.models_panel.detail
    detail.table.setFocus(Qt.FocusReason.TabFocusReason)
    detail.verticalScrollBar().setValue(detail.verticalScrollBar().maximum())
    settle()


def _models_none(window: MainWindow) -> None:
    _models(text="nothing like it")(window)


def _models_hub(window: MainWindow) -> None:
    _models()(window)
    window.models_panel.bar.scope.segments["hub"].click()
    wait(lambda: window.settled)


def _search(window: MainWindow) -> None:
    _page(0)(window)
    field = window.settings_panel.search.field.edit
    field.setFocus(Qt.FocusReason.TabFocusReason)
    field.insert("start")
    window.settings_panel.search._search("start")


def _shortcuts(window: MainWindow) -> None:
    _ready(window)
    window.show_shortcuts()


def _no_model(window: MainWindow) -> None:
    wait(lambda: window.chat.stack.currentWidget() is window.chat.no_model)


def _first_model(window: MainWindow) -> None:
    _no_model(window)
    wait(lambda: window.chat.no_model.first_model is not None and window.settled)


def _loading(window: MainWindow) -> None:
    wait(lambda: window.inference.state.fraction > 0)


def _focus(window: MainWindow) -> None:
    _ready(window)
    window.chat.composer.model_button.setFocus(Qt.FocusReason.TabFocusReason)


_begun: tuple[Step, ...] = (
    PromptProgress(processed=54, total=54, reused=0),
    Reasoning("The person wants two things: the notice period and who pays for small repairs. "),
    *(Text(piece) for piece in LEASE.split(" ") for piece in (piece + " ",)),
)
_cut_off: tuple[Step, ...] = tuple(
    Text(ANSWER[start : start + 6]) for start in range(0, ANSWER.index("    if taken"), 6)
)
_nothing: Callable[[], list[Conversation]] = list

STATES: dict[str, State] = {
    "chat": State(_chat),
    "empty": State(_empty),
    "first-start": State(_ready, stored=_nothing),
    "focus": State(_focus),
    "loading": State(_loading, loading=(LoadProgress(0.43), Gate()), stored=_nothing),
    "streaming": State(_writing, scripts=((*_begun, Gate()),)),
    "reading": State(
        _sent(Phase.READING), scripts=((PromptProgress(processed=120, total=300, reused=0), Gate()),)
    ),
    "engine-crashed": State(
        _failed, scripts=((*_cut_off, make_stats(generated_tokens=118, tokens_per_second=21.9), CRASH),)
    ),
    "details": State(_details, scripts=((*_cut_off, CRASH),)),
    "full": State(
        _failed,
        scripts=((make_stats(), End(reason="context_full", needed_tokens=5200, context_length=4096)),),
    ),
    "bug": State(_failed, scripts=((RuntimeError("a bug"),),)),
    "mixed": State(_ready, stored=lambda: [*earlier(), mixed()]),
    "editing": State(_editing),
    "find": State(_find),
    "link": State(_link),
    "deleted": State(_deleted),
    "picker": State(_picker),
    "placement-warning": State(_chat, surroundings=lambda: (machines.wrong_build(),)),
    "placement-picker": State(
        _picker, surroundings=lambda: (machines.two_devices(),), models=(*MODELS, SECOND_MODEL)
    ),
    "on-device": State(
        _chat,
        loading=(
            LoadProgress(0.5),
            make_report(device="NVIDIA GeForce RTX 4060 Laptop GPU (Vulkan)", gpu_layers=31, layers=31),
        ),
        surroundings=lambda: (machines.two_devices(),),
    ),
    "freed": State(_freed),
    "drawer-unsupported": State(_drawer, loading=(LoadProgress(0.5), make_report(capabilities=machines.FEW))),
    "no-model": State(_no_model, models=(), stored=_nothing),
    "model-missing": State(_ready, stored=_nothing, settings={"model": "gemma-3-1b-it"}),
    "model-broken": State(_ready, settings={"model": BROKEN_MODEL.id}, stored=_nothing),
    "engines-all-off": State(
        _no_engine,
        models=(MODELS[0], SECOND_MODEL),
        surroundings=lambda: (machines.no_gpu(),),
    ),
    "engines-all-off-broken": State(
        _no_model,
        stored=_nothing,
        surroundings=lambda: (machines.no_gpu(),),
        settings={"engines_off": (machines.FIRST, machines.SECOND)},
    ),
    "general": State(_page(0)),
    "engines": State(_page(1), surroundings=lambda: (machines.no_gpu(),), settings={"threads": 6}),
    "engines-looking": State(_engines_looking, surroundings=lambda: (machines.no_gpu(),)),
    "engines-failed": State(_page(1), surroundings=lambda: (RuntimeError("broken"), machines.no_gpu())),
    "engines-warning": State(_page(1), surroundings=lambda: (machines.wrong_build(),)),
    "engines-devices": State(
        _engines_below,
        surroundings=lambda: (machines.two_devices(),),
        settings={"device": "Vulkan0", "gpu_layers": 20},
    ),
    "engines-broken": State(
        _page(1),
        surroundings=lambda: (Surroundings((machines.make_engine(), machines.BROKEN), machines.COMPUTER),),
    ),
    "engines-off": State(
        _page(1), surroundings=lambda: (machines.two_devices(),), settings={"engines_off": (machines.SECOND,)}
    ),
    "engines-fixed": State(
        _page(1),
        surroundings=lambda: (machines.two_devices(),),
        fixed=dict.fromkeys(("device", "kv_type", "engines_off"), "Fixed by your organisation."),
    ),
    "engines-reload": State(_engines_reload, surroundings=lambda: (machines.no_gpu(),)),
    "models": State(_models("Qwen/Qwen3-4B"), advice=True),
    "models-list": State(_models_list, advice=True),
    "models-filters": State(_models_filters, advice=True),
    "models-variants": State(_models_variants, advice=True),
    "models-tight": State(_models("google/gemma-3-12b-it"), advice=True),
    "models-too-big": State(_models("Qwen/Qwen3-30B-A3B"), advice=True),
    "models-filtered": State(_models(abilities=frozenset({"tools"})), advice=True),
    "models-none": State(_models_none, advice=True),
    "models-busy": State(_models_busy, advice=True),
    "models-hub-offline": State(_models_hub, advice=True, settings={"offline": True}),
    "models-compared": State(_models_compared, advice=True),
    "models-card": State(_models_card, advice=True),
    "first-model": State(_first_model, models=(), stored=_nothing, advice=True),
    "privacy": State(_page(2)),
    "appearance": State(
        _page(3), fixed={"theme": "Fixed by your organisation: the window follows the system."}
    ),
    "about": State(_page(4)),
    "settings-search": State(_search),
    "shortcuts": State(_shortcuts),
}
