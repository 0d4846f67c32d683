"""The keys of the models' panel: whose they are while a dialog or a job has them, the palette, and what chat hears."""

from __future__ import annotations

import pytest
from textual.events import Key

from tests.long_works import Long, is_at_work
from tests.screens.using import Chat, OpenChat
from tui.screens.chat_keys import KEYS
from tui.screens.devices import DevicesScreen
from tui.screens.dialogs import OptionsDialog
from tui.screens.model_facts import ModelFactsScreen
from tui.screens.models import ModelsScreen
from tui.screens.palette import Palette

_CLOSING = {"enter", "escape", "ctrl+c", "super+c"}


async def open_models(chat: Chat) -> ModelsScreen:
    await chat.press("f3")
    return await chat.panel(ModelsScreen)


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_below_a_dialog_there_are_no_keys_of_the_panel(opened: OpenChat, size: tuple[int, int]) -> None:
    async with opened(size=size) as chat:
        await open_models(chat)
        await chat.sees("Alt+P Pull")
        await chat.press("alt+d")
        await chat.panel(OptionsDialog)
        await chat.until(lambda: "Alt+P Pull" not in chat.shown)
        await chat.press("escape")
        await chat.sees("Alt+P Pull")


async def test_the_keys_of_a_marked_job_are_not_those_of_the_marked_model(opened: OpenChat) -> None:
    async with opened(size=(120, 40)) as chat:
        panel = await open_models(chat)
        is_at_work(chat.app.services.jobs.begin(Long().conversion("mine")))
        await chat.sees("Alt+J Jobs")
        await chat.press("alt+j")
        await chat.sees("C Cancel")
        for key in ("Use it", "Rename", "Remove", "Check", "Device", "Details", "Esc Close"):
            assert key not in chat.shown
        assert "Esc Back" in chat.shown
        await chat.press("enter", "alt+i")  # it can neither be paused nor be gone on with
        await chat.still()
        assert chat.app.screen is panel
        await chat.press("escape")
        await chat.sees("Enter Use it")


async def test_the_palette_has_the_actions_of_the_panel_with_their_keys(opened: OpenChat) -> None:
    async with opened(size=(120, 50)) as chat:
        panel = await open_models(chat)
        await chat.press("ctrl+p")
        await chat.panel(Palette)
        await chat.sees("Actions in “Models”")
        for key in ("Alt+P", "Alt+C", "Alt+A", "Alt+R", "Alt+X", "Alt+H", "Alt+D", "Alt+I", "Alt+U", "Alt+S"):
            await chat.sees(f"({key})")
        await chat.press(*"details")
        await chat.sees("All that is known of the marked model. (Alt+I)")
        await chat.press("down", "enter")
        await chat.panel(ModelFactsScreen)
        await chat.press("escape", "ctrl+p", *"devices")
        await chat.sees("What models can run on here")
        await chat.press("down", "enter")
        await chat.panel(DevicesScreen)
        await chat.press("escape")
        await chat.until(lambda: chat.app.screen is panel)


async def test_what_is_typed_at_once_is_for_the_palette(opened: OpenChat) -> None:
    async with opened() as chat:
        panel = await open_models(chat)
        for key in ("ctrl+p", *"details"):
            chat.app.post_message(Key(key, key if len(key) == 1 else None))
        await chat.sees("All that is known of the marked model.")
        assert panel.text == ""


@pytest.mark.parametrize("over", ["", "alt+d"])
async def test_no_key_reaches_the_chat_below(opened: OpenChat, over: str, monkeypatch) -> None:
    keys = [name for each in KEYS for name in each.key.split(",") if name not in _CLOSING]
    async with opened() as chat:
        panel = await open_models(chat)
        called: list[str] = []
        for action in {each.action.partition("(")[0] for each in KEYS}:
            monkeypatch.setattr(chat.screen, f"action_{action}", lambda *_, action=action: called.append(action))
        for key in keys:
            if over and chat.app.screen is panel:
                await chat.press(over)
            await chat.press(key, "x")
            while (before := chat.app.screen) not in (panel, chat.screen):
                await chat.press("escape")
                await chat.until(lambda before=before: chat.app.screen is not before)
            assert chat.app.screen is panel, key
        assert called == []
        assert chat.prompt.text == ""
