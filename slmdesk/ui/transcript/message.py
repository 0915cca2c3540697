"""One message of the transcript: what was said, and the strips it is shown in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from slmdesk.ui.transcript.building import rebuild
from slmdesk.ui.transcript.code_state import CodeState
from slmdesk.ui.transcript.growing_text import GrowingText
from slmdesk.ui.transcript.heights import HeightTree
from slmdesk.ui.transcript.strips import Section, Strip
from slmdesk.ui.transcript.table_state import TableState

if TYPE_CHECKING:
    from slmdesk.chat import ChatMessageRecord, MessageState
    from slmdesk.engines import End, EndReason, Stats
    from slmdesk.ui.transcript.lettering import Lettering
    from slmdesk.ui.transcript.markdown import Block

_AROUND = 60
"""About how many pixels a message's head, foot and gaps take."""


class Message:
    """What was said by one side, parsed when it is first shown."""

    # Defaults stand here, so that thousands of messages are made quickly.
    record_id = 0
    """Of the stored message; 0: not known."""
    reasoning_seconds = 0.0
    thinking_since = 0.0
    """When the first reasoning came, by the monotonic clock; 0: no reasoning is coming."""
    state: MessageState = "complete"
    end_reason: EndReason | None = None
    end: End | None = None
    model_title = ""
    created_at = 0.0
    stats: Stats | None = None
    version = 1
    versions = 1
    answered = True
    """False of an answer that is only there to say that there is none."""
    bare = False
    """Whether it is a text by itself, with nothing over it and nothing to do with it."""
    writing = False
    editing = False
    last = False
    fold_open = False
    folded: str | None = None
    """The texts in lower case, as they are searched; None: not made yet."""
    strips: list[Strip] | None = None
    """What it is shown in; None until it is first seen."""

    def __init__(self, index: int, role: Literal["user", "assistant"], text: str = "") -> None:
        self.index = index
        self.role = role
        self._source = text
        self._reasoning_source = ""

    @cached_property
    def text(self) -> GrowingText:
        """What was said."""
        return GrowingText(self._source)

    @cached_property
    def reasoning(self) -> GrowingText:
        """What the model thought before."""
        return GrowingText(self._reasoning_source)

    @property
    def source(self) -> str:
        """What was said, as it was written."""
        return self.text.source if "text" in self.__dict__ else self._source

    @property
    def typed(self) -> str:
        """What the person said, without the empty lines at its end: as it is drawn."""
        return self.source.rstrip("\n")

    @property
    def reasoning_source(self) -> str:
        """What the model thought, as it was written."""
        return self.reasoning.source if "reasoning" in self.__dict__ else self._reasoning_source

    @cached_property
    def heights(self) -> HeightTree:
        """Of the strips."""
        return HeightTree()

    @cached_property
    def code_states(self) -> dict[tuple[Section, int], CodeState]:
        """How its blocks of code are shown."""
        return {}

    @cached_property
    def table_states(self) -> dict[tuple[Section, int], TableState]:
        """How wide the columns of its tables are."""
        return {}

    @classmethod
    def from_record(cls, index: int, record: ChatMessageRecord) -> Message:
        """As it is stored."""
        message = cls(index, record.role, record.text)
        message.model_title = record.model_title
        message.created_at = record.created_at
        message._reasoning_source = record.reasoning
        message.takes(record)
        return message

    def same_text(self, record: ChatMessageRecord) -> bool:
        """Whether it says what a stored message says."""
        return (
            self.role == record.role
            and self.source == record.text
            and self.reasoning_source == record.reasoning
            and not self.writing
        )

    def takes(self, record: ChatMessageRecord) -> bool:
        """Take over what may become of a message after it was said. Returns whether anything changed."""
        self.record_id = record.id
        before = (
            self.state,
            self.end_reason,
            self.stats,
            self.version,
            self.versions,
            self.reasoning_seconds,
        )
        self.state, self.end_reason, self.stats = record.state, record.end_reason, record.stats
        self.version, self.versions = record.version, record.versions
        self.reasoning_seconds = record.reasoning_seconds
        return before != self._fate

    @property
    def _fate(self) -> tuple[object, ...]:
        return (
            *(self.state, self.end_reason, self.stats, self.version, self.versions),
            self.reasoning_seconds,
        )

    def set_source(self, text: str) -> None:
        """Say something else."""
        self.text = GrowingText(text)
        self.code_states.clear()
        self.table_states.clear()
        self.folded = None

    @property
    def cut_off(self) -> bool:
        """Whether it is an answer that broke off with something said, so that it may be gone on with."""
        return self.state == "failed" and bool(self.source) and not self.writing

    @property
    def may_go_on(self) -> bool:
        """Whether it is an answer that ended early in a way that a model can go on from."""
        return self.state == "stopped" and self.end_reason != "context_full"

    @property
    def by_person(self) -> bool:
        """Whether the person said it."""
        return self.role == "user"

    def section(self, section: Section) -> GrowingText:
        """One of its two texts."""
        return self.reasoning if section is Section.REASONING else self.text

    def blocks(self, section: Section) -> Sequence[Block]:
        """The blocks of one of its texts. What a person typed is one block, letter for letter."""
        text = self.section(section)
        return text.typed_blocks() if self.by_person else text.blocks()

    @property
    def unread(self) -> bool:
        """Whether a part of what is shown was not read yet."""
        return not self.by_person and any(self.section(one).unread for one in self.shown_sections())

    def read_on(self, deadline: float, *, folded: bool = False) -> bool:
        """Read all that is shown, up to a deadline by `time.perf_counter`. Returns whether that is done.

        `folded`: also what could be unfolded.
        """
        if self.by_person:
            return True
        texts = [self.section(one) for one in (self.sections() if folded else self.shown_sections())]
        for text in texts:
            text.read_on(deadline)
        return not any(text.unread for text in texts)

    def sections(self) -> tuple[Section, ...]:
        """The texts that there are, folded or not, in their order."""
        if self.by_person or not self.reasoning_source:
            return (Section.TEXT,)
        return (Section.REASONING, Section.TEXT)

    def shown_sections(self) -> tuple[Section, ...]:
        """The texts that are shown, in their order."""
        return self.sections() if self.fold_open else (Section.TEXT,)

    def estimate(self, letters: int, line: int) -> int:
        """About how high it is, unread, in lines of `letters` letters that are `line` pixels high."""
        text = self.source
        return (text.count("\n") + len(text) // letters + 1) * line + _AROUND

    def table_state(self, strip: Strip) -> TableState:
        """The widths of the columns of the table that `strip` is a part of."""
        key = (strip.section, strip.block_index)
        state = self.table_states.get(key)
        if state is None:
            state = self.table_states[key] = TableState()
        return state

    def code_state(self, strip: Strip) -> CodeState:
        """How the block of `strip`, which is code, is shown."""
        key = (strip.section, strip.block_index)
        state = self.code_states.get(key)
        if state is None:
            state = self.code_states[key] = CodeState()
        return state

    def build(self, lettering: Lettering) -> list[Strip]:
        """The strips, made when first asked for."""
        if self.strips is None:
            self.strips = []
            self.heights = HeightTree()
            rebuild(self, self.strips, lettering, Section.REASONING, -1)
        return self.strips

    def forget_strips(self) -> None:
        """Make them anew when they are next asked for: the letters are of another size."""
        self.strips = None
        self.table_states.clear()

    def refresh(self, lettering: Lettering, section: Section = Section.REASONING, block: int = -1) -> None:
        """Take over what changed from a block of a section on; without a block: head and foot as well."""
        if self.strips is not None:
            rebuild(self, self.strips, lettering, section, block)

    def refresh_foot(self) -> None:
        """Other things can be done with it, or other figures are known."""
        if self.strips:
            self.strips[-1].measured = -1

    def set_height(self, index: int, height: int, layout: int) -> None:
        """The height of a strip, as measured for a layout."""
        if self.strips is None:
            return
        strip = self.strips[index]
        strip.height, strip.measured = height, layout
        self.heights.set(index, height)
