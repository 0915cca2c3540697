"""Every colour and size of the window, by what it is for. Nothing else names a colour or a size.

Sizes are logical pixels at a text scale of 1. Named tuples, because dataclasses of this many fields take a
noticeable part of the time in which the window shows.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from PySide6.QtCore import QSize


class Colors(NamedTuple):
    """One palette: colours by role, as sRGB hex."""

    window: str
    """Rail, status bar, the window behind panels."""
    surface: str
    """Panel content, transcript."""
    surface_sunken: str
    """List columns, details of an error."""
    surface_raised: str
    """Menus, buttons at rest."""
    hover: str
    pressed: str
    """A pressed button; the selected item of the rail."""
    border: str
    """Dividers, cards."""
    border_control: str
    """Fields and buttons, which also carry text."""
    border_mark: str
    """Marks that stand alone: 3:1 or more."""
    text: str
    text_secondary: str
    text_disabled: str
    accent: str
    """Fills: primary button, progress."""
    accent_hover: str
    accent_pressed: str
    accent_text: str
    accent_ink: str
    """The accent as text, icon or focus ring."""
    selection: str
    bubble: str
    """A message of the person."""
    positive: str
    positive_soft: str
    caution: str
    caution_soft: str
    negative: str
    negative_soft: str
    track: str
    """The empty part of a bar."""
    data_1: str
    """In bars: the weights of a model."""
    data_3: str
    """What computing takes."""
    data_4: str
    """The KV cache."""
    data_other: str
    """What other programs take."""
    tooltip: str
    tooltip_text: str
    shadow: str
    """With its alpha first; only what floats casts one."""
    shade: str
    """With its alpha first; over the window behind a sheet."""


LIGHT = Colors(
    window="#F4F4F2",
    surface="#FFFFFF",
    surface_sunken="#F7F7F5",
    surface_raised="#FFFFFF",
    hover="#EEEDEA",
    pressed="#E6E5E1",
    border="#E4E3DF",
    border_control="#C6C4BE",
    border_mark="#85837D",
    text="#1C1B1A",
    text_secondary="#5E5C57",
    text_disabled="#8F8D88",
    accent="#2F56C9",
    accent_hover="#2749AE",
    accent_pressed="#203D92",
    accent_text="#FFFFFF",
    accent_ink="#2A4EBB",
    selection="#E4EAFA",
    bubble="#EEF1FA",
    positive="#1A6F3D",
    positive_soft="#E3F2E8",
    caution="#7F4F00",
    caution_soft="#FAEFD9",
    negative="#AF251D",
    negative_soft="#FBE8E6",
    track="#E4E3DF",
    data_1="#2F56C9",
    data_3="#7A50B8",
    data_4="#0E7F75",
    data_other="#B9B7B1",
    tooltip="#2A2928",
    tooltip_text="#F6F5F3",
    shadow="#24000000",
    shade="#60000000",
)

DARK = Colors(
    window="#18181A",
    surface="#1F1F22",
    surface_sunken="#19191C",
    surface_raised="#28282C",
    hover="#303035",
    pressed="#39393F",
    border="#323236",
    border_control="#4B4B51",
    border_mark="#86868D",
    text="#ECEBE9",
    text_secondary="#A9A7A4",
    text_disabled="#74736F",
    accent="#4468DE",
    accent_hover="#3B5DD0",
    accent_pressed="#3350B5",
    accent_text="#FFFFFF",
    accent_ink="#9DB3FF",
    selection="#293250",
    bubble="#292D3A",
    positive="#6CCB94",
    positive_soft="#1D3427",
    caution="#E5B64C",
    caution_soft="#382E17",
    negative="#FF8F85",
    negative_soft="#43231F",
    track="#36363B",
    data_1="#7E9AFF",
    data_3="#BA9BF2",
    data_4="#4EC0B2",
    data_other="#5B5B61",
    tooltip="#EDECEA",
    tooltip_text="#1C1B1A",
    shadow="#73000000",
    shade="#8C000000",
)


class Space(enum.IntEnum):
    """Distances. They stay as they are when the text grows."""

    TINY = 2
    XS = 4
    S = 8
    M = 12
    L = 16
    XL = 24
    XXL = 32
    MESSAGE = 20


class Radius(enum.IntEnum):
    """Corners."""

    BADGE = 4
    """Badges, and the boxes of check boxes."""
    BUTTON = 6
    """Buttons, fields and rows."""
    CARD = 8
    COMPOSER = 10
    BUBBLE = 12


class Line(enum.IntEnum):
    """Strokes."""

    BORDER = 1
    FOCUS = 2
    FOCUS_OFFSET = 2
    HANDLE = 2
    """Around the handle of a slider."""
    RAIL_MARK = 3


class Sizes(NamedTuple):
    """Heights and widths that grow with the text, for one text scale."""

    rail: int
    rail_narrow: int
    rail_item: int
    rail_item_narrow: int
    rail_mark: int
    rail_collapses_below: int
    chat_head: int
    chat_list: int
    chat_list_narrow: int
    chat_drawer: int
    status_bar: int
    models_list: int
    models_list_narrow: int
    row_model: int
    row_variant: int
    models_search: int
    memory_bar: int
    legend: int
    chip: int
    button: int
    button_small: int
    send: int
    menu_row: int
    menu: int
    model_menu: int
    settings_row: int
    settings_page: int
    settings_pages: int
    settings_content: int
    choice: int
    field: int
    field_small: int
    field_width: int
    number_width: int
    number_arrow: int
    switch: int
    switch_width: int
    switch_knob: int
    mark: int
    mark_dot: int
    slider: int
    slider_track: int
    slider_handle: int
    stripe: int
    text_cursor: int
    row: int
    row_chat: int
    group_head: int
    undo_bar: int
    undo_bar_width: int
    empty_list: int
    prompt_row: int
    empty_state: int
    reading: int
    reading_narrow: int
    bubble: int
    stats_row: int
    progress: int
    meter: int
    meter_line: int
    badge: int
    scroll_bar: int
    scroll_thumb: int
    scroll_thumb_least: int
    icon_rail: int
    icon_button: int
    icon_badge: int
    icon_chevron: int
    shadow: int


def make_sizes(scale: float) -> Sizes:
    """The sizes at a text scale."""

    def px(value: float) -> int:
        return round(value * scale)

    return Sizes(
        rail=px(176),
        rail_narrow=px(56),
        rail_item=px(36),
        rail_item_narrow=px(40),
        rail_mark=px(16),
        rail_collapses_below=px(1000),
        chat_head=px(48),
        chat_list=px(256),
        chat_list_narrow=px(220),
        chat_drawer=px(304),
        status_bar=px(28),
        models_list=px(428),
        models_list_narrow=px(300),
        row_model=px(52),
        row_variant=px(32),
        models_search=px(204),
        memory_bar=px(18),
        legend=px(10),
        chip=px(22),
        button=px(32),
        button_small=px(28),
        send=px(32),
        menu_row=px(36),
        menu=px(400),
        model_menu=px(440),
        settings_row=px(54),
        settings_page=px(32),
        settings_pages=px(224),
        settings_content=px(720),
        choice=px(200),
        field=px(32),
        field_small=px(30),
        field_width=px(200),
        number_width=px(92),
        number_arrow=px(16),
        switch=px(20),
        switch_width=px(36),
        switch_knob=px(12),
        mark=px(16),
        mark_dot=px(6),
        slider=px(24),
        slider_track=px(4),
        slider_handle=px(16),
        stripe=px(4),
        text_cursor=px(1.5),
        row=px(36),
        row_chat=px(44),
        group_head=px(28),
        undo_bar=px(44),
        undo_bar_width=px(400),
        empty_list=px(114),
        prompt_row=px(60),
        empty_state=px(560),
        reading=px(720),
        reading_narrow=px(560),
        bubble=px(576),
        stats_row=px(28),
        progress=px(6),
        meter=px(64),
        meter_line=px(4),
        badge=px(20),
        scroll_bar=px(12),
        scroll_thumb=px(6),
        scroll_thumb_least=px(32),
        icon_rail=px(18),
        icon_button=px(15),
        icon_badge=px(13),
        icon_chevron=px(14),
        shadow=14,
    )


MOTION_MS = 150
"""How long a change takes to be shown, where it is shown moving."""

SPIN_MS = 960
SPIN_STEPS = 12
"""How long a turning mark takes for a turn, and in how many steps."""

HALF_SEEN = 0.5
"""The opacity of a mark or a slider that cannot be used."""

WINDOW_LEAST = (900, 600)
"""Width and height that everything has room in; on a smaller screen, the window fills that."""


def least_window(available: QSize) -> tuple[int, int]:
    """The least width and height of the window on a screen with `available` room."""
    width, height = WINDOW_LEAST
    return min(width, available.width()), min(height, available.height())


def first_window(available: QSize, width: int, height: int) -> tuple[int, int]:
    """The size to open the window at, which was `width` x `height` when it was closed last."""
    least_width, least_height = least_window(available)
    return (
        min(max(width, least_width), available.width()),
        min(max(height, least_height), available.height()),
    )


ICON_STROKE = "1.75"
"""Width of an icon's lines, in its own 24 units."""

APP_ICON_SIZES = (16, 24, 32, 48, 64, 128, 256)


class Type(NamedTuple):
    """A kind of text: pixels, line height, weight."""

    px: float
    line: int
    weight: int


class TextRole(enum.Enum):
    """What a text is for."""

    PAGE_HEAD = Type(20, 26, 600)
    TITLE = Type(15, 20, 600)
    READING = Type(14, 22, 400)
    BASE = Type(13, 18, 400)
    LABEL = Type(13, 18, 500)
    STRONG = Type(13, 18, 600)
    SECONDARY = Type(12, 16, 400)
    GROUP_HEAD = Type(12, 16, 600)
    BADGE = Type(12, 16, 500)
    MONO = Type(12.5, 19, 400)
