"""Searching the hub from the panels that pull and convert: at a key, left by Esc, gone on with as if it was typed."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.hub_server import LISTING, SEARCH, Answer, HubServer
from tests.screens.host import unnamed_bindings
from tests.screens.using import Chat, OpenChat
from tui.library.find import Places
from tui.library.local import LocalModels
from tui.screens.convert import ConvertScreen
from tui.screens.dialogs import OptionsDialog, TextDialog
from tui.screens.hub_search import HubSearchScreen
from tui.screens.models import ModelsScreen
from tui.screens.pull import PullScreen

NAME = "OpenVINO/tiny-int4-ov"


@pytest.fixture
def places(tmp_path: Path, tiny_model) -> Places:
    return Places(starter=tiny_model("llama-int8"), models=tmp_path / "m", added=(), hugging_face=tmp_path / "cache")


@pytest.fixture
def over(opened: OpenChat, places: Places) -> Callable[..., Any]:
    """Opens the panel that a key of the list of models opens."""

    @asynccontextmanager
    async def open_panel(key: str, panel: type[Any], size: tuple[int, int] = (80, 24)) -> AsyncIterator[Chat]:
        async with opened(size=size) as chat:
            chat.screen._services = replace(chat.screen._services, models=LocalModels(places))
            await chat.press("f3")
            await chat.panel(ModelsScreen)
            await chat.press(key)
            await chat.panel(panel)
            yield chat

    return open_panel


async def searching(chat: Chat) -> None:
    await chat.press("alt+s")
    await chat.until(lambda: isinstance(chat.app.screen, HubSearchScreen) and chat.app.screen.is_mounted)


def test_every_key_has_an_id_a_label_and_a_tooltip() -> None:
    assert unnamed_bindings(HubSearchScreen) == []


async def test_names_come_before_what_is_known_of_them(over, hub: HubServer) -> None:
    names = [f"OpenVINO/Some-Long-Name-Of-A-Distilled-Model-of-{size}-int4-ov" for size in ("7B", "8B")]
    for name in names:
        hub.add(name, downloads=1200)
    async with over("alt+p", PullScreen) as chat:
        await searching(chat)
        await chat.press(*"long", "enter")
        for name in names:
            await chat.sees(f"{name} ")
        await chat.sees("kB")
        assert "downloads" not in chat.shown
        await chat.resize(120, 40)
        await chat.sees("1,200 downloads")


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 12)])
async def test_what_is_found_is_gone_on_with_as_if_it_was_typed(over, hub: HubServer, size) -> None:
    hub.add("me/tiny-int8-ov", downloads=9000)
    hub.add(NAME, downloads=1200)
    async with over("alt+p", PullScreen, size) as chat:
        await chat.press(*"tiny-int")
        await chat.sees("Alt+S searches the hub for it")
        assert not hub.requests, "nothing is asked before the key"
        await searching(chat)
        await chat.sees(NAME)
        if size[0] >= 80:
            await chat.sees("1,200 downloads")
        await chat.press("down", "enter")
        await chat.until(lambda: isinstance(chat.app.screen, OptionsDialog))
        await chat.sees("in 10 files")
        assert len(hub.asked(SEARCH)) == len(hub.asked(LISTING)) == 1
        await chat.press("escape")
        panel = await chat.panel(PullScreen)
        assert (panel.text, panel.rows.current.id) == (NAME, NAME), "what was taken is what is marked"


async def test_other_words_are_searched_for_with_enter_and_nothing_by_typing(over, hub: HubServer) -> None:
    hub.add(NAME)
    async with over("alt+p", PullScreen) as chat:
        await searching(chat)
        await chat.sees("Nothing is asked of the hub until you press Enter.")
        await chat.press("enter")
        await chat.press(*"zzz")
        assert not hub.requests
        await chat.sees("Enter Search")
        await chat.press("enter")
        await chat.sees("The hub has no such model")
        await chat.press("ctrl+u", *"tiny", "enter")
        await chat.sees(NAME)
        await chat.sees("Enter Take it")
        await chat.press("x")
        await chat.sees("Enter Search")
        await chat.press("escape", "escape")
        await chat.panel(PullScreen)
        assert len(hub.asked(SEARCH)) == 2


async def test_esc_ends_the_search_then_closes(over, hub: HubServer) -> None:
    async with over("alt+p", PullScreen) as chat:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            hub.always(SEARCH, Answer(redirect=f"http://127.0.0.1:{silent.getsockname()[1]}/"))
            await chat.press(*"tiny")
            await searching(chat)
            await chat.sees("tiny: asking the hub … Esc ends it.")
            await chat.press("escape")
            await chat.sees("The hub was not waited for.")
            await chat.press("escape", "escape")
            await chat.panel(PullScreen)
            assert chat.app.screen.text == "tiny"


async def test_what_goes_wrong_stands_in_place(over, hub: HubServer) -> None:
    hub.always(SEARCH, Answer(status=503))
    async with over("alt+p", PullScreen) as chat:
        await chat.press(*"tiny")
        await searching(chat)
        await chat.sees("has a problem of its own (503). Try again later")
        assert isinstance(chat.app.screen, HubSearchScreen)


async def test_a_source_for_a_conversion_is_found(over, hub: HubServer, monkeypatch) -> None:
    hub.add("me/tiny-torch", tag="transformers")
    asked = []

    def plan(source: str, *_: object, **__: object) -> Any:
        from tui.engine.errors import OvchatError

        asked.append(source)
        raise OvchatError(f"{source} is none.")

    monkeypatch.setattr("tui.screens.convert.plan_conversion", plan)
    async with over("alt+c", ConvertScreen) as chat:
        await chat.sees("Alt+S searches the hub for a source.")
        for typed, searched in (("/home/me/tiny-torch", ""), ("tiny-torch", "tiny-torch")):
            await chat.press("enter")
            await chat.until(lambda: isinstance(chat.app.screen, TextDialog))
            await chat.press("ctrl+u", *typed, "enter")
            await chat.panel(ConvertScreen)
            await chat.until(lambda typed=typed: asked[-1:] == [typed])
            await searching(chat)
            assert chat.app.screen.text == searched
            if not searched:
                assert not hub.requests, "where the user keeps things is not told to anybody"
                await chat.press("escape")
                await chat.panel(ConvertScreen)
        await chat.sees("me/tiny-torch")
        await chat.press("enter")
        await chat.until(lambda: asked[-1] == "me/tiny-torch")
