"""Mixed Markdown as chat models write it: headings, nested lists, tables, quotes, code, long paragraphs.

Made, not kept: as long as is wanted, the same for the same seed, and of words that mean nothing.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Iterator

# fmt: off
_WORDS = [
    "a", "the", "of", "and", "to", "in", "that", "it", "is", "was", "for", "on", "with", "as", "by", "at",
    "from", "which", "when", "where", "under", "over", "water", "stone", "light", "river", "winter", "garden",
    "paper", "engine", "window", "letter", "number", "answer", "question", "morning", "small", "large",
    "quiet", "broken", "early", "slowly", "often", "never", "always", "carries", "follows", "measures",
    "remembers", "changes", "writes", "reads", "opens", "between", "because", "however", "therefore",
    "although", "structure", "temperature", "possibility", "understanding", "representation",
]
_OTHER_WORDS = [
    "żółć", "gęślą", "jaźń", "Größe", "naïve", "日本語", "данные", "שלום", "مرحبا", "🙂", "👩\u200d🔬", "½",
    "→", "≤",
]
# fmt: on
_LANGUAGES = ("python", "cpp", "javascript", "json", "yaml", "sql", "bash", "rust", "html", "")

# Like the tokens of a language model: a word with the blank before it, in parts where it is long.
_TOKEN = re.compile(r" ?[^\W\d_]{1,8}|\d{1,3}| ?[^\w\s]{1,3}|_+|\n+| +|\s|.", re.DOTALL)


def make_pieces(count: int, seed: int = 0) -> list[str]:
    """`count` tokens of Markdown, one string each; joined they are the text."""
    pieces: list[str] = []
    for block in _blocks(random.Random(seed)):
        pieces += _TOKEN.findall(block)
        if len(pieces) >= count:
            break
    return pieces[:count]


def make_markdown(count: int, seed: int = 0) -> str:
    """The same as one text."""
    return "".join(make_pieces(count, seed))


def _blocks(rng: random.Random) -> Iterator[str]:
    """Blocks without end; each ends with an empty line. Every kind comes about as often in any stretch."""
    languages = itertools.cycle(_LANGUAGES)

    def code(rng: random.Random) -> str:
        return _code(rng, next(languages))

    makers: list[Callable[[random.Random], str]] = [
        _paragraph, _paragraph, _long_paragraph, _list, _numbered_list, _task_list, _table, _quote, code,
        code, code, code, _foreign_words, _raw_html, _rule, _footnote,
    ]  # fmt: skip
    levels = itertools.cycle((1, 2, 3, 2, 4))
    while True:
        rng.shuffle(makers)
        for number, make in enumerate(makers):
            if number % 4 == 0:
                yield f"{'#' * next(levels)} {_line(rng, 3, 8).capitalize()}\n\n"
            yield make(rng) + "\n\n"


def _line(rng: random.Random, least: int, most: int) -> str:
    return " ".join(rng.choice(_WORDS) for _ in range(rng.randint(least, most)))


def _inline(rng: random.Random, words: int) -> str:
    """A sentence with what stands inside of lines."""
    parts = []
    for _ in range(words):
        word = rng.choice(_WORDS)
        match rng.randint(0, 24):
            case 0:
                word = f"**{word} {rng.choice(_WORDS)}**"
            case 1:
                word = f"*{word}*"
            case 2:
                word = f"`{word}_{rng.randint(1, 99)}()`"
            case 3:
                word = f"[{word}](https://example.org/{word}?page={rng.randint(1, 99)})"
            case 4:
                word = f"~~{word}~~"
            case 5:
                word = f"{word},"
            case _:
                pass
        parts.append(word)
    return " ".join(parts).capitalize() + "."


def _paragraph(rng: random.Random) -> str:
    return " ".join(_inline(rng, rng.randint(8, 25)) for _ in range(rng.randint(2, 5)))


def _long_paragraph(rng: random.Random) -> str:
    return " ".join(_inline(rng, rng.randint(15, 40)) for _ in range(rng.randint(6, 12)))


def _list(rng: random.Random, depth: int = 0) -> str:
    lines = []
    for _ in range(rng.randint(2, 5)):
        lines.append(f"{'  ' * depth}- {_inline(rng, rng.randint(4, 15))}")
        if depth < 3 and rng.random() < 0.3:
            lines.append(_list(rng, depth + 1))
    return "\n".join(lines)


def _numbered_list(rng: random.Random) -> str:
    items = []
    for number in range(1, rng.randint(3, 7)):
        items.append(f"{number}. {_inline(rng, rng.randint(5, 20))}")
        if rng.random() < 0.25:
            items.append(f"\n   {_inline(rng, 12)}\n")
    return "\n".join(items)


def _task_list(rng: random.Random) -> str:
    return "\n".join(f"- [{rng.choice(' x')}] {_inline(rng, 6)}" for _ in range(rng.randint(3, 6)))


def _table(rng: random.Random) -> str:
    columns = rng.randint(2, 6)
    rows = [[_line(rng, 1, 2) for _ in range(columns)]]
    rows.append([rng.choice(("---", ":--", "--:", ":-:")) for _ in range(columns)])
    for _ in range(rng.randint(3, 12)):
        cells = [
            _line(rng, 1, 4),
            *(str(rng.randint(0, 10 ** rng.randint(1, 7))) for _ in range(columns - 1)),
        ]
        rows.append(cells)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _quote(rng: random.Random) -> str:
    lines = [f"> {_inline(rng, 20)}", ">", f"> > {_inline(rng, 10)}", ">", f"> - {_inline(rng, 6)}"]
    return "\n".join(lines)


def _foreign_words(rng: random.Random) -> str:
    return " ".join(rng.choice((*_OTHER_WORDS, *_WORDS[:20])) for _ in range(40))


def _raw_html(rng: random.Random) -> str:
    image = f'<img src="https://example.org/{rng.randint(1, 99)}.png">'
    return f"{image} <b>{_line(rng, 3, 6)}</b> &amp; ![a](b.png)"


def _rule(rng: random.Random) -> str:
    return "---"


def _footnote(rng: random.Random) -> str:
    number = rng.randint(1, 10**6)
    return f"{_line(rng, 5, 9)}[^{number}] and {_line(rng, 3, 5)}.\n\n[^{number}]: {_inline(rng, 8)}"


def _code(rng: random.Random, language: str) -> str:
    lines = [line for _ in range(rng.randint(1, 6)) for line in _statement(rng, language)]
    return f"```{language}\n" + "\n".join(lines) + "\n```"


def _statement(rng: random.Random, language: str) -> list[str]:
    one, two, number = rng.choice(_WORDS), rng.choice(_WORDS), rng.randint(0, 9999)
    match language:
        case "python":
            return [
                f"def {one}_{number}({two}: int, *, limit: float = {number / 100}) -> str:",
                f'    """{_line(rng, 4, 9).capitalize()}."""',
                f"    # {_line(rng, 3, 8)}",
                f"    if {two} > {number} and not limit:",
                f'        raise ValueError(f"{one}: {{{two}!r}}")',
                f"    return ', '.join(str(item) for item in range({two}))",
                "",
            ]
        case "cpp":
            return [
                f"// {_line(rng, 4, 9)}",
                f"template <typename T> std::vector<T> {one}{number}(const T &{two}) {{",
                f"    std::vector<T> found({number % 64}, {two});",
                f'    std::cout << "{one}: " << found.size() << std::endl;',
                "    return found;",
                "}",
            ]
        case "javascript":
            return [
                f"const {one}{number} = async ({two}) => {{",
                f"  const answer = await fetch(`/{one}/${{{two}}}?n={number}`); // {_line(rng, 2, 5)}",
                "  return answer.ok ? answer.json() : null;",
                "};",
            ]
        case "json":
            return [
                f'{{"{one}": {{"{two}": [{number}, {number / 7:.3f}, true, null],',
                f'  "text": "{_line(rng, 3, 9)}"}}}}',
            ]
        case "yaml":
            return [
                f"{one}_{number}:  # {_line(rng, 2, 4)}",
                f"  - {two}: {number}",
                f'    text: "{_line(rng, 2, 6)}"',
            ]
        case "sql":
            return [
                f"SELECT {one}, count(*) FROM {two}_{number} WHERE {one} > {number} GROUP BY {one}; -- {two}"
            ]
        case "bash":
            return [
                f"for {one} in $(seq {number % 20}); do",
                f'  echo "{two} ${{{one}}}" | grep -c {number} >> {two}.log',
                "done",
            ]
        case "rust":
            return [
                f"fn {one}_{number}({two}: &str) -> Option<u32> {{",
                f"    {two}.parse().ok().filter(|x| *x > {number}) // {_line(rng, 1, 4)}",
                "}",
            ]
        case "html":
            return [
                f'<div class="{one}" id="{two}-{number}"><a href="#{number}">{_line(rng, 2, 5)}</a></div>'
            ]
        case _:
            # One long line, as logs have them.
            return [f"{number:06d} {one.upper()} {_line(rng, 10, 60)}"]
