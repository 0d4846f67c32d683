"""Jinja2 as chat templates expect it, and bounded: no way out of the sandbox, no endless loop, no giant value."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NoReturn

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

# A template takes milliseconds. Only loops and macros can take long, so they look at the clock.
_SECONDS = 5.0
# A product of text and number, or a power, larger than this is no prompt.
_LARGEST = 1 << 24


class TakesTooLong(SecurityError):
    """The template was stopped."""


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"*", "**"})
    deadline = float("inf")

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" and isinstance(left, int) and isinstance(right, int):
            too_large = right * max(left.bit_length(), 1) > _LARGEST
        else:
            sizes = [len(side) if _is_sequence(side) else side for side in (left, right)]
            too_large = operator == "*" and any(map(_is_sequence, (left, right))) and sizes[0] * sizes[1] > _LARGEST
        if too_large:
            raise SecurityError("a value in it is too large")
        return super().call_binop(context, operator, left, right)

    def look_at_clock(self) -> None:
        if time.monotonic() > self.deadline:
            raise TakesTooLong("it takes too long")


def _is_sequence(value: Any) -> bool:
    return hasattr(value, "__len__")


class _Generation(Extension):
    """`{% generation %}` ... `{% endgeneration %}` marks what the model wrote, for training; here only a scope."""

    tags = {"generation"}  # noqa: RUF012 - jinja2's own way

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        return nodes.Scope(parser.parse_statements(("name:endgeneration",), drop_needle=True)).set_lineno(line)


def compile_template(source: str) -> jinja2.Template:
    """Compile the source of a chat template.

    Raises:
        jinja2.TemplateSyntaxError: It is no Jinja2.
    """
    environment = _Environment(trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols])
    environment.filters |= {"tojson": _to_json, "fromjson": json.loads, "from_json": json.loads}
    environment.globals |= {"raise_exception": _raise_exception, "strftime_now": _strftime_now}
    tree = environment.parse(source)
    repeatable: list[nodes.For | nodes.Macro] = [*tree.find_all(nodes.For), *tree.find_all(nodes.Macro)]
    for node in repeatable:
        look = nodes.Call(nodes.EnvironmentAttribute("look_at_clock"), [], [], None, None)
        node.body.insert(0, nodes.ExprStmt(look).set_lineno(node.lineno))
    return environment.from_string(tree)


def render(template: jinja2.Template, variables: Mapping[str, Any]) -> str:
    """Render a compiled template. One thread at a time.

    Raises:
        Exception: Whatever the template raises; SecurityError where it tries to get out, TakesTooLong.
    """
    environment = template.environment
    assert isinstance(environment, _Environment)
    environment.deadline = time.monotonic() + _SECONDS
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
