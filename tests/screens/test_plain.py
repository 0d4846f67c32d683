"""Plain mode: no colour, no borders, no animation, and words for what they say otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.color import ColorType

from tests.screens.using import Chat, OpenChat
from tests.snapshots.talk import MARKDOWN, Talk, failed
from tui.screens.conversations import ConversationsScreen
from tui.screens.dialogs import ConfirmDialog
from tui.screens.services import Start

ON = {"appearance.plain": "on"}
BORDERS = set("╭╮╰╯┌┐└┘▌▐█▊▎┃║▔▁▀▄")


def colours(chat: Chat) -> set[ColorType]:
    """The kinds of colour on the screen."""
    styles = [part.style for strip in chat.app.screen._compositor.render_strips() for part in strip if part.style]
    return {colour.type for style in styles for colour in (style.color, style.bgcolor) if colour is not None}


def talk(home: Path) -> None:
    stored = Talk(home, "Search")
    stored.ask("How does it work?", MARKDOWN)
    stored.ask("And?", "It halves what is", **failed())
    stored.close()


@pytest.mark.parametrize("size", [(120, 60), (80, 24), (40, 12)])
async def test_no_colour_and_no_borders_but_words(opened: OpenChat, tmp_path: Path, size: tuple[int, int]) -> None:
    talk(tmp_path)
    async with opened(user=ON, size=size, start=Start(go_on=True)) as chat:
        await chat.until(lambda: chat.session.messages)
        assert chat.app.animation_level == "none"
        for severity, said in (("error", "Error: Gone."), ("warning", "Warning: Gone."), ("information", "Gone.")):
            chat.pane.notice.say("Gone.", severity)
            rows = [row.strip() for row in (await chat.still()).split("\n")]
            assert said in rows
            assert colours(chat) == {ColorType.DEFAULT}
            assert not BORDERS & {*chat.shown}
        assert "You" in rows
        assert "Answer" in rows
        assert any(row.startswith("! The context") for row in rows)


async def test_a_chosen_message_and_a_chosen_row_are_marked_with_characters(opened: OpenChat, tmp_path: Path) -> None:
    talk(tmp_path)
    async with opened(user=ON, size=(80, 40), start=Start(go_on=True)) as chat:
        await chat.until(lambda: "It halves" in chat.shown)
        await chat.press("shift+tab")
        await chat.until(lambda: "Answer (chosen)" in chat.shown)
        await chat.press("up")
        await chat.until(lambda: "You (chosen)" in chat.shown and "Answer (chosen)" not in chat.shown)
        await chat.press("escape", "ctrl+o")
        await chat.panel(ConversationsScreen)
        assert "› Search" in await chat.still()
        assert colours(chat) == {ColorType.DEFAULT}
        await chat.press("escape")
        chat.app.push_screen(ConfirmDialog("Delete it?", "For ever."))
        await chat.until(lambda: "› 2  No" in chat.shown)
        assert "Delete it?" in chat.shown
        assert not BORDERS & {*chat.shown}
        assert "binary" not in chat.shown  # what is below would be read out with it


@pytest.mark.parametrize(("setting", "plain"), [("auto", True), ("off", False), ("on", True)])
async def test_no_color_in_the_environment_is_plain_mode_unless_it_is_off(
    opened: OpenChat, monkeypatch: pytest.MonkeyPatch, setting: str, plain: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(user={"appearance.plain": setting}) as chat:
        await chat.still()
        assert (colours(chat) == {ColorType.DEFAULT}) is plain


async def test_it_can_be_turned_on_and_off_while_the_app_runs(opened: OpenChat) -> None:
    async with opened() as chat:
        settings = chat.app.services.settings_file
        before = (await chat.still()).split("\n")[:-1]  # without the status line, which goes on
        assert "╭" in "".join(before)
        settings.set("appearance.plain", "on")
        await chat.until(lambda: not BORDERS & {*chat.shown} and "Message" in chat.shown)
        assert colours(chat) == {ColorType.DEFAULT}
        settings.set("appearance.theme", "ovchat-light")
        await chat.still()
        assert colours(chat) == {ColorType.DEFAULT}
        settings.set("appearance.plain", "off")
        await chat.until(lambda: chat.shown.split("\n")[:-1] == before)
        assert chat.app.theme == "ovchat-light"
