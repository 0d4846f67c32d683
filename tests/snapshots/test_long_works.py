"""Pulls and conversions against their pictures: the strip with two of them, the panels that begin them."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from tests.long_works import Long, is_at_work
from tests.scripted import ScriptedRunner
from tests.snapshots.picture import compare
from tests.snapshots.test_models import SIZES, models, table
from tests.waiting import wait_until_async
from tui.library.hub_search import Format, Hit
from tui.library.progress import Progress
from tui.screens.convert import ConvertScreen
from tui.screens.hub_search import HubSearchScreen
from tui.screens.pull import PullScreen

__all__ = ["models"]

HALF = Progress("downloading", 2_300_000_000, 4_600_000_000, True, "x.bin", 12_000_000, 191.0)
STEPS = Progress("compressing the weights", 30, 290, left_s=260.0)


@pytest.mark.parametrize("size", SIZES[:2])
async def test_two_jobs(tmp_path, models, size, monkeypatch):
    async with table(tmp_path, models, size, ScriptedRunner(loaded=False), monkeypatch) as pilot:
        jobs = pilot.app.services.jobs
        is_at_work(jobs.begin(Long(progress=HALF).pull("OpenVINO/Qwen3-14B-int4-ov")))
        is_at_work(jobs.begin(Long(progress=STEPS).conversion("[b]mine[/b]-int4-ov")))
        strip = pilot.app.screen.strip
        await wait_until_async(lambda: strip.display)
        await pilot.press("alt+j", "down")
        await wait_until_async(lambda: strip.marked is jobs.all[1])
        await compare(pilot.app, f"jobs-{size[0]}x{size[1]}", tmp_path)


@pytest.mark.parametrize("size", SIZES[:2])
async def test_pulling(tmp_path, models, size, monkeypatch):
    monkeypatch.setattr("tui.screens.pull.free_bytes", lambda folder: 50 * 10**9)
    async with table(tmp_path, models, size, ScriptedRunner(loaded=False), monkeypatch) as pilot:
        await pilot.press("alt+p")
        await wait_until_async(lambda: isinstance(pilot.app.screen, PullScreen) and pilot.app.screen.rows.items)
        pilot.app.screen.query_one(Input).cursor_blink = False
        await compare(pilot.app, f"pull-{size[0]}x{size[1]}", tmp_path)


@pytest.mark.parametrize("size", SIZES[:2])
async def test_converting(tmp_path, models, size, monkeypatch):
    async with table(tmp_path, models, size, ScriptedRunner(loaded=False), monkeypatch) as pilot:
        await pilot.press("alt+c")
        await wait_until_async(lambda: isinstance(pilot.app.screen, ConvertScreen))
        await compare(pilot.app, f"convert-{size[0]}x{size[1]}", tmp_path)


@pytest.mark.parametrize("size", SIZES[:2])
async def test_what_the_hub_has(tmp_path, models, size, monkeypatch):
    hits = [Hit("OpenVINO/Qwen3-8B-int4-ov", 5_210_000_000, 12_345), Hit("me/Qwen3-8B-ov", None, 7)]
    monkeypatch.setattr("tui.screens.hub_search.search_hub", lambda *_: hits)
    async with table(tmp_path, models, size, ScriptedRunner(loaded=False), monkeypatch) as pilot:
        await pilot.app.push_screen(HubSearchScreen("qwen3 8b", Format.OPENVINO))
        pilot.app.screen.query_one(Input).cursor_blink = False
        await wait_until_async(lambda: pilot.app.screen.rows.items)
        await compare(pilot.app, f"hub-search-{size[0]}x{size[1]}", tmp_path)
