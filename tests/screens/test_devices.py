"""The devices panel: what is here and why something is not, without waiting for drivers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.chat_app import chat_app, running
from tests.waiting import wait_until_async
from tui.app import ChatApp
from tui.engine.device_search import MissingDevice
from tui.engine.devices import Device, DeviceKind, Survey
from tui.screens.devices import DevicesScreen
from tui.screens.help import HelpScreen
from tui.screens.palette import Palette
from tui.widgets.fact_list import FactList
from tui.widgets.notice import Notice

SURVEY = Survey(
    devices=(
        Device("CPU", "Intel(R) Xeon(R)", DeviceKind.CPU, 32 * 2**30, capabilities=("FP32", "INT8", "EXPORT_IMPORT")),
        Device("GPU.1", "Arc [A770]", DeviceKind.DISCRETE_GPU, 16 * 2**30, driver="24.52", architecture="v12.55"),
    ),
    auto="GPU.1",
    missing=(MissingDevice("NPU", "There is no /dev/accel/accel*.", "Load [intel_vpu]."),),
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OVCHAT_HOME", str(tmp_path))
    return tmp_path


def app_with(home: Path, survey: Callable[[], Survey] = lambda: SURVEY) -> ChatApp:
    app = chat_app(home)
    app.services = replace(app.services, survey=survey)
    return app


async def shown(app: ChatApp, pilot: Pilot[None]) -> str:
    panel = DevicesScreen(app.services)
    await app.push_screen(panel)
    await wait_until_async(lambda: bool(panel.query(FactList)))
    await pilot.pause()
    return text_of(panel)


def text_of(panel: DevicesScreen) -> str:
    return panel.query_one(FactList).render().plain


async def test_every_device_and_every_missing_one_is_told(home: Path) -> None:
    app = app_with(home)
    async with running(app, (100, 40)) as pilot:
        text = await shown(app, pilot)
        for said in (
            "GPU.1 (auto)",
            "Name            Arc [A770]",
            "Type            discrete GPU",
            "Memory          16.0 GiB",
            "Driver          24.52",
            "Architecture    v12.55",
            "Computes in     f32, int8",
            "Not here        There is no /dev/accel/accel*.",
            "What to do      Load [intel_vpu].",
            "On the disk     0 B of 20 GB",
        ):
            assert said in text
        assert text.count("Driver") == 1


async def test_the_palette_opens_it_at_once_while_a_driver_is_slow(home: Path) -> None:
    go_on = threading.Event()

    def slow() -> Survey:
        go_on.wait(30)
        return SURVEY

    app = app_with(home, slow)
    async with running(app) as pilot:
        await pilot.press("ctrl+p")
        await wait_until_async(lambda: isinstance(app.screen, Palette))
        await pilot.press(*"devices", "down", "enter")
        await wait_until_async(lambda: isinstance(app.screen, DevicesScreen))
        panel = app.screen
        await pilot.press("escape")  # it does not keep anybody
        await wait_until_async(lambda: app.screen is not panel)
        go_on.set()


async def test_what_is_compiled_can_be_deleted(home: Path) -> None:
    blob = home / "cache" / "compiled" / "model-1" / "NPU" / "1.blob"
    blob.parent.mkdir(parents=True)
    blob.write_bytes(bytes(3_000_000))
    app = app_with(home)
    async with running(app, (100, 40)) as pilot:
        assert "On the disk     3.0 MB of 20 GB" in await shown(app, pilot)
        panel = app.screen
        assert isinstance(panel, DevicesScreen)
        await pilot.press("delete")
        await wait_until_async(lambda: "0 B of 20 GB" in text_of(panel))
        assert str(panel.query_one(Notice).content) == "Deleted: 3.0 MB."
        assert not blob.exists()
        await pilot.press("delete")
        await wait_until_async(lambda: "nothing" in str(panel.query_one(Notice).content))


async def test_its_keys_are_in_the_help(home: Path) -> None:
    app = app_with(home)
    async with running(app) as pilot:
        await shown(app, pilot)
        await pilot.press("f1")
        await wait_until_async(lambda: isinstance(app.screen, HelpScreen))
