"""How the Hub is asked."""

from __future__ import annotations

import inspect
from typing import get_args

import pytest

from slmdesk.catalogue import CatalogueModel
from slmdesk.catalogue.query import EXPANDED, PAGE_SIZE, HubQuery, Sort


def test_everything_that_is_asked_for() -> None:
    query = HubQuery(
        text="  qwen   3 ", format="gguf", licence="apache-2.0", sort="last_modified", least_billions=1.5,
        most_billions=14,
    )  # fmt: skip
    assert query.parameters("gguf") == {
        "filter": ["gguf", "license:apache-2.0"],
        "search": "qwen 3",
        "sort": "lastModified",
        "limit": PAGE_SIZE,
        "num_parameters": "min:1B,max:16B",
        "expand": list(EXPANDED),
    }


def test_nothing_in_particular() -> None:
    asked = HubQuery().parameters("onnx")
    assert asked["filter"] == ["onnx"]
    assert "search" not in asked
    assert "num_parameters" not in asked
    assert HubQuery().formats == ("gguf", "onnx")


def test_the_client_knows_every_parameter_and_field() -> None:
    """huggingface_hub names them all: one that is new or renamed there shows here."""
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import ExpandModelProperty_T, ModelSort_T

    known = inspect.signature(HfApi.list_models).parameters
    asked = HubQuery(text="a", least_billions=1).parameters("gguf")
    assert set(asked) <= set(known)
    assert set(EXPANDED) <= set(get_args(ExpandModelProperty_T))
    assert set(get_args(Sort)) <= set(get_args(ModelSort_T))


@pytest.mark.parametrize(
    ("least", "most", "asked"),
    [
        (0.5, None, "min:0"),
        (7, None, "min:6B"),
        (None, 1.5, "max:2B"),
        (None, 31, "max:35B"),
        (0, 0.1, "min:0,max:1B"),
    ],
)
def test_the_hub_is_asked_for_a_little_more(least: float | None, most: float | None, asked: str) -> None:
    """A model sold as 7B may have 6.7 billion weights, and the Hub counts weights."""
    query = HubQuery(least_billions=least, most_billions=most)
    assert query.parameters("gguf")["num_parameters"] == asked


@pytest.mark.parametrize(
    ("billions", "accepted"), [(None, False), (0.9, False), (1.0, True), (2.99, True), (3.0, False)]
)
def test_sizes_are_half_open_and_known(billions: float | None, accepted: bool) -> None:
    query = HubQuery(least_billions=1, most_billions=3)
    assert query.accepts(CatalogueModel(id="a/b", name="b", billions=billions)) is accepted


def test_without_a_range_an_unknown_size_is_fine() -> None:
    assert HubQuery().accepts(CatalogueModel(id="a/b", name="b"))
