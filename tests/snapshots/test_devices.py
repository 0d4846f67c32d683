"""The devices panel against its pictures: two that are here, one that is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.chat_app import chat_app, running
from tests.screens.test_devices import SURVEY
from tests.snapshots.picture import compare
from tests.waiting import wait_until_async
from tui.screens.devices import DevicesScreen
from tui.widgets.fact_list import FactList


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_devices(tmp_path, size, monkeypatch):
    monkeypatch.setattr("tui.library.compiled_cache.root", lambda: Path("/var/cache/ovchat/compiled"))
    app = chat_app(tmp_path)
    app.animation_level = "none"
    app.services = replace(app.services, survey=lambda: SURVEY)
    async with running(app, size) as pilot:
        await app.push_screen(DevicesScreen(app.services))
        await wait_until_async(lambda: app.screen.query(FactList))
        await compare(pilot.app, f"devices-{size[0]}x{size[1]}", tmp_path)
    app.services.outbox.close()
