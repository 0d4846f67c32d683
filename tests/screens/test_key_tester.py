"""The key tester: what it shows of a key, that the key does nothing else, and how it is left."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from tests.screens.host import NOTHING_YET, Host, showing
from tests.screens.using import OpenChat
from tests.terminal.key_tables import DESIGNED, TABLES
from tests.terminal.reading import Reading
from tui.app import ChatApp
from tui.screens.key_table import key_table, keys_to_see
from tui.screens.key_tester import KeyTesterScreen
from tui.terminal.link import Link

LATER = {"f4", "f5", "ctrl+t", "alt+v"}
"""Keys of the design for what does not exist yet."""
Send = Callable[..., Any]


@asynccontextmanager
async def opened_tester(
    line: Link | None = None, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[Host, Pilot[None], Send]]:
    """The tester, and how bytes come to it."""
    screen = KeyTesterScreen(key_table(ChatApp).rows, line or Link(), 0.05)
    async with showing(screen, size) as (app, pilot):
        reading = Reading()
        reading.input.tap = lambda came, done: screen.post_message(screen.Pressed(came, done)) and None

        async def come(*pieces: bytes | str) -> str:
            for piece in pieces:
                reading.come(piece)
                reading.wait(5)
                await pilot.pause()
            return app.text()

        yield app, pilot, come


@pytest.mark.parametrize(
    ("came", "shown"),
    [
        (b"\x1b[1;5F", ["1b 5b 31 3b 35 46", "ESC [ 1 ; 5 F", "Ctrl+End (ctrl+end)", "follow the answer again"]),
        (b"\t", ["09", "TAB", "Tab (tab)", "Nothing.", "Ctrl+I sends the same."]),
        (b"\r", ["0d", "CR", "Enter (enter)", "Send the message", "Ctrl+M sends the same."]),
        (b"\x1b\r", ["1b 0d", "ESC CR", "Alt+Enter (alt+enter)", "Begin a new line"]),
        (b"\x11", ["11", "^Q", "Ctrl+Q (ctrl+q)", "Leave; everything is saved."]),
        ("é".encode(), ["c3 a9", "é (é)", "It is typed."]),
        (b" ", ["20", "SPACE", "Space (space)", "It is typed."]),
        (b"\xff", ["ff", "<ff>"]),
        (b"\x1b[101;3u", ["1b 5b 31 30 31 3b 33 75", "Alt+E (alt+e)", "Edit the last message"]),
        (b"\x1b[200~two\r" + b"x" * 50 + b"\x1b[201~", ["74 77 6f 0d", "...", "a paste, 54 characters", "the text"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_a_key_is_shown_with_its_bytes_its_name_and_what_it_does(
    came: bytes, shown: list[str], size: tuple[int, int]
) -> None:
    async with opened_tester(size=size) as (_, _, come):
        text = " ".join((await come(came)).split())
        for each in shown:
            assert each in text
        assert "Esc twice or Ctrl+C twice leaves." in text


async def test_what_was_not_seen_yet_gets_less_and_so_do_the_notes_about_it() -> None:
    async with opened_tester(Link(terminal="linux"), (80, 40)) as (_, _, come):
        text = await come("a")
        assert "0 of" in text
        assert "Not seen yet  Esc  Ctrl+C" in text
        assert "next console" in text
        text = await come("\x1b[1;3D", "\x1b")
        assert "2 of" in text
        assert "Esc" not in text.partition("Not seen yet")[2].partition("\n")[0]
        assert "next console" not in text
        everything = [data for data in TABLES["xterm"] if data not in (b"\x03", b"\x1b")]
        text = await come("x", "\x03", "x", b"\n", *everything)
        assert "All were seen." in text


async def test_what_came_before_is_shown() -> None:
    async with opened_tester() as (_, _, come):
        assert "Before  Esc  A" in await come("\x1b", "A", "\x1b[A")


@pytest.mark.parametrize("key", ["\x1b", "\x03", "\x1b[27u", "\x1b[99;5u"])
async def test_esc_or_ctrl_c_twice_leaves_and_once_does_not(key: str) -> None:
    async with opened_tester() as (app, pilot, come):
        await come(key, "x", key)
        assert "again leaves." in app.text()
        await come("x")
        assert app.answer is NOTHING_YET
        await come(key, key)
        await pilot.pause()
        assert app.answer is None


async def test_where_nobody_has_the_bytes_keys_do_nothing_either() -> None:
    async with showing(KeyTesterScreen(key_table(ChatApp).rows, Link(), 0.05)) as (app, pilot):
        await pilot.press("f1", "tab", "ctrl+n", "é", "escape")
        app.post_message(events.Paste("pasted"))
        await pilot.pause()
        assert app.screen is app.panel
        text = app.text()
        assert "a paste, 6 characters" in text
        assert "Before  F1  Tab  Ctrl+N  é  Esc" in text
        await pilot.press("ctrl+c", "ctrl+c")
        await pilot.pause()
        assert app.answer is None


async def test_page_down_is_shown_and_scrolls() -> None:
    async with opened_tester(size=(40, 12)) as (app, pilot, come):
        assert "Esc waits 50 ms" not in await come("\x1b[6~")
        for _ in range(12):
            await come("\x1b[6~")
        await pilot.pause()
        assert "Esc waits 50 ms" in app.text()
        assert "PgDn (pagedown)" in app.text()


async def test_what_is_known_of_the_line_is_told() -> None:
    async with opened_tester(Link(remote=True, multiplexer="tmux", terminal="kitty"), (100, 60)) as (app, _, _):
        text = app.text()
        assert "This is tmux in kitty, over SSH. Esc waits 50 ms" in text
        assert "Ctrl+B is tmux's own key" in text
        assert "GNOME" not in text


async def test_in_the_app_it_is_in_the_palette_and_leaves_everything_as_it_was(opened: OpenChat) -> None:
    async with opened() as chat:
        await chat.press("h", "i")
        (command,) = [each for each in chat.app.get_system_commands(chat.app.screen) if each.title == "Key tester"]
        command.callback()
        screen = await chat.panel(KeyTesterScreen)
        await chat.press("enter", "ctrl+n", "x")
        assert "Before  Enter  Ctrl+N" in chat.shown
        assert chat.app.screen is screen
        await chat.press("escape", "escape")
        await chat.until(lambda: chat.app.screen is chat.screen)
        assert chat.prompt.text == "hi"
        assert chat.prompt.has_focus
        await chat.press("!")
        assert chat.prompt.text == "hi!"


async def test_in_the_app_keys_that_were_remapped_are_as_they_are(opened: OpenChat) -> None:
    async with opened() as chat:
        chat.app.set_keymap({"chat.follow": "alt+z"})
        (command,) = [each for each in chat.app.get_system_commands(chat.app.screen) if each.title == "Key tester"]
        command.callback()
        await chat.panel(KeyTesterScreen)
        await chat.press("alt+z")
        assert "follow the answer again" in chat.shown
        await chat.press("ctrl+end")
        assert "Nothing." in chat.shown


def test_the_table_has_every_key_once_and_those_of_the_design() -> None:
    rows = key_table(ChatApp).rows
    assert len({row.id for row in rows}) == len(rows)
    assert all(row.keys and row.help and row.label for row in rows)
    assert [row.place for row in rows] == sorted((row.place for row in rows), key=[row.place for row in rows].index)
    assert set(DESIGNED) - set(keys_to_see(rows)) <= LATER


async def test_the_table_has_what_works_on_the_screens(opened: OpenChat) -> None:
    ids = {row.id for row in key_table(ChatApp).rows}
    async with opened() as chat:
        for key in ("f2", "ctrl+o", "escape", "ctrl+f", "escape", "f3", "escape", "alt+s"):
            await chat.press(key)
            await chat.pilot.pause()
            ours = {active.binding.id for active in chat.app.screen.active_bindings.values()} - {None}
            assert ours <= ids
