"""The Jinja2 environment in which chat templates render, held to the limits of `template_limits`.

The sandbox keeps a template away from Python's insides (CVE-2024-34359); it does not keep it from running for
ever or from filling the memory. So every construct by which a template can grow or repeat counts against a
budget here:

- loops: the iterable of each `for` is wrapped in a counting filter when the template is parsed
- operators: `+`, `*`, `**`, `%` and `~` are checked before they are carried out
- calls of functions, methods and macros: counted, and only known methods and filters exist
- printed text: counted where it is printed, also inside macros
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from slmdesk.engines.template_limits import (
    LARGEST_TEXT,
    LONGEST_RANGE,
    Budget,
    TemplateLimitError,
    check_arguments,
    check_operands,
)

# fmt: off
_TEXT_METHODS = frozenset((
    "capitalize", "casefold", "count", "endswith", "find", "index", "isalnum", "isalpha", "isdecimal",
    "isdigit", "islower", "isnumeric", "isspace", "istitle", "isupper", "join", "lower", "lstrip",
    "partition", "removeprefix", "removesuffix", "replace", "rfind", "rindex", "rpartition", "rsplit",
    "rstrip", "split", "splitlines", "startswith", "strip", "swapcase", "title", "upper",
))
# fmt: on
# fmt: off
_FILTERS = frozenset((
    "abs", "capitalize", "count", "d", "default", "dictsort", "e", "escape", "first", "float", "format",
    "indent", "int", "items", "join", "last", "length", "list", "lower", "map", "max", "min", "reject",
    "rejectattr", "replace", "reverse", "round", "safe", "select", "selectattr", "sort", "string", "sum",
    "title", "trim", "unique", "upper", "wordcount",
))
# fmt: on


# Filters that go into what is inside of their input: they print it or compare it.
# fmt: off
_DEEP = frozenset((
    "do_capitalize", "do_dictsort", "do_format", "do_indent", "do_join", "do_lower", "do_max", "do_min",
    "do_replace", "do_sort", "do_string", "do_sum", "do_title", "do_trim", "do_unique", "do_upper",
    "escape", "soft_str",
))
# fmt: on
# Filters that hand on one item after another.
# fmt: off
_LAZY = frozenset((
    "do_map", "do_reject", "do_rejectattr", "do_select", "do_selectattr", "sync_do_map", "sync_do_reject",
    "sync_do_rejectattr", "sync_do_select", "sync_do_selectattr",
))
# fmt: on


# Arguments that a compiled template adds to calls inside of loops and blocks.
_GIVEN_BY_JINJA = ("_loop_vars", "_block_vars")


class _Current(threading.local):
    budget: Budget | None = None


class _GenerationBlock(Extension):
    """`{% generation %}`, with which training code marks answers: here it is just its content."""

    tags = {"generation"}  # noqa: RUF012 - Jinja2's own way to declare it

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class _CountingNodes(NodeTransformer):
    """Puts the counting into the parsed template."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - named by Jinja2
        self.generic_visit(node)
        printed = sum(len(data.data) for part in node.body for data in _template_data(part))
        node.iter = nodes.Filter(
            node.iter, "_counted", [nodes.Const(printed)], [], None, None, lineno=node.lineno
        )
        return node

    def visit_List(self, node: nodes.List) -> nodes.Node:  # noqa: N802 - named by Jinja2
        self.generic_visit(node)
        return nodes.Filter(node, "_measured", [], [], None, None, lineno=node.lineno)

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:  # noqa: N802 - named by Jinja2
        self.generic_visit(node)
        return nodes.Filter(node, "_measured", [], [], None, None, lineno=node.lineno)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802 - named by Jinja2
        self.generic_visit(node)
        if node.ctx != "load":
            return node
        return nodes.Filter(node, "_measured", [], [], None, None, lineno=node.lineno)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - named by Jinja2
        """`a ~ b` as `a + b` over texts, because only operators can be checked beforehand."""
        self.generic_visit(node)
        line = node.lineno
        texts: list[nodes.Expr] = [
            nodes.Filter(part, "string", [], [], None, None, lineno=line) for part in node.nodes
        ]
        joined = texts[0]
        for text in texts[1:]:
            joined = nodes.Add(joined, text, lineno=line)
        return joined


def _template_data(node: nodes.Node) -> Iterator[nodes.TemplateData]:
    if isinstance(node, nodes.TemplateData):
        yield node
    yield from node.find_all(nodes.TemplateData)


class LimitedEnvironment(ImmutableSandboxedEnvironment):
    """A sandbox whose templates cannot run for ever or grow without end.

    Templates render through `render_within_limits` only. Several threads may do so at once.
    """

    intercepted_binops = frozenset(["+", "*", "**", "%", "//", "/", "-"])

    def __init__(self) -> None:
        self._current = _Current()
        super().__init__(
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.loopcontrols", _GenerationBlock],
            optimized=False,
            finalize=_finalize,
            cache_size=0,
        )
        standard = dict(self.filters)
        self.filters = {name: self._limited(standard[name]) for name in _FILTERS}
        self.filters["_counted"] = self._counted
        self.filters["_measured"] = self._measured
        self.globals = {"range": self._range, "dict": dict, "namespace": self.globals["namespace"]}

    @property
    def budget(self) -> Budget:
        """What the rendering of this thread may still use; fresh where none is going on."""
        return self._current.budget or Budget()

    def render_within_limits(self, template: jinja2.Template, variables: Mapping[str, Any]) -> str:
        """The template's text. Raises TemplateLimitError, or what the template raises."""
        self._current.budget = budget = Budget()
        try:
            parts = []
            length = 0
            for part in template.generate(variables):
                length += len(part)
                if length > LARGEST_TEXT:
                    raise TemplateLimitError("text")
                budget.step()
                parts.append(part)
            return "".join(parts)
        finally:
            self._current.budget = None

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        counted: nodes.Template = _CountingNodes().visit(tree)
        return counted

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """No `str.format` at all: its widths allocate as much as they say, also through attributes."""
        return None

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Of texts only methods that cannot blow up; of everything else what the sandbox allows."""
        if isinstance(obj, (str, bytes)):
            return attr in _TEXT_METHODS
        return super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Carry out an operator, if its result can be of reasonable size."""
        check_operands(operator, left, right)
        result = super().call_binop(context, operator, left, right)
        budget = self.budget
        budget.step()
        budget.value(result)
        if isinstance(result, (list, tuple)):
            budget.measure(result)
        return result

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        """Call a function, method or macro, counted."""
        budget = __self.budget
        budget.step()
        if not isinstance(__obj, Macro):
            subject = getattr(__obj, "__self__", None)
            given = {name: value for name, value in kwargs.items() if name not in _GIVEN_BY_JINJA}
            budget.measure([args, given])
            check_arguments(getattr(__obj, "__name__", ""), subject, args, given)
        result = super().call(__context, __obj, *args, **kwargs)
        budget.value(result)
        return result

    def _limited(self, wanted: Callable[..., Any]) -> Callable[..., Any]:
        """The filter `wanted`, counted, with its arguments checked."""
        skip = 1 if getattr(wanted, "jinja_pass_arg", None) is not None else 0

        def limited(*args: Any, **kwargs: Any) -> Any:
            budget = self.budget
            budget.step()
            subject = args[skip]
            if isinstance(subject, Iterator) and wanted.__name__ not in _LAZY:
                # What goes through it is counted item by item; its size must be known before it is used.
                subject = list(subject)
                args = (*args[:skip], subject, *args[skip + 1 :])
            if wanted.__name__ in _DEEP:
                budget.measure([subject, args[skip + 1 :], kwargs])
            check_arguments(wanted.__name__, subject, args[skip + 1 :], kwargs)
            if isinstance(subject, (str, list, tuple, dict)):
                # A filter goes over all of its input.
                budget.step(len(subject) // 64)
            result = wanted(*args, **kwargs)
            budget.value(result)
            if wanted.__name__ == "do_sum":
                budget.measure(result)
            return self._counted(result) if isinstance(result, Iterator) else result

        marker = getattr(wanted, "jinja_pass_arg", None)
        if marker is not None:
            limited.jinja_pass_arg = marker  # type: ignore[attr-defined]
        return limited

    def _counted(self, items: Iterable[Any], printed: int = 0) -> Iterator[Any]:
        """`items`, each counted as a step and as `printed` characters of fixed text."""
        for item in items:
            budget = self.budget
            budget.step()
            budget.text(printed)
            yield item

    def _measured(self, value: Any) -> Any:
        self.budget.measure(value)
        return value

    def _range(self, *args: int) -> range:
        numbers = range(*args)
        if len(numbers) > LONGEST_RANGE:
            raise TemplateLimitError("steps")
        return numbers


@jinja2.pass_context
def _finalize(context: Context, value: Any) -> Any:
    """Called by Jinja2 with every value that is printed."""
    environment = context.environment
    assert isinstance(environment, LimitedEnvironment)
    budget = environment.budget
    budget.step()
    if not isinstance(value, (str, int, float, jinja2.Undefined)):
        budget.measure(value)
    text = value if isinstance(value, str) else str(value)
    budget.text(len(text))
    return text
