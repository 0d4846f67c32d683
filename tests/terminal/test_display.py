"""The app in a pseudo-terminal: on slow and stalled lines, suspended, in tmux, damaged and left."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.waiting import wait_until

if os.name != "posix":
    pytest.skip("pseudo-terminals are POSIX's", allow_module_level=True)

from tests.terminal.emulator import Char, Emulator
from tests.terminal_driver import Terminal

ROOT = Path(__file__).parents[2]
FAR = {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}
EMPTY = "Enter sends"
_SPEED = re.compile(r"[\d.,]+(?= tok/s)")
_LOOKS = re.compile(r"\x1b\[[0-9;]*m")


def command(home: Path, *arguments: str) -> list[str | Path]:
    return [sys.executable, "-m", "tests.terminal.scripted_app", home, *arguments]


def app(home: Path, *arguments: str, **environment: str) -> Terminal:
    return Terminal(command(home, *arguments), columns=100, rows=30, environment=environment, cwd=ROOT)


def ended(home: Path) -> list[str | None]:
    """How the stored answers ended."""
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(home / "conversations.db")) as database:
        return [end for (end,) in database.execute("SELECT ended FROM messages WHERE role = 'assistant' ORDER BY id")]
    return []


def seconds_until(condition: Callable[[], object], at_most: float) -> float:
    began = time.monotonic()
    wait_until(condition, at_most)
    return time.monotonic() - began


@pytest.mark.parametrize("environment", [{}, FAR, {"OVCHAT_OUTPUT": "textual"}], ids=["near", "far", "textual"])
def test_it_is_shown_resized_redrawn_and_left_as_the_terminal_was(tmp_path: Path, environment: dict[str, str]) -> None:
    with app(tmp_path, **environment) as terminal:
        terminal.wait_for(EMPTY)
        terminal.type("What is there?")
        terminal.press("enter")
        terminal.wait_for(lambda text: "return 3.14 * radius" in text and "tok/s" in text)
        terminal.press("alt+i")
        terminal.wait_for("Esc Close")
        terminal.press("pagedown", "pagedown")
        if "OVCHAT_OUTPUT" not in environment:
            terminal.wait_for(lambda text: re.search(r"Written now +[\d.]+ kB/s, [\d.]+ frames/s", text))
        terminal.press("escape")
        terminal.wait_for(lambda text: "Esc Close" not in text)
        terminal.resize(70, 20)
        terminal.wait_for("radius ** 2")
        for _ in range(5 * ("OVCHAT_OUTPUT" not in environment)):  # Textual itself does not draw it anew
            terminal.resize(40, 10)
            terminal.resize(70, 20)
            terminal.wait_for(lambda text: "radius ** 2" in text and "─" * 68 in text)
        before = terminal.written
        terminal.press("ctrl+l")
        wait_until(lambda: b"radius" in terminal.raw[before:], what="all of it again")
        terminal.press("ctrl+q")
        assert terminal.exit_code() == 0
        assert terminal.left_behind() == []


def test_of_two_sizes_the_latest_counts_even_where_it_came_in_the_middle_of_a_look() -> None:
    with Terminal([sys.executable, "-m", "tests.terminal.resized_app"], cwd=ROOT) as terminal:
        terminal.wait_for("60 columns")
        terminal.press("ctrl+q")
        assert terminal.exit_code() == 0


def test_a_stalled_line_stops_nothing_but_the_picture(tmp_path: Path) -> None:
    _stall(tmp_path, seconds=1.0)


@pytest.mark.slow
def test_a_line_that_stalls_for_ten_seconds_stops_nothing_but_the_picture(tmp_path: Path) -> None:
    _stall(tmp_path, seconds=10.0)


def _stall(home: Path, seconds: float) -> None:
    with app(home, "60", **FAR) as terminal:
        terminal.wait_for(EMPTY)
        terminal.type("Go on and on")
        terminal.press("enter")
        terminal.wait_for("word30")
        terminal.throttle(0)
        began = time.monotonic()
        terminal.type("written in the dark")
        terminal.press("escape")
        wait_until(lambda: ended(home) == ["cancelled"], what="stopped")
        wait_until(lambda: time.monotonic() > began + seconds)
        before = terminal.written
        terminal.throttle(None)
        terminal.wait_for(lambda text: "written in the dark" in text and "stopped, Alt+G continues" in text, 5)
        # What had been sent before, and one frame.
        assert terminal.written - before < 12_000
        terminal.press("ctrl+q")
        assert terminal.exit_code() == 0


@pytest.mark.slow
def test_a_line_of_two_kilobytes_a_second_shows_what_is_newest(tmp_path: Path) -> None:
    with app(tmp_path, "60", **FAR) as terminal:
        terminal.wait_for(EMPTY)
        terminal.throttle(2000)
        terminal.type("Go on and on")
        terminal.press("enter")
        terminal.wait_for("word300", 60)
        terminal.type("typed")
        assert seconds_until(lambda: "typed" in terminal.text, 10) < 3
        terminal.press("escape")
        assert seconds_until(lambda: "stopped, Alt+G continues" in terminal.text, 10) < 3
        terminal.press("ctrl+q")
        assert terminal.exit_code() == 0


def test_nobody_waits_at_the_end_for_a_line_that_takes_nothing(tmp_path: Path) -> None:
    with app(tmp_path, "60", **FAR) as terminal:
        terminal.wait_for(EMPTY)
        terminal.type("Go on and on")
        terminal.press("enter")
        terminal.wait_for("word30")
        terminal.throttle(0)
        # As much as the line holds, and nothing of it can be written.
        terminal.paste("x" * 2000)
        terminal.press("ctrl+q")
        assert terminal.process.wait(15) == 0


def test_the_editor_has_the_terminal_to_itself_and_gives_it_back(tmp_path: Path) -> None:
    editor = tmp_path / "editor.py"
    editor.write_text(
        "import os, select, sys, termios, tty\n"
        "before = termios.tcgetattr(0)\n"
        "tty.setraw(0)\n"
        "os.write(1, b'IN THE EDITOR')\n"
        "read = b''\n"
        "while not read.endswith(b'q'):\n"
        "    read += os.read(0, 100)\n"
        "termios.tcsetattr(0, termios.TCSANOW, before)\n"
        "open(sys.argv[1], 'w').write('it read ' + repr(read))\n"
    )
    with app(tmp_path, EDITOR=f"{sys.executable} {editor}", **FAR) as terminal:
        terminal.wait_for(EMPTY)
        terminal.type("abc")
        terminal.press("ctrl+g")
        terminal.wait_for("IN THE EDITOR")
        assert set(terminal.left_behind()) <= {"line settings"}
        terminal.press("q")
        text = terminal.wait_for("it read b'q'")
        assert "IN THE EDITOR" not in text
        assert EMPTY in text
        terminal.press("ctrl+q")
        assert terminal.exit_code() == 0
        assert terminal.left_behind() == []


@pytest.mark.parametrize("ends", [signal.SIGTERM, signal.SIGHUP])
def test_ended_from_outside_while_the_editor_is_open_it_keeps_what_that_has_saved(
    tmp_path: Path, ends: signal.Signals
) -> None:
    editor = tmp_path / "editor.py"
    editor.write_text(
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "with open(sys.argv[1], 'a') as file:\n"
        "    file.write(' and what the editor saved')\n"
        "os.write(1, b'SAVED')\n"
        "time.sleep(600)\n"
    )
    environment = {"OVCHAT_HOME": str(tmp_path), "EDITOR": f"{sys.executable} {editor}"}
    with Terminal([sys.executable, "-m", "tui"], environment=environment, cwd=ROOT) as terminal:
        terminal.wait_for(EMPTY)
        terminal.type("typed")
        terminal.press("ctrl+g")
        terminal.wait_for("SAVED")
        terminal.process.send_signal(ends)
        assert terminal.process.wait(30) == 128 + ends
        assert terminal.left_behind() == []
    [path] = tmp_path.rglob("conversations.db")
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT text FROM drafts").fetchall() == [("typed and what the editor saved",)]


def _is_stopped(process: int) -> bool:
    state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    return state == "T"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc to see a stopped process in")
@pytest.mark.parametrize("stop", [signal.SIGTSTP, signal.SIGSTOP])
def test_stopped_and_continued_it_is_there_again(tmp_path: Path, stop: signal.Signals) -> None:
    with app(tmp_path, **FAR) as terminal:
        terminal.wait_for(EMPTY)
        terminal.type("abc")
        terminal.wait_for("abc")
        terminal.process.send_signal(stop)
        wait_until(lambda: _is_stopped(terminal.process.pid))
        if stop is signal.SIGTSTP:
            wait_until(lambda: terminal.left_behind() == [])
        before = terminal.written
        terminal.process.send_signal(signal.SIGCONT)
        wait_until(lambda: EMPTY.encode() in terminal.raw[before:], what="all of it again")
        terminal.type("def")
        terminal.wait_for("abcdef")
        terminal.press("ctrl+q")
        assert terminal.exit_code() == 0
        assert terminal.left_behind() == []


def test_the_shells_descriptors_are_as_they_were_though_it_is_killed(tmp_path: Path) -> None:
    shell = (
        "import os, subprocess, sys\n"
        "app = subprocess.Popen(sys.argv[2:])\n"
        "open(sys.argv[1], 'w').write(str(app.pid))\n"
        "app.wait()\n"
        "print('\\x1b[?1049lBLOCKING', [os.get_blocking(each) for each in range(3)])\n"
    )
    told = tmp_path / "pid"
    with Terminal(
        [sys.executable, "-c", shell, told, *command(tmp_path)], columns=100, rows=30, environment=FAR, cwd=ROOT
    ) as terminal:
        terminal.wait_for(EMPTY)
        os.kill(int(told.read_text()), signal.SIGKILL)
        terminal.wait_for("BLOCKING [True, True, True]")


@pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux")
def test_tmux_shows_the_same_of_both_outputs(tmp_path: Path) -> None:
    # How fast it was differs, and with it how many digits that has.
    both = [[_SPEED.sub("0", row) for row in _in_tmux(tmp_path, output)] for output in ("diff", "textual")]
    ours, textual = map(_picture, both)
    for y, row in enumerate(ours):
        # What is erased at the end of a row is not told, whatever its colour.
        told = min(len(_LOOKS.sub("", each[y])) for each in both)
        assert row[:told] == textual[y][:told]
        assert {char.data for char in row[told:] + textual[y][told:]} <= {" ", ""}
    assert any(char.bold and char.fg != "default" for row in ours for char in row)


def _picture(rows: list[str]) -> list[list[Char]]:
    """What a person sees of rows with looks; one digit is as good as another: how long something took differs."""
    emulator = Emulator(80, len(rows))
    for y, row in enumerate(rows):
        emulator.feed(f"\x1b[{y + 1};1H{row}")  # each goes on with the look that the one before ended with
    return [[char._replace(data="0") if char.data.isdigit() else char for char in row] for row in emulator.picture()]


@pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux")
def test_tmux_erases_with_the_colour_of_the_pen(tmp_path: Path) -> None:
    tmux = ["tmux", "-S", str(tmp_path / "tmux"), "-f", os.devnull]
    # To the end of the row, some cells, and by scrolling with a reset pen; a letter after each, or it is not told.
    written = r"\033[2;1H\033[44m\033[K\033[m\033[2;20Hk\033[3;1H\033[44m\033[10X\033[m\033[3;20Hx\033[30;1H"
    subprocess.run([*tmux, "new-session", "-d", "-x", "80", "-y", "30", f"printf '{written}'; exec cat"], check=True)
    try:

        def rows() -> list[str]:
            return subprocess.run(
                [*tmux, "capture-pane", "-e", "-p"], check=True, capture_output=True, text=True
            ).stdout.splitlines()

        wait_until(lambda: len(rows()) > 2 and "x" in rows()[2])
        assert rows()[1:3] == ["\x1b[44m" + " " * 19 + "\x1b[49mk", "\x1b[44m" + " " * 10 + "\x1b[49m" + " " * 9 + "x"]
    finally:
        subprocess.run([*tmux, "kill-server"], check=True)


def _in_tmux(folder: Path, output: str) -> list[str]:
    """What tmux shows, with looks, after an answer and a resize; without the status line, which has times."""
    tmux = ["tmux", "-S", str(folder / output), "-f", os.devnull]
    environment = {**os.environ, "OVCHAT_OUTPUT": output, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    for name in ("TMUX", "NO_COLOR", *FAR):
        environment.pop(name, None)
    home = folder / f"home-{output}"
    home.mkdir()

    def tell(*arguments: str) -> str:
        done = subprocess.run(
            [*tmux, *arguments], env=environment, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True
        )
        return done.stdout

    def rows() -> list[str]:
        return tell("capture-pane", "-e", "-p", "-N").splitlines()

    def shows(text: str) -> Callable[[], bool]:
        return lambda: text in tell("capture-pane", "-p")

    tell("new-session", "-d", "-x", "90", "-y", "34", *map(str, command(home)))
    try:
        wait_until(shows(EMPTY))
        tell("send-keys", "-l", "What is there?")
        tell("send-keys", "Enter")
        wait_until(shows("tok/s"))
        tell("resize-window", "-x", "80", "-y", "30")
        wait_until(lambda: len(rows()) == 30 and shows("radius ** 2")())
        tell("send-keys", "F1")
        wait_until(shows("Esc Close"))
        tell("send-keys", "PageDown")
        tell("send-keys", "Escape")
        wait_until(lambda: shows("radius ** 2")() and not shows("Esc Close")())
        before: list[str] = []
        for _ in range(100):  # until it stands still
            if (now := rows()) == before:
                break
            before = now
            time.sleep(0.3)
        return before[:-1]
    finally:
        tell("kill-server")
