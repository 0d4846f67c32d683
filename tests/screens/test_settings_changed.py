"""What is changed in the settings while the app runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input

from tests.screens.using import OpenChat
from tui.screens.settings import SettingsScreen
from tui.screens.value_dialog import ValueDialog
from tui.widgets.notice import Notice


async def test_the_app_tells_what_changes_by_itself_and_in_the_file(opened: OpenChat, tmp_path: Path) -> None:
    async with opened() as chat:
        told: list[frozenset[str]] = []
        chat.app.settings_changed.subscribe(chat.screen, told.append)
        chat.app.services.settings_file.set("terminal.on_hangup", "finish")
        await chat.until(lambda: told == [{"terminal.on_hangup"}])
        (tmp_path / "settings.toml").write_text("[terminal]\nleave_answer = 'on'\n[sampling]\ntop_k = -1\n")
        await chat.until(lambda: told[1:] == [{"terminal.on_hangup", "terminal.leave_answer", "sampling.top_k"}])
        await chat.until(lambda: "line 4: sampling.top_k is -1" in chat.notice)
        assert chat.app.services.settings["terminal.leave_answer"] == "on"


async def test_an_open_conversation_follows_what_is_set_for_all_models_and_for_this_one(opened: OpenChat) -> None:
    async with opened(size=(120, 80)) as chat:
        settings = chat.app.services.settings_file
        settings.set("sampling.temperature", 1.1)
        await chat.until(lambda: "1.1" in chat.status)
        settings.set("models.scripted.sampling.temperature", 0.9)
        settings.set("models.another.sampling.temperature", 0.4)
        await chat.until(lambda: "0.9" in chat.status)
        await chat.write("Hello")
        await chat.idle(2)
        facts = chat.session.messages[-1].facts
        assert (facts.sampling["temperature"], facts.sources["temperature"]) == (0.9, "this model")
        assert facts.sources["top_k"] == "app"
        await chat.press("alt+i")
        await chat.until(lambda: "0.9 (this model)" in " ".join(chat.shown.split()))


async def test_what_was_wrong_with_the_file_is_told_until_it_is_mended(opened: OpenChat, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    async with opened() as chat:
        chat.screen.pane.say_all(["Something else."])
        file.write_text("[sampling]\ntop_k = \n")
        await chat.until(lambda: "not valid TOML" in chat.notice)
        file.write_text("[sampling]\ntop_k = -1\nmin_p = 0.1\n")
        await chat.until(lambda: "top_k is -1" in chat.notice)
        assert "TOML" not in chat.notice
        chat.app.services.settings_file.set("sampling.top_k", 7)
        await chat.until(lambda: "top_k" not in chat.notice)
        assert chat.notice == "Something else."


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_the_settings_screen_says_that_the_file_is_broken_until_it_is_mended(
    opened: OpenChat, tmp_path: Path, size: tuple[int, int]
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("[sampling]\ntop_k = 7\n")
    async with opened(size=size) as chat:
        await chat.press("f4")
        panel = await chat.panel(SettingsScreen)
        notice = panel.query_one(Notice)
        file.write_text("[sampling]\ntop_k = \n")
        await chat.until(lambda: "not valid TOML" in " ".join(chat.shown.split()))
        assert notice.has_class("-warning")
        file.write_text("[sampling]\ntop_k = -1\n")
        await chat.until(lambda: "top_k is -1" in chat.shown)
        assert "TOML" not in chat.shown
        panel.query_one(Input).value = "min_p"
        await chat.still()
        await chat.press("enter")
        (await chat.panel(ValueDialog)).query_one(Input).value = "0.1"
        await chat.press("enter")
        await chat.until(lambda: "min_p = 0.1" in file.read_text() and chat.app.screen is panel)
        await chat.until(lambda: "top_k is -1" in chat.shown)  # it still is
        file.write_text("[sampling]\ntop_k = 8\n")
        await chat.until(lambda: "Saved at once in" in chat.shown)
        assert not notice.has_class("-warning")
