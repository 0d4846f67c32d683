"""`ovchat keys`: the tester on a real terminal, and the table."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run

if os.name == "posix":
    from tests.terminal_driver import Terminal

posix = pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are POSIX's")


def keys(home: Path, *arguments: str, **given: Any) -> Terminal:
    environment = {"OVCHAT_HOME": str(home), **given.pop("environment", {})}
    return Terminal([sys.executable, "-m", "tui", "keys", *arguments], environment=environment, **given)


@pytest.fixture
def tester(tmp_path: Path) -> Iterator[Terminal]:
    with keys(tmp_path) as terminal:
        terminal.wait_for("Press a key.")
        yield terminal


@posix
def test_keys_are_shown_and_obeyed_by_nobody(tester: Terminal) -> None:
    for came, shown in {
        "\x1b[1;5F": "ESC [ 1 ; 5 F",
        "\x11": "Ctrl+Q (ctrl+q)",
        "\x13": "Ctrl+S (ctrl+s)",
        "\x1a": "Ctrl+Z (ctrl+z)",
        "\x1c": "1c",
        "\x1b\r": "Alt+Enter (alt+enter)",
        "\x1bOP": "F1 (f1)",
        "\x1b": "Esc again leaves.",
        "é": "c3 a9",
    }.items():
        tester.press(came)
        tester.wait_for(shown)
    tester.paste("some\rlines")
    tester.wait_for("a paste, 10 characters")
    assert tester.process.poll() is None


@posix
@pytest.mark.parametrize("key", ["escape", "ctrl+c"])
def test_twice_leaves_and_the_terminal_is_as_it_was(tester: Terminal, key: str) -> None:
    tester.press(key)
    tester.wait_for("again leaves.")
    tester.press(key)
    assert tester.exit_code() == 0
    assert tester.left_behind() == []


@posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_ended_from_outside_it_gives_the_terminal_back(tester: Terminal, number: signal.Signals, code: int) -> None:
    tester.process.send_signal(number)
    assert tester.exit_code() == code
    assert tester.left_behind() == []


@posix
def test_it_knows_where_it_is(tmp_path: Path) -> None:
    far = {"SSH_CONNECTION": "192.0.2.1 5 192.0.2.2 22", "TERM": "xterm-kitty"}
    with keys(tmp_path, environment=far, columns=100, rows=40) as terminal:
        terminal.wait_for("This is kitty, over SSH. Esc waits 150 ms for the rest of a key.")


@pytest.mark.parametrize("arguments", [(), ("--debug",)])
def test_without_a_terminal_it_says_so(run: Run, arguments: tuple[str, ...]) -> None:
    done = run("keys", *arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "The key tester needs a terminal." in done.stderr
    assert "ovchat keys --list" in done.stderr


def test_the_list_has_all_keys_with_their_ids(run: Run) -> None:
    done = run("keys", "--list")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split(maxsplit=2) for line in done.stdout.splitlines() if line.startswith("  ")]
    assert ["Ctrl+R", "chat.regenerate", "Another answer to the same question; the old one stays."] in lines
    assert done.stdout.splitlines()[0] == "chat"
    assert "\nprompt\n" in done.stdout


def test_the_list_has_the_users_own_keys(run: Run, environment: dict[str, str]) -> None:
    home = Path(environment["OVCHAT_HOME"])
    home.mkdir()
    (home / "settings.toml").write_text(
        '[keys]\nchat.regenerate = ["alt+y"]\nchat.edit = ["ctrl+q"]\nconversations.undo = ["alt+w"]\n', "utf-8"
    )
    found = {row["id"]: row for row in json.loads(run("keys", "--list", "--json").stdout)["keys"]}
    assert found["chat.regenerate"]["keys"] == ["alt+y"]
    assert found["chat.regenerate"]["default_keys"] == ["ctrl+r"]
    assert found["conversations.delete"]["help"] == "Delete it. Alt+W brings it back."
    assert found["chat.edit"]["keys"] == ["alt+e"]  # it cannot have the key that quits


def test_json_is_one_object(run: Run) -> None:
    found = {row["id"]: row for row in json.loads(run("keys", "--list", "--json").stdout)["keys"]}
    assert found["chat.follow"] == {
        "id": "chat.follow",
        "keys": ["ctrl+end"],
        "action": "follow",
        "label": "Follow",
        "help": "Go to the end and follow the answer again.",
        "default_keys": ["ctrl+end"],
    }
    assert found["prompt.new_line"]["keys"][:2] == ["ctrl+j", "alt+enter"]
    assert run("keys", "--json").returncode == 2
