"""Jinja2 as chat templates expect it, and bounded: no way out of the sandbox, no endless loop, no giant text."""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, NoReturn

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from tui.engine.template_sizes import LARGEST, deep, of_call, of_operation, shallow

# A template takes milliseconds. Loops, macros, and all that makes text or lists look at the clock.
_SECONDS = 5.0
# Letters of all texts together that a template makes on its way; of one text it is LARGEST.
_MOST = 1 << 29
_LONGEST_SOURCE = 1 << 20
_LOOK = 1 << 16  # of them, between two looks at the clock
_PIECE = 8  # what a piece of the text takes beside its letters
# These make lists of what they are given, one piece at a time, before they make a text or a list of it.
_GATHERING = ("join", "sum")
# Filters that are no longer than their text, but write other values as text first: lists in lists.
_WRITING = frozenset(
    {"capitalize", "e", "escape", "forceescape", "lower", "string", "striptags", "title", "trim", "truncate", "upper"}
    | {"center", "indent", "replace", "urlencode", "urlize", "wordcount", "wordwrap", "xmlattr", "pprint", "tojson"}
    | {"format"}
)


class Stopped(SecurityError):
    """The template was stopped; in another form the conversation would fare no better."""


class TakesTooLong(Stopped):
    """It was stopped for its time."""


class TooLarge(Stopped):
    """It was stopped for what it makes."""

    def __init__(self) -> None:
        super().__init__("it makes more text than a prompt has")


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"+", "*", "**", "%"})
    deadline = float("inf")
    made = 0

    look_at = 0

    def begin(self) -> None:
        """Before each rendering."""
        self.deadline, self.made, self.look_at = time.monotonic() + _SECONDS, 0, 0

    def foresee(self, size: int) -> None:
        """Before a text or a list is made."""
        if size > LARGEST:
            raise TooLarge

    def count(self, size: int) -> None:
        """After it, and at each turn of a loop: thousands of times where a conversation is long."""
        self.made += size + _PIECE
        if self.made > self.look_at:
            self.look_at = self.made + _LOOK
            if self.made > _MOST:
                raise TooLarge
            if time.monotonic() > self.deadline:
                raise TakesTooLong("it takes too long")

    @jinja2.pass_context
    def written(self, _: Context | None, value: Any) -> str:
        """What stands in the text for a value."""
        if not isinstance(value, str):
            self.foresee(deep(value))
            value = str(value)
        self.made += len(value) + _PIECE  # where there are many, there is a loop that counts
        return value  # type: ignore[no-any-return]

    def joined(self, parts: Iterable[Any]) -> str:
        return self.concat([self.written(None, part) for part in parts])

    def concat(self, parts: Iterable[str]) -> str:
        length, found = 0, []
        for part in parts:
            length += len(part)
            self.foresee(length)
            found.append(part)
        self.count(length)
        return "".join(found)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        self.foresee(of_operation(operator, left, right))
        made = super().call_binop(context, operator, left, right)
        self.count(shallow(made))
        return made

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        method = getattr(obj, "__wrapped__", obj)  # jinja2 wraps str.format
        if isinstance(owner := getattr(method, "__self__", None), str):
            self.foresee(of_call(method.__name__, owner, args, kwargs))
        made = super().call(context, obj, *args, **kwargs)
        self.count(shallow(made))
        return made

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, str) and attr in ("expandtabs", "translate"):  # they make any length of a few letters
            return False
        return super().is_safe_attribute(obj, attr, value)

    def bounded(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """A filter that does not make what is too large."""
        first = 1 if hasattr(function, "jinja_pass_arg") else 0

        @functools.wraps(function)
        def filter_(*args: Any, **kwargs: Any) -> Any:
            value = args[first] if len(args) > first else ""
            if name in _GATHERING:
                value = list(value)
                args = (*args[:first], value, *args[first + 1 :])
            if name in _WRITING:
                self.foresee(deep(value))
            self.foresee(of_call(name, value, args[first + 1 :], kwargs))
            made = function(*args, **kwargs)
            self.count(shallow(made))
            return made

        return filter_


class _Generation(Extension):
    """`{% generation %}` ... `{% endgeneration %}` marks what the model wrote, for training; here only a scope."""

    tags = {"generation"}  # noqa: RUF012 - jinja2's own way

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        return nodes.Scope(parser.parse_statements(("name:endgeneration",), drop_needle=True)).set_lineno(line)


class _Counting(NodeTransformer):
    """Has the environment count what a template makes where jinja2 itself would not ask it."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return _asked("joined", nodes.List(node.nodes)).set_lineno(node.lineno)

    def visit_For(self, node: nodes.For) -> nodes.Node:
        return self._each_time(node)

    def visit_Macro(self, node: nodes.Macro) -> nodes.Node:
        return self._each_time(node)

    def _each_time(self, node: nodes.For | nodes.Macro) -> nodes.Node:
        text = sum(len(data.data) + _PIECE for data in node.find_all(nodes.TemplateData))
        self.generic_visit(node)
        node.body.insert(0, nodes.ExprStmt(_asked("count", nodes.Const(text))).set_lineno(node.lineno))
        return node


def _asked(method: str, argument: nodes.Expr) -> nodes.Call:
    return nodes.Call(nodes.EnvironmentAttribute(method), [argument], [], None, None)


def compile_template(source: str) -> jinja2.Template:
    """Compile the source of a chat template.

    Raises:
        jinja2.TemplateSyntaxError: It is no Jinja2.
        TooLarge: It is longer than any.
    """
    if len(source) > _LONGEST_SOURCE:
        raise TooLarge
    environment = _Environment(trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols])
    environment.finalize = environment.written
    environment.filters |= {"tojson": _to_json, "fromjson": json.loads, "from_json": json.loads}
    environment.filters = {name: environment.bounded(name, each) for name, each in environment.filters.items()}
    environment.globals |= {"raise_exception": _raise_exception, "strftime_now": _strftime_now}
    del environment.globals["lipsum"]  # any length of Latin
    return environment.from_string(_Counting().visit(environment.parse(source)))


def render(template: jinja2.Template, variables: Mapping[str, Any]) -> str:
    """Render a compiled template. One thread at a time.

    Raises:
        Exception: Whatever the template raises; SecurityError where it tries to get out, `Stopped` without an end.
    """
    environment = template.environment
    assert isinstance(environment, _Environment)
    environment.begin()
    return template.render(variables)


def _raise_exception(message: str) -> NoReturn:
    raise jinja2.TemplateError(message)


def _strftime_now(layout: str) -> str:
    return datetime.now().strftime(layout)


def _to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | str | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """Plain JSON: jinja2's own filter escapes it for HTML."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
