"""The picture of what the sampler's filters leave: readable in few columns, and in one colour."""

from __future__ import annotations

import numpy as np
import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult

from tui.engine.candidates import Candidate, LastStep, Stage
from tui.engine.filter_stages import filter_stages
from tui.engine.sampling_params import SamplingParams
from tui.widgets.distribution import Distribution

TEXTS = [" the", " a", " an extraordinarily long one", "\n"]
STEP = LastStep(np.log(np.array([4, 3, 2, 1], np.float32)), (), (), frozenset(), TEXTS.__getitem__)


class One(App[None]):
    def compose(self) -> ComposeResult:
        yield Distribution()


async def drawn(stages: tuple[Stage, ...], width: int) -> list[str]:
    """The rows of the picture."""
    app = One()
    async with app.run_test(size=(width, 50)) as pilot:
        widget = app.query_one(Distribution)
        widget.show(stages)
        await pilot.pause()
        assert widget.size.height == len(widget.render().plain.splitlines())
        return [line.rstrip() for line in widget.render().plain.splitlines()]


async def test_every_filter_that_is_on_shows_what_it_leaves_and_the_others_that_they_are_off():
    stages = filter_stages(STEP, SamplingParams(top_k=2, temperature=0.5), top=3)
    assert await drawn(stages, 30) == [
        "the model               4 left",
        ' " the"       ███       40.0 %',
        ' " a"         ██        30.0 %',
        ' " an extrao… ██        20.0 %',
        "top-k 2                 2 left",
        ' " the"       █████     57.1 %',
        ' " a"         ███       42.9 %',
        "temperature 0.5         2 left",
        ' " the"       █████     64.0 %',
        ' " a"         ███       36.0 %',
        "min-p                      off",
        "top-p                      off",
    ]


async def test_penalties_and_greedy_are_named():
    rows = await drawn(filter_stages(STEP, SamplingParams(temperature=0, presence_penalty=0.5), top=1), 40)
    assert rows[0].split() == ["penalties", "0.5", "4", "left"]
    assert rows[2].split() == ["greedy", "on", "1", "left"]
    assert rows[3].split()[-2:] == ["100.0", "%"]


@pytest.mark.parametrize("width", [20, 30, 47, 100])
async def test_no_row_is_wider_than_the_widget(width):
    stages = filter_stages(STEP, SamplingParams(top_k=3, min_p=0.1, top_p=0.9))
    assert max(map(cell_len, await drawn(stages, width))) <= width


async def test_control_characters_and_wide_ones_are_shown_as_they_can_be():
    stage = Stage("penalties", "", 9, (Candidate(1, "\n\t\x1b", 0.5), Candidate(2, "字" * 20, 0.25)))
    rows = await drawn((stage,), 30)
    assert '"\\n\\t␛"' in rows[1]
    assert cell_len(rows[2]) == 30


async def test_before_the_first_answer_it_says_what_it_is_for():
    assert "after the first answer" in " ".join(await drawn((), 30))
