"""Measures what a text costs that is read as Markdown while it is written, and whether that grows with it.

    python -m tests.benchmarks.markdown_feed [--tokens 20000]

Times are of the processor, so that other programs matter less. Never part of the tests.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from slmdesk.ui.transcript.markdown import Highlighter, Markdown, prepare
from slmdesk.ui.transcript.markdown.lexers import load_lexer

LETTERS_A_TOKEN = 4
CORPUS = Path(__file__).parent.parent / "ui" / "markdown" / "corpus"
SENTENCE = "The date is read from the picture itself, so a copy keeps its **name** and nothing else changes. "


def texts(letters: int) -> dict[str, str]:
    """Texts of about `letters` each; what most answers are like comes first."""
    corpus = "\n\n".join(file.read_text(encoding="utf-8") for file in sorted(CORPUS.glob("[!bl]*.md")))

    def repeated(part: str, before: str = "") -> str:
        return before + part * (letters // len(part))

    return {
        "the corpus, again and again": repeated(f"{corpus}\n\n"),
        "one paragraph": repeated(SENTENCE),
        "one paragraph, never closed": repeated(SENTENCE, "*open "),
        "one paragraph of lines": repeated(f"{SENTENCE[:60]}\n"),
        "one list": "".join(f"{number}. {SENTENCE}\n" for number in range(letters // 100)),
        "one list in an item": repeated(f"    - {SENTENCE}\n", "- top\n"),
        "one quote": repeated(f"> {SENTENCE}\n>\n"),
        "one table": repeated("| row | **x** | 12 |\n", "| a | b | c |\n|---|---|---|\n"),
        "one block of code": repeated("    x = compute(12, name='x')  # note\n", "```python\n"),
        "one block of code in an item": repeated(
            "        x = compute(12, name='x')\n", "1. do\n\n    ```python\n"
        ),
    }


def pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), LETTERS_A_TOKEN):
        yield text[start : start + LETTERS_A_TOKEN]


def seconds(call: Callable[[], object]) -> float:
    start = time.thread_time()
    call()
    return time.thread_time() - start


def print_row(what: str, times: list[float], rest: str) -> None:
    quarter = len(times) // 4
    first, last = statistics.mean(times[:quarter]), statistics.mean(times[-quarter:])
    slowest = sorted(times)[int(len(times) * 0.999)]
    print(
        f"{what:30} {statistics.mean(times) * 1e6:6.0f} {first * 1e6:6.0f} {last * 1e6:6.0f}"
        f" {slowest * 1e3:7.2f} {max(times) * 1e3:7.2f}  {rest}"
    )


def measure_reading(what: str, text: str) -> None:
    markdown = Markdown()
    times = [seconds(lambda piece=piece: markdown.feed(piece)) for piece in pieces(text)]  # type: ignore[misc]
    finish = seconds(markdown.finish)
    whole = seconds(lambda: Markdown.parse(text))
    print_row(what, times, f"{finish * 1e3:6.1f} {whole * 1e3:6.0f} {len(markdown.blocks):6}")


def measure_colours(language: str, code: str) -> None:
    load_lexer(language)
    highlighter = Highlighter(language)
    times = []
    for end in range(0, len(code), LETTERS_A_TOKEN):
        so_far = code[:end]
        times.append(seconds(lambda so_far=so_far: highlighter.runs(so_far)))  # type: ignore[misc]
    slices = Highlighter(language).slices(code)
    parts = [seconds(lambda: next(slices, None)) for _ in range(len(code) // 1_000)]
    longest = f"all at once in slices of at most {max(parts) * 1e3:.1f} ms, {sum(parts) * 1e3:.0f} ms"
    print_row(f"colours of {language}", times, longest)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure reading Markdown that grows.")
    parser.add_argument(
        "--tokens", type=int, default=20_000, help="length of each text, four letters a token"
    )
    letters = parser.parse_args().tokens * LETTERS_A_TOKEN
    prepare()
    print("us a token: all, first quarter, last; ms: 99.9 of 100, slowest; ms: finish, whole; blocks")
    for what, text in texts(letters).items():
        measure_reading(what, text)
    for language, line in [
        ("python", "    x = compute(12, name='x')  # note\n"),
        ("javascript", "const x = `t ${b + 1} u`; // c\n"),
        ("yaml", "  - name: 'x'  # y\n"),
        ("json", '  "a": [1, 2.5, true],\n'),
        ("cpp", "int x = std::max(1, 2u); // y\n"),
    ]:
        measure_colours(language, line * (letters // 4 // len(line)))


if __name__ == "__main__":
    main()
