"""What a licence allows, in plain words and in the person's language."""

from __future__ import annotations

import pytest

from slmdesk.catalogue import Licence, licence_doubts, licence_name, licence_summary, limit_of, load_curated
from slmdesk.messages import choose_language, say
from slmdesk.storage import resources_folder

LIMITED = Licence(
    id="gemma", commercial_use="limits", limit="Only on Sundays.", limit_in={"pl": "Tylko w niedziele."}
)


@pytest.mark.parametrize(
    ("licence", "summary"),
    [
        (Licence(id="apache-2.0", commercial_use="yes"), "Apache-2.0: free to use, also at work."),
        (LIMITED, "Gemma Terms of Use: use at work is allowed with limits. Only on Sundays."),
        (
            Licence(id="lfm1.0", commercial_use="limits"),
            "LFM Open License 1.0: use at work is allowed with limits.",
        ),
        (
            Licence(id="qwen-research", commercial_use="no", limit="Research only."),
            "Qwen Research License: not for use at work. Research only.",
        ),
        (Licence(id="cc-by-nc-4.0", commercial_use="no"), "cc-by-nc-4.0: not for use at work."),
        (Licence(id="other"), "other: whether it may be used at work is not known here."),
        (Licence(commercial_use="no", limit="Research only."), "Not for use at work. Research only."),
        (Licence(commercial_use="no"), "Not for use at work."),
        (Licence(), "Licence not known: read the model card before you use it at work."),
    ],
)
def test_in_plain_words(licence: Licence, summary: str) -> None:
    assert say(licence_summary(licence)) == summary


def test_the_limit_is_said_in_the_language_of_the_person() -> None:
    assert limit_of(LIMITED) == "Only on Sundays."
    choose_language("pl", resources_folder() / "locale")
    assert limit_of(LIMITED) == "Tylko w niedziele."
    assert licence_summary(LIMITED).facts["limit"] == "Tylko w niedziele."


def test_doubts_are_told() -> None:
    assert licence_doubts(LIMITED) == ()
    doubts = licence_doubts(Licence(id="mit", also_stated=("llama3.1",), second_hand=True))
    assert [say(one) for one in doubts] == [
        "Its publisher also names another licence: llama3.1.",
        "The limits are from summaries of the licence, not from its text.",
    ]


def test_every_licence_of_the_list_has_a_name_and_is_said_whole() -> None:
    for model in load_curated().models:
        licence = model.licence
        summary = say(licence_summary(licence))
        assert "…" not in summary, "a limit is too long for a fact"
        if licence.id:
            assert licence_name(licence) != licence.id, f"{licence.id} is named as the Hub writes it"
            assert licence.url.startswith("https://")
        if licence.commercial_use == "limits":
            assert licence.limit
            assert licence.limit in summary
            assert set(licence.limit_in) == {"pl"}
