"""What is sent of a text that is copied, to which terminal, and what is said of it."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.waiting import wait_until
from tui.terminal.clipboard import Clipboard, Copied, limit, system_command, to_terminal
from tui.terminal.link import Link, link
from tui.terminal.tmux import tmux_hands_on

TEXT = "Grüße, 漢字 😀\n" * 40
DATA = TEXT.encode()
PLAIN = f"\x1b]52;c;{base64.b64encode(DATA).decode()}\a"
TMUX = Link(multiplexer="tmux")


def unwrapped(sequence: str) -> str:
    """What tmux hands on."""
    found = re.fullmatch(r"\x1bPtmux;((?:[^\x1b]|\x1b\x1b)*)\x1b\\", sequence)
    assert found
    return found[1].replace("\x1b\x1b", "\x1b")


def sent(text: str, line: Link, setting: str = "terminal", environment: Mapping[str, str] | None = None) -> str:
    written: list[str] = []

    async def outcome() -> None:
        await Clipboard(line, setting, written.append, environment=environment or {}).copy(text).outcome()

    asyncio.run(outcome())
    return "".join(written)


def said(text: str, line: Link, setting: str = "terminal", environment: Mapping[str, str] | None = None) -> Copied:
    async def outcome() -> Copied:
        return await Clipboard(line, setting, lambda _: None, environment=environment or {}).copy(text).outcome()

    return asyncio.run(outcome())


def test_a_terminal_is_sent_it_in_one_sequence_of_ascii() -> None:
    assert sent(TEXT, Link()) == PLAIN
    assert PLAIN.isascii()


@pytest.mark.parametrize(("bytes_per_s", "is_sent"), [(2_000, False), (100_000, True)])
def test_what_would_hold_up_a_slow_line_is_not_sent(bytes_per_s: int, is_sent: bool) -> None:
    written: list[str] = []
    clipboard = Clipboard(Link(remote=True), "terminal", written.append, lambda count: count / bytes_per_s, {})
    copied = asyncio.run(clipboard.copy("x" * 52_500).outcome())
    assert (bool(written), copied.nowhere) == (is_sent, not is_sent)
    if not is_sent:
        assert "make 70,000 bytes to send, and this line would be held up by them for 35 seconds" in copied.said
        assert copied.said.endswith("Alt+V shows plain text to select, Alt+S saves to a file.")


def test_what_is_no_unicode_is_no_error() -> None:
    assert sent("a\udc80b", Link()) == f"\x1b]52;c;{base64.b64encode(b'a?b').decode()}\a"


def test_tmux_is_sent_it_plain_and_to_be_handed_on() -> None:
    written = to_terminal(DATA, TMUX)
    assert written.startswith(PLAIN)
    assert unwrapped(written[len(PLAIN) :]) == PLAIN


def test_a_tmux_in_a_tmux_is_sent_what_both_may_want() -> None:
    inner = link({"TERM": "tmux-256color", "TMUX": "/tmp/tmux,1,0"}, "tmux 3.4")
    assert inner.nested
    written = to_terminal(DATA, inner)
    once = to_terminal(DATA, TMUX)[len(PLAIN) :]
    assert written[: len(PLAIN + once)] == PLAIN + once
    assert unwrapped(written[len(PLAIN + once) :]) == once


def test_screen_is_sent_it_in_pieces_that_it_takes() -> None:
    written = to_terminal(DATA, Link(multiplexer="screen"))
    pieces = re.findall(r"\x1bP(.*?)\x1b\\", written, re.DOTALL)
    assert "".join(f"\x1bP{piece}\x1b\\" for piece in pieces) == written
    assert len(pieces) > 2
    assert max(len(f"\x1bP{piece}\x1b\\") for piece in pieces) <= 256
    assert "".join(pieces) == PLAIN


@pytest.mark.parametrize(
    ("line", "most"),
    [
        (Link(), 100_000),
        (Link(terminal="xterm"), 20_000),
        (Link(terminal="kitty"), 8_000_000),
        (Link(terminal="kitty", multiplexer="tmux"), 1_047_552),
        (Link(terminal="windows-terminal"), 100_000),
    ],
)
def test_nothing_is_sent_that_would_be_cut(line: Link, most: int) -> None:
    assert limit(line) == most
    whole = "x" * (most // 4 * 3)
    assert sent(whole, line)
    assert sent(whole + "x" * 3, line) == ""
    outcome = said(whole + "x" * 3, line)
    assert outcome.nowhere
    assert f"{len(whole) + 3:,} characters" in outcome.said
    assert f"{most // 4 * 4 + 4:,} bytes" in outcome.said
    assert f"takes {most:,}" in outcome.said
    assert "Alt+S" in outcome.said


def test_it_says_what_was_done_and_no_more() -> None:
    outcome = said(TEXT, Link(remote=True))
    assert outcome.said.startswith(f"{len(TEXT)} characters were sent to the terminal. If nothing arrived: Alt+V")
    assert "tmux" not in outcome.said
    assert not outcome.nowhere
    assert said("x", Link()).said.startswith("1 character was sent to the terminal.")
    assert "PuTTY is not known to take any" in said(TEXT, Link(terminal="putty")).said
    # Behind ssh, nobody can ask it.
    assert (
        "If nothing arrived: `tmux set -g set-clipboard on`" in said(TEXT, Link(remote=True, multiplexer="tmux")).said
    )


# The system's own clipboard


@pytest.mark.parametrize(
    ("line", "environment", "platform", "program"),
    [
        (Link(), {"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, "linux", "wl-copy"),
        (Link(), {"DISPLAY": ":0"}, "linux", "xclip"),
        (Link(), {}, "linux", None),
        (Link(remote=True), {"DISPLAY": "localhost:10.0", "WAYLAND_DISPLAY": "wayland-0"}, "linux", None),
        (Link(), {}, "darwin", "pbcopy"),
        (Link(remote=True), {}, "darwin", None),
        (Link(), {}, "win32", "clip.exe"),
        (Link(), {"WSL_DISTRO_NAME": "Debian"}, "linux", "clip.exe"),
    ],
)
def test_the_systems_clipboard_is_for_a_local_display(
    line: Link, environment: dict[str, str], platform: str, program: str | None
) -> None:
    found = system_command(line, environment, platform, lambda name: f"/bin/{name}")
    assert (found[0] if found else None) == program


def test_of_the_programs_one_that_is_there() -> None:
    x11 = {"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}
    assert system_command(Link(), x11, "linux", {"xsel": "/bin/xsel"}.get) == ("xsel", "--clipboard", "--input")
    assert system_command(Link(), x11, "linux", lambda _: None) is None


@pytest.fixture
def display(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An environment with a display and an xclip: a script, which a test gives what it does."""
    if os.name != "posix":
        pytest.skip("a shell script")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return {"DISPLAY": ":0", "PATH": os.environ["PATH"]}


def xclip(folder: Path, script: str) -> None:
    path = folder / "xclip"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_the_systems_clipboard_has_it_and_that_is_known(tmp_path: Path, display: dict[str, str]) -> None:
    xclip(tmp_path, f'cat > "{tmp_path}/text.new"; mv "{tmp_path}/text.new" "{tmp_path}/text"')
    assert said(TEXT, Link(), "auto", display).said == (
        f"{len(TEXT)} characters were copied to the system's clipboard and sent to the terminal."
    )
    assert (tmp_path / "text").read_text() == TEXT
    assert sent(TEXT, Link(), "auto", display) == PLAIN
    assert (
        said(TEXT, Link(), "system", display).said == f"{len(TEXT)} characters were copied to the system's clipboard."
    )
    assert sent(TEXT, Link(), "system", display) == ""
    # Too long for the terminal, not for the system.
    long = "x" * 200_000
    assert said(long, Link(), "auto", display).said == "200,000 characters were copied to the system's clipboard."


@pytest.mark.parametrize("script", ["exit 1", "echo noise >&2; exit 3", "exec sleep 20"])
def test_a_program_that_fails_or_hangs_is_not_heard_of(
    tmp_path: Path, display: dict[str, str], script: str, capfd: pytest.CaptureFixture[str]
) -> None:
    xclip(tmp_path, script)
    assert "were sent to the terminal. If nothing arrived" in said(TEXT, Link(), "auto", display).said
    outcome = said(TEXT, Link(), "system", display)
    assert outcome.nowhere
    assert "Nothing was copied: the program for the system's clipboard failed" in outcome.said
    assert capfd.readouterr() == ("", "")


def test_of_two_texts_the_later_one_stays(tmp_path: Path, display: dict[str, str]) -> None:
    xclip(tmp_path, f'text=$(cat); [ "$text" = one ] && sleep 0.3; printf %s "$text" > "{tmp_path}/text"')

    async def twice() -> None:
        clipboard = Clipboard(Link(), "system", lambda _: None, environment=display)
        await asyncio.gather(*[clipboard.copy(text).outcome() for text in ("one", "two", "three")])

    asyncio.run(twice())
    assert (tmp_path / "text").read_text() == "three"


def test_a_text_in_whose_place_another_one_fails_is_not_there(tmp_path: Path, display: dict[str, str]) -> None:
    xclip(tmp_path, 'text=$(cat); [ "$text" = one ] && exec sleep 0.3; exit 1')

    async def thrice() -> list[Copied]:
        clipboard = Clipboard(Link(), "system", lambda _: None, environment=display)
        return await asyncio.gather(*[clipboard.copy(text).outcome() for text in ("one", "two", "three")])

    assert [each.nowhere for each in asyncio.run(thrice())] == [False, True, True]


def test_who_waits_no_more_stops_nothing(
    tmp_path: Path, display: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    xclip(tmp_path, f'sleep 0.3; cat > "{tmp_path}/text.new"; mv "{tmp_path}/text.new" "{tmp_path}/text"')
    failed: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", failed.append)

    async def once() -> None:
        outcome = asyncio.ensure_future(
            Clipboard(Link(), "system", lambda _: None, environment=display).copy("one").outcome()
        )
        await asyncio.sleep(0)
        outcome.cancel()

    asyncio.run(once())
    wait_until((tmp_path / "text").exists)
    wait_until(lambda: not any(each.name == "clipboard" for each in threading.enumerate()))
    assert (tmp_path / "text").read_text() == "one"
    assert not failed


@pytest.mark.parametrize(("line", "why"), [(Link(remote=True), "not on this end"), (Link(), "no system's clipboard")])
def test_a_setting_that_cannot_be_followed_says_so(line: Link, why: str) -> None:
    outcome = said(TEXT, line, "system", {"PATH": os.devnull})
    assert outcome.nowhere
    assert why in outcome.said
    assert 'clipboard = "terminal"' in outcome.said


# A real tmux


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[list[str]]:
    if shutil.which("tmux") is None:
        pytest.skip("there is no tmux")
    command = ["tmux", "-S", str(tmp_path / "tmux"), "-f", os.devnull]
    subprocess.run([*command, "new-session", "-d", "-x", "80", "-y", "24", "cat"], check=True)
    yield command
    subprocess.run([*command, "kill-server"], capture_output=True, check=False)


def test_tmux_is_asked_whether_it_hands_on_what_is_copied(tmp_path: Path, tmux: list[str]) -> None:
    inside = {"TMUX": f"{tmp_path / 'tmux'},1,0", "PATH": os.environ["PATH"]}

    def told(*options: str) -> tuple[bool | None, bool]:
        for option in options:
            subprocess.run([*tmux, "set-option", *option.split()], check=True)
        return tmux_hands_on(inside), "tmux set -g set-clipboard on" in said(TEXT, TMUX, "terminal", inside).said

    assert told("-s set-clipboard external", "-wg allow-passthrough off") == (False, True)
    assert told("-s set-clipboard on") == (True, False)
    assert told("-s set-clipboard off") == (False, True)
    assert told("-wg allow-passthrough on") == (True, False)
    assert tmux_hands_on({}) is None
    assert tmux_hands_on({"TMUX": "/nowhere,1,0", "PATH": os.environ.get("PATH", sys.prefix)}) is None


def test_tmux_takes_it_into_its_buffer(tmp_path: Path, tmux: list[str]) -> None:
    file = tmp_path / "sequence"
    text = TEXT * 500
    file.write_text(to_terminal(text.encode(), TMUX))
    subprocess.run([*tmux, "set-option", "-s", "set-clipboard", "on"], check=True)
    subprocess.run([*tmux, "respawn-pane", "-k", f"cat {file}; sleep 60"], check=True)

    def buffer() -> str:
        return subprocess.run([*tmux, "show-buffer"], capture_output=True, text=True, check=False).stdout

    wait_until(lambda: buffer() == text)
    # Nothing of what it was not to take is on the screen.
    shown = subprocess.run([*tmux, "capture-pane", "-p"], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == ""


def test_a_tmux_in_a_tmux_hands_it_on(tmp_path: Path, tmux: list[str]) -> None:
    file = tmp_path / "sequence"
    nested = Link(multiplexer="tmux", nested=True)
    inner = ["tmux", "-S", str(tmp_path / "inner"), "-f", os.devnull]
    clean = {name: value for name, value in os.environ.items() if name not in ("TMUX", "TMUX_PANE")}

    def buffer() -> str:
        return subprocess.run([*tmux, "show-buffer"], capture_output=True, text=True, check=False).stdout

    subprocess.run([*tmux, "set-option", "-s", "set-clipboard", "on"], check=True)
    subprocess.run([*inner, "new-session", "-d", "-x", "80", "-y", "24", "cat"], check=True, env=clean)
    try:
        subprocess.run([*tmux, "respawn-pane", "-k", f"TMUX= TERM=tmux-256color {' '.join(inner)} attach"], check=True)
        wait_until(lambda: subprocess.run([*inner, "list-clients"], capture_output=True, check=True).stdout)
        for text, option in (
            (TEXT, "set-option -s set-clipboard on"),
            ("other", "set-option -wg allow-passthrough on"),
        ):
            subprocess.run([*inner, "set-option", "-s", "set-clipboard", "external"], check=True)
            subprocess.run([*inner, *option.split()], check=True)
            file.write_text(to_terminal(text.encode(), nested))
            subprocess.run([*inner, "respawn-pane", "-k", f"cat {file}; sleep 60"], check=True)
            wait_until(lambda: buffer() == text)  # noqa: B023
    finally:
        subprocess.run([*inner, "kill-server"], capture_output=True, check=False)


@pytest.mark.skipif(shutil.which("screen") is None, reason="there is no GNU screen")
def test_gnu_screen_hands_it_on_and_writes_nothing_on_the_screen(tmp_path: Path) -> None:
    from tests.terminal_driver import Terminal

    (tmp_path / "sequence").write_text(to_terminal(DATA, Link(multiplexer="screen")))
    (tmp_path / "rc").write_text("startup_message off\n")
    (tmp_path / "sockets").mkdir(mode=0o700)
    inside = f"cat {tmp_path / 'sequence'}; echo done; sleep 60"
    sockets = {"SCREENDIR": str(tmp_path / "sockets")}
    command = ["screen", "-c", tmp_path / "rc", "-S", "copying", "sh", "-c", inside]
    try:
        with Terminal(command, environment=sockets) as terminal:
            terminal.wait_for("done")
            wait_until(lambda: PLAIN.encode() in terminal.raw)
            assert terminal.text.strip() == "done"
    finally:
        quit_it = ["screen", "-S", "copying", "-X", "quit"]
        subprocess.run(quit_it, env={**os.environ, **sockets}, capture_output=True, check=False)
