from __future__ import annotations

import io

import pytest

from tui.cli.progress_line import ProgressLine, progress_text
from tui.library.amounts import duration_text
from tui.library.progress import Meter, Progress


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        (Progress("looking"), "looking"),
        (Progress("checking", 3, 7), "checking 42%  3 of 7"),
        (Progress("converting", 3, detail="layer 3"), "converting  layer 3"),
        (Progress("downloading", 500, in_bytes=True), "downloading  500 B"),
        (
            Progress("downloading", 1_200_000_000, 4_900_000_000, True, "model.bin", 11_000_000, 336),
            "downloading 24%  1.2 GB of 4.9 GB  11 MB/s  6 min left  model.bin",
        ),
        (Progress("downloading", 10, 10, True, "", 0.0, None), "downloading 100%  10 B of 10 B  0 B/s"),
    ],
)
def test_what_is_known_is_shown(progress: Progress, text: str) -> None:
    assert progress_text(progress) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (89, "89 s"), (90, "2 min"), (3600, "60 min"), (12000, "3 h 20 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def screen_of(monkeypatch: pytest.MonkeyPatch) -> Screen:
    # Not as a fixture: pytest sets its own one after those.
    made = Screen()
    monkeypatch.setattr("sys.stderr", made)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "20")
    return made


def test_on_a_terminal_one_line_is_written_over_and_is_gone_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = screen_of(monkeypatch)
    with ProgressLine() as line:
        line.report(Progress("one"))
        line.report(Progress("two"))
    assert screen.getvalue() == "\r\x1b[Kone\r\x1b[Ktwo\r\x1b[K"


def test_the_line_fits_and_obeys_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = screen_of(monkeypatch)
    with ProgressLine() as line:
        line.report(Progress("x", detail="\x1b[2J漢字漢字漢字漢字漢字\n"))
    assert screen.getvalue().split("\r\x1b[K")[1] == "x  ^[[2J漢字漢字漢"


def test_in_a_file_there_is_a_line_for_everything_that_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    monkeypatch.setattr("sys.stderr", file)
    with ProgressLine() as line:
        for doing in ("loading (GPU)", "loading", "loading", "answering (GPU)"):
            line.report(Progress(doing))
    assert file.getvalue().splitlines() == ["loading (GPU)", "loading", "answering (GPU)"]


def test_in_a_file_there_is_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    monkeypatch.setattr("sys.stderr", file)
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    with ProgressLine() as line:
        for done in range(40):
            line.report(Progress("downloading", done, 40))
            now[0] += 1.0
    assert file.getvalue().splitlines() == [
        "downloading 0%  0 of 40",
        "downloading 37%  15 of 40",
        "downloading 75%  30 of 40",
    ]


def test_a_meter_reports_rate_and_time_left_ten_times_a_second_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    reports: list[Progress] = []
    meter = Meter(reports.append, total=1_000_000, done=500_000)
    for _ in range(2000):
        now[0] += 0.01
        meter.arrived(100)
    assert 190 <= len(reports) <= 200
    last = reports[-1]
    assert last.done == pytest.approx(700_000, abs=1000)
    assert last.per_s == pytest.approx(10_000, rel=0.05), "what was here before does not count"
    assert last.left_s == pytest.approx(30, rel=0.05)
    now[0] += 5.0
    meter.tell()
    assert reports[-1].per_s == pytest.approx(5_000, rel=0.1), "a stall shows"
    meter.resume()
    now[0] += 2.0
    meter.arrived(2_000)
    assert reports[-1].per_s == pytest.approx(1_000), "reading what is here is none"


def test_the_first_moments_say_nothing_of_the_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    reports: list[Progress] = []
    meter = Meter(reports.append, total=10**15)
    meter.arrived(1)
    now[0] += 2.0
    meter.tell()
    assert [(each.per_s, each.left_s) for each in reports] == [(None, None), (0.5, None)]
