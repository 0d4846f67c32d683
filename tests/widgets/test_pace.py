"""The pause between two drawings of an answer."""

from __future__ import annotations

import pytest

from tui.widgets.pace import LONGEST_S, SHORTEST_S, Pace


@pytest.mark.parametrize(
    ("cost", "pause"),
    [(0.0, SHORTEST_S), (0.001, SHORTEST_S), (0.01, 0.2), (0.05, LONGEST_S)],
)
def test_drawing_takes_a_twentieth_of_a_core_within_what_reads_well(cost: float, pause: float) -> None:
    cpu = [0.0]
    pace = Pace(cpu=lambda: cpu[0])
    assert pace.pause == SHORTEST_S
    cpu[0] += cost
    pace.drawn()
    assert pace.pause == pytest.approx(pause)
    pace.drawn()
    assert pace.pause == SHORTEST_S


def test_a_line_that_is_slower_is_waited_for() -> None:
    line, cpu = [SHORTEST_S], [0.0]
    pace = Pace(lambda: line[0], lambda: cpu[0])
    line[0] = 0.8
    pace.drawn()
    assert pace.pause == 0.8
    line[0], cpu[0] = 1 / 8, 0.01
    pace.drawn()
    assert pace.pause == pytest.approx(0.2)
