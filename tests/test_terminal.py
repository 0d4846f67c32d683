"""The installed command in a real terminal, with the built-in starter: what somebody does in their first minutes."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from tests.waiting import wait_until

if os.name != "posix":
    pytest.skip("pseudo-terminals are POSIX's", allow_module_level=True)

from tests.terminal_driver import Terminal
from tests.using_ovchat import COMMAND, EMPTY, answers, long_answers, ovchat, quit_well, ready

pytestmark = pytest.mark.slow

_QUICK_S = 5.0  # on a busy machine; a load takes longer than that on none


@pytest.mark.parametrize("after_s", [0.0, 0.3, 0.6])
def test_what_is_typed_before_the_first_paint_is_in_the_prompt(tmp_path: Path, after_s: float) -> None:
    with ovchat(tmp_path, columns=100, rows=30) as terminal:
        time.sleep(after_s)  # nothing tells how far it is
        terminal.type("typed blindly")
        terminal.wait_for(EMPTY)
        terminal.type(" and then seen")
        terminal.wait_for("typed blindly and then seen")


def test_what_is_sent_before_the_first_paint_is_answered(tmp_path: Path) -> None:
    with ovchat(tmp_path, columns=100, rows=30) as terminal:
        wait_until(lambda: terminal.gives_keys_as_they_are)
        terminal.type("Hello, who are you?")
        terminal.press("enter")
        terminal.wait_for("I am the starter", 60)
        quit_well(terminal)


def test_a_start_that_fails_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    with Terminal([COMMAND], environment={"OVCHAT_HOME": str(tmp_path), "TERM": "dumb"}) as terminal:
        assert terminal.exit_code() == 1
        assert terminal.left_behind() == []


def test_a_first_session_and_the_next_one(tmp_path: Path) -> None:
    with ovchat(tmp_path, columns=100, rows=30) as terminal:
        terminal.wait_for(EMPTY)
        terminal.type("Hello, who are you?")  # the model may still load
        terminal.press("enter")
        terminal.wait_for("I am the starter")
        terminal.wait_for("tok/s")
        terminal.type("half a thought")
        terminal.wait_for("half a thought")
        quit_well(terminal)
    with ovchat(tmp_path, columns=100, rows=30) as terminal:
        terminal.wait_for(EMPTY)
        assert "Hello" not in terminal.text
        ready(terminal)
        terminal.press("ctrl+f")
        terminal.wait_for("Find in all conversations")
        terminal.type("who are you")
        terminal.wait_for(lambda text: "who are you\n" in text and "1 found" in text)
        terminal.press("enter")
        terminal.wait_for(lambda text: "I am the starter" in text and "half a thought" in text)
        quit_well(terminal)


def test_an_answer_is_stopped_and_goes_on(tmp_path: Path) -> None:
    long_answers(tmp_path, tokens=3000)
    with ovchat(tmp_path) as terminal:
        ready(terminal)
        terminal.type("Tell me about temperature.")
        terminal.press("enter")
        terminal.wait_for(lambda text: "tok/s" in text, 20)
        terminal.press("escape")
        terminal.wait_for("Alt+G continues")
        wait_until(lambda: answers(tmp_path)[0][1] == "cancelled")
        ((stopped, _),) = answers(tmp_path)
        assert stopped
        terminal.press("alt+g")
        wait_until(lambda: answers(tmp_path)[0][1] not in ("cancelled", ""))
        ((whole, _),) = answers(tmp_path)
        assert whole.startswith(stopped)
        assert len(whole) > len(stopped)
        quit_well(terminal)


def test_after_kill_9_in_mid_answer_it_is_there_and_goes_on(tmp_path: Path) -> None:
    long_answers(tmp_path, tokens=3000)
    with ovchat(tmp_path) as terminal:
        ready(terminal)
        terminal.type("Tell me about temperature.")
        terminal.press("enter")
        wait_until(lambda: (found := answers(tmp_path)) and len(found[0][0].split()) > 5)
        terminal.kill()
    ((interrupted, ended),) = answers(tmp_path)
    assert ended == ""
    with ovchat(tmp_path) as terminal:
        terminal.wait_for("This answer was interrupted")
        terminal.wait_for(interrupted.split()[-3].strip("*`"))
        ready(terminal)
        terminal.press("alt+g")
        wait_until(lambda: answers(tmp_path)[0][1] not in ("interrupted", ""))
        ((whole, _),) = answers(tmp_path)
        assert whole.startswith(interrupted)
        assert len(whole) > len(interrupted)
        quit_well(terminal)


def test_a_terminated_app_saves_and_gives_the_terminal_back(tmp_path: Path) -> None:
    long_answers(tmp_path)
    with ovchat(tmp_path) as terminal:
        ready(terminal)
        terminal.type("Tell me about temperature.")
        terminal.press("enter")
        wait_until(lambda: (found := answers(tmp_path)) and found[0][0])
        terminal.process.terminate()
        assert terminal.exit_code() == 143
        assert terminal.left_behind() == []
    ((text, ended),) = answers(tmp_path)
    assert text
    assert ended == "interrupted"


def test_what_native_libraries_print_goes_to_the_log(tmp_path: Path) -> None:
    program = """
import os, sys, threading, time
log = os.path.join(os.environ["OVCHAT_HOME"], "log", "ovchat.log")
def noise():
    while not os.path.exists(log):
        time.sleep(0.01)
    time.sleep(0.2)
    while True:
        os.write(1, b"NOISE-ONE\\n")
        os.write(2, b"NOISE-TWO\\n")
        time.sleep(0.05)
threading.Thread(target=noise, daemon=True).start()
sys.argv = ["ovchat"]
from tui.__main__ import main
main()
"""
    with Terminal([sys.executable, "-c", program], environment={"OVCHAT_HOME": str(tmp_path)}) as terminal:
        ready(terminal)
        terminal.type("Hello")
        terminal.press("enter")
        terminal.wait_for("tok/s")
        quit_well(terminal)
        assert b"NOISE" not in terminal.raw
    log = (tmp_path / "log" / "ovchat.log").read_text()
    assert "NOISE-ONE" in log
    assert "NOISE-TWO" in log


@pytest.mark.parametrize("line", ["{} < /dev/null", "{} | cat", "{} 2>&1 | cat"])
def test_without_a_terminal_it_says_so(tmp_path: Path, line: str) -> None:
    shell = ["sh", "-c", line.format(COMMAND) + "; echo done"]
    with Terminal(shell, environment={"OVCHAT_HOME": str(tmp_path)}, columns=120) as terminal:
        seen = terminal.wait_for("done")
        assert "The app needs a terminal." in seen
        assert "ovchat ask" in seen
        assert b"?1049h" not in terminal.raw


def test_standard_error_may_go_elsewhere(tmp_path: Path) -> None:
    shell = ["sh", "-c", f"exec {COMMAND} 2>{tmp_path / 'errors'}"]
    with Terminal(shell, environment={"OVCHAT_HOME": str(tmp_path)}) as terminal:
        ready(terminal)
        quit_well(terminal)
    assert (tmp_path / "errors").read_text() == ""


def test_quitting_while_the_model_loads_is_quick(tmp_path: Path) -> None:
    with ovchat(tmp_path) as terminal:
        terminal.wait_for(EMPTY)
        began = time.monotonic()
        quit_well(terminal)
        assert time.monotonic() - began < _QUICK_S
        assert "Traceback" not in terminal.text


@pytest.mark.parametrize("size", [(80, 24), (20, 5)])
def test_the_size_of_the_terminal(tmp_path: Path, size: tuple[int, int]) -> None:
    columns, rows = size
    with ovchat(tmp_path, columns=columns, rows=rows) as terminal:
        terminal.wait_for("starter")
        terminal.type("Hi")
        terminal.wait_for("Hi")
        terminal.press("enter")
        wait_until(lambda: (found := answers(tmp_path)) and found[0][1], 60)
        last = answers(tmp_path)[0][0].split()[-1].strip("*`")
        terminal.wait_for(last)
        terminal.resize(100, 30)
        terminal.wait_for(lambda text: "Hi" in text and last in text)
        terminal.resize(columns, rows)
        terminal.wait_for(last)
        quit_well(terminal)
