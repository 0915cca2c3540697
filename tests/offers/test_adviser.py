"""Offers made of the catalogue by the real fit check, for a computer that is described here."""

from __future__ import annotations

import threading

import pytest

from slmdesk.catalogue import CatalogueModel, ModelFile, load_curated
from slmdesk.engines import EngineFacts, EngineSurvey
from slmdesk.fit import Dimensions, FitCheck, FitQuestion, Verdict
from slmdesk.hardware import Computer
from slmdesk.messages import say
from slmdesk.offers import Adviser, OnDisk, suggest_first
from tests.offers.made import GIB, make_model, make_variant


def _no_engine(name: str) -> EngineFacts:
    raise AssertionError(f"{name} is asked")


@pytest.fixture
def adviser() -> Adviser:
    computer = Computer(
        system="Linux 6",
        machine="x86_64",
        cpu_name="CPU",
        physical_cores=8,
        logical_cores=16,
        default_threads=7,
        total_memory_bytes=16 * GIB,
        available_memory_bytes=10 * GIB,
        family="linux",
    )
    survey = EngineSurvey(_no_engine)
    return Adviser(FitCheck(computer=lambda: computer, survey=survey, simulate=None, speed=None))


def _qwen() -> CatalogueModel:
    sizes = {"Q8_0": 4_280_404_704, "Q6_K": 3_306_260_192, "Q4_K_M": 2_497_280_224}
    return make_model(
        "Qwen/Qwen3-4B",
        variants=tuple(make_variant(name, size) for name, size in sizes.items()),
        dimensions=Dimensions(
            architecture="qwen3",
            layers=36,
            heads=32,
            kv_heads=8,
            head_dim=128,
            hidden_size=2560,
            vocab_size=151936,
        ),
        context_length=40960,
    )


def test_an_offer_says_what_to_take_and_how_it_runs(adviser: Adviser) -> None:
    offer = adviser.offer(_qwen())
    assert offer.variant is not None
    assert offer.variant.label == "Q4_K_M"
    assert offer.reason is not None
    assert "Q4_K_M" in say(offer.reason)
    assert (offer.verdict, offer.source) == (Verdict.FITS, "estimated")
    assert (offer.download_bytes, offer.download_source) == (2_497_280_224, "exact")
    assert offer.report is not None
    assert offer.report.memory is not None
    # Weights, and the keys and values of 4096 tokens: 36 layers, twice 8 heads of 128 numbers of two bytes.
    assert offer.report.memory.parts.weights == 2_497_280_224
    assert offer.report.memory.parts.kv == 4096 * 36 * 2 * 8 * 128 * 2


def test_a_longer_context_changes_the_table_of_variants(adviser: Adviser) -> None:
    model = _qwen()
    usual = adviser.reports(model)
    long = adviser.reports(model, FitQuestion(context_length=40960))
    assert set(usual) == {variant.id for variant in model.variants}
    assert {report.verdict for report in usual.values()} == {Verdict.FITS}
    # 5.6 GiB of keys and values: beside 4.0 GiB of weights they leave too little of the 10 GiB.
    assert long["maker/files-GGUF/model-Q8_0.gguf"].verdict is Verdict.TIGHT
    assert long["maker/files-GGUF/model-Q4_K_M.gguf"].verdict is Verdict.FITS


def test_without_variants_the_number_of_weights_tells(adviser: Adviser) -> None:
    small = adviser.offer(make_model("a/hub-4B", billions=4.0))
    assert small.variant is None
    assert small.reason is None
    assert (small.verdict, small.source) == (Verdict.FITS, "estimated")
    assert (small.download_bytes, small.download_source) == (2_450_000_000, "estimated")
    large = adviser.offer(make_model("a/hub-70B", billions=70.0))
    assert large.verdict is Verdict.TOO_BIG
    unknown = adviser.offer(make_model("a/hub", billions=None))
    assert unknown.verdict is Verdict.UNKNOWN
    assert (unknown.download_bytes, unknown.download_source) == (None, "unknown")


def test_variants_without_a_size_are_judged_by_their_bits(adviser: Adviser) -> None:
    # A list of the Hub names files, and says nothing of their size.
    model = make_model(
        "a/hub-14B", billions=14.0, variants=(make_variant("F16", None), make_variant("Q4_K_M", None))
    )
    reports = adviser.reports(model)
    assert reports["maker/files-GGUF/model-F16.gguf"].verdict is Verdict.TOO_BIG
    offer = adviser.offer(model)
    assert offer.variant is not None
    assert offer.variant.label == "Q4_K_M"
    assert offer.download_source == "estimated"
    assert offer.download_bytes is not None
    assert 8.4e9 < offer.download_bytes < 8.8e9


def test_stopping_ends_a_long_list(adviser: Adviser) -> None:
    stop = threading.Event()
    made = adviser.offers((make_model(f"a/{number}") for number in range(3)), stop=stop)
    assert next(made).id == "a/0"
    stop.set()
    assert list(made) == []


def test_of_the_curated_list_everything_gets_an_offer_and_one_is_suggested(adviser: Adviser) -> None:
    offers = list(adviser.offers(load_curated().models, OnDisk()))
    assert len(offers) >= 70
    assert {offer.verdict for offer in offers} >= {Verdict.FITS, Verdict.TOO_BIG}
    for language in ("en", "pl"):
        found = suggest_first(offers, languages=(language,))
        assert found is not None
        model = found.offer.model
        assert found.offer.verdict is Verdict.FITS
        assert model.licence.commercial_use == "yes"
        assert "chat" in model.abilities
        assert language in model.languages.codes or language == "en"
        assert say(found.reason)


def test_what_reads_pictures_is_downloaded_but_not_counted_as_weights(adviser: Adviser) -> None:
    projector = ModelFile(repo="a/b", path="mmproj.gguf", size_bytes=10**9)
    model = make_model("a/b", variants=(make_variant("Q4_K_M", 2 * 10**9, projector=projector),))
    offer = adviser.offer(model)
    assert offer.download_bytes == 3 * 10**9
    assert offer.report is not None
    assert offer.report.memory is not None
    assert offer.report.memory.parts.weights == 2 * 10**9
