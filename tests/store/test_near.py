"""The name that is meant by another one."""

from __future__ import annotations

import pytest

from tui.store.near import did_you_mean, near_name

THEMES = ["ovchat-ansi", "ovchat-contrast-dark", "ovchat-dark", "ovchat-light"]
SETTINGS = ["sampling.temperature", "sampling.stop", "sampling.top_k", "appearance.theme"]


@pytest.mark.parametrize(
    ("written", "names", "near"),
    [
        ("ovchat-drk", THEMES, "ovchat-dark"),
        ("Ovchat-Dark", THEMES, "ovchat-dark"),
        ("dark", THEMES, "ovchat-dark"),
        ("ovchatdark", THEMES, "ovchat-dark"),
        ("temperature", SETTINGS, "sampling.temperature"),
        ("sampling.temprature", SETTINGS, "sampling.temperature"),
        # What all begin with does not make them alike.
        ("ovchat-zz", THEMES, ""),
        ("zz", THEMES, ""),
        ("sampling.warmth", SETTINGS, ""),
        ("appearance.zz", SETTINGS, ""),
        ("", THEMES, ""),
        ("x", [], ""),
    ],
)
def test_the_nearest_is_named_where_one_is_near(written: str, names: list[str], near: str) -> None:
    assert near_name(written, names) == near
    assert did_you_mean(written, names) == (f"Did you mean {near}?" if near else "")
