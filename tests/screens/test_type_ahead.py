"""What is typed in one go with a key that opens a screen: over a far line keys come several at a time."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from textual.events import Key
from textual.widgets import Input, TextArea

from tests.screens.using import Chat, OpenChat
from tui.screens.conversations import ConversationsScreen
from tui.screens.models import ModelsScreen
from tui.screens.pull import PullScreen
from tui.screens.sampling_panel import SamplingPanel
from tui.screens.settings import SettingsScreen
from tui.screens.value_dialog import ValueDialog

_TYPED = "qq"  # no key of any of them


def type_at_once(chat: Chat, *keys: str) -> None:
    """As they are read where they come in one piece: nothing is done in between."""
    for key in keys:
        chat.app.post_message(Key(key, key if len(key) == 1 else None))


async def opens_with(chat: Chat, key: str, typed: Sequence[str]) -> None:
    """The key opens a screen over the one that is shown, which gets none of what is typed after it."""
    below = chat.app.screen
    box = below.focused
    assert isinstance(box, Input | TextArea)
    type_at_once(chat, *"ab", key, *typed)
    await chat.until(lambda: chat.app.screen is not below, key)
    new = chat.app.screen
    await chat.until(lambda: new.is_mounted)
    if isinstance(new.focused, Input | TextArea):
        await chat.until(lambda: "".join(typed) in _text(new.focused), key)
    await chat.still()
    assert _text(box) == "ab", key


def _text(box: object) -> str:
    assert isinstance(box, Input | TextArea)
    return box.value if isinstance(box, Input) else box.text


@pytest.mark.parametrize("key", ["f1", "f3", "f4", "ctrl+o", "ctrl+f", "ctrl+p", "ctrl+t", "alt+s", "alt+i"])
async def test_over_the_chat(opened: OpenChat, key: str) -> None:
    async with opened() as chat:
        await chat.write("Hello")
        await chat.idle(2)
        await opens_with(chat, key, _TYPED)


@pytest.mark.parametrize("key", ["f1", "ctrl+p", "alt+p", "alt+c", "alt+a", "alt+h", "alt+d", "alt+i"])
async def test_over_the_models(opened: OpenChat, key: str) -> None:
    async with opened() as chat:
        await chat.press("f3")
        panel = await chat.panel(ModelsScreen)
        panel.typed = lambda text: None  # the filter would leave no model
        await opens_with(chat, key, _TYPED)


async def test_over_what_is_over_the_models(opened: OpenChat) -> None:
    """All that is typed, up to the search in the pull dialog, comes in one piece."""
    async with opened() as chat:
        type_at_once(chat, *"ab", "f3", *"cd", "alt+p", *"qwen")
        pull = await chat.panel(PullScreen)
        await chat.until(lambda: pull.text == "qwen")
        _, models, _ = chat.app.screen_stack
        assert (chat.prompt.text, models.text) == ("ab", "cd")


async def test_enter_opens_what_is_typed_to(opened: OpenChat) -> None:
    """The filter before it is in effect; what comes after it is the value."""
    async with opened() as chat:
        type_at_once(chat, "f4", *"temperature", "enter", *"0.3")
        dialog = await chat.panel(ValueDialog)
        await chat.until(lambda: dialog.query_one(Input).value == "0.3")
        settings = chat.app.screen_stack[1]
        assert isinstance(settings, SettingsScreen)
        assert settings.text == "temperature"
        assert settings.rows.current.key == "sampling.temperature"


async def test_over_the_conversations(opened: OpenChat) -> None:
    async with opened() as chat:
        await chat.write("Hello")
        await chat.idle(2)
        chat.app.services.outbox.flush(5)
        type_at_once(chat, "ctrl+o", "alt+r", *"Talk", "enter", *"al")
        panel = await chat.panel(ConversationsScreen)
        await chat.until(lambda: panel.text == "al")
        await chat.until(lambda: panel.rows.current is not None and panel.rows.current.title == "Talk")


@pytest.mark.parametrize(("key", "kind"), [("f3", ModelsScreen), ("ctrl+o", ConversationsScreen)])
async def test_what_follows_the_enter_that_closes_a_list_is_for_the_chat(
    opened: OpenChat, key: str, kind: type
) -> None:
    async with opened() as chat:
        await chat.write("Hello")
        await chat.idle(2)
        chat.app.services.outbox.flush(5)
        await chat.press(key)
        panel = await chat.panel(kind)
        typed: list[str] = []
        panel.typed = typed.append
        type_at_once(chat, "enter", *_TYPED)
        await chat.until(lambda: chat.app.screen is chat.screen)
        await chat.until(lambda: chat.prompt.text == _TYPED)
        assert typed == []


async def test_the_keys_before_it_come_first(opened: OpenChat) -> None:
    async with opened() as chat:
        type_at_once(chat, "f4", *"sampling", "down", "down", "enter", *"5")
        await chat.panel(ValueDialog)
        settings = chat.app.screen_stack[1]
        assert isinstance(settings, SettingsScreen)
        assert settings.rows.current is settings.rows.items[settings.rows.cursor]
        assert settings.rows.current is [row for row in settings.rows.items if hasattr(row, "key")][2]


async def test_in_the_sampling_panel(opened: OpenChat) -> None:
    async with opened() as chat:
        type_at_once(chat, *"ab", "f5", "down")
        await chat.until(lambda: chat.screen.query(SamplingPanel))
        panel = chat.screen.query_one(SamplingPanel)
        await chat.until(lambda: panel.list.rows.cursor == 1)
        assert chat.prompt.text == "ab"
