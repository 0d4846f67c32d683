"""The settings' screen."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input

from tests.screens.host import unnamed_bindings
from tests.screens.using import Chat, OpenChat
from tui.chat.settings_rows import SECTIONS
from tui.screens.dialogs import ConfirmDialog, OptionsDialog
from tui.screens.settings import SettingsScreen
from tui.screens.value_dialog import ValueDialog
from tui.store.settings import MODELS, PRESETS, SCHEMA
from tui.store.settings_file import SettingsFile

SIZES = [(120, 40), (80, 24), (40, 12)]


async def settings(chat: Chat, search: str = "") -> SettingsScreen:
    """The screen with what `search` finds."""
    await chat.press("f4")
    panel = await chat.panel(SettingsScreen)
    await chat.until(lambda: any(row.section == "keys" for row in shown_rows(panel)))
    if search:
        panel.query_one(Input).value = search
        await chat.still()
    return panel


def shown_rows(panel: SettingsScreen) -> list:
    return [item for item in panel.rows.items if hasattr(item, "key")]


def row(panel: SettingsScreen, key: str):
    return next(item for item in shown_rows(panel) if item.key == key)


async def change(chat: Chat, text: str) -> None:
    """Give the marked setting another value, by typing."""
    await chat.press("enter")
    dialog = await chat.panel(ValueDialog)
    dialog.query_one(Input).value = text
    await chat.press("enter")
    await chat.until(lambda: isinstance(chat.app.screen, SettingsScreen))
    await chat.still()


def test_every_key_has_a_name_and_a_sentence() -> None:
    assert unnamed_bindings(SettingsScreen) == []
    assert unnamed_bindings(ValueDialog) == []


async def test_every_setting_and_every_key_is_there_under_its_section(opened: OpenChat) -> None:
    async with opened() as chat:
        panel = await settings(chat)
        keys = [item.key for item in shown_rows(panel)]
        assert keys[: len(SCHEMA)] == list(SCHEMA)
        assert {"keys.chat.settings", "keys.prompt.send", "keys.app.quit"} <= set(keys)
        headings = [item.text for item in panel.rows.items if not hasattr(item, "key")]
        assert headings == [said for section, said in SECTIONS.items() if section not in (MODELS, PRESETS)]


@pytest.mark.parametrize("size", SIZES)
async def test_value_source_default_range_and_help_are_shown(opened: OpenChat, size: tuple[int, int]) -> None:
    async with opened(size=size, user={"sampling.temperature": 0.5}) as chat:
        await settings(chat)
        shown = await chat.still()
        assert "temperature" in shown
        assert "default 0.7 · 0 to 2" in shown
        line = next(line for line in shown.splitlines() if "› temperature" in line)
        assert line.split()[1:4] == ["temperature", "0.5", "user"]  # then the scrollbar
        assert "Esc Close" in shown
        if size[1] > 12:
            assert "always takes the most" in shown


@pytest.mark.parametrize(
    ("key", "typed", "saved"),
    [
        ("sampling.top_k", "17", "[sampling]\ntop_k = 17\n"),
        ("sampling.top_p", "0,25", "[sampling]\ntop_p = 0.25\n"),
        ("sampling.max_tokens", "99", "[sampling]\nmax_tokens = 99\n"),
        ("sampling.max_tokens", "none", '[sampling]\nmax_tokens = "none"\n'),
        ("sampling.stop", '["[b]", "\\n"]', '[sampling]\nstop = ["[b]", "\\n"]\n'),
        ("sampling.stop", "none", "[sampling]\nstop = []\n"),
        ("sampling.stop", "END", '[sampling]\nstop = ["END"]\n'),
        ("terminal.escape_delay", "70", "[terminal]\nescape_delay = 70\n"),
        ("keys.chat.regenerate", "alt+x, alt+y", '[keys]\nchat.regenerate = ["alt+x", "alt+y"]\n'),
    ],
)
async def test_a_typed_value_is_saved_at_once(
    opened: OpenChat, tmp_path: Path, key: str, typed: str, saved: str
) -> None:
    async with opened() as chat:
        panel = await settings(chat, key)
        await change(chat, typed)
        assert (tmp_path / "settings.toml").read_text() == saved
        assert row(panel, key).source == "user"
        assert panel.rows.current.key == key
        assert row(panel, key).note == ""


async def test_escape_takes_back_what_is_typed_and_then_closes(opened: OpenChat) -> None:
    async with opened() as chat:
        panel = await settings(chat)
        rows = len(shown_rows(panel))
        await chat.press(*"top")
        await chat.until(lambda: len(shown_rows(panel)) < rows)
        await chat.press("escape")
        await chat.until(lambda: len(shown_rows(panel)) == rows)
        assert (chat.app.screen, panel.text) == (panel, "")
        await chat.press("escape")
        await chat.until(lambda: chat.app.screen is chat.screen)


@pytest.mark.parametrize("keys", ["alt+5", "Alt+X", "alt+y, alt+z"])
async def test_a_key_that_was_just_saved_is_in_effect(opened: OpenChat, keys: str) -> None:
    async with opened() as chat:
        panel = await settings(chat, "keys.chat.sampling")
        await change(chat, keys)
        await chat.until(lambda: row(panel, "keys.chat.sampling").source == "user")
        found = row(panel, "keys.chat.sampling")
        assert (found.note, found.value) == ("", keys.lower().replace(",", ""))


@pytest.mark.parametrize(
    ("key", "choices", "saved"),
    [
        ("engine.backend", ["auto", "paged", "stateful"], "paged"),
        ("engine.device", ["auto", "CPU"], "CPU"),
        ("terminal.leave_answer", ["on", "off"], "on"),
    ],
)
async def test_one_of_several_is_chosen(opened: OpenChat, key: str, choices: list[str], saved: str) -> None:
    async with opened() as chat:
        await settings(chat, key)
        await chat.press("enter")
        dialog = await chat.panel(OptionsDialog)
        assert [option for option, _ in dialog._options] == choices
        await chat.press(str(choices.index(saved) + 1))
        await chat.until(lambda: chat.app.services.settings[key] == saved)


async def test_the_theme_is_one_of_those_that_there_are(opened: OpenChat) -> None:
    async with opened() as chat:
        await settings(chat, "appearance.theme")
        await chat.press("enter")
        dialog = await chat.panel(OptionsDialog)
        assert {"ovchat-dark", "ovchat-light"} <= {option for option, _ in dialog._options}


async def test_a_theme_and_a_persona_that_are_not_there_are_marked(opened: OpenChat) -> None:
    async with opened(user={"appearance.theme": "zz", "chat.persona": "zz"}) as chat:
        panel = await settings(chat)
        for key, default in (("appearance.theme", "ovchat-dark"), ("chat.persona", "none")):
            found = row(panel, key)
            assert (found.note, found.value) == ("yours, zz, cannot be followed", default)
        panel._file.set("appearance.theme", "ovchat-light")
        await chat.until(lambda: row(panel, "appearance.theme").value == "ovchat-light")
        assert row(panel, "appearance.theme").note == ""


async def test_what_is_typed_is_checked_as_it_is_typed_and_nothing_wrong_is_taken(
    opened: OpenChat, tmp_path: Path
) -> None:
    async with opened() as chat:
        await settings(chat, "sampling.temperature")
        await chat.press("enter")
        dialog = await chat.panel(ValueDialog)
        assert "0 to 2" in await chat.still()
        await chat.press("3")
        assert "It must be 0 to 2." in await chat.still()
        await chat.press("enter")
        assert chat.app.screen is dialog
        await chat.press("backspace", "1")
        assert "It must be" not in await chat.still()
        await chat.press("escape")
        await chat.until(lambda: isinstance(chat.app.screen, SettingsScreen))
        assert not (tmp_path / "settings.toml").exists()


async def test_a_key_that_something_else_has_is_not_taken(opened: OpenChat, tmp_path: Path) -> None:
    async with opened() as chat:
        await settings(chat, "keys.chat.regenerate")
        await chat.press("enter")
        dialog = await chat.panel(ValueDialog)
        dialog.query_one(Input).value = "ctrl+n"
        assert "Ctrl+N is the key for" in await chat.still()
        await chat.press("enter")
        assert chat.app.screen is dialog
        assert not (tmp_path / "settings.toml").exists()


async def test_typing_searches_names_sections_and_what_they_do(opened: OpenChat) -> None:
    async with opened() as chat:
        panel = await settings(chat)
        await chat.press(*"penalty pres")
        assert [item.key for item in shown_rows(panel)] == ["sampling.presence_penalty"]
        panel.query_one(Input).value = "network"  # escape_delay's help has it
        await chat.still()
        assert [item.key for item in shown_rows(panel)] == ["terminal.escape_delay"]
        panel.query_one(Input).value = "nothing has this"
        assert "There is no setting like that." in await chat.still()


async def test_one_is_reset(opened: OpenChat) -> None:
    user = {"sampling.top_k": 3, "sampling.top_p": 0.5}
    async with opened(user=user) as chat:
        panel = await settings(chat, "sampling.top_k")
        await chat.press("alt+d")
        await chat.until(lambda: row(panel, "sampling.top_k").source == "default")
        assert chat.app.services.settings.user == {"sampling.top_p": 0.5}
        await chat.press("alt+d")
        assert "You have not set it." in await chat.still()


@pytest.mark.parametrize("answer", ["y", "n"])
async def test_all_are_reset_after_a_question_and_presets_stay(opened: OpenChat, answer: str) -> None:
    user = {"sampling.top_k": 3, "keys.chat.help": ["alt+h"], "presets.mine.top_k": 5, "models.x.sampling.top_p": 0.5}
    async with opened(user=user) as chat:
        await settings(chat)
        await chat.press("alt+x")
        await chat.panel(ConfirmDialog)
        assert "3 in all" in await chat.still()
        await chat.press(answer)
        await chat.until(lambda: isinstance(chat.app.screen, SettingsScreen))
        await chat.still()
        assert set(chat.app.services.settings.user) == ({"presets.mine.top_k"} if answer == "y" else set(user))


async def test_what_has_no_effect_says_why(opened: OpenChat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVCHAT_OUTPUT", "textual")
    async with opened(user={"sampling.temperature": 0, "sampling.min_p": 0.5}) as chat:
        chat.session.set_sampling({"min_p": 0.25})
        panel = await settings(chat)
        assert row(panel, "sampling.top_k").note == "not used while greedy: temperature is 0"
        assert row(panel, "sampling.min_p").note == "yours, 0.5, gives way to this conversation's"
        assert row(panel, "sampling.min_p").value == "0.25"
        assert row(panel, "terminal.output").note.startswith("not used: the environment variable OVCHAT_OUTPUT")
        panel.query_one(Input).value = "sampling.top_k"
        assert "not used while greedy: temperature is 0 · default 40" in await chat.still()
        panel.query_one(Input).value = "terminal.refresh"
        assert "It acts at the next start." in await chat.still()


async def test_a_device_that_the_model_was_given_comes_first_and_that_is_said(opened: OpenChat) -> None:
    async with opened(user={"engine.device": "GPU"}) as chat:
        chat.app.services.active._state.give_device("scripted", "CPU")
        panel = await settings(chat, "engine.device")
        assert row(panel, "engine.device").note == "not used: scripted was given CPU, which comes first"


async def test_what_is_changed_in_the_file_outside_is_shown(opened: OpenChat, tmp_path: Path) -> None:
    async with opened() as chat:
        panel = await settings(chat)
        await chat.press("down", "down")
        (tmp_path / "settings.toml").write_text("[sampling]\ntop_k = 7\n")
        await chat.until(lambda: row(panel, "sampling.top_k").value == "7")
        assert panel.rows.current.key == "sampling.top_p"


async def test_what_cannot_be_saved_is_said_and_is_not_in_effect(
    opened: OpenChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened() as chat:
        await settings(chat, "sampling.top_k")

        def fail(*_: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(SettingsFile, "_write", fail)
        await change(chat, "5")
        assert "cannot be written: Permission denied." in " ".join((await chat.still()).split())
        assert chat.app.services.settings["sampling.top_k"] == 40


async def test_mistakes_in_the_file_are_named(opened: OpenChat, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("[sampling]\ntop_k = -7\n")
    async with opened() as chat:
        await settings(chat)
        assert "sampling.top_k is -7" in " ".join((await chat.still()).split())
