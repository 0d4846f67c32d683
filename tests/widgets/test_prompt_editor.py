"""The prompt in an external editor."""

from __future__ import annotations

import stat
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.widgets.one_prompt import LARGE, paste, row_texts, running


@contextmanager
def _lent() -> Any:
    yield


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that notes the file's text and mode, and writes what `answer` says into it."""
    program = tmp_path / "editor.py"
    program.write_text(
        "import os, pathlib, sys\n"
        f"here = pathlib.Path({str(tmp_path)!r})\n"
        "path = pathlib.Path(sys.argv[-1])\n"
        "(here / 'seen').write_bytes(path.read_bytes())\n"
        "(here / 'mode').write_text(f'{path.stat().st_mode:o} {path.parent.stat().st_mode:o} {path}')\n"
        "path.write_bytes((here / 'answer').read_bytes())\n"
        "sys.exit(int(sys.argv[1]))\n"
    )
    monkeypatch.setenv("VISUAL", f"'{sys.executable}' '{program}' 0")
    return tmp_path


async def test_the_editor_gets_the_whole_text_and_its_result_becomes_the_prompt(
    editor: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (editor / "answer").write_bytes("line é\r\ntwo\n".encode())
    async with running() as (app, pilot):
        monkeypatch.setattr(app, "suspend", _lent)
        await pilot.press(*"see ")
        await paste(app, pilot, LARGE)
        await pilot.press("!")
        app.prompt.action_edit_externally()
        assert (editor / "seen").read_text() == f"see {LARGE}!"
        assert app.prompt.text == "line é\ntwo"
        mode, folder_mode, path = (editor / "mode").read_text().split(" ", 2)
        assert (stat.S_IMODE(int(mode, 8)), stat.S_IMODE(int(folder_mode, 8))) == (0o600, 0o700)
        assert path.endswith(".md")
        assert not Path(path).parent.exists()
        await pilot.press("ctrl+z")
        assert app.prompt.text_to_send == f"see {LARGE}!"


async def test_a_long_text_from_the_editor_keeps_the_pastes_in_it(
    editor: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (editor / "answer").write_text(f"changed {LARGE}")
    async with running() as (app, pilot):
        monkeypatch.setattr(app, "suspend", _lent)
        await paste(app, pilot, LARGE)
        app.prompt.action_edit_externally()
        await pilot.pause()
        assert row_texts(app.prompt)[0] == "changed [pasted 1.0 MB]"


@pytest.mark.parametrize(
    ("visual", "editor_", "says"),
    [
        ("", "", "No editor is set. Set VISUAL or EDITOR, for example: export EDITOR=nano"),
        ("", "no-such-editor -w", "There is no program no-such-editor. Set EDITOR to an editor that is installed."),
        ("'", "", "VISUAL cannot be read as a command (No closing quotation). It is: '"),
        ("false", "", "false ended with exit code 1. Nothing is changed."),
        ("sh -c 'kill -2 $$'", "", "sh was ended by signal 2. Nothing is changed."),
    ],
)
async def test_an_editor_that_fails_leaves_the_prompt_and_says_why(
    visual: str, editor_: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISUAL", visual)
    monkeypatch.setenv("EDITOR", editor_)
    async with running() as (app, pilot):
        monkeypatch.setattr(app, "suspend", _lent)
        await pilot.press(*"text")
        app.prompt.action_edit_externally()
        await pilot.pause()
        assert app.failures == [says]
        assert app.prompt.text == "text"


async def test_a_terminal_that_cannot_be_lent_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "true")
    async with running() as (app, pilot):
        app.prompt.action_edit_externally()  # a test has no terminal to lend
        await pilot.pause()
        assert app.failures == ["This terminal cannot be lent to an editor. Write the message here."]
