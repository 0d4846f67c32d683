"""The terminal's title."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.waiting import wait_until
from tui.terminal.title import has_title, titled


def test_nothing_in_a_title_ends_it_or_is_obeyed() -> None:
    assert titled("one\x07\x1b]0;two\x9c\n three\u202e\ud800") == "\x1b]2;one ]0;two three\x07"
    assert titled("x" * 200) == f"\x1b]2;{'x' * 79}…\x07"


@pytest.mark.parametrize(
    ("term", "has"), [("xterm-256color", True), ("tmux", True), ("linux", False), ("dumb", False), ("vt220", False)]
)
def test_consoles_have_none(term: str, has: bool) -> None:
    assert has_title({"TERM": term}) is has


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are POSIX's")
@pytest.mark.parametrize(("term", "has"), [("xterm-256color", True), ("linux", False)])
def test_the_terminal_tells_which_conversation_it_is_until_it_is_given_back(
    tmp_path: Path, term: str, has: bool
) -> None:
    from tests.terminal_driver import Terminal
    from tests.using_ovchat import COMMAND, quit_well, ready

    with Terminal([COMMAND], environment={"OVCHAT_HOME": str(tmp_path), "TERM": term}, columns=100) as terminal:
        ready(terminal)
        terminal.type("Hello, who are you?")
        terminal.press("enter")
        terminal.wait_for("tok/s")

        def written() -> bytes:
            return b"".join(data for _, data in terminal.output)

        own = b"\x1b]2;Hello, who are you? - ovchat\x07"
        wait_until(lambda: (own in written()) is has)
        quit_well(terminal)
        assert (b"\x1b]2;" in written()) is has
        if has:
            assert written().count(own) == 1
            assert written().index(b"\x1b[22;0t") < written().index(own)
            assert written().rindex(b"\x1b]2;\x07\x1b[23;0t") > written().index(own)
