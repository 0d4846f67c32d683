"""The list of settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tui.chat.settings_rows import SECTIONS, InEffect, rows
from tui.engine.sampling_resolve import resolve
from tui.store.settings import SCHEMA, Settings, load_settings

USER = {
    "sampling.max_tokens": None,
    "sampling.top_p": 0.5,
    "keys.chat.help": ("f1",),
    "presets.mine.top_k": 3,
    "models.a.b.sampling.top_p": 0.25,
    "engine.device": "GPU",
}


@pytest.fixture
def settings() -> Settings:
    return Settings(load_settings(Path("none/settings.toml")).shipped, USER)


def test_every_section_has_a_name_and_what_is_free_is_listed_where_it_is_set(settings: Settings) -> None:
    found = rows(settings)
    assert {row.key for row in found} == {*SCHEMA, *USER}
    assert [SECTIONS[row.section] for row in found] == sorted(
        (SECTIONS[row.section] for row in found), key=list(SECTIONS.values()).index
    )
    labels = {row.key: row.label for row in found}
    assert labels["models.a.b.sampling.top_p"] == "a.b: top_p"
    assert labels["presets.mine.top_k"] == "mine: top_k"
    assert labels["keys.chat.help"] == "chat.help"
    assert all(row.help for row in found if row.section != "keys")


@pytest.mark.parametrize(
    ("model", "own", "set_here", "value", "source", "note"),
    [
        ("", {}, {}, "0.5", "user", ""),
        ("a.b", {}, {}, "0.25", "this model", "yours, 0.5, gives way to yours for this model"),
        ("a.b", {}, {"top_p": 0.75}, "0.75", "conversation", "yours, 0.5, gives way to this conversation's"),
    ],
)
def test_whose_value_is_in_effect(
    settings: Settings, model: str, own: dict[str, Any], set_here: dict[str, Any], value: str, source: str, note: str
) -> None:
    user = settings.user_section("sampling") | settings.for_model(model) | set_here
    resolved = resolve(settings.shipped_section("sampling"), own, user)
    found = {row.key: row for row in rows(settings, InEffect(resolved, set_here, model))}
    row = found["sampling.top_p"]
    assert (row.value, row.source, row.note) == (value, source, note)


def test_none_leaves_it_to_the_model_and_that_is_said(settings: Settings) -> None:
    shipped = settings.shipped_section("sampling")
    for own, value, source, note in [
        ({}, "none", "user", ""),
        ({"max_new_tokens": 512}, "512", "model", "yours, none, gives way to the model's own"),
    ]:
        resolved = resolve(shipped, own, settings.user_section("sampling"))
        row = {row.key: row for row in rows(settings, InEffect(resolved))}["sampling.max_tokens"]
        assert (row.value, row.source, row.note) == (value, source, note)
