"""A setting's value as it is typed and read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.store.settings import SCHEMA, load_settings, setting_of
from tui.store.settings_text import parsed, sampling_text, shown


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("sampling.temperature", " 0,5 ", 0.5),
        ("sampling.top_k", "+3", 3),
        ("sampling.max_tokens", "NONE", None),
        ("engine.backend", "Paged", "paged"),
        ("engine.device", "GPU.0", "GPU.0"),
        ("engine.device", "Auto", None),
        ("sampling.stop", "", ()),
        ("sampling.stop", "END, of it", ("END, of it",)),
        ("sampling.stop", '["\\n", "[b]"]', ("\n", "[b]")),
        ("keys.chat.help", "f1, alt+h  ctrl+y", ("f1", "alt+h", "ctrl+y")),
        ("keys.chat.help", " ", ()),
    ],
)
def test_what_is_typed(key: str, text: str, value: Any) -> None:
    setting = setting_of(key)
    assert setting is not None
    assert parsed(setting, text) == value
    assert parsed(setting, shown(setting, value)) == value


@pytest.mark.parametrize(
    ("key", "text", "says"),
    [
        ("sampling.temperature", "hot", "0 to 2"),
        ("sampling.temperature", "nan", "0 to 2"),
        ("sampling.temperature", "", "0 to 2"),
        ("sampling.top_k", "3.0", "a whole number"),
        ("sampling.top_k", "1_0", "a whole number"),
        ("sampling.top_k", "none", "a whole number"),
        ("sampling.min_tokens", "1" + "0" * 30, "a whole number of tokens, 0 to 2147483647"),
        ("sampling.seed", "9" * 5000, "a whole number"),
        ("sampling.stop", '["a"', "a list of texts, as in"),
        ("sampling.stop", "[1]", "a list of texts"),
        ("engine.backend", "page", "auto, paged or stateful"),
        ("engine.device", " ", "the name of a device"),
    ],
)
def test_what_it_may_not_be_is_named(key: str, text: str, says: str) -> None:
    setting = setting_of(key)
    assert setting is not None
    with pytest.raises(ValueError, match=says):
        parsed(setting, text)


def test_values_that_are_empty_or_unset_are_shown_as_they_can_be_typed() -> None:
    assert sampling_text({"stop": (), "top_k": 40, "seed": None}) == "stop none, top_k 40, seed random"
    binding = setting_of("keys.chat.find")
    assert binding is not None
    assert shown(binding, ()) == "none"
    assert parsed(binding, "none") == ()


def test_every_default_can_be_typed_as_it_is_shown() -> None:
    settings = load_settings()
    for key, setting in SCHEMA.items():
        assert parsed(setting, shown(setting, settings.shipped[key])) == settings.shipped[key]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), max_size=3).map(tuple))
def test_every_list_of_texts_can_be_typed_as_it_is_shown(texts: tuple[str, ...]) -> None:
    setting = SCHEMA["sampling.stop"]
    assert parsed(setting, shown(setting, texts)) == texts
