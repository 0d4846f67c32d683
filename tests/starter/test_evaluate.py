"""The grader: keywords, alternatives, what is forbidden, and declining."""

from __future__ import annotations

import pytest

from tui.starter.recipe.evaluate import declines, fits


@pytest.mark.parametrize(
    ("answer", "entry", "right"),
    [
        ("Press **F3**, then `ovchat models add DIR`.", {"require": ["ovchat models add|pull", "f3"]}, True),
        ("Press **F3**.", {"require": ["ovchat models add", "F3"]}, False),
        ("This is high.", {"require": ["hi|hello"]}, False),
        ("Hi there.", {"require": ["hi|hello"]}, True),
        ("Start with `-m NAME`.", {"require": ["-m"]}, True),
        ("Add `--max-tokens`.", {"require": ["-m"]}, False),
        ("**F6** lowers it, **F7** raises it.", {"require": ["F6"], "forbid": ["F7"]}, False),
    ],
)
def test_an_answer_fits_its_keywords(answer: str, entry: dict, right: bool) -> None:
    assert fits(answer, entry) is right


def test_declining_is_recognised_in_any_case() -> None:
    assert declines("Sorry: I AM ONLY THE SMALL STARTER that comes with it.")
    assert not declines("I am the starter: a tiny language model.")
