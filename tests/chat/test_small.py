"""Titles and presets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.chat.presets import PRESETS, next_preset, preset_of
from tui.chat.titles import LONGEST, derive_title
from tui.engine.sampling_params import SamplingParams
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


def test_presets_are_stepped_through_and_known_again() -> None:
    at = SamplingParams(**PRESETS["precise"])
    assert preset_of(at) == "precise"
    names = []
    for _ in PRESETS:
        names.append(next_preset(at))
        at = SamplingParams(**PRESETS[names[-1]])
    assert names == ["balanced", "creative", "precise"]


def test_from_values_that_are_no_preset_the_next_is_warmer() -> None:
    assert preset_of(SamplingParams(temperature=0.5)) == ""
    assert next_preset(SamplingParams(temperature=0.5)) == "balanced"
    assert next_preset(SamplingParams(temperature=2.0)) == "precise"


def test_what_ovchat_starts_with_is_a_preset() -> None:
    assert preset_of(SamplingParams(**load_settings().shipped_section("sampling"))) == "balanced"
