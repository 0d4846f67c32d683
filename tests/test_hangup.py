"""The terminal is lost, or the process ended from outside: nothing is lost with it, and nothing is left behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.waiting import wait_until

if os.name != "posix":
    pytest.skip("pseudo-terminals are POSIX's", allow_module_level=True)

from tests.terminal_driver import Terminal
from tests.using_ovchat import AT_ITS_END, COMMAND, READY, answers, long_answers, ovchat, quit_well, ready

pytestmark = pytest.mark.slow


def finishes(home: Path) -> None:
    """Answers that end, long after a terminal was lost; and the app that ends then."""
    long_answers(home, tokens=3000)
    with (home / "settings.toml").open("a") as settings:
        settings.write('[terminal]\non_hangup = "finish"\n')


def answering(terminal: Terminal, home: Path, then: str = "") -> None:
    """Something is being answered; `then` is typed meanwhile."""
    ready(terminal)
    terminal.type("Tell me about temperature.")
    terminal.press("enter")
    wait_until(lambda: answers(home))  # not at once: Enter would be one of what was pasted
    terminal.type(then)
    wait_until(lambda: (found := answers(home)) and found[0][0])


def hang_up(terminal: Terminal) -> None:
    terminal.hang_up()


def signal_hang_up(terminal: Terminal) -> None:
    terminal.process.send_signal(signal.SIGHUP)


@pytest.mark.parametrize("lose", [hang_up, signal_hang_up])
@pytest.mark.parametrize("output", ["diff", "textual"])
def test_an_answer_is_stopped_and_the_next_start_is_back_in_it(
    tmp_path: Path, lose: Callable[[Terminal], None], output: str
) -> None:
    long_answers(tmp_path)
    environment = {"OVCHAT_HOME": str(tmp_path), "OVCHAT_OUTPUT": output}
    with Terminal([COMMAND], environment=environment) as terminal:
        answering(terminal, tmp_path, then="and then")
        terminal.wait_for("and then")
        lose(terminal)
        assert terminal.exit_code() == 129
        if lose is signal_hang_up:
            assert terminal.left_behind() == []
    ((text, ended),) = answers(tmp_path)
    assert text
    assert ended == "interrupted"
    with ovchat(tmp_path) as terminal:
        terminal.wait_for("This answer was interrupted")
        terminal.wait_for("and then")
        ready(terminal)
        quit_well(terminal)


def test_an_answer_is_finished_without_a_terminal(tmp_path: Path) -> None:
    finishes(tmp_path)
    with ovchat(tmp_path) as first:
        answering(first, tmp_path)
        first.hang_up()
        first.process.send_signal(signal.SIGSTOP)  # not before: the system continues whom it tells of a lost terminal
        assert answers(tmp_path)[0][1] == ""
        with ovchat(tmp_path) as second:
            ready(second)
            second.press("ctrl+o")
            second.wait_for("Tell me about temperature.")
            second.press("enter")
            second.wait_for("Another ovchat is writing this answer.")
            assert answers(tmp_path)[0][1] == ""
            first.process.send_signal(signal.SIGCONT)
            assert first.exit_code(60) == 129
            assert answers(tmp_path)[0][1] == "length"
            second.wait_for(AT_ITS_END)
            quit_well(second)
    with ovchat(tmp_path, "--continue") as third:
        third.wait_for(AT_ITS_END)
        quit_well(third)


def test_what_finishes_without_a_terminal_can_be_ended(tmp_path: Path) -> None:
    finishes(tmp_path)
    with ovchat(tmp_path) as terminal:
        answering(terminal, tmp_path)
        terminal.hang_up()
        terminal.process.terminate()
        assert terminal.exit_code() in (129, 143)
    ((text, ended),) = answers(tmp_path)
    assert text
    assert ended == "interrupted"


def test_interrupted_by_somebody_else_it_ends_as_if_terminated(tmp_path: Path) -> None:
    long_answers(tmp_path)
    with ovchat(tmp_path) as terminal:
        answering(terminal, tmp_path)
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.exit_code() == 130
        assert terminal.left_behind() == []
    ((text, ended),) = answers(tmp_path)
    assert text
    assert ended == "interrupted"


def test_a_terminal_that_is_lost_without_a_signal(tmp_path: Path) -> None:
    """Without a terminal of its own no process is told; but nothing comes any more."""
    long_answers(tmp_path)
    alone = ["sh", "-c", f"exec 3<&0; setsid {COMMAND} <&3 & wait"]
    with Terminal(alone, environment={"OVCHAT_HOME": str(tmp_path)}) as terminal:
        answering(terminal, tmp_path)
        (process,) = psutil.Process(terminal.process.pid).children()
        terminal.hang_up()
        wait_until(lambda: not process.is_running())
    assert answers(tmp_path)[0][1] == "interrupted"


def test_while_it_waits_for_a_stalled_terminal(tmp_path: Path) -> None:
    """Nobody reads what it writes: Textual's own output would wait for ever."""
    long_answers(tmp_path)
    environment = {"OVCHAT_HOME": str(tmp_path), "OVCHAT_OUTPUT": "textual"}
    with Terminal([COMMAND], environment=environment, columns=200) as terminal:
        answering(terminal, tmp_path)
        terminal.throttle(0)
        for _ in range(30):
            terminal.resize(199, 60)
            terminal.resize(200, 60)
        terminal.hang_up()
        assert terminal.exit_code() == 129
    assert answers(tmp_path)[0][1] == "interrupted"


def test_in_an_external_editor(tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\necho $$ > $0.pid\nexec cat\n")
    editor.chmod(0o755)
    environment = {"OVCHAT_HOME": str(tmp_path), "EDITOR": str(editor), "VISUAL": str(editor)}
    with Terminal([COMMAND], environment=environment) as terminal:
        ready(terminal)
        terminal.type("half a thought")
        terminal.wait_for("half a thought")
        terminal.press("ctrl+g")
        pid = tmp_path / "editor.pid"
        wait_until(lambda: pid.exists() and pid.read_text().strip())
        terminal.hang_up()
        assert terminal.exit_code() == 129
        wait_until(lambda: not psutil.pid_exists(int(pid.read_text())))
    with ovchat(tmp_path) as terminal:
        terminal.wait_for("half a thought")
        quit_well(terminal)


def test_stopped_and_continued_it_draws_everything_again(tmp_path: Path) -> None:
    with ovchat(tmp_path, columns=100, rows=30) as terminal:
        ready(terminal)
        terminal.type("half a thought")
        before = terminal.wait_for("half a thought")
        terminal.process.send_signal(signal.SIGTSTP)
        process = psutil.Process(terminal.process.pid)
        wait_until(lambda: process.status() == psutil.STATUS_STOPPED)
        assert terminal.left_behind() == []
        terminal.scribble("somebody else was here")
        terminal.process.send_signal(signal.SIGCONT)
        terminal.wait_for(lambda text: text == before)
        terminal.type("!")
        terminal.wait_for("half a thought!")
        quit_well(terminal)


def test_stopped_and_then_lost_it_ends(tmp_path: Path) -> None:
    with ovchat(tmp_path) as terminal:
        ready(terminal)
        terminal.type("half a thought")
        terminal.wait_for("half a thought")
        terminal.process.send_signal(signal.SIGTSTP)
        process = psutil.Process(terminal.process.pid)
        wait_until(lambda: process.status() == psutil.STATUS_STOPPED)
        terminal.hang_up()
        assert terminal.exit_code() == 129


def test_before_there_is_anything_to_see(tmp_path: Path) -> None:
    for _ in range(3):
        with ovchat(tmp_path) as terminal:
            wait_until(lambda: b"1049h" in terminal.raw)
            terminal.process.terminate()
            assert terminal.exit_code() in (143, -15)


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_with_a_shell_that_hands_the_signal_on(tmp_path: Path, shell: str) -> None:
    """The shell and its jobs are told, and the shell tells its jobs once more."""
    long_answers(tmp_path)
    environment = {"OVCHAT_HOME": str(tmp_path), "PS1": "$ "}
    with Terminal([shell, "-i"], environment=environment) as terminal:
        terminal.type(f"{COMMAND}\r")
        terminal.wait_for(READY.search, 60)
        answering(terminal, tmp_path)
        (process,) = psutil.Process(terminal.process.pid).children()
        terminal.hang_up()
        wait_until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)
        assert terminal.process.wait(10) is not None
    assert answers(tmp_path)[0][1] == "interrupted"
