"""How many layers fit, and on how many devices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from slmdesk.engines import ALL_LAYERS, AUTO, ModelNeeds, Preference, resolve
from slmdesk.engines.placing_devices import Usable
from slmdesk.engines.placing_room import KNOWN_RESERVE, LARGEST_RESERVE, free_for_model, room_for
from tests.engines.placement.builds import composed_llama_cuda as cuda
from tests.engines.placement.builds import device
from tests.hardware.recorded import machines

GIB = 2**30
# A layer takes 1 GiB, the output layer among the 33.
NEEDS = ModelNeeds(weights_bytes=30 * GIB, kv_bytes=3 * GIB, layers=32)


def usable(free: int | None, total: int | None = None) -> Usable:
    return Usable("GPU0", "A card", "CUDA", free, total or free or 0, shared=False, software=False)


@pytest.mark.parametrize(
    ("free", "total", "left"),
    [
        (24 * GIB, 24 * GIB, 23 * GIB),
        (2 * GIB, 24 * GIB, GIB),
        (2 * GIB, 2 * GIB, 3 * GIB // 2),
        (100, 8 * GIB, 0),
        (None, 0, None),
    ],
)
def test_some_memory_is_left_for_others(free: int | None, total: int, left: int | None) -> None:
    assert free_for_model(usable(free, total)) == left


@pytest.mark.parametrize(("free", "layers"), [(33, 33), (32, 32), (11, 11), (0, 0)])
def test_as_many_layers_as_fit(free: int, layers: int) -> None:
    room = room_for(NEEDS, [usable(free * GIB + LARGEST_RESERVE)])
    assert (room.devices, room.layers, room.total, room.shares) == (1, layers, 33, ())
    assert room.whole == (layers == 33)


def test_a_second_device_only_where_one_is_not_enough() -> None:
    large, small = usable(25 * GIB), usable(13 * GIB)
    room = room_for(NEEDS, [large, small, small])
    assert (room.devices, room.layers) == (2, 33)
    assert room.shares == (0.667, 0.333)
    assert room_for(NEEDS, [usable(40 * GIB), large]).devices == 1


def test_a_model_in_one_piece_fits_or_does_not() -> None:
    whole = ModelNeeds(weights_bytes=30 * GIB, kv_bytes=3 * GIB, layers=0)
    assert not room_for(whole, [usable(25 * GIB), usable(25 * GIB)]).worthwhile
    assert room_for(whole, [usable(34 * GIB)]).whole


def test_unknown_memory_takes_everything() -> None:
    room = room_for(NEEDS, [usable(None)])
    assert (room.devices, room.whole) == (1, True)
    behind = room_for(NEEDS, [usable(11 * GIB), usable(None)])
    assert (behind.devices, behind.layers) == (1, 10), "beside one that is known it is not guessed"


@pytest.mark.parametrize(("layers", "worthwhile"), [(3, False), (4, True)])
def test_less_than_a_tenth_is_not_worth_it(layers: int, worthwhile: bool) -> None:
    assert room_for(NEEDS, [usable(layers * GIB + LARGEST_RESERVE)]).worthwhile == worthwhile


def test_two_cards_share_what_one_cannot_hold() -> None:
    computer = machines()["linux-two-nvidia"]
    needs = ModelNeeds(weights_bytes=38 * 10**9, kv_bytes=2 * 10**9, layers=80)
    placement = resolve(cuda(computer), computer, Preference(device=AUTO), needs)
    assert placement.devices == ("CUDA1", "CUDA0"), "the one with more free memory is the main one"
    assert placement.gpu_layers == ALL_LAYERS
    assert placement.tensor_split == (0.501, 0.499)
    assert placement.reason.key == "placed-gpu-split"
    assert placement.title == "2 × NVIDIA GeForce RTX 4090 (CUDA)"
    larger = resolve(
        cuda(computer),
        computer,
        Preference(),
        ModelNeeds(weights_bytes=80 * 10**9, kv_bytes=2 * 10**9, layers=80),
    )
    assert larger.reason.key == "placed-gpu-split-part"
    assert 0 < larger.gpu_layers < 81


def test_a_computer_without_needs_takes_the_best() -> None:
    computer = machines()["linux-two-nvidia"]
    placement = resolve(cuda(computer), computer, Preference())
    assert (placement.devices, placement.gpu_layers) == (("CUDA1",), ALL_LAYERS)
    assert placement.reason.key == "placed-gpu"


def test_cuda_comes_before_vulkan_however_much_is_free() -> None:
    computer = machines()["linux-nvidia"]
    engine = cuda(computer)
    both = (device("Vulkan0", "Vulkan", 100 * GIB), *engine.devices)
    placement = resolve(replace(engine, devices=both), computer, Preference(), NEEDS)
    assert placement.devices == ("CUDA0",)


class Engine:
    """Says what fits: a layer takes 1 GiB, and each device 2 GiB for computing at all."""

    def __init__(self, answers: bool = True) -> None:
        self.asked: list[dict[str, int]] = []
        self._answers = answers

    def __call__(self, free: Mapping[str, int]) -> int | None:
        self.asked.append(dict(free))
        return sum(max(0, one // GIB - 2) for one in free.values()) if self._answers else None


def test_what_the_engine_says_decides() -> None:
    engine = Engine()
    asking = replace(NEEDS, layers_that_fit=engine)
    room = room_for(asking, [usable(12 * GIB + KNOWN_RESERVE)])
    assert (room.devices, room.layers, room.total, room.shares) == (1, 10, 33, ())
    assert engine.asked == [{"GPU0": 12 * GIB}]
    assert room_for(asking, [usable(100 * GIB)]).whole


def test_the_engine_is_asked_about_a_second_card_only_where_one_is_not_enough() -> None:
    engine = Engine()
    asking = replace(NEEDS, layers_that_fit=engine)
    first = usable(22 * GIB + KNOWN_RESERVE)
    second = replace(usable(17 * GIB + KNOWN_RESERVE), name="GPU1")
    room = room_for(asking, [first, second, second])
    assert (room.devices, room.layers, room.shares) == (2, 33, (0.564, 0.436))
    assert [len(free) for free in engine.asked] == [1, 2]


def test_an_engine_that_says_nothing_leaves_it_to_the_estimate() -> None:
    cards = [usable(11 * GIB + LARGEST_RESERVE)]
    assert room_for(replace(NEEDS, layers_that_fit=Engine(answers=False)), cards) == room_for(NEEDS, cards)
    engine = Engine()
    unknown = room_for(replace(NEEDS, layers_that_fit=engine), [usable(None)])
    assert unknown.whole
    assert engine.asked == []
