"""Chat templates: right prompts from good ones, and an error, soon, from bad ones."""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

import pytest

from slmdesk.engines.protocol import ChatMessage
from slmdesk.engines.templates import ChatTemplate
from slmdesk.formats.gguf import read_header
from slmdesk.messages import ErrorKind, UserError, one_line

USER = (ChatMessage("user", "Hello <b>"),)
TALK = (
    ChatMessage("system", "Be kind."),
    ChatMessage("user", "Hi"),
    ChatMessage("assistant", "Hello!"),
    ChatMessage("user", "Bye"),
)


def test_the_starter_s_template(starter_file: Path) -> None:
    template = ChatTemplate(read_header(starter_file).chat_template)
    assert template.from_file
    assert template.takes_system
    assert template.render(TALK) == (
        "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
        "<|im_start|>assistant\nHello!<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n"
    )


def test_no_template_means_the_plain_one() -> None:
    template = ChatTemplate(None)
    assert not template.from_file
    assert template.render(USER) == "<|im_start|>user\nHello <b><|im_end|>\n<|im_start|>assistant\n"


def test_what_templates_in_use_need() -> None:
    template = ChatTemplate(
        """
        {%- if strftime_now is defined %}{%- set year = strftime_now("%Y") %}{%- endif %}
        {{- bos_token }}[{{ year | length }}]
        {%- for message in messages %}
            {%- if loop.index0 > 2 %}{% break %}{% endif %}
            {%- if message["role"] == "system" %}{% continue %}{% endif %}
            {%- set ns = namespace(n=loop.index) %}
            {%- generation %}
                {{- message.role.upper() ~ ns.n ~ ":" ~ message["content"] | trim }}
            {%- endgeneration %}
            {%- if not loop.last and messages[loop.index0 + 1].role in ["user", "assistant"] %}
                {{- "|" }}
            {%- endif %}
        {%- endfor %}
        {%- macro tool(x) %}{{ x | tojson }}{% endmacro %}
        {{- tool({"a": ["<ł>", 1]}) }}
        {{- messages | selectattr("role", "equalto", "user") | map(attribute="content") | join(",") }}
        {{- messages[::-1][0].content.split("y")[0] }}{{- "%s" | format(1) }}{{- tools is none }}
        {%- set kept = [] %}
        {%- for message in messages %}
            {%- if message["role"] not in ["tool"] and not message.get("tool_calls") %}
                {%- set kept = kept + [message] %}
            {%- endif %}
        {%- endfor %}
        {%- if messages[0] != messages[-1] and enable_thinking | default([]) == [] %}
            {{- (messages | last).content.rstrip("e").endswith("y") }}
        {%- endif %}
        {{- eos_token if add_generation_prompt }}
        """,
        bos_token="<s>",
        eos_token="</s>",
    )
    # It passes over system messages, so the system's words come with the person's first ones.
    assert template.render(TALK).strip() == (
        '<s>[4]USER1:Be kind.\n\nHi|ASSISTANT2:Hello!|USER3:Bye{"a": ["<ł>", 1]}'
        "Be kind.\n\nHi,ByeB1TrueTrue</s>"
    )


def test_blocks_leave_no_lines_behind() -> None:
    template = ChatTemplate(
        "{% for m in messages %}\n  {% if true %}\n{{ m.content }}\n  {% endif %}\n{% endfor %}\n"
    )
    assert template.render(USER) == "Hello <b>\n"


@pytest.mark.parametrize(
    "source",
    [
        "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
        "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}",
        "{% for m in messages if m.role != 'system' %}[{{ m.role }}]{{ m.content }}{% endfor %}",
    ],
    ids=["refuses", "drops"],
)
def test_a_template_without_a_system_role(source: str) -> None:
    template = ChatTemplate(source)
    assert not template.takes_system
    assert template.render(TALK) == "[user]Be kind.\n\nHi[assistant]Hello![user]Bye"
    assert template.render((ChatMessage("system", "Be kind."),)) == "[user]Be kind."


def test_what_the_template_says_against_a_conversation_is_shown() -> None:
    template = ChatTemplate(
        "{% if messages | length > 1 %}{{ raise_exception('Only one message, please') }}{% endif %}x",
        file="a.gguf",
    )
    with pytest.raises(UserError) as caught:
        template.render(TALK[1:])
    assert caught.value.kind is ErrorKind.GENERATION
    assert one_line(caught.value) == (
        "The chat template of the model a.gguf does not accept this conversation: "
        "the template says “Only one message, please”."
    )


@pytest.mark.parametrize(
    "source", ["{{", "{% nonsense %}", "{{ x | nonsense }}", "{{ undefined.attribute }}", "x" * 200_000]
)
def test_a_broken_template_is_an_error_of_the_model(source: str) -> None:
    with pytest.raises(UserError) as caught:
        ChatTemplate(source)
    assert caught.value.kind is ErrorKind.MODEL
    assert caught.value.key == "template-broken"
    assert caught.value.details


GROW = (
    "{{% set ns = namespace(x={start}) %}}"
    "{{% for i in range(100) %}}{{% set ns.x = {step} %}}{{% endfor %}}{{{{ {end} }}}}"
)


def grow(step: str, start: str = "'aaaaaaaa'", end: str = "ns.x") -> str:
    return GROW.format(step=step, start=start, end=end)


NESTED = "[ns.x, ns.x]"
ATTACKS = {
    # Out of the sandbox: CVE-2024-34359 and its relatives.
    "mro": "{{ ''.__class__.__mro__ }}",
    "subclasses": "{% for x in ().__class__.__base__.__subclasses__() %}{{ x.__name__ }}{% endfor %}",
    "cycler": "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "lipsum": "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "joiner": "{{ joiner.__init__.__globals__ }}",
    "namespace": "{{ namespace.__init__.__globals__ }}",
    "self": "{{ self._TemplateReference__context.environment }}",
    "attr": "{{ '' | attr('__class__') }}",
    "format": "{{ '{0.__class__.__init__.__globals__}'.format(messages) }}",
    "format_map": "{{ '{a.__class__}'.format_map({'a': 1}) }}",
    "globals": "{{ raise_exception.__globals__['json'] }}",
    "code": "{{ strftime_now.__code__.co_filename.x }}",
    "include": "{% include '/etc/passwd' %}",
    "import": "{% import 'os' as os %}",
    # Without end.
    "loops": "{% for a in range(9999) %}" * 3 + "{% endfor %}" * 3,
    "range": "{% for a in range(10 ** 9) %}{% endfor %}",
    "recursion": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "tree": "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
    "recursive loop": "{% for m in messages recursive %}{{ loop(messages) }}{% endfor %}",
    "parentheses": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "compare": "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(100) %}{% set ns.x = [ns.x, ns.x] %}"
    "{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}",
    "power": "{{ 9 ** 9 ** 9 }}",
    "number": grow("ns.x * ns.x", "10"),
    # Without measure.
    "times": "{{ 'a' * 10 ** 9 }}",
    "plus": grow("ns.x + ns.x"),
    "tilde": grow("ns.x ~ ns.x"),
    "join": grow("[ns.x, ns.x] | join"),
    "join method": grow("ns.x.join([ns.x, ns.x])"),
    "replace": grow("ns.x | replace('a', 'aaaa')"),
    "replace method": grow("ns.x.replace('a', 'aaaa')"),
    "set block": "{% set ns = namespace(x='aaaaaaaa') %}{% for i in range(100) %}"
    "{% set y %}{{ ns.x }}{{ ns.x }}{% endset %}{% set ns.x = y %}{% endfor %}",
    "filter block": "{% filter replace('a', '" + "a" * 50_000 + "') %}" + "a" * 50_000 + "{% endfilter %}",
    "centre": "{{ 'a'.center(999999999) }}",
    "percent": "{{ '%999999999d' % 1 }}",
    "star": "{{ '%*d' % (999999999, 1) }}",
    "format filter": "{{ '%999999999d' | format(1) }}",
    "indent": "{{ 'a\\nb' | indent(999999999) }}",
    "date": "{{ strftime_now('%999999999d') }}",
    "nested print": grow(NESTED, "[1]"),
    "nested json": grow(NESTED, "[1]", "ns.x | tojson"),
    "nested text": grow(NESTED, "[1]", "ns.x | string"),
    "nested namespaces": grow("namespace(a=ns.x, b=ns.x)", "1", "ns.x"),
    "nested tuples": grow("(ns.x, ns.x)", "1", "{ns.x: 1}"),
    "nested dicts": grow("{'a': ns.x, 'b': ns.x}", "1"),
    "kept lists": "{% set ns = namespace(x=0) %}{% for i in range(9999) %}"
    "{% set ns.x = [ns.x, range(9999) | list] %}{% endfor %}",
    "printed text": "{% for i in range(9999) %}" + "x" * 50_000 + "{% endfor %}",
    "text in a macro": "{% macro m() %}{% for i in range(9999) %}"
    + "x" * 50_000
    + "{% endfor %}{% endmacro %}{{ m() | length }}",
    "digits": "{{ ('9' * 4000000) | int }}",
    "no such filter": "{{ [1] | batch(999999999, 'a') | list }}",
}  # fmt: skip


def peak_memory() -> int:
    """The most this process has ever had, in bytes; 0 where the system does not tell."""
    if sys.platform == "win32":
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


@pytest.mark.parametrize("source", ATTACKS.values(), ids=ATTACKS.keys())
def test_attacks_end_soon_in_an_error(source: str) -> None:
    began = time.thread_time()
    before = peak_memory()
    with pytest.raises(UserError) as caught:
        ChatTemplate(source, file="hostile.gguf").render(USER)
    assert caught.value.key in ("template-broken", "template-without-end")
    assert "hostile.gguf" in one_line(caught.value)
    assert time.thread_time() - began < 8
    assert peak_memory() - before < 200 * 2**20


@pytest.mark.parametrize(
    "source", ["{{ messages.__class__ }}", "{{ messages | map(attribute='__class__') | join }}"]
)
def test_hidden_attributes_show_nothing(source: str) -> None:
    assert ChatTemplate(source).render(USER) == ""


def test_messages_cannot_be_changed_by_the_template() -> None:
    with pytest.raises(UserError):
        ChatTemplate("{{ messages.append(1) }}").render(USER)


def test_a_long_conversation_stays_within_the_limits(starter_file: Path) -> None:
    template = ChatTemplate(read_header(starter_file).chat_template)
    many = tuple(ChatMessage("user" if i % 2 == 0 else "assistant", "word " * 400) for i in range(2_000))
    assert len(template.render(many)) > 4_000_000


def test_two_threads_render_at_once(starter_file: Path) -> None:
    template = ChatTemplate(read_header(starter_file).chat_template)
    expected = template.render(TALK)
    seen: list[str] = []

    def render() -> None:
        seen.extend(template.render(TALK) for _ in range(200))

    threads = [threading.Thread(target=render) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [expected] * 600


def test_json_is_as_python_writes_it() -> None:
    value = {"b": [1, None, True], "a": "ł'<"}
    source = "{{ " + repr(value) + " | tojson(indent=2, sort_keys=true) }}"
    assert ChatTemplate(source).render(USER) == json.dumps(
        value, indent=2, sort_keys=True, ensure_ascii=False
    )


@pytest.mark.parametrize(
    ("source", "key"),
    [
        ("{{ raise_exception('I refuse: ' ~ messages[-1].content) }}", "template-refused"),
        ("{{ {}[messages[-1].content] + 1 }}", "template-broken"),
        ("{{ messages[-1].content | int(default=none) + 1 }}", "template-broken"),
    ],
)
def test_nothing_said_gets_into_the_details(source: str, key: str) -> None:
    """Details are logged."""
    template = ChatTemplate("{% if 'secret' in messages[-1].content %}" + source + "{% endif %}Hello")
    with pytest.raises(UserError) as caught:
        template.render((ChatMessage("user", "a secret word"),))
    error = caught.value
    assert error.key == key
    assert "secret" not in error.details
    assert "secret" not in str(error)
    assert "secret" not in repr(error)
    assert error.__cause__ is None
