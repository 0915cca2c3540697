"""Engines are asked once, by whoever comes first."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from slmdesk.engines import EngineFacts, EngineSurvey


class Asked:
    """Probes that wait until they may answer, and count."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, name: str) -> EngineFacts:
        self.names.append(name)
        self.begun.set()
        assert self.go_on.wait(60)
        return EngineFacts(name, name.title(), str(len(self.names)))


def test_each_engine_is_asked_once_until_it_is_asked_anew() -> None:
    asked = Asked()
    asked.go_on.set()
    survey = EngineSurvey(asked)
    assert survey.known("one") is None
    assert survey.facts("one").version == "1"
    assert survey.facts("one") is survey.known("one")
    survey.facts("two")
    assert asked.names == ["one", "two"]
    survey.refresh()
    assert survey.known("one") is None
    assert survey.facts("one").version == "3"


def test_who_comes_meanwhile_waits_for_the_same_answer() -> None:
    asked = Asked()
    survey = EngineSurvey(asked)
    with ThreadPoolExecutor(3) as threads:
        answers = [threads.submit(survey.facts, "one") for _ in range(3)]
        assert asked.begun.wait(60)
        assert survey.known("one") is None, "which never waits"
        asked.go_on.set()
        facts = {id(answer.result(60)) for answer in answers}
    assert asked.names == ["one"]
    assert len(facts) == 1


def test_an_answer_from_before_a_refresh_is_not_kept() -> None:
    asked = Asked()
    survey = EngineSurvey(asked)
    with ThreadPoolExecutor(1) as threads:
        early = threads.submit(survey.facts, "one")
        assert asked.begun.wait(60)
        survey.refresh()
        asked.go_on.set()
        assert early.result(60).version == "1"
    assert survey.facts("one").version == "2"
