"""Keys and the mouse in a real terminal."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.waiting import wait_until

if os.name != "posix":
    pytest.skip("pseudo-terminals are POSIX's", allow_module_level=True)

from tests.terminal_driver import Terminal

pytestmark = pytest.mark.slow

FAR = {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}
IN_SCREEN = {"STY": "1.pts-0.host", "TERM": "screen-256color"}
META_OFF, META_ON = b"\x1b[?1036l", b"\x1b[?1036h"
OpenApp = Callable[..., AbstractContextManager[Terminal]]


@pytest.fixture
def app(tmp_path: Path) -> OpenApp:
    """`app(environment)`: ovchat, once it is there; in the end it is quit, and has left nothing behind."""

    @contextmanager
    def run(environment: dict[str, str] | None = None) -> Iterator[Terminal]:
        given = {"OVCHAT_HOME": str(tmp_path), **(environment or {})}
        with Terminal([sys.executable, "-m", "tui"], environment=given) as terminal:
            terminal.wait_for("Enter sends")
            yield terminal
            terminal.press("ctrl+q")
            assert terminal.exit_code() == 0
            assert terminal.left_behind() == []

    return run


@pytest.mark.parametrize(("environment", "ours"), [({}, True), (FAR, False), (IN_SCREEN, False)])
def test_alt_m_takes_the_mouse_and_gives_it_back(app: OpenApp, environment: dict[str, str], ours: bool) -> None:
    def has_mouse() -> bool:
        return "mouse" in terminal.left_behind()

    said = {True: "The mouse is ovchat's now", False: "The terminal's own selection works now"}
    with app(environment) as terminal:
        assert has_mouse() is ours
        terminal.press("alt+m")
        terminal.wait_for(said[not ours])
        assert has_mouse() is not ours
        terminal.press("alt+m")
        terminal.wait_for(said[ours])
        assert has_mouse() is ours


@pytest.mark.parametrize("enter", ["\x1b\r", "\x1b[13;2u", "\x1b[27;2;13~", "\x1b[13;3u", "\x1b[27;3;13~", "\n"])
def test_enter_with_a_modifier_begins_a_line(app: OpenApp, enter: str) -> None:
    with app() as terminal:
        terminal.press("o", "n", "e", enter, "t", "w", "o")
        lines = terminal.wait_for("two").splitlines()
        assert any("one" in line and "two" in below for line, below in itertools.pairwise(lines))


def test_a_paste_without_brackets_sends_nothing_from_any_box(app: OpenApp) -> None:
    with app() as terminal:
        terminal.press("a first line of it\rand a second\r")
        terminal.wait_for("and a second")
        terminal.press("ctrl+f")
        terminal.wait_for("Find in all conversations")
        terminal.press("what is looked for\rand more of it\r")
        terminal.wait_for("what is looked for")
        terminal.press("escape")
        terminal.wait_for("Type what you look for")
        terminal.press("escape")
        terminal.wait_for(lambda text: "and a second" in text and "Find in all" not in text)


def test_where_alt_types_another_letter_it_no_longer_does(app: OpenApp) -> None:
    with app() as terminal:
        assert META_ON not in terminal.raw
        terminal.press("\x1b[?1036;2$y")  # as xterm answers
        wait_until(lambda: META_ON in terminal.raw)
        assert META_OFF not in terminal.raw
    assert terminal.raw.rindex(META_OFF) > terminal.raw.rindex(META_ON)


def test_where_it_does_not_nothing_is_changed(app: OpenApp) -> None:
    with app() as terminal:
        terminal.press("\x1b[?1036;1$y", "x")
        terminal.wait_for("│ x")
    assert META_ON not in terminal.raw
    assert META_OFF not in terminal.raw
