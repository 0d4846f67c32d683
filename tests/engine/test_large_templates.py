"""Chat templates that would fill the memory: ended by a sentence, and before they have."""

from __future__ import annotations

import tracemalloc

import pytest

from tests.engine.test_broken_folders import within
from tui.engine import template_sandbox
from tui.engine.chat_template import TOO_LARGE, ChatTemplate
from tui.engine.errors import TemplateError

_SECONDS = 120  # they are ended after five at most
_LONG = "{% set long = 'a' * 1000000 %}"
_PILE = "{% set ns = namespace(x=['a' * 1000]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}"


def rendered(source: str, content: str = "hello") -> str:
    found = ChatTemplate({"default": source}, source="here", special_tokens={})
    return found.render([{"role": "user", "content": content}])


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in range(99999) %}{{ 'a' * 1000000 }}{% endfor %}",
        _LONG + "{% for i in range(99999) %}{{ long }}{% endfor %}",
        _LONG + "{% set all %}{% for i in range(99999) %}{{ long }}{% endfor %}{% endset %}",
        _LONG + "{% macro m() %}{% for i in range(99999) %}{{ long }}{% endfor %}{% endmacro %}{{ m() | length }}",
        "{% set all %}{% for i in range(99999) %}" + "long " * 10_000 + "{% endfor %}{% endset %}{{ all | length }}",
        "{% set ns = namespace(t='a') %}{% for i in range(99) %}{% set ns.t = ns.t ~ ns.t %}{% endfor %}",
        "{% set ns = namespace(t='a') %}{% for i in range(99) %}{% set ns.t = ns.t + ns.t %}{% endfor %}",
        "{% set ns = namespace(t=[1]) %}{% for i in range(99) %}{% set ns.t = ns.t + ns.t %}{% endfor %}",
        "{% set ns = namespace(t=3) %}{% for i in range(99) %}{% set ns.t = ns.t * ns.t %}{% endfor %}",
        "{% set ns = namespace(t=[]) %}{% for i in range(99999) %}"
        "{% set ns.t = ns.t + ['a' * 9000000 ~ i] %}{% endfor %}",
        *("{{ 'a'.center(10**9) }}", "{{ 'a' | center(10**9) }}", "{{ 'a'.ljust(width=10**9) }}"),
        *(
            "{{ 'a'.rjust(10**9) }}",
            "{{ 'a'.zfill(10**9) }}",
            "{{ 'a' | attr('center') }}{{ ('a' | attr('zfill'))(10**9) }}",
        ),
        *("{{ '%01000000000d' % 1 }}", "{{ '%*d' % (10**9, 1) }}", "{{ '%01000000000d' | format(1) }}"),
        *("{{ '{:1000000000}'.format(1) }}", "{{ '{:{}}'.format(1, 10**9) }}", "{{ '{x:{y}}'.format(x=1, y=10**9) }}"),
        *(_LONG + "{{ long.replace('a', long) }}", _LONG + "{{ long | replace('a', long) }}"),
        *(_LONG + "{{ long.join(long) }}", _LONG + "{{ range(99999) | join(long) }}"),
        _LONG + "{{ ('{0}' * 1000).format(long) }}",
        _LONG + "{{ [long] | tojson(indent=100000000) }}",
        "{{ ('a\n' * 1000000) | indent(1000) }}",
        "{{ [1] | batch(10**9, 'x') | list }}",
        *(_PILE + "{{ ns.x }}", _PILE + "{{ ns }}", _PILE + "{{ ns.x | tojson }}", _PILE + "{{ ns.x | string }}"),
        *(
            _PILE + "{{ ns.x ~ '' }}",
            _PILE + "{{ ns.x | join }}",
            _PILE + "{{ '%s' % (ns.x,) }}",
            _PILE + "{{ {'a': ns.x}.values() }}",
        ),
        *("{{ '%.*f' % (10**9, 1) }}", "{{ '%(a)-0100000d' % {'a': 1} }}", "{{ '%.1000000000f' % 1 }}"),
        "{# " + "long " * 300_000 + "#}",
    ],
)
def test_what_is_too_large_is_not_made(source: str) -> None:
    tracemalloc.start()
    try:
        with within(_SECONDS), pytest.raises(TemplateError, match="it makes more text than a prompt has") as raised:
            rendered(source)
        assert tracemalloc.get_traced_memory()[1] < 1 << 30
    finally:
        tracemalloc.stop()
    assert raised.value.code == TOO_LARGE
    assert raised.value.next_step


@pytest.mark.parametrize(
    "source", ["{{ 'a'.translate({97: 'b' * 1000}) }}", "{{ '\t'.expandtabs(10**9) }}", "{{ lipsum(10**9) }}"]
)
def test_what_no_template_needs_is_not_there(source: str) -> None:
    with pytest.raises(TemplateError):
        rendered(source)


def test_many_small_texts_are_stopped_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template_sandbox, "_SECONDS", 0.2)
    with within(_SECONDS), pytest.raises(TemplateError, match="takes too long"):
        rendered("{% set all = (range(99999) | list) * 15 %}{{ all | map('center', 20) | list | length }}")


def test_a_long_conversation_is_not_too_large() -> None:
    """A million tokens, in the ways in which templates put text together."""
    text = "word " * 1_000_000
    ways = (
        "{{ '<s>' + messages[0].content + '</s>' }}{{ '<s>' ~ messages[0].content | trim ~ '</s>' }}"
        "{% set kept %}{{ messages[0].content }}{% endset %}{{ kept.replace('\n', ' ') | length }}"
        "{{ '%s!' % messages[0].content.split('x')[-1] | length }}{{ messages | tojson | length }}"
    )
    assert rendered(ways, text).startswith(f"<s>{text}</s><s>{text.strip()}</s>5000000")


def test_numbers_beside_a_format_are_no_widths() -> None:
    assert rendered("{{ '<|reserved_128009|>%s: 100000' % 'a' }}{{ '12345 {} 100000'.format(1) }}") == (
        "<|reserved_128009|>a: 10000012345 1 100000"
    )


def test_texts_are_put_together_as_jinja2_does() -> None:
    assert (
        rendered("{{ 1 ~ none ~ [1, 'a'] ~ nothing ~ 'x' }}{{ none }}{{ nothing }}{{ 1.5 }}") == "1None[1, 'a']xNone1.5"
    )
    assert (
        rendered("{{ [1, 2] + [3] }}{{ (1, 2) | join('-') }}{{ [1, 2] | sum }}{{ 'a' | center(3) }}|")
        == "[1, 2, 3]1-23 a |"
    )
    assert rendered("{{ '%s-%d' % ('a', 7) }}{{ '{}:{:>3}'.format('a', 1700000000000) }}") == "a-7a:1700000000000"
    assert rendered("{% for x in messages %}{{ loop.index }}{{ x.role }}{% else %}none{% endfor %}") == "1user"
