"""A model that is here already is pulled again: what is here goes once the hub has answered, not before."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hub_server import LISTING, Answer, HubServer
from tests.screens.managed_models import managed
from tests.waiting import wait_until_async
from tui.screens.dialogs import ConfirmDialog
from tui.screens.models import ModelsScreen
from tui.screens.pull import PullScreen
from tui.store import paths

__all__ = ["managed"]

NAME = "OpenVINO/tiny-int4-ov"
BIN = "openvino_model.bin"


@pytest.fixture
def broken(managed, hub: HubServer) -> Path:
    """A model whose files are cut off."""
    folder = paths.models_dir() / NAME
    folder.mkdir(parents=True)
    for name, content in hub.add(NAME).files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content[: len(content) // 2])
    return folder


async def ask_again(it) -> None:
    await it.asks("alt+p", PullScreen)
    await it.press(*NAME, "enter")
    await wait_until_async(lambda: isinstance(it.app.screen, ConfirmDialog))
    await it.sees(f"Replace {NAME}?")
    await it.sees("It is here already, and is deleted before it is pulled again. That frees")


async def test_it_is_replaced(managed, broken: Path, hub: HubServer) -> None:
    async with managed() as it:
        await ask_again(it)
        await it.press("y")
        await wait_until_async(lambda: isinstance(it.app.screen, ModelsScreen))
        await it.sees(f"{NAME} is here")
        assert (broken / BIN).read_bytes() == hub.repos[NAME].files[BIN]


async def test_what_it_frees_is_room_for_it(managed, broken: Path, hub: HubServer, monkeypatch) -> None:
    size = sum(map(len, hub.repos[NAME].files.values()))
    there = sum(file.stat().st_size for file in broken.rglob("*") if file.is_file())
    free = size - there + 100
    monkeypatch.setattr("tui.library.pull.free_bytes", lambda _: free if broken.exists() else free + there)
    async with managed() as it:
        await ask_again(it)
        await it.press("y")
        await it.sees(f"{NAME} is here")


async def test_it_stays_without_a_yes(managed, broken: Path) -> None:
    async with managed() as it:
        before = (broken / BIN).read_bytes()
        await ask_again(it)
        await it.press("enter")
        await it.sees(f"{NAME} is already here")
        assert (broken / BIN).read_bytes() == before
        assert it.services.jobs.all == ()


async def test_it_stays_where_the_hub_does_not_have_it(managed, broken: Path, hub: HubServer) -> None:
    async with managed() as it:
        hub.always(LISTING, Answer(status=404))
        await ask_again(it)
        await it.press("y")
        await it.sees(f"does not give {NAME} (404)")
        assert (broken / BIN).exists()
        assert it.services.jobs.all == ()
