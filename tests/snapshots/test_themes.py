"""Each family of themes against its pictures: the chat with code, an error and a notice, and a dialog over it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.snapshots.picture import compare
from tests.snapshots.talk import Talk, failed
from tests.snapshots.test_states import (
    LAST,
    SIZES,
    _same_time_everywhere,  # noqa: F401 - a fixture
    app_of,
    chat_of,
    panel,
    shown,
    sized,
)
from tests.waiting import wait_until_async
from tui.screens.dialogs import ConfirmDialog
from tui.screens.theme_chooser import ThemeChooser

FAMILIES = {
    "dark": {"appearance.theme": "ovchat-dark"},
    "light": {"appearance.theme": "ovchat-light"},
    "contrast-dark": {"appearance.theme": "ovchat-contrast-dark"},
    "contrast-light": {"appearance.theme": "ovchat-contrast-light"},
    "ansi": {"appearance.theme": "ovchat-ansi"},
    "plain": {"appearance.plain": "on"},
}
CHARACTERS = ["amber", "dusk", "paper"]
CODE = '''\
In **Python**, with `ord`:

```python
def number(letter: str) -> int:
    """The place of a letter."""  # from 0
    return ord(letter.lower()) - 97
```'''


def talk(home: Path) -> None:
    stored = Talk(home, "Letters")
    stored.ask("Which number has a letter?", CODE)
    stored.ask("And in Rust?", "There it is", **failed())
    stored.close()


async def chat(tmp_path: Path, family: str, user: dict[str, str], size: tuple[int, int], *, dialog: bool) -> None:
    talk(tmp_path)
    async with shown(tmp_path, size, start=LAST, user=user) as pilot:
        app = app_of(pilot)
        await wait_until_async(lambda: chat_of(app).session.messages)
        chat_of(app).pane.notice.say("engine.threads is 'many'; the default is used.", "warning")
        chat_of(app).pane.prompt.insert("Or in C?")
        if dialog:
            app.push_screen(ConfirmDialog("Delete the conversation?", "It is gone for ever."))
            await panel(pilot, ConfirmDialog)
        await compare(app, sized(f"theme-{family}" + "-dialog" * dialog, size), tmp_path)


@pytest.mark.parametrize("size", SIZES[:2])
@pytest.mark.parametrize("family", FAMILIES)
async def test_the_chat_in_each_family(tmp_path: Path, family: str, size: tuple[int, int]) -> None:
    await chat(tmp_path, family, FAMILIES[family], size, dialog=False)


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_dialog_in_each_family(tmp_path: Path, family: str) -> None:
    await chat(tmp_path, family, FAMILIES[family], SIZES[1], dialog=True)


@pytest.mark.parametrize("name", CHARACTERS)
async def test_those_with_character(tmp_path: Path, name: str) -> None:
    await chat(tmp_path, name, {"appearance.theme": f"ovchat-{name}"}, SIZES[1], dialog=False)


@pytest.mark.parametrize("size", SIZES)
async def test_choosing_a_theme(tmp_path: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVCHAT_HOME", str(tmp_path))  # without the themes of whoever runs this
    talk(tmp_path)
    async with shown(tmp_path, size, start=LAST) as pilot:
        app = app_of(pilot)
        app.action_theme()
        await panel(pilot, ThemeChooser)
        await pilot.press("down")
        await wait_until_async(lambda: app.theme == "ovchat-dusk")
        await compare(app, sized("theme-chooser", size), tmp_path)
