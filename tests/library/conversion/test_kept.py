"""Logs that keep their beginning and their end."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tui.library.conversion import kept
from tui.library.conversion.kept import Kept


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "BEGINNING", 1000)
    monkeypatch.setattr(kept, "END", 1000)


def written(file: Path, lines: int) -> list[str]:
    with file.open("w", encoding="utf-8") as opened:
        opened.write("$ a command\n")
        log = Kept(opened)
        for number in range(lines):
            log.line(f"ligne numéro {number}")
            assert file.stat().st_size < 4500
        log.flush()
        return file.read_text("utf-8").splitlines()


def test_what_is_not_long_is_kept_whole(tmp_path: Path) -> None:
    assert written(tmp_path / "log", 100) == ["$ a command", *(f"ligne numéro {number}" for number in range(100))]


@pytest.mark.parametrize("lines", [1000, 1010, 5000])
def test_of_what_is_long_the_middle_is_left_out_and_that_is_said(tmp_path: Path, lines: int) -> None:
    said = written(tmp_path / "log", lines)
    numbers = [int(line.split()[-1]) for line in said if line.startswith("ligne")]
    first = next(place for place, number in enumerate(numbers) if place != number)
    assert first > 50
    assert numbers[first:] == list(range(numbers[first], lines))
    (gap,) = (line for line in said if line.endswith("lines are left out here]"))
    left_out = int(re.sub(r"\D", "", gap))
    assert left_out == lines - len(numbers)
    assert lines - numbers[first] > 50


def test_a_log_that_is_closed_does_no_harm(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as opened:
        log = Kept(opened)
    log.line("too late")
    log.flush()
