"""The app over ssh, as somebody has it who works on a machine far away."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from tests.ssh.server import Server, remote
from tests.waiting import wait_until

if os.name != "posix":
    pytest.skip("sshd is POSIX's", allow_module_level=True)

from tests.ssh.using import COPIED, ask, over_ssh, processes_of
from tests.using_ovchat import AT_ITS_END, EMPTY, answers, long_answers, quit_well, ready


def test_chat_stream_resize_copy_and_come_back(server: Server, tmp_path: Path) -> None:
    with over_ssh(server, tmp_path) as terminal:
        terminal.wait_for(EMPTY)
        ready(terminal)
        terminal.type("Hello, who are you?")
        terminal.press("enter")
        terminal.wait_for("I am the starter")
        terminal.wait_for("tok/s")
        ((said, _),) = answers(tmp_path)
        terminal.resize(60, 15)
        terminal.wait_for(lambda text: "tok/s" in text and "─" * 58 in text and "─" * 60 not in text)
        terminal.resize(100, 30)
        terminal.wait_for("─" * 98)
        terminal.press("alt+c")
        wait_until(lambda: COPIED.search(terminal.raw))
        assert base64.b64decode(COPIED.findall(terminal.raw)[-1]).decode() == said
        # As ssh hands it on: no COLORTERM, so 256 colours; and the mouse is the terminal's.
        assert b"[38;5;" in terminal.raw
        assert b"[38;2;" not in terminal.raw
        assert b"\x1b[?1000h" not in terminal.raw
        terminal.type("half a thought")
        terminal.wait_for("half a thought")
        terminal.press("ctrl+q")
        assert terminal.exit_code() == 0
        assert terminal.left_behind() == []
    with over_ssh(server, tmp_path, *_ovchat("--continue")) as terminal:
        terminal.wait_for(lambda text: "I am the starter" in text and "half a thought" in text)
        quit_well(terminal)


def _ovchat(*arguments: str) -> tuple[str, ...]:
    return (remote(Path())[-1], *arguments)


@pytest.mark.parametrize("setting", ["stop", "finish"])
def test_the_line_is_cut_in_the_middle_of_an_answer(server: Server, tmp_path: Path, setting: str) -> None:
    long_answers(tmp_path, tokens=3000)
    with (tmp_path / "settings.toml").open("a") as settings:
        settings.write(f'[terminal]\non_hangup = "{setting}"\n')
    with over_ssh(server, tmp_path) as terminal:
        ready(terminal)
        ask(terminal, tmp_path)
        terminal.type("and then")
        terminal.wait_for("and then")
        terminal.kill()  # ssh itself
    wait_until(lambda: not processes_of(tmp_path))
    ((_, ended),) = answers(tmp_path)
    with over_ssh(server, tmp_path, *_ovchat("--continue")) as terminal:
        if setting == "stop":
            assert ended == "interrupted"
            terminal.wait_for("This answer was interrupted")
        else:
            assert ended == "length"
            terminal.wait_for(AT_ITS_END)
        terminal.wait_for("and then")
        ready(terminal)
        quit_well(terminal)
