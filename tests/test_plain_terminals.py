"""Terminals that can little: few colours, no Unicode, few cells, or nothing at all."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.waiting import wait_until

if os.name != "posix":
    pytest.skip("pseudo-terminals are POSIX's", allow_module_level=True)

from tests.terminal_driver import Terminal
from tests.using_ovchat import AT_ITS_END, COMMAND, EMPTY, answers, long_answers, ovchat, quit_well, ready

pytestmark = pytest.mark.slow

_COLOURS = {"truecolor": rb"[34]8;2;", "256": rb"[34]8;5;"}
_SGR = re.compile(rb"\x1b\[([0-9;]*)m")


def in_locale(home: Path, **environment: str) -> Terminal:
    """The app in a locale that has no Unicode."""
    variables = {"OVCHAT_HOME": str(home), "LANG": "C", **environment}
    return Terminal([COMMAND], environment=variables, columns=100, rows=30)


def resize(terminal: Terminal, columns: int, rows: int) -> None:
    """Give it another size, and wait until it is drawn."""
    before = terminal.written
    terminal.resize(columns, rows)
    wait_until(lambda: terminal.written > before)


@pytest.mark.parametrize("term", ["dumb", "", None, "unknown"])
def test_where_nothing_can_be_drawn_it_says_what_can_be_done(tmp_path: Path, term: str | None) -> None:
    without = ["env", "-u", "TERM"] if term is None else ["env", f"TERM={term}"]
    with Terminal([*without, COMMAND], environment={"OVCHAT_HOME": str(tmp_path)}, columns=120) as terminal:
        assert terminal.exit_code() == 1
        said = terminal.text.strip()
        assert re.fullmatch(r"Error: TERM is .*on such a terminal\.\n.*ovchat chat.*ovchat ask.*", said)
        assert b"\x1b" not in terminal.raw
    assert not (tmp_path / "conversations.db").exists()


@pytest.mark.parametrize(
    ("term", "most"),
    [("xterm-256color", "256"), ("screen", ""), ("linux", ""), ("vt100", "")],
)
def test_terminals_with_few_colours_are_given_no_others(tmp_path: Path, term: str, most: str) -> None:
    environment = {"OVCHAT_HOME": str(tmp_path), "TERM": term, "COLORTERM": ""}
    with Terminal([COMMAND], environment=environment, columns=100, rows=30) as terminal:
        ready(terminal)
        terminal.type("Hello")
        terminal.press("enter")
        terminal.wait_for("I am the starter")
        terminal.press("ctrl+p")
        terminal.wait_for("Search for commands")
        looks = b" ".join(_SGR.findall(terminal.raw))
        assert not re.search(_COLOURS["truecolor"], looks)
        assert bool(re.search(_COLOURS["256"], looks)) is (most == "256")
        assert len(set(looks.split())) > 3
        terminal.press("escape")
        quit_well(terminal)


@pytest.mark.parametrize("output", ["diff", "textual"])
def test_without_unicode_everything_is_ascii_and_can_be_read(tmp_path: Path, output: str) -> None:
    with in_locale(tmp_path, OVCHAT_OUTPUT=output) as terminal:
        terminal.wait_for("The locale says that this terminal shows ascii")
        ready(terminal)
        terminal.paste("Was heißt “Größe” — in 日本? 👩‍💻")
        terminal.wait_for('Was heist "Grose" - in ????? ??')
        terminal.press("enter")
        wait_until(lambda: (found := answers(tmp_path)) and found[0][1])
        terminal.wait_for(lambda text: "+----" in text and "tok/s" in text)
        assert terminal.raw.isascii()
        quit_well(terminal)
    with ovchat(tmp_path, "--continue") as terminal:
        terminal.wait_for("Was heißt “Größe” — in 日本?")
        quit_well(terminal)


def test_a_terminal_with_latin_1(tmp_path: Path) -> None:
    with in_locale(tmp_path, LANG="de_DE.ISO-8859-1") as terminal:
        ready(terminal)
        terminal.send("Größe".encode("latin-1"))
        # Each by itself: a slow machine draws the letters one after the other.
        wait_until(lambda: all(letter.encode("latin-1") in terminal.raw for letter in "öß"))
        assert not any(letter.encode() in terminal.raw for letter in "öß")
        terminal.press("enter")
        wait_until(lambda: (found := answers(tmp_path)) and found[0][1])
        quit_well(terminal)
    with ovchat(tmp_path, "--continue") as terminal:
        terminal.wait_for("Größe")
        quit_well(terminal)


@pytest.mark.parametrize(
    "environment",
    [
        {"LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LANG": "C", "PYTHONIOENCODING": "ascii"},
        {"LANG": "de_DE.ISO-8859-1", "PYTHONIOENCODING": "latin-1"},
        {"LANG": "C", "PYTHONIOENCODING": "cp437:strict"},
    ],
)
def test_no_command_fails_for_what_cannot_be_written(tmp_path: Path, environment: dict[str, str]) -> None:
    environment = {"OVCHAT_HOME": str(tmp_path), **environment}
    ask = ["ask", "--chat", "new", "Sag “hü” — 日本 👩‍💻"]
    for arguments in (["--help"], ask, ["chats", "list"], ["ask", "-m", "no—model", "é"]):
        with Terminal([COMMAND, *arguments], environment=environment, columns=200, rows=60) as terminal:
            assert terminal.exit_code(60) == ("-m" in arguments), terminal.text
            assert b"Traceback" not in terminal.raw
            if environment["LANG"] == "C":
                assert terminal.raw.isascii()
    everything = {**os.environ, **environment}
    piped = subprocess.run(
        [COMMAND, "chats", "list"], env=everything, stdin=subprocess.DEVNULL, capture_output=True, check=True
    )
    assert "“hü” — 日本" in piped.stdout.decode("utf-8")


def test_twenty_columns_and_five_rows_everywhere(tmp_path: Path) -> None:
    with ovchat(tmp_path, columns=20, rows=5) as terminal:
        terminal.wait_for("starter")
        terminal.type("Hi")
        terminal.press("enter")
        wait_until(lambda: (found := answers(tmp_path)) and found[0][1], 60)
        for key in ("f1", "ctrl+o", "ctrl+p", "f3", "ctrl+f", "f5", "alt+k", "alt+e", "shift+tab", "f9"):
            terminal.press(key)
            resize(terminal, 200, 60)
            resize(terminal, 20, 5)
            terminal.press("escape")
        terminal.press("escape")
        quit_well(terminal)


def test_resized_again_and_again_while_it_streams(tmp_path: Path) -> None:
    long_answers(tmp_path, tokens=2000)
    with ovchat(tmp_path, columns=200, rows=60) as terminal:
        ready(terminal)
        terminal.type("Tell me about temperature.")
        terminal.press("enter")
        wait_until(lambda: (found := answers(tmp_path)) and found[0][0])
        while not answers(tmp_path)[0][1]:
            resize(terminal, 20, 5)
            resize(terminal, 200, 60)
        terminal.wait_for(lambda text: AT_ITS_END in text and EMPTY not in text)
        quit_well(terminal)
