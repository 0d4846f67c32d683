"""The status line: what is in it at which width, and how often it is painted."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult

from tests.waiting import wait_until_async
from tui.engine.sampling_params import SamplingParams
from tui.widgets import status_line
from tui.widgets.status_line import SHORTEST_INTERVAL, StatusFacts, StatusLine, status_content

FULL = StatusFacts(
    model="Qwen3-4B-int4-ov",
    device="CPU",
    precision="f32",
    used=1234,
    limit=4096,
    sampling=SamplingParams(temperature=0.7, top_p=0.9, top_k=40),
    preset="balanced",
    ttft_s=0.312,
    tokens_per_s=42.13,
    reused=312,
)


def line(facts: StatusFacts, width: int) -> str:
    return status_content(facts, width).plain


def test_wide() -> None:
    assert line(FULL, 200) == (
        "Qwen3-4B-int4-ov  CPU f32  context 1,234/4,096 (30%)  42.1 tok/s, first 0.31 s"
        "  balanced  T 0.7  p 0.9  k 40  312 reused"
    )


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (
            118,
            "Qwen3-4B-int4-ov  CPU f32  context 1,234/4,096 (30%)  42.1 tok/s, first 0.31 s"
            "  T 0.7  p 0.9  k 40  312 reused",
        ),
        (78, "Qwen3-4B-int4-ov  CPU f32  1,234/4,096 30%  42.1 tok/s  T 0.7  312 reused"),
        (38, "Qwen3-4B-int4-ov  CPU  30%  42.1 tok/s"),
        (20, "Qwen3-4B-int4-ov"),
    ],
)
def test_what_survives(width: int, shown: str) -> None:
    assert line(FULL, width) == shown


@pytest.mark.parametrize("width", [0, 1, 5, 12, 38, 78, 118])
def test_it_never_is_wider_than_the_row(width: int) -> None:
    long = replace(FULL, model="漢字" * 30, state="loading 2 s: " + "x" * 100, saved_trouble="disk " * 20)
    for facts in (FULL, long, replace(long, saved_trouble=""), StatusFacts()):
        assert cell_len(line(facts, width)) <= width


def test_what_goes_on_comes_before_everything_but_trouble() -> None:
    loading = replace(FULL, state="loading 2 s: compiling")
    assert "loading 2 s" in line(loading, 20)
    assert "loading 2 s: compiling" in line(loading, 78)
    unsaved = replace(loading, saved_trouble="the disk is full")
    assert line(unsaved, 38).startswith("! not saved")
    assert "! not saved: the disk is full" in line(unsaved, 118)


def test_reading_the_prompt() -> None:
    reading = replace(FULL, prefill=(512, 2048), state="")
    assert "reading 512 of 2,048 (25%)" in line(reading, 118)
    assert "reading 25%" in line(reading, 38)


@pytest.mark.parametrize(
    ("used", "text", "style"),
    [
        (0, "(0%)", ""),
        (3276, "(80%)", ""),
        (3277, "(80%!)", "$text-warning"),
        (3891, "(95%!)", "$text-warning"),
        (3892, "(95%!)", "bold $text-error"),
        (4096, "(100%!)", "bold $text-error"),
        (4098, "context full: 2 over 4,096", "bold $text-error"),
    ],
)
def test_a_context_that_fills_up_warns_with_and_without_colour(used: int, text: str, style: str) -> None:
    content = status_content(replace(FULL, used=used), 200)
    assert text in content.plain
    start = content.plain.index("context")
    assert [span.style for span in content.spans if span.start == start and span.style] == ([style] if style else [])


@pytest.mark.parametrize(
    ("sampling", "text"),
    [
        (SamplingParams(), "T 1"),
        (SamplingParams(temperature=0, top_p=0.9, top_k=40, min_p=0.1), "greedy"),
        (SamplingParams(temperature=0.05, min_p=0.05), "T 0.05  min-p 0.05"),
        (
            SamplingParams(repetition_penalty=1.1, presence_penalty=-1, frequency_penalty=0.5),
            "T 1  rep 1.1  pres -1  freq 0.5",
        ),
        (SamplingParams(max_tokens=2048, seed=7), "T 1  max 2,048  seed 7"),
    ],
)
def test_only_sampling_values_that_are_active(sampling: SamplingParams, text: str) -> None:
    assert line(StatusFacts(model="m", sampling=sampling), 200) == f"m  {text}"


def test_no_model() -> None:
    assert line(StatusFacts(), 80) == "no model"


def test_a_long_name_loses_its_middle() -> None:
    facts = replace(FULL, model="DeepSeek-R1-Distill-Qwen-1.5B-int4-cw-ov")
    assert "DeepSeek-R1-Distill-Qwen-1.5B-int4-cw-ov" in line(facts, 118)
    assert line(facts, 38).startswith("DeepSeek-R…4-cw-ov"[:10])
    assert "cw-ov" in line(facts, 38)


def test_nothing_in_it_is_markup_or_obeyed() -> None:
    assert "[bold]x[/oops]␛[2J" in line(StatusFacts(model="[bold]x[/oops]\x1b[2J"), 80)


class Counting(StatusLine):
    paints = 0

    def refresh(self, *arguments: object, **named: object) -> Counting:  # type: ignore[override]
        self.paints += 1
        return super().refresh(*arguments, **named)  # type: ignore[arg-type,return-value]


class OneLine(App[None]):
    def compose(self) -> ComposeResult:
        yield Counting()


async def test_it_is_painted_rarely_and_ends_with_the_latest() -> None:
    app = OneLine()
    async with app.run_test(size=(80, 5)) as pilot:
        status = app.query_one(Counting)
        await pilot.pause()
        status.paints = 0
        status.show(FULL)
        await pilot.pause()
        for tokens in range(100):
            status.show(replace(FULL, used=tokens))
        assert status.paints == 1
        await wait_until_async(lambda: status.paints > 1, seconds=20 * SHORTEST_INTERVAL)
        assert "99/4,096" in status.render_line(0).text
        await pilot.pause(2 * SHORTEST_INTERVAL)
        assert status.paints == 2


async def test_it_says_when_nothing_it_is_told_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    app, now = OneLine(), 100.0
    monkeypatch.setattr(status_line, "time", SimpleNamespace(monotonic=lambda: now))
    async with app.run_test(size=(80, 5)) as pilot:
        status = app.query_one(Counting)
        assert not status.has_to_wait
        status.show(FULL)
        await pilot.pause()
        assert status.has_to_wait
        now += 1.0
        assert not status.has_to_wait


async def test_it_is_not_painted_when_nothing_in_the_row_changed() -> None:
    app = OneLine()
    async with app.run_test(size=(38, 5)) as pilot:
        status = app.query_one(Counting)
        status.show(FULL)
        await wait_until_async(lambda: "30%" in status.render_line(0).text)
        await pilot.pause(SHORTEST_INTERVAL)
        status.paints = 0
        status.show(replace(FULL, ttft_s=0.3121, tokens_per_s=42.131, used=1235))
        status.show(replace(FULL, ttft_s=0.3121, tokens_per_s=42.131, used=1235))
        await pilot.pause(2 * SHORTEST_INTERVAL)
        assert status.paints == 0
