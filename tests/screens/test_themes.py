"""Themes: each can be read and has contrast, a bad file is named, one is chosen with a preview."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from textual import constants
from textual.color import Color
from textual.theme import Theme
from textual.widgets import Static

from tests.screens.using import Chat, OpenChat
from tests.scripted import ScriptedRunner
from tests.snapshots.talk import MARKDOWN, Talk, failed, thought
from tui.screens.services import Start
from tui.screens.settings import SettingsScreen
from tui.screens.theme_chooser import ThemeChooser
from tui.screens.themes import DEFAULT, BadTheme, find_theme, read_theme, theme_files
from tui.store import paths
from tui.widgets.row_list import RowList

SHIPPED = {path.stem: read_theme(path) for path in sorted(paths.data_file("themes").glob("*.toml"))}
COLOURED = [theme for theme in SHIPPED.values() if not theme.ansi]
TEXTS = ("foreground", "foreground-muted", "text", "text-muted")
ACCENTS = ("text-primary", "text-accent", "text-success", "text-warning", "text-error")
BACKGROUNDS = ("background", "surface", "panel", "primary-muted")
BOX = 'name = "box"\nprimary = "#88c0d0"\n'


def luminance(colour: Color) -> float:
    """WCAG's relative luminance."""
    parts = (value / 255 for value in colour.rgb)
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ratio(one: Color, other: Color) -> float:
    """WCAG's contrast."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def colour(value: str, background: Color) -> Color:
    """What `value` comes to on a background."""
    name, _, share = value.partition(" ")
    alpha = float(share.rstrip("%")) / 100 if share else 1.0
    if name == "auto":
        return background + background.get_contrast_text(alpha)
    return background + Color.parse(name).multiply_alpha(alpha)


def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, name: str = "box") -> Path:
    """A theme in the user's folder."""
    monkeypatch.setenv("OVCHAT_HOME", str(tmp_path))
    folder = paths.config_dir() / "themes"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.toml").write_text(text, "utf-8")
    return folder / f"{name}.toml"


def test_there_are_some_for_everybody() -> None:
    assert len(SHIPPED) >= 6
    assert SHIPPED[DEFAULT].dark
    assert {theme.dark for theme in COLOURED} == {True, False}
    contrast = [theme.dark for name, theme in SHIPPED.items() if "contrast" in name]
    assert sorted(contrast) == [False, True]
    assert any(theme.ansi for theme in SHIPPED.values())


@pytest.mark.parametrize("theme", COLOURED, ids=lambda theme: theme.name)
def test_text_has_contrast_on_every_background_dim_text_too(theme: Theme) -> None:
    least = 7.0 if "contrast" in theme.name else 4.5
    variables = {**theme.to_color_system().generate(), **theme.variables}
    low = {
        (text, behind): round(found, 2)
        for behind in BACKGROUNDS
        for text in (*TEXTS, *ACCENTS)
        if (found := ratio(colour(variables[text], at := Color.parse(variables[behind])), at)) < least
    }
    assert not low
    # What shows where one writes.
    background = Color.parse(variables["background"])
    assert ratio(colour(variables["border"], background), background) >= 3


def test_the_theme_for_16_colours_has_no_others() -> None:
    theme = SHIPPED["ovchat-ansi"]
    colours = {value for name, value in vars(theme).items() if isinstance(value, str) and name != "name"}
    assert all(each.startswith("ansi_") for each in (colours | {*theme.variables.values()}))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('name = "box"\n', "primary, its main colour, is missing."),
        (BOX + 'secondry = "#fff"\n', "line 3: there is no secondry in a theme. Did you mean secondary?"),
        (BOX + 'panel = "nearly red"\n', "line 3: panel is 'nearly red', which is no colour."),
        (BOX + "panel = 12\n", "line 3: panel is 12, which is no colour."),
        (BOX + 'dark = "yes"\n', "line 3: dark must be true or false."),
        (BOX + "text_alpha = true\n", "line 3: text_alpha must be a number."),
        # With these the app would end, and not start again.
        (BOX + "text_alpha = nan\n", "line 3: text_alpha is nan, it must be 0 to 1."),
        (BOX + "luminosity_spread = 1e308\n", "line 3: luminosity_spread is 1e+308, it must be 0 to 1."),
        (BOX + 'background = "transparent"\n', "line 3: background is 'transparent', through which nothing may"),
        (BOX + '[variables]\nsurface = "#12345678"\n', "line 4: surface is '#12345678', through which"),
        (BOX + '[variables]\nborder = "auto 50%"\n', "line 4: border is 'auto 50%', which only a colour of"),
        (BOX + "text_alpha = 0x" + "f" * 5_000, "line 3: text_alpha is a number of thousands of digits, it must be"),
        (BOX + "variables = 3\n", "line 3: variables must be a table."),
        (BOX + '[variables]\nborder = "12 3"\n', "line 4: border is '12 3', which is no colour."),
        (BOX + '[variables]\nlink-style = "big"\n', "line 4: link-style is 'big', which is no style of text."),
        (BOX + '[variables]\nlink-style = "not"\n', "line 4: link-style is 'not', which is no style of text."),
        ('name = "other"\nprimary = "#fff"\n', "line 1: its name is 'other', but the file is box.toml"),
        (BOX + "panel =\n", "is not valid TOML: Invalid value (at line 3"),
    ],
)
def test_a_bad_file_is_named_with_the_line_and_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, why: str
) -> None:
    path = write(tmp_path, monkeypatch, text)
    with pytest.raises(BadTheme) as raised:
        find_theme("box")
    assert str(path) in str(raised.value)
    assert why in str(raised.value)
    assert "?." not in str(raised.value)


@pytest.mark.skipif(os.name != "posix", reason="a file of that kind")
@pytest.mark.timeout(20)  # else it would wait for one that writes
def test_a_pipe_is_named_and_is_no_theme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, monkeypatch, BOX)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(BadTheme) as raised:
        find_theme("box")
    assert str(raised.value).startswith(f"The theme {path} cannot be read: it is a pipe, not a file")


def test_the_users_own_wins_and_an_unknown_one_has_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, monkeypatch, 'primary = "#123456"\n', "ovchat-light")
    assert find_theme("ovchat-light").primary == "#123456"
    assert theme_files()["ovchat-light"] == path
    with pytest.raises(BadTheme, match=r"There is no theme ovchat-drak\. Did you mean ovchat-dark\?"):
        find_theme("ovchat-drak")
    with pytest.raises(BadTheme):
        find_theme("../themes/ovchat-light")


def drawn(chat: Chat) -> list[tuple[str, object]]:
    """What the terminal shows above the status line, with its colours."""
    *rows, _ = chat.app.screen._compositor.render_strips()
    return [(part.text, part.style) for strip in rows for part in strip]


async def talked(chat: Chat) -> list[tuple[str, object]]:
    """What is shown when a question and an answer with coloured code are there."""
    await chat.write("How?")
    await chat.idle(2)
    await chat.until(lambda: any(text.strip() == "def" for text, _ in drawn(chat)), "colours of the code")
    await chat.still()
    return drawn(chat)


@pytest.mark.parametrize("name", [*SHIPPED, "plain"])
async def test_switched_to_a_theme_everything_looks_as_if_it_had_been_there_from_the_start(
    opened: OpenChat, name: str
) -> None:
    key, value, before = "appearance.theme", name, "ovchat-light" if name != "ovchat-light" else "ovchat-ansi"
    if name == "plain":
        key, value, before = "appearance.plain", "on", "off"
    async with opened(ScriptedRunner([MARKDOWN]), user={key: value}) as chat:
        at_start = await talked(chat)
        settings = chat.app.services.settings_file
        settings.set(key, before)
        await chat.until(lambda: drawn(chat) != at_start)
        settings.set(key, value)
        await chat.until(lambda: drawn(chat) == at_start, "the picture from the start")


async def test_a_theme_that_cannot_be_used_is_said_and_another_one_is_there(
    opened: OpenChat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, monkeypatch, BOX + "panel = 12\n")
    async with opened(user={"appearance.theme": "box"}, size=(200, 30)) as chat:
        await chat.until(lambda: chat.notice)
        assert chat.notice == (f"The theme {path}, line 3: panel is 12, which is no colour. {DEFAULT} is used.")
        assert chat.app.theme == DEFAULT


async def test_one_is_chosen_with_a_preview_and_kept(opened: OpenChat) -> None:
    async with opened() as chat:
        chooser = await choosing(chat)
        for _ in range(2):
            await chat.press("down")
        name = chooser.rows.current.name
        assert name != DEFAULT
        await chat.until(lambda: chat.app.theme == name)
        await chat.press("enter")
        await chat.until(lambda: chat.app.services.settings["appearance.theme"] == name)
        assert chat.app.theme == name


async def test_letters_go_to_the_theme_that_begins_so_else_to_one_that_has_them(
    opened: OpenChat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("mild", "mine"):
        write(tmp_path, monkeypatch, BOX.replace("box", name), name)
    async with opened() as chat:
        chooser = await choosing(chat)
        await chat.press(*"paper")
        assert chooser.rows.current.name == "ovchat-paper"
        await chat.press("M", "i", "n")
        assert chooser.rows.current.name == "mine"
        await chat.press("e", "enter")
        await chat.until(lambda: chat.app.services.settings["appearance.theme"] == "mine")


async def test_escape_goes_back_to_the_one_before(opened: OpenChat) -> None:
    async with opened(user={"appearance.theme": "ovchat-paper"}) as chat:
        chooser = await choosing(chat)
        assert chooser.rows.current.name == "ovchat-paper"
        await chat.press("up")
        await chat.until(lambda: chat.app.theme == chooser.rows.current.name != "ovchat-paper")
        await chat.press("escape")
        await chat.until(lambda: chat.app.theme == "ovchat-paper")
        assert chat.app.services.settings["appearance.theme"] == "ovchat-paper"


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 12)])
async def test_a_bad_one_is_in_the_list_and_cannot_be_chosen(
    opened: OpenChat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    write(tmp_path, monkeypatch, 'colour = "red"\n', "aaa")
    async with opened(size=size) as chat:
        await choosing(chat)
        await chat.press("ctrl+home")
        await chat.until(lambda: chat.app.screen.query_one(".themes--problem", Static).content)
        assert "primary, its main colour" in str(chat.app.screen.query_one(".themes--problem", Static).content)
        shown = await chat.still()
        assert "cannot be used" in shown
        assert "The theme" in shown
        await chat.press("enter")
        await chat.still()
        assert isinstance(chat.app.screen, ThemeChooser)
        assert chat.app.theme == DEFAULT


async def choosing(chat: Chat) -> ThemeChooser:
    """The chooser, open."""
    chat.app.action_theme()
    await chat.until(lambda: isinstance(chat.app.screen, ThemeChooser) and chat.app.screen.query(RowList))
    found = await chat.panel(ThemeChooser)
    assert isinstance(found, ThemeChooser)
    return found


def low_contrast(chat: Chat, least: float) -> set[tuple[str, float]]:
    """The words on the screen that have less, lines and bars apart."""
    low = set()
    for strip in chat.app.screen._compositor.render_strips():
        for text, style, _ in strip:
            words = "".join(each for each in text if each.isalnum())
            if words and style is not None and style.color and style.bgcolor:
                behind, above = Color.from_rich_color(style.bgcolor), Color.from_rich_color(style.color)
                if (found := ratio(above, behind)) < least:
                    low.add((text.strip(), round(found, 2)))
    return low


@pytest.mark.parametrize("theme", COLOURED, ids=lambda theme: theme.name)
async def test_every_word_on_the_screens_has_contrast(opened: OpenChat, tmp_path: Path, theme: Theme) -> None:
    talk = Talk(tmp_path, "Search")
    talk.ask("What is **old**?", "Out of it, with `code`.")
    talk.ask("How does it work?", MARKDOWN, **thought())
    talk.ask("And?", "It halves what is", **failed())
    talk.update(context_start=3)
    talk.close()
    least = 7.0 if "contrast" in theme.name else 4.5
    async with opened(user={"appearance.theme": theme.name}, size=(100, 60), start=Start(go_on=True)) as chat:
        await chat.until(lambda: len(chat.session.messages) == 6)
        await chat.until(lambda: any(text.strip() == "def" for text, _ in drawn(chat)), "colours of the code")
        for severity in ("information", "warning", "error"):
            chat.pane.notice.say("What there is to say.", severity)
            await chat.still()
            assert low_contrast(chat, least) == set()
        for key in ("ctrl+o", "ctrl+f", "f1", "f3"):
            await chat.press(key)
            await chat.until(lambda: chat.app.screen is not chat.screen)
            await chat.still()
            assert low_contrast(chat, least) == set(), key
            await chat.press("escape")
            await chat.until(lambda: chat.app.screen is chat.screen)


async def test_with_16_colours_the_theme_for_these_is_used_until_one_is_chosen(
    opened: OpenChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "COLOR_SYSTEM", "standard")
    async with opened() as chat:
        assert chat.app.theme == "ovchat-ansi"
        await chat.press("f4")
        await chat.until(lambda: isinstance(chat.app.screen, SettingsScreen) and chat.app.screen.is_mounted)
        await chat.press(*"theme")
        await chat.until(lambda: "not used: ovchat-ansi is, as this terminal has 16 colours" in chat.shown)
        await chat.press("escape")
        chat.app.services.settings_file.set("appearance.theme", DEFAULT)
        await chat.until(lambda: chat.app.theme == DEFAULT)
    async with opened(user={"appearance.theme": "ovchat-light"}) as chat:
        assert chat.app.theme == "ovchat-light"
