"""Other keys: what can be had, and that everything follows at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.screens.using import OpenChat
from tests.scripted import ScriptedRunner
from tui.app import ChatApp
from tui.screens.chat import ChatScreen
from tui.screens.conversations import ConversationsScreen
from tui.screens.help import HelpScreen
from tui.screens.key_table import KeyRow, key_table
from tui.screens.keymap import check_keys, remapped, rows_with
from tui.store.settings import Settings
from tui.terminal.link import Link
from tui.widgets.first_run import FirstRun
from tui.widgets.following_scroll import _Mark
from tui.widgets.status_line import StatusFacts

TABLE = key_table(ChatApp)


def rows_of(settings: Settings) -> list[KeyRow]:
    return rows_with(TABLE, remapped(TABLE, settings.user_section("keys")).keys)


def problem(id: str, *keys: str, **others: list[str]) -> str:
    """Why a binding cannot have these keys, others being had besides."""
    wanted = {name.replace("__", "."): each for name, each in others.items()} | {id: keys}
    return remapped(TABLE, wanted).problems.get(id, "")


def test_the_default_keys_have_nothing_wrong_with_them() -> None:
    assert not remapped(TABLE, {row.id: row.default_keys for row in TABLE.rows}).problems


def test_a_letter_does_the_same_small_and_not_as_it_is_shown_as_a_capital() -> None:
    letters = {row.id: row for row in TABLE.rows if any(len(key) == 1 and key.isalpha() for key in row.default_keys)}
    assert {"sampling.save", "inspector.ids", "dialog.yes", "doctor.deep", "jobs.dismiss"} <= {*letters}
    for row in letters.values():
        small = row.default_keys[0]
        assert row.default_keys == (small, small.upper())
        assert row.shown == small.upper()


@pytest.mark.parametrize(
    ("id", "keys", "why"),
    [
        ("chat.repaly", ["alt+x"], "There is nothing with the id chat.repaly. Did you mean chat.replay?"),
        ("chat.replay", ["contrl+x"], "There is no key called contrl+x. Did you mean ctrl?"),
        ("chat.replay", ["entr"], "Did you mean enter?"),
        ("chat.replay", ["Alt+E"], 'Alt+E is the key for "Edit" (chat.edit).'),
        ("chat.replay", ["ctrl+z"], "(prompt.undo)"),
        ("chat.replay", ["ctrl+q"], "(app.quit)"),
        ("conversations.rename", ["ctrl+p"], "(app.palette)"),
        ("conversations.rename", ["escape"], "(panel.close)"),
        ("line.home", ["alt+u"], "(conversations.undo)"),
        ("chat.replay", ["x"], "X is typed where somebody writes"),
        ("rows.up", ["k"], "K is typed where somebody writes"),
        ("chat.replay", ["ctrl+i"], "the same for it as for Tab"),
        ("chat.replay", ["super+x", "shift+enter"], "may never arrive"),
        ("chat.replay", ["ctrl+5"], "may never arrive"),
        ("prompt.send", [], "There would be no key to send a message."),
        ("app.quit", [], "There would be no key to quit."),
        ("chat.help", [], "There would be no key to get help."),
        ("app.quit", ["super+q"], "may never arrive"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(id: str, keys: list[str], why: str) -> None:
    assert why in problem(id, *keys)


@pytest.mark.parametrize(
    ("id", "keys"),
    [
        ("chat.replay", ["Alt+X"]),
        ("chat.replay", []),
        ("chat.replay", ["super+j", "alt+x"]),
        ("reading.up", ["up", "k"]),
        ("dialog.yes", ["j"]),
        ("conversations.rename", ["alt+e"]),  # a key of the chat, which is below the panel
        ("chat.regenerate", ["Ctrl+PgUp"]),
    ],
)
def test_what_can_be_is_taken(id: str, keys: list[str]) -> None:
    assert problem(id, *keys) == ""


def test_two_may_change_keys_with_each_other() -> None:
    wanted = {"chat.replay": ["alt+e"], "chat.edit": ["alt+r"], "prompt.send": ["alt+enter"]}
    assert not remapped(TABLE, wanted | {"prompt.new_line": ["enter"]}).problems
    assert problem("prompt.send", "alt+enter").endswith("(prompt.new_line).")


def test_of_two_with_the_same_key_the_later_one_gives_way_and_what_that_brings_back_is_checked_too() -> None:
    taken = remapped(TABLE, {"chat.replay": ["alt+x"], "chat.edit": ["alt+x"]})
    assert taken.keys == {"chat.replay": ("alt+x",)}
    # chat.edit keeps Alt+E, as it cannot have Ctrl+Q: then chat.replay cannot have Alt+E either.
    taken = remapped(TABLE, {"chat.replay": ["alt+e"], "chat.edit": ["ctrl+q"]})
    assert [*taken.problems] == ["chat.edit", "chat.replay"]
    assert not taken.keys


async def test_a_key_that_is_set_works_at_once_and_everything_tells_it(opened: OpenChat) -> None:
    async with opened(size=(100, 60)) as chat:
        settings = chat.app.services.settings_file
        settings.set("keys.chat.help", ["alt+h", "f12"])
        settings.set("keys.chat.conversations", ["alt+o"])
        settings.set("keys.chat.find", [])
        settings.set("keys.app.quit", ["alt+q"])
        await chat.until(lambda: "alt+o" in chat.screen.active_bindings)
        await chat.until(lambda: "Alt+O lists" in str(chat.screen.query_one(FirstRun).content))
        await chat.press("f1")
        assert isinstance(chat.app.screen, ChatScreen)
        await chat.press("alt+h")
        await chat.panel(HelpScreen)
        shown = await chat.still()
        assert "Alt+O" in shown
        assert "Alt+H, F12" in shown
        assert "Alt+Q" in shown
        assert "Ctrl+O" not in shown
        assert "Search the text" not in shown
        await chat.press("escape")
        await chat.press("ctrl+p")
        for letter in "quit":
            await chat.press(letter)
        await chat.until(lambda: "(Alt+Q)" in chat.shown)
        await chat.press("escape")
        rows = {row.id: row for row in rows_of(settings.settings)}
        assert rows["chat.help"].keys == ("alt+h", "f12")
        assert rows["chat.help"].default_keys == ("f1",)
        assert rows["chat.find"].keys == ()
        settings.reset("keys.chat.help")
        await chat.until(lambda: "f1" in chat.screen.active_bindings)


async def test_every_sentence_names_the_present_keys(opened: OpenChat) -> None:
    user = {
        "keys.chat.follow": ["alt+z"],
        "keys.chat.models": ["alt+y"],
        "keys.chat.find": [],
        "keys.conversations.undo": ["alt+w"],
        "keys.prompt.send": ["alt+enter"],
        "keys.prompt.new_line": ["enter"],
    }
    async with opened(ScriptedRunner(["line\n\n" * 90]), size=(100, 30), user=user) as chat:
        await chat.until(lambda: "Alt+Enter sends" in chat.shown)
        chat.prompt.insert("Hi")
        await chat.press("alt+enter")
        await chat.idle(2)
        chat.app.services.outbox.flush(5)
        chat.pane.transcript.query_one(_Mark).styles.display = "block"
        await chat.until(lambda: "new text below, Alt+Z" in chat.shown)
        chat.screen._status.show(StatusFacts(state="no model: F3"))
        assert "no model: Alt+Y" in chat.status
        await chat.press("ctrl+o")
        await chat.panel(ConversationsScreen)
        await chat.press("f1")
        await chat.until(lambda: "Alt+W brings it back" in chat.shown)
        assert "Alt+U" not in chat.shown
        await chat.press("escape")
        await chat.panel(ConversationsScreen)
        await chat.press(*"xyz")
        await chat.until(lambda: "no key in the chat searches" in chat.shown)
        found = rows_of(chat.app.services.settings)
        assert next(row for row in found if row.id == "conversations.delete").help == "Delete it. Alt+W brings it back."


async def test_the_prompts_keys_and_those_with_several_can_be_others(opened: OpenChat) -> None:
    async with opened(user={"keys.prompt.send": ["alt+enter"], "keys.prompt.new_line": ["enter", "ctrl+j"]}) as chat:
        await chat.press(*"one", "enter", *"two", "ctrl+j", *"three")
        assert chat.prompt.text == "one\ntwo\nthree"
        await chat.press("alt+enter")
        await chat.idle(2)
        assert chat.texts[0] == "one\ntwo\nthree"


async def test_keys_of_priority_can_be_others_in_panels_too(opened: OpenChat) -> None:
    async with opened(user={"keys.rows.down": ["ctrl+y"], "keys.app.redraw": ["f10"]}) as chat:
        assert "ctrl+l" not in chat.screen.active_bindings
        assert chat.screen.active_bindings["f10"].binding.action == "redraw"
        await chat.press("ctrl+o")
        await chat.until(lambda: chat.app.screen is not chat.screen)
        assert chat.app.screen.active_bindings["ctrl+y"].binding.id == "rows.down"


async def test_what_is_known_of_a_key_on_this_terminal_is_said_when_it_is_taken(opened: OpenChat) -> None:
    async with opened(line=Link(multiplexer="tmux"), size=(120, 30)) as chat:
        chat.app.services.settings_file.set("keys.chat.replay", ["ctrl+b"])
        await chat.until(lambda: "Ctrl+B is tmux's own key" in chat.notice)
        assert chat.screen.active_bindings["ctrl+b"].binding.action == "replay"


async def test_what_the_file_cannot_have_is_said_with_its_line_and_ignored(opened: OpenChat, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(
        '[keys]\nchat.replay = ["alt+e"]\n"chat.nothing" = ["alt+z"]\nchat.details = ["alt+z"]\n', "utf-8"
    )
    async with opened(size=(200, 30)) as chat:
        await chat.until(lambda: "chat.replay" in chat.notice)
        assert f"{tmp_path / 'settings.toml'}, line 2, keys.chat.replay: Alt+E is the key" in chat.notice
        assert "line 3, keys.chat.nothing: There is nothing with the id chat.nothing." in chat.notice
        assert "chat.details" not in chat.notice
        assert chat.screen.active_bindings["alt+e"].binding.action == "edit"
        assert chat.screen.active_bindings["alt+z"].binding.action == "details"
        wanted = chat.app.services.settings.user_section("keys")
        assert "(chat.edit)" in check_keys(TABLE, wanted, "chat.replay", ["alt+e"])
        assert check_keys(TABLE, wanted, "chat.replay", ["alt+i"]) == ""  # details has left it
