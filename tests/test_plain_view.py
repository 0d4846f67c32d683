"""The conversation in the terminal's own scrollback, and what is left there at the end: the installed command."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.store.talk import Talk
from tests.waiting import wait_until
from tui.store.conversations import Conversations

if os.name != "posix":
    pytest.skip("pseudo-terminals are POSIX's", allow_module_level=True)

from tests.terminal_driver import Terminal
from tests.using_ovchat import AT_ITS_END, COMMAND, answers, long_answers, ovchat, quit_well, ready

pytestmark = pytest.mark.slow

BACK = "goes back to ovchat."
LEFT = b"\x1b[?1049l"
TAKEN = b"\x1b[?1049h"
_MODES = re.compile(rb"\x1b\[(5n|\?[0-9;]+[hl])")
HOSTILE = "\x1b[31mred\x1b]0;title\a \x9b2J end"


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    store = Conversations.open(tmp_path / "conversations.db")
    yield Talk(store, created=time.time(), title="Two thousand")
    store.close()


def shown_by_chats_show(home: Path) -> str:
    """`ovchat chats show last`, as a terminal has it."""
    with Terminal(
        [COMMAND, "chats", "show", "last"], environment={"OVCHAT_HOME": str(home)}, emulate=False
    ) as terminal:
        assert terminal.exit_code(30) == 0
        return terminal.raw.decode()


def in_the_app(text: str) -> bool:
    return BACK not in text and "╰──" in text


def printed(terminal: Terminal) -> str:
    """What was printed since the screen was left last."""
    return _MODES.sub(b"", terminal.raw.rpartition(LEFT)[2]).decode()


@pytest.mark.parametrize("output", ["diff", "textual"])
@pytest.mark.parametrize("key", ["enter", "alt+v"])
def test_it_is_printed_and_everything_is_as_it_was(tmp_path: Path, talk: Talk, output: str, key: str) -> None:
    talk.say("What is that?")
    talk.answer(f"It is *this*:\n\n```python\n\tx = 1\n```\n\n{HOSTILE}", model="a model")
    environment = {"OVCHAT_HOME": str(tmp_path), "OVCHAT_OUTPUT": output}
    with Terminal([COMMAND, "--continue"], columns=100, rows=30, environment=environment) as terminal:
        ready(terminal)
        terminal.type("half a thought")
        terminal.wait_for(lambda text: "half a thought" in text and "red" in text)
        for _ in range(2):
            before = terminal.raw.count(TAKEN)
            terminal.press("alt+v")
            terminal.wait_for(BACK)
            assert [each for each in terminal.left_behind() if each != "line settings"] == []
            text, _, rest = printed(terminal).partition("\r\n[Plain view")
            assert text == shown_by_chats_show(tmp_path)
            assert "^[[31mred^[]0;title^G \\x9b2J end" in text
            assert "\x1b" not in text
            assert rest.endswith(f"{BACK}]\r\n")
            terminal.press(key)
            wait_until(lambda: terminal.raw.count(TAKEN) > before)  # noqa: B023
            terminal.wait_for(lambda text: "half a thought" in text and BACK not in text and "starter" in text)
        terminal.type(", and more")
        terminal.wait_for("half a thought, and more")
        quit_well(terminal)


def test_an_answer_goes_on_meanwhile(tmp_path: Path) -> None:
    long_answers(tmp_path, tokens=3000)
    with ovchat(tmp_path, columns=100, rows=30) as terminal:
        ready(terminal)
        terminal.type("Tell me about temperature.")
        terminal.press("enter")
        wait_until(lambda: (found := answers(tmp_path)) and found[0][0])
        terminal.press("alt+v")
        terminal.wait_for("The last answer is still being written.")
        wait_until(lambda: answers(tmp_path)[0][1])
        assert BACK in terminal.text
        terminal.press("enter")
        terminal.wait_for(lambda text: AT_ITS_END in text and "tok/s" in text and BACK not in text)
        quit_well(terminal)


def test_two_thousand_messages_are_printed_in_full(tmp_path: Path, talk: Talk) -> None:
    for number in range(1000):
        talk.say(f"Question {number}?")
        talk.answer(f"Answer {number}, " + "and so on. " * 20, model="a model")
    with ovchat(tmp_path, "--continue") as terminal:
        terminal.wait_for("Answer 999")
        ready(terminal)
        terminal.press("alt+v")
        terminal.wait_for(BACK)
        assert printed(terminal).partition("\r\n[Plain view")[0] == shown_by_chats_show(tmp_path)
        terminal.press("enter")
        terminal.wait_for(lambda text: "Answer 999" in text and BACK not in text)
        # On a slow line there is a way out.
        terminal.throttle(2_000)
        terminal.press("alt+v")
        terminal.wait_for("Question 1?")
        before, began = terminal.raw.count(TAKEN), time.monotonic()
        terminal.press("ctrl+c")
        wait_until(lambda: terminal.raw.count(TAKEN) > before)
        assert time.monotonic() - began < 10
        terminal.throttle(None)
        quit_well(terminal)


@pytest.mark.parametrize("output", ["diff", "textual"])
@pytest.mark.parametrize(
    ("end", "code"),
    [
        (lambda terminal: terminal.process.terminate(), 143),
        (lambda terminal: terminal.process.send_signal(signal.SIGHUP), 129),
        (lambda terminal: terminal.hang_up(), 129),
    ],
    ids=["terminated", "sighup", "gone"],
)
def test_it_ends_as_the_app_does(tmp_path: Path, output: str, end: Callable[[Terminal], None], code: int) -> None:
    long_answers(tmp_path)
    with Terminal([COMMAND], environment={"OVCHAT_HOME": str(tmp_path), "OVCHAT_OUTPUT": output}) as terminal:
        ready(terminal)
        terminal.type("Tell me about temperature.")
        terminal.press("enter")
        wait_until(lambda: (found := answers(tmp_path)) and found[0][0])
        terminal.type("and then")
        terminal.wait_for("and then")
        terminal.press("alt+v")
        terminal.wait_for(BACK)
        end(terminal)
        assert terminal.exit_code() == code
        if terminal._master >= 0:
            assert terminal.left_behind() == []
            assert "Traceback" not in terminal.text
            assert TAKEN not in terminal.raw.rpartition(LEFT)[2]
    assert answers(tmp_path)[0][1] == "interrupted"
    with ovchat(tmp_path, "--continue") as terminal:
        terminal.wait_for("and then")


def test_stopped_and_continued_it_is_still_there(tmp_path: Path, talk: Talk) -> None:
    talk.say("What is that?")
    with ovchat(tmp_path, "--continue", columns=100) as terminal:
        ready(terminal)
        terminal.press("alt+v")
        terminal.wait_for(BACK)
        terminal.process.send_signal(signal.SIGTSTP)
        wait_until(lambda: Path(f"/proc/{terminal.process.pid}/stat").read_text().split()[2] == "T")
        terminal.process.send_signal(signal.SIGCONT)
        terminal.press("enter")
        terminal.wait_for(in_the_app)
        quit_well(terminal)


@pytest.mark.parametrize("setting", ["on", "off"])
def test_the_last_answer_stays_where_the_setting_says_so(tmp_path: Path, talk: Talk, setting: str) -> None:
    talk.say("What is that?")
    talk.answer(f"It is *this*.\n\n{HOSTILE}", model="a model")
    talk.store.close()
    (tmp_path / "settings.toml").write_text(f'[terminal]\nleave_answer = "{setting}"\n')
    with ovchat(tmp_path, "--continue", columns=100, rows=30) as terminal:
        ready(terminal)
        terminal.wait_for("It is this.")
        quit_well(terminal)
        left = "It is *this*.\r\n\r\n^[[31mred^[]0;title^G \\x9b2J end\r\n" if setting == "on" else ""
        assert printed(terminal) == left


# In tmux


@pytest.fixture
def tmux(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """Runs tmux commands on a server of its own."""
    if shutil.which("tmux") is None:
        pytest.skip("there is no tmux")
    folder = tmp_path_factory.mktemp("tmux")
    (folder / "config").write_text("set -g status off\nset -g default-terminal tmux-256color\nset -sg escape-time 10\n")
    command = ["tmux", "-S", str(folder / "socket"), "-f", str(folder / "config")]

    def run(*arguments: str) -> str:
        return subprocess.run([*command, *arguments], capture_output=True, text=True, check=False).stdout

    run.command = command  # type: ignore[attr-defined]
    yield run
    run("kill-server")


def test_in_tmux_it_is_copied_and_printed(tmp_path: Path, talk: Talk, tmux: Callable[..., str]) -> None:
    answer = "It is *this*: 漢字.\n\n" + "\n".join(f"line {number}  " for number in range(100))
    talk.say("What is that?")
    talk.answer(answer, model="a model")
    session = [*tmux.command, "new-session", f"OVCHAT_HOME={tmp_path} {COMMAND} --continue; cat"]  # type: ignore[attr-defined]
    with Terminal(session, columns=100, rows=30) as terminal:
        ready(terminal)
        terminal.press("alt+c")
        terminal.wait_for("sent to tmux, which does not hand it on: `tmux set -g set-clipboard on`")
        assert tmux("show-buffer") == ""
        tmux("set", "-g", "set-clipboard", "on")
        terminal.press("alt+c")
        terminal.wait_for("were sent to the terminal.")
        wait_until(lambda: tmux("show-buffer") == answer)
        wait_until(lambda: b"\x1b]52;" in terminal.raw)  # and tmux hands it on
        terminal.press("alt+v")
        terminal.wait_for(BACK)
        lines = tmux("capture-pane", "-p", "-S", "-").splitlines()
        assert [line for line in lines if line.startswith("line ")] == [f"line {number}" for number in range(100)]
        assert "# Two thousand" in lines
        terminal.press("alt+v")
        terminal.wait_for(in_the_app)
        terminal.press("ctrl+q")
        terminal.wait_for(lambda text: not in_the_app(text))
        assert [line for line in tmux("capture-pane", "-p", "-S", "-").splitlines() if line == "line 99"]


def test_with_a_driver_of_textuals_own_enter_comes_back(tmp_path: Path, talk: Talk) -> None:
    talk.say("What is that?")
    # Windows has one of those, and no line editor to be told to leave Enter as it is.
    program = """
import contextlib, sys
from textual.drivers.linux_driver import LinuxDriver
from tui.terminal import early_keys
from tui.terminal.display import TerminalApp
early_keys.kept = contextlib.nullcontext
TerminalApp.get_driver_class = lambda self: LinuxDriver
sys.argv = ["ovchat", "--continue"]
from tui.__main__ import main
main()
"""
    environment = {"OVCHAT_HOME": str(tmp_path)}
    with Terminal([sys.executable, "-c", program], columns=100, rows=30, environment=environment) as terminal:
        ready(terminal)
        terminal.press("alt+v")
        terminal.wait_for("Enter goes back to ovchat.")
        assert "## You\r\n\r\nWhat is that?" in terminal.raw.decode()
        terminal.press("enter")
        terminal.wait_for(in_the_app)
        quit_well(terminal)
