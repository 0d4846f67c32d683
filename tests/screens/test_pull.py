"""Pulling from the models' panel, against a hub: the catalogue, the question, the strip, the model in the table."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.hub_server import LISTING, Answer, HubServer, model_files
from tests.screens.host import unnamed_bindings
from tests.screens.using import Chat, OpenChat
from tui.library.find import Places
from tui.library.jobs import State
from tui.library.local import LocalModels
from tui.library.partial import unfinished
from tui.screens.dialogs import ConfirmDialog, OptionsDialog
from tui.screens.models import ModelsScreen
from tui.screens.pull import PullScreen

NAME = "OpenVINO/tiny-int4-ov"
BIN = "openvino_model.bin"
GB = 10**9


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.screens.models_reading.available_bytes", lambda: 4 * GB)
    monkeypatch.setattr("tui.screens.pull.free_bytes", lambda folder: 50 * GB)


@pytest.fixture
def places(tmp_path: Path, tiny_model) -> Places:
    return Places(starter=tiny_model("llama-int8"), models=tmp_path / "m", added=(), hugging_face=tmp_path / "cache")


@pytest.fixture
def pulling(opened: OpenChat, places: Places):
    """Opens the panel over that of the models."""

    @asynccontextmanager
    async def open_panel(size: tuple[int, int] = (80, 24)) -> AsyncIterator[Chat]:
        async with opened(size=size) as chat:
            chat.screen._services = replace(chat.screen._services, models=LocalModels(places))
            await chat.press("f3")
            await chat.panel(ModelsScreen)
            await chat.press("alt+p")
            await chat.panel(PullScreen)
            yield chat

    return open_panel


async def ask(chat: Chat, name: str = NAME) -> None:
    """Ask the hub for a name."""
    await chat.press(*name, "enter")


def names(chat: Chat) -> list[str]:
    return [row.id for row in chat.app.screen.rows.items]


def test_every_key_has_an_id_a_label_and_a_tooltip() -> None:
    assert unnamed_bindings(PullScreen) == []


async def test_what_fits_stands_first_and_what_does_not_says_why(pulling) -> None:
    async with pulling((120, 40)) as chat:
        rows = chat.app.screen.rows.items
        fits = [row.fits for row in rows]
        assert fits == sorted(fits, reverse=True)
        assert 0 < sum(fits) < len(fits)
        assert all(row.known.memory_bytes <= 4 * GB for row in rows if row.fits)
        await chat.press("ctrl+end")
        await chat.sees("too large: 4.0 GB of memory are free")


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 12)])
async def test_a_row_has_size_memory_licence_and_what_it_is_good_for(pulling, size) -> None:
    async with pulling(size) as chat:
        await chat.press(*"qwen3-4b-int4")
        assert names(chat)[0] == "OpenVINO/Qwen3-4B-int4-ov"
        await chat.sees("first choice")
        if size[0] >= 80:
            await chat.sees("2.5 GB 3.5 GB")
            await chat.sees("apache-2.0")


async def test_filtering_and_names_that_the_catalogue_has_not(pulling) -> None:
    async with pulling() as chat:
        await chat.press(*"laptop")
        assert "OpenVINO/Qwen3-4B-int4-ov" in names(chat)
        await chat.press("ctrl+u", *"zzz")
        assert "type OWNER/NAME" in " ".join(chat.shown.split())
        await chat.until(lambda: "Enter Pull" not in chat.shown)
        await chat.press("ctrl+u", *"me/mine")
        await chat.sees("Enter Pull")
        assert names(chat) == ["me/mine"]
        await chat.press("ctrl+u", *"openvino/qwen3-4b-int4-ov")
        assert names(chat) == ["OpenVINO/Qwen3-4B-int4-ov"], "not twice"


async def test_the_address_of_a_page_is_understood(pulling, hub: HubServer) -> None:
    hub.add(NAME)
    async with pulling() as chat:
        await chat.press(*f"https://huggingface.co/{NAME}/tree/main")
        assert names(chat) == [NAME]
        await chat.press("enter")
        await chat.until(lambda: isinstance(chat.app.screen, OptionsDialog))
        assert len(hub.asked(LISTING)) == 1


async def test_a_model_is_pulled_marked_and_used(pulling, hub: HubServer, places: Places) -> None:
    files = hub.add(NAME).files
    hub.next(BIN, Answer(stall_after=5000))
    async with pulling() as chat:
        await ask(chat)
        await chat.until(lambda: isinstance(chat.app.screen, OptionsDialog))
        await chat.sees("in 10 files")
        await chat.sees("are free on the disk of")
        assert not places.models.exists(), "nothing is written before the answer"
        await chat.press("enter")
        panel = await chat.panel(ModelsScreen)
        (job,) = chat.app.services.jobs.all
        await chat.until(lambda: job.progress.done > 5000)
        await chat.sees("downloading")
        await chat.press("alt+j", "space")
        await chat.until(lambda: job.state is State.PAUSED)
        await chat.press("space")
        await chat.sees(f"{NAME} is here")
        assert panel.rows.current.name == NAME
        assert (places.models / NAME / BIN).read_bytes() == files[BIN]


async def test_what_was_said_before_leaves_its_room_to_the_pull(pulling, hub: HubServer) -> None:
    hub.add(NAME)
    hub.next(BIN, Answer(stall_after=5000))
    async with pulling() as chat:
        models = chat.app.screen_stack[1]
        models.say("Said before.")
        await ask(chat)
        await chat.panel(OptionsDialog)
        await chat.press("enter")
        await chat.until(lambda: chat.app.screen is models)
        await chat.until(lambda: "Said before." not in chat.shown)


async def test_nothing_is_pulled_without_a_yes(pulling, hub: HubServer, places: Places) -> None:
    hub.add(NAME)
    async with pulling() as chat:
        await ask(chat)
        await chat.until(lambda: isinstance(chat.app.screen, OptionsDialog))
        await chat.press("2")
        await chat.panel(PullScreen)
        assert chat.app.services.jobs.all == ()
        assert not places.models.exists()


async def test_esc_ends_the_question_to_the_hub_then_closes(pulling, hub: HubServer) -> None:
    async with pulling() as chat:
        silent = socket.create_server(("127.0.0.1", 0))
        hub.always(LISTING, Answer(redirect=f"http://127.0.0.1:{silent.getsockname()[1]}/"))
        await ask(chat)
        await chat.sees("asking the hub … Esc ends it.")
        await chat.press("escape")
        await chat.sees("The hub was not waited for.")
        assert isinstance(chat.app.screen, PullScreen)
        await chat.press("escape", "escape")  # the first takes back what was typed
        await chat.panel(ModelsScreen)
        silent.close()


async def test_errors_stand_in_place_with_the_next_step(pulling, hub: HubServer, places: Places, monkeypatch) -> None:
    hub.add(NAME)
    async with pulling() as chat:
        await ask(chat, "OpenVINO/Qwen3-8B-int5-ov")
        await chat.sees("Did you mean OpenVINO/Qwen3-8B-int8-ov or OpenVINO/Qwen3-8B-int4-ov")
        monkeypatch.setattr("tui.library.pull.free_bytes", lambda folder: 10)
        await chat.press("ctrl+u")
        await ask(chat)
        await chat.sees("10 B are free")
        assert isinstance(chat.app.screen, PullScreen)
        assert not places.models.exists()


async def test_what_is_here_is_said_and_so_is_what_is_under_way(pulling, hub: HubServer, places: Places) -> None:
    hub.add(NAME)
    hub.add("OpenVINO/other-int4-ov", model_files(b"others" * 3000))
    hub.next(BIN, Answer(stall_after=5000))
    folder = places.models / "OpenVINO" / "here"
    folder.mkdir(parents=True)
    (folder / "openvino_model.xml").write_text("<net/>")
    async with pulling() as chat:
        await ask(chat, "OpenVINO/here")
        await chat.panel(ConfirmDialog)
        await chat.press("escape")
        await chat.sees("OpenVINO/here is already here")
        await chat.press("ctrl+u")
        await ask(chat)
        await chat.until(lambda: isinstance(chat.app.screen, OptionsDialog))
        await chat.press("enter")
        await chat.panel(ModelsScreen)
        await chat.press("alt+p")
        await chat.panel(PullScreen)
        await ask(chat)
        await chat.until(lambda: isinstance(chat.app.screen, OptionsDialog))
        await chat.press("enter")
        await chat.sees(f"The pull of {NAME} is under way already.")


async def test_what_an_earlier_run_has_left_is_in_the_strip(pulling, hub: HubServer, places: Places) -> None:
    hub.add(NAME)
    hub.next(BIN, Answer(stall_after=5000))
    async with pulling() as chat:
        await ask(chat)
        await chat.until(lambda: isinstance(chat.app.screen, OptionsDialog))
        await chat.press("enter")
        await chat.panel(ModelsScreen)
        (job,) = chat.app.services.jobs.all
        await chat.until(lambda: job.progress.done > 5000)
        assert chat.app.services.jobs.close(5)
    assert unfinished(places.models) == [NAME]
    async with pulling() as chat:
        await chat.press("escape")
        await chat.panel(ModelsScreen)
        await chat.sees("paused")
        await chat.press("alt+j", "space")
        await chat.sees(f"{NAME} is here")


async def test_it_is_opened_from_the_chats_palette(opened: OpenChat) -> None:
    async with opened() as chat:
        await chat.press("ctrl+p", *"pull a model")
        await chat.sees("Get a model from the Hugging Face hub.")
        await chat.press("down", "enter")
        await chat.panel(PullScreen)
        await chat.press("escape")
        await chat.panel(ModelsScreen)
