"""Small chat templates in the forms in which models write reasoning, for tests.

Each is our own, with the marks and the moves of a family: what its prompt ends with, whether it writes
reasoning back into the last turn, which switch it has.
"""

from __future__ import annotations

_TALK = (
    "{% for m in messages %}{% if m.role != 'assistant' %}"
    "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n"
    "{% else %}<|im_start|>assistant\n"
)
_TALK_END = "<|im_end|>\n{% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n"

# As Qwen3: reasoning is written back into the last turn only; off by an empty block.
SWITCHED = (
    _TALK
    + "{% set c = m.content.split('</think>')[-1].lstrip('\n') %}"
    + "{% if loop.last and m.reasoning_content %}"
    + "{{ '<think>\n' ~ m.reasoning_content.strip('\n') ~ '\n</think>\n\n' ~ c }}{% else %}{{ c }}{% endif %}"
    + _TALK_END
    + "{% if enable_thinking is defined and enable_thinking is false %}"
    + "{{ '<think>\n\n</think>\n\n' }}{% endif %}{% endif %}"
)
# As DeepSeek-R1: the prompt opens it, old reasoning is only ever cut out.
OPENED = _TALK + "{{ m.content.split('</think>')[-1] }}" + _TALK_END + "{{ '<think>\n' }}{% endif %}"
# As DeepSeek-V3.1 and Granite: the switch is called `thinking`, and off by itself.
OFF_BY_ITSELF = (
    _TALK
    + "{{ m.content.split('</think>')[-1] }}"
    + _TALK_END
    + "{% if thinking %}<think>{% else %}</think>{% endif %}{% endif %}"
)
# As gpt-oss: a header before each part, and the switch is none (`reasoning_effort` only has degrees).
HEADERS = (
    "<|start|>system<|message|>Reasoning: {{ reasoning_effort | default('medium') }}<|end|>"
    "{% for m in messages %}{% if m.role == 'assistant' %}"
    "{% if loop.last and not add_generation_prompt and m.thinking %}"
    "<|start|>assistant<|channel|>analysis<|message|>{{ m.thinking }}<|end|>{% endif %}"
    "<|start|>assistant<|channel|>final<|message|>{{ m.content }}<|end|>"
    "{% else %}<|start|>{{ m.role }}<|message|>{{ m.content }}<|end|>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant{% endif %}"
)
# As Magistral: the system message explains the marks.
EXPLAINED = (
    "[SYSTEM_PROMPT]Think first, like this: [THINK]your thoughts[/THINK]Then answer.[/SYSTEM_PROMPT]"
    "{% for m in messages if m.role != 'system' %}"
    "{% if m.role == 'user' %}[INST]{{ m.content }}[/INST]"
    "{% else %}{{ m.content }}</s>{% endif %}{% endfor %}"
)
# As Seed-OSS: marks with a prefix, off by a budget of 0 that closes the block at once.
BUDGET = (
    "{% set b = thinking_budget if thinking_budget is defined else -1 %}"
    "{% for m in messages %}<seed:bos>{{ m.role }}\n"
    "{% if m.reasoning_content %}<seed:think>{{ m.reasoning_content }}</seed:think>\n{% endif %}"
    "{{ m.content }}<seed:eos>{% endfor %}"
    "{% if add_generation_prompt %}<seed:bos>assistant\n"
    "{% if b == 0 %}{{ '<seed:think><seed:cot>None.</seed:cot>\n</seed:think>' }}{% endif %}{% endif %}"
)
# As Gemma: the marks are no pair of tags, and off by an empty block.
CHANNEL = (
    "{% if enable_thinking %}<|turn>system\n<|think|><turn|>\n{% endif %}"
    "{% for m in messages %}<|turn>{{ m.role }}\n{{ m.content.split('<channel|>')[-1] | trim }}<turn|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|turn>model\n"
    "{% if not enable_thinking | default(false) %}{{ '<|channel>thought\n<channel|>' }}{% endif %}{% endif %}"
)
# As Apertus: inner words.
INNER = (
    "{% set inner, outer = '<|inner_prefix|>', '<|inner_suffix|>' %}"
    "Deliberation: {{ 'enabled' if enable_thinking else 'disabled' }}"
    "{% for m in messages %}<|{{ m.role }}_start|>{{ m.content }}<|{{ m.role }}_end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant_start|>{% endif %}"
)
# As Nemotron: what the person writes switches it.
SAID = (
    "{% set ns = namespace(on=true) %}{% for m in messages %}"
    "{% if '/no_think' in m.content %}{% set ns.on = false %}{% endif %}<S>{{ m.role }}\n"
    "{{ m.content.split('</think>')[-1] }}\n{% endfor %}"
    "{% if add_generation_prompt %}<S>assistant\n"
    "{% if ns.on %}{{ '<think>\n' }}{% else %}{{ '<think></think>' }}{% endif %}{% endif %}"
)
# As Command: a start and an end.
STARTED = (
    "When you think, write <|START_THINKING|> before and <|END_THINKING|> behind."
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}<|CHATBOT_TOKEN|>"
)
PLAIN = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}<|assistant|>"
