"""What is looked for on the Hub, and how the Hub is asked for it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from slmdesk.catalogue.model import GGUF, ONNX, CatalogueModel, Format

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ExpandModelProperty_T

Sort: TypeAlias = Literal["downloads", "likes", "last_modified", "trending_score"]
"""The most first; `last_modified`: the newest first."""

PAGE_SIZE = 50
"""Repositories asked for at once."""

EXPANDED: tuple[ExpandModelProperty_T, ...] = (
    "author",
    "cardData",
    "downloads",
    "gated",
    "gguf",
    "lastModified",
    "likes",
    "pipeline_tag",
    "sha",
    "siblings",
    "tags",
)
"""The facts wanted of each repository: naming them replaces the Hub's own choice."""

_PARAMETER_OF_SORT = {
    "downloads": "downloads",
    "likes": "likes",
    "last_modified": "lastModified",
    "trending_score": "trendingScore",
}
_LONGEST_TEXT = 200
# How far the size as sold is from the number of weights.
_SOLD_AS = 0.1


class HubQuery(Struct, frozen=True, kw_only=True):
    """A search on the Hub. Hashable; two that ask for the same are equal."""

    text: str = ""
    """Part of the repository's name."""
    format: Format | None = None
    """None: both."""
    licence: str = ""
    """As the Hub writes it, for example `apache-2.0`; "": any."""
    sort: Sort = "downloads"
    least_billions: float | None = None
    """Billions of weights, this many or more."""
    most_billions: float | None = None
    """Fewer than this. Models whose size nobody states are left out where either limit is set."""

    @property
    def formats(self) -> tuple[Format, ...]:
        """The formats that are asked for, one request each: the Hub knows no "or"."""
        return (GGUF, ONNX) if self.format is None else (self.format,)

    def plain(self) -> HubQuery:
        """The same search, its text as the Hub is asked for it: one line, no white space around it, valid."""
        # What a terminal passes on may be no text.
        text = self.text.encode("utf-8", "replace").decode()
        return replace(self, text=" ".join(text.split())[:_LONGEST_TEXT].strip())

    def parameters(self, format_: Format) -> dict[str, str | int | list[str]]:
        """The query of `GET /api/models`, as `huggingface_hub.HfApi.list_models` writes it."""
        wanted: dict[str, str | int | list[str]] = {
            "filter": [format_, *([f"license:{self.licence}"] if self.licence else [])],
            "sort": _PARAMETER_OF_SORT[self.sort],
            "limit": PAGE_SIZE,
            "expand": list(EXPANDED),
        }
        if text := self.plain().text:
            wanted["search"] = text
        if size := self._size_range():
            wanted["num_parameters"] = size
        return wanted

    def accepts(self, model: CatalogueModel) -> bool:
        """Whether the model's size, as sold where that is known, is in the range."""
        if self.least_billions is None and self.most_billions is None:
            return True
        if model.billions is None:
            return False
        return (self.least_billions or 0) <= model.billions < (self.most_billions or math.inf)

    def _size_range(self) -> str:
        """For example `min:1B,max:16B`; "" for any size.

        In whole billions, the only unit that the Hub's own pages use, and with room to both sides: the Hub
        counts weights, and a model that is sold as 7B has 6.7 or 7.6. `accepts` has the last word.
        """
        limits = []
        if self.least_billions is not None:
            least = math.floor(self.least_billions * (1 - _SOLD_AS))
            limits.append(f"min:{least}B" if least else "min:0")
        if self.most_billions is not None:
            limits.append(f"max:{math.ceil(self.most_billions * (1 + _SOLD_AS))}B")
        return ",".join(limits)
