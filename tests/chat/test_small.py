"""Titles and presets."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.chat.presets import name_of, preset_of, step
from tui.chat.titles import LONGEST, derive_title
from tui.engine.sampling_params import SamplingParams
from tui.engine.sampling_resolve import resolve
from tui.store.settings import load_settings


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("What is this?", "What is this?"),
        ("\n\n  ## **Bold** plan\nmore", "Bold plan"),
        ("```python\nprint(1)\n```", "print(1)"),
        ("> - 1. quoted *list*", "quoted list"),
        ("see [the docs](https://x.y/z) and `code`", "see the docs and code"),
        ("snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"),
        ("a\tb\x1b[31m  c", "a b [31m c"),
        ("word " * 30, "word " * 11 + "word…"),
        ("x" * 100, "x" * (LONGEST - 1) + "…"),
        ("日本語" * 40, ("日本語" * 40)[: LONGEST - 1] + "…"),
        ("???", "???"),
        (" \n\t", ""),
    ],
)
def test_a_title_is_the_first_line_that_says_something(text: str, title: str) -> None:
    assert derive_title(text) == title


@given(st.text(max_size=300))
def test_any_title_is_one_short_printable_line(text: str) -> None:
    title = derive_title(text)
    assert len(title) <= LONGEST
    assert title.isprintable()


APP = {"temperature": 0.7, "top_k": 40, "top_p": 0.9}


@pytest.mark.parametrize(
    ("model", "user", "own"),
    [
        ({}, {}, "default"),
        ({"temperature": 0.6}, {}, "model's own"),
        ({"temperature": 0.6}, {"top_p": 0.5}, "your own"),
        ({}, {"seed": 1}, "default"),
    ],
)
def test_presets_are_stepped_through_and_back_to_what_is_set_elsewhere(
    model: dict[str, Any], user: dict[str, Any], own: str
) -> None:
    set_here: dict[str, Any] = {"max_tokens": 100}
    names = []
    for _ in range(5):
        current = resolve(APP, model, {**user, **set_here})
        names.append(name_of(current, set_here))
        set_here = step(current.params, set_here)
        assert set_here["max_tokens"] == 100
    assert names == [own, "precise", "balanced", "creative", own]


@pytest.mark.parametrize(("temperature", "preset"), [(0.5, "balanced"), (2.0, "default")])
def test_from_values_that_are_no_preset_the_next_is_warmer(temperature: float, preset: str) -> None:
    set_here = {"temperature": temperature}
    current = resolve(APP, {}, set_here)
    assert name_of(current, set_here) == ""
    set_here = step(current.params, set_here)
    assert name_of(resolve(APP, {}, set_here), set_here) == preset


def test_what_ovchat_starts_with_is_a_preset() -> None:
    assert preset_of(SamplingParams(**load_settings().shipped_section("sampling"))) == "balanced"
