"""How large what a chat template makes will be, from what it is made of: known before it is made."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set, ValuesView
from typing import Any

from jinja2.utils import Namespace

LARGEST = 1 << 24
"""A text or list larger than this is no prompt."""

_ELEMENT = 8  # what an element of a list takes at least, in the measure of a letter
# In a format: a width that nobody reads; a width that is an argument.
_WIDE = re.compile(r"%(?:\([^()%]*\))?[-#0 +]*(?:\d{5,}|\d*\.\d{5,})|\{[^{}:]*:[^{}]*\d{5,}")
_WIDTH_GIVEN = re.compile(r"%[-#0 +]*\d*\.?\*|\{[^{}:]*:[^{}]*\{")
_LARGEST_BITS = 1 << 20  # of a number: more take long to multiply


def shallow(value: Any) -> int:
    """The size of a text, or of a list without what is in it; 0 for what takes no room worth counting."""
    if isinstance(value, (str, bytes)):
        return len(value)
    return _ELEMENT * len(value) if isinstance(value, (list, tuple, dict, set, frozenset)) else 0


def deep(value: Any) -> int:
    """About how long a value is as a text; does not count on where that is more than `LARGEST`."""
    total, left = 0, [value]
    while left and total <= LARGEST:
        one = left.pop()
        total += _ELEMENT
        if isinstance(one, Namespace):
            one = one._Namespace__attrs
        if isinstance(one, (str, bytes)):
            total += len(one)
        elif isinstance(one, Mapping):
            left += [*one.keys(), *one.values()]
        elif isinstance(one, (list, tuple, Set, ValuesView)):
            left += one
        elif isinstance(one, int):
            total += one.bit_length() // 3
    return total


def of_operation(operator: str, left: Any, right: Any) -> int:
    """What `left operator right` will make at most; for `+`, `*`, `**` and `%`."""
    if operator == "+" and isinstance(left, str):  # the most common one
        return len(left) + shallow(right)
    if isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length() * right if operator == "**" else left.bit_length() + right.bit_length()
        return LARGEST + 1 if bits > _LARGEST_BITS else 0
    if operator == "+":
        return shallow(left) + shallow(right)
    if operator == "*":
        many, times = (left, right) if isinstance(right, int) else (right, left)
        return shallow(many) * times if isinstance(times, int) else 0
    return _formatted(left, "%", right) if operator == "%" and isinstance(left, str) else 0


def of_call(name: str, value: Any, given: Sequence[Any], named: Mapping[str, Any]) -> int:
    """What a method of a text, or a filter, will make at most, by its name; 0 where it is no more than `value`."""
    arguments = [*given, *named.values()]
    whole = max((each for each in arguments if isinstance(each, int)), default=0)
    texts = [len(each) for each in arguments if isinstance(each, str)]
    match name:
        case "center" | "ljust" | "rjust" | "zfill" | "batch" | "slice":
            return whole * _ELEMENT
        case "replace" if len(texts) > 1:
            old = next(each for each in arguments if isinstance(each, str))
            return deep(value) + (str(value).count(old) * texts[1] if deep(value) <= LARGEST else 0)
        case "join" if isinstance(value, str):  # the method: what is joined is the argument
            return sum(deep(each) + shallow(each) // _ELEMENT * len(value) for each in given)
        case "join" | "sum":
            return deep(value) + shallow(value) // _ELEMENT * sum(texts)
        case "indent" | "wordwrap":
            lines = str(value).count("\n") + 1 if name == "indent" and deep(value) <= LARGEST else deep(value)
            return deep(value) + lines * (max(whole, *texts, 0) if name == "indent" else sum(texts))
        case "tojson" | "pprint":
            return deep(value) * (1 + max(whole, *texts, 0))
        case "format" | "format_map":
            return _formatted(str(value), "{" if "{" in str(value) else "%", arguments)
    return 0


def _formatted(layout: str, mark: str, values: Any) -> int:
    if _WIDE.search(layout):
        return LARGEST + 1
    parts = values if isinstance(values, (list, tuple)) else [values]
    widths = sum(abs(each) for each in parts if isinstance(each, int)) if _WIDTH_GIVEN.search(layout) else 0
    return len(layout) + layout.count(mark) * (deep(values) + widths)
