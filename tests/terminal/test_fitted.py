"""Texts of a table have exactly the cells of their column, however wide their characters are."""

from __future__ import annotations

import pytest

from tui.terminal.fitted import fitted


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("ab", 4, "ab  "),
        ("abcd", 4, "abcd"),
        ("abcde", 4, "abc…"),
        ("漢字", 4, "漢字"),
        ("漢字漢", 4, "漢 …"),
        ("", 2, "  "),
        ("ab", 1, "…"),
    ],
)
def test_text_is_filled_up_or_cut_off(text: str, width: int, shown: str) -> None:
    assert fitted(text, width) == shown


def test_numbers_stand_at_the_right() -> None:
    assert fitted("12", 4, right=True) == "  12"
    assert fitted("12345", 4, right=True) == "123…"
