"""Copied text on its way: to the terminal, which may put it into its clipboard (OSC 52), and into the system's own.

A terminal never says what it did with the text, so all that is known is that it was sent. One that is sent more than it
takes drops it, or keeps its beginning; so no more is sent than it takes, in bytes of base64:

    xterm         20,000      maxStringParse, where it is built without graphics (else 600,000; nothing tells)
    kitty         8,000,000   of all that comes in pieces (kitty issues 3031, 3937)
    VS Code       10,000,000  PAYLOAD_LIMIT of xterm.js
    foot, Alacritty, WezTerm, Ghostty: none is known; 2,000,000 arrive in Ghostty. Nobody wants more than 1,000,000.
    others        100,000     hterm's, which scripts keep to (osc52.sh of libapps: OSC_52_MAX_SEQUENCE)
    tmux          1,048,576   in between: its input buffer (INPUT_BUF_LIMIT, input-buffer-size since 3.5a)

VTE (GNOME Terminal and others), PuTTY, Apple's Terminal and the Linux console are not known to take any.

tmux takes OSC 52 from a program where its option `set-clipboard` is `on`, which it is not by default (`external`). It
hands on what is wrapped in a DCS of its own where `allow-passthrough` is on (all versions before 3.3 do). It is sent
both, and ignores what it does not take. Of a tmux within a tmux, each may do either. GNU screen hands on what is in a
DCS of at most 256 bytes (up to 4.0.3; 512 in 4.2.0, 768 from 4.2.1 on), and writes the rest of a longer one on the
screen.
"""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from tui.terminal.link import Link
from tui.terminal.tmux import tmux_hands_on

ESC = "\x1b"
_ST = ESC + "\\"
_LIMITS = {
    "xterm": 20_000,
    "kitty": 8_000_000,
    "vscode": 10_000_000,
    **dict.fromkeys(("foot", "alacritty", "wezterm", "ghostty"), 1_000_000),
}
_OTHERS = 100_000
_TMUX = 1_048_576 - 1024  # with what is around the text
_SCREEN_CHUNK = 256
_TAKE_NONE = {
    "vte": "Terminals of GNOME's kind are",
    "putty": "PuTTY is",
    "apple": "Apple's Terminal is",
    "linux": "The Linux console is",
}
_PROGRAM_S = 2.0
_HOLDS_UP_S = 2.0  # so long at most what is copied keeps all else from the terminal: nothing can come in the middle
_NEXT = "Alt+V shows plain text to select, Alt+S saves to a file."


@dataclass(frozen=True, slots=True)
class Copied:
    """What became of a text.

    Attributes:
        said: That, and what to do if it did not arrive.
        nowhere: It was not sent anywhere.
    """

    said: str
    nowhere: bool = False


class Copying:
    """A text on its way.

    Args:
        characters: How long it is.
        size: Bytes that the terminal would be sent.
        limit: Bytes that it takes; None where it is not to be sent any.
        seconds: How long those would take on the line.
        system: Whether the system's clipboard has it, when that is known; None where that was not tried.
        ask_tmux: Whether tmux hands it on; None where that cannot be known.
        line: What the terminal is connected with.
    """

    def __init__(
        self,
        characters: int,
        size: int,
        limit: int | None,
        seconds: float,
        system: Future[bool] | None,
        ask_tmux: Callable[[], bool | None],
        line: Link,
    ) -> None:
        self._what = f"{characters:,} characters" if characters != 1 else "1 character"
        self._were = "were" if characters != 1 else "was"
        self._size, self._limit, self._seconds = size, limit, seconds
        self._system = system
        self._ask_tmux = ask_tmux
        self._line = line

    @property
    def sent(self) -> bool:
        """The terminal was sent it."""
        return self._limit is not None and self._size <= self._limit and self._seconds <= _HOLDS_UP_S

    async def outcome(self) -> Copied:
        """What became of it, once that is known."""
        there = self._system is not None and await asyncio.wrap_future(self._system)
        if there:
            also = " and sent to the terminal" if self.sent else ""
            return Copied(f"{self._what} {self._were} copied to the system's clipboard{also}.")
        if self.sent:
            return Copied(f"{self._what} {self._were} sent to {await self._to_whom()}")
        if self._limit is not None:
            long = f"{self._what} make {self._size:,} bytes to send, and "
            if self._size > self._limit:
                long += f"the terminal takes {self._limit:,}"
            else:
                long += f"this line would be held up by them for {self._seconds:.0f} seconds"
            return Copied(f"Nothing was sent: {long}. {_NEXT}", nowhere=True)
        if self._system is not None:
            why = "the program for the system's clipboard failed"
        elif self._line.remote:
            why = "the system's clipboard is not on this end of the line"
        else:
            why = "there is no system's clipboard here, or no program for it (wl-copy, xclip, xsel)"
        return Copied(f'Nothing was copied: {why}. [terminal] clipboard = "terminal" sends it. {_NEXT}', nowhere=True)

    async def _to_whom(self) -> str:
        if self._line.multiplexer == "tmux":
            hands_on = await asyncio.to_thread(self._ask_tmux)
            if hands_on is None:
                return f"the terminal. If nothing arrived: `tmux set -g set-clipboard on`, and copy again. Or: {_NEXT}"
            if not hands_on:
                return f"tmux, which does not hand it on: `tmux set -g set-clipboard on`, and copy again. Or: {_NEXT}"
        if who := _TAKE_NONE.get(self._line.terminal):
            return f"the terminal. {who} not known to take any: {_NEXT}"
        return f"the terminal. If nothing arrived: {_NEXT}"


class Clipboard:
    """Takes texts.

    Args:
        line: What the terminal is connected with.
        setting: `auto`: the terminal's, and the system's where there is a local display; `terminal` or `system`.
        write: Writes to the terminal.
        seconds_for: How long so many bytes take on the line to it.
        environment: Where tmux and the display are looked for.
    """

    def __init__(
        self,
        line: Link,
        setting: str,
        write: Callable[[str], None],
        seconds_for: Callable[[int], float] = lambda _: 0.0,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._line = line
        self._limit = limit(line) if setting != "system" else None
        self._uses_system = setting != "terminal"
        self._write = write
        self._seconds_for = seconds_for
        self._environment = environment
        self._lock = threading.Lock()
        self._waiting: deque[tuple[str, Future[bool]]] = deque()

    def copy(self, text: str) -> Copying:
        """Copy a text: the terminal is sent it at once, the system's clipboard has it a little later."""
        data = text.encode("utf-8", "replace")
        size = (len(data) + 2) // 3 * 4
        command = system_command(self._line, self._environment) if self._uses_system else None
        system = self._to_system(command, text) if command else None
        sequence = to_terminal(data, self._line) if self._limit is not None and size <= self._limit else ""
        seconds = self._seconds_for(len(sequence))
        copying = Copying(len(text), size, self._limit, seconds, system, self._tmux_hands_on, self._line)
        if copying.sent:
            self._write(sequence)
        return copying

    def _to_system(self, command: Sequence[str], text: str) -> Future[bool]:
        done = Future[bool]()
        done.set_running_or_notify_cancel()  # who does not wait for it any more ends nothing
        self._waiting.append((text, done))
        threading.Thread(target=self._copy_latest, args=(command,), name="clipboard", daemon=True).start()
        return done

    def _copy_latest(self, command: Sequence[str]) -> None:
        """Of the texts that wait the latest one stays: whether it is there is what became of all of them."""
        with self._lock:
            waiting = [self._waiting.popleft() for _ in range(len(self._waiting))]
            if waiting:
                there = _run(command, waiting[-1][0], self._environment)
                for _, done in waiting:
                    done.set_result(there)

    def _tmux_hands_on(self) -> bool | None:
        return tmux_hands_on(self._environment)


def limit(line: Link) -> int:
    """Bytes of base64 that the terminal takes, and what is before it lets through."""
    least = _LIMITS.get(line.terminal, _OTHERS)
    return min(least, _TMUX) if line.multiplexer == "tmux" else least


def to_terminal(data: bytes, line: Link) -> str:
    """What a terminal is sent, and what is before it hands on."""
    plain = f"{ESC}]52;c;{base64.b64encode(data).decode('ascii')}\a"
    if line.multiplexer == "tmux":
        once = _through_tmux(plain)
        return plain + once + (_through_tmux(once) if line.nested else "")
    if line.multiplexer == "screen":
        step = _SCREEN_CHUNK - len(ESC + "P" + _ST)
        chunks = (plain[begin : begin + step] for begin in range(0, len(plain), step))
        return "".join(f"{ESC}P{chunk}{_ST}" for chunk in chunks)
    return plain


def _through_tmux(sequence: str) -> str:
    return f"{ESC}Ptmux;{sequence.replace(ESC, ESC + ESC)}{_ST}"


def system_command(
    line: Link,
    environment: Mapping[str, str],
    platform: str = sys.platform,
    which: Callable[[str], str | None] = shutil.which,
) -> Sequence[str] | None:
    """The program that fills the system's clipboard; None where there is none, or no local display."""
    if line.remote:
        return None
    commands: list[tuple[str, ...]] = []
    if platform == "darwin":
        commands = [("pbcopy",)]
    elif platform == "win32" or environment.get("WSL_DISTRO_NAME"):
        commands = [("clip.exe",)]
    if platform not in ("darwin", "win32"):
        if environment.get("WAYLAND_DISPLAY"):
            commands.append(("wl-copy", "--type", "text/plain"))
        if environment.get("DISPLAY"):
            commands += [("xclip", "-selection", "clipboard", "-in"), ("xsel", "--clipboard", "--input")]
    return next((command for command in commands if which(command[0])), None)


def _run(command: Sequence[str], text: str, environment: Mapping[str, str]) -> bool:
    # clip.exe takes anything else for text of the code page.
    data = text.encode("utf-16-le" if command[0] == "clip.exe" else "utf-8", "replace")
    if command[0] == "pbcopy":
        environment = {**environment, "LC_ALL": "", "LC_CTYPE": "UTF-8"}
    try:
        subprocess.run(
            command,
            input=data,
            env=dict(environment),
            # Some of them stay to hand the text out: with our output they would hold the terminal.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            timeout=_PROGRAM_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True
