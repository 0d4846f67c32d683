"""A program in a pseudo-terminal: keys go in, what a terminal would show comes out, with bytes, times and CPU.

A thread reads all the time, so that the program never waits for somebody to look, and answers what a terminal
answers. POSIX only.
"""

from __future__ import annotations

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
import pyte

from tests.waiting import wait_until

KEYS = {
    "enter": "\r",
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "escape": "\x1b",
    "backspace": "\x7f",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
    "ctrl+end": "\x1b[1;5F",
    **{f"ctrl+{letter}": chr(ord(letter) - 96) for letter in "abcdefghijklmnopqrstuvwxyz"},
    **{f"alt+{letter}": f"\x1b{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"},
    "f1": "\x1bOP",
    "f2": "\x1bOQ",
    "f3": "\x1bOR",
    "f4": "\x1bOS",
    "f5": "\x1b[15~",
    "f6": "\x1b[17~",
    "f7": "\x1b[18~",
    "f8": "\x1b[19~",
    "f9": "\x1b[20~",
}
# What the program asks, and what a terminal with synchronized output and without in-band resizes answers.
_ANSWERS = {
    b"\x1b[c": b"\x1b[?62;22c",
    b"\x1b[5n": b"\x1b[0n",
    b"\x1b[6n": b"\x1b[1;1R",
    b"\x1b[?2026$p": b"\x1b[?2026;2$y",
}
# pyte takes sequences with these parameters for text.
_UNKNOWN = re.compile(rb"\x1b\[[<>=][0-9;]*[a-zA-Z]|\x1b\[[?0-9;]*\$p")
_INCOMPLETE = re.compile(rb"\x1b(\[[0-9;?<>=$]*)?$")
_MODE = re.compile(rb"\x1b\[\?([0-9;]+)([hl])")
_MOUSE = {1000, 1002, 1003, 1006, 1015, 1016}
_SLICE_S = 0.02  # how finely a slow line is a slow one
_ALTERNATE, _CURSOR, _PASTE, _FOCUS = 1049, 25, 2004, 1004


class Terminal:
    """A running program and its terminal; leave the context and it is gone.

    Args:
        command: Program and arguments.
        columns: Width.
        rows: Height.
        environment: Beyond, or in place of, what is set here.
        cwd: Where it runs.
        emulate: Keep a screen. It costs CPU that a benchmark wants for the program.

    Attributes:
        began: `time.perf_counter()` when the program was started.
        output: Everything it wrote, each piece with the time at which it came.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        columns: int = 80,
        rows: int = 24,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        emulate: bool = True,
    ) -> None:
        self.output: list[tuple[float, bytes]] = []
        self._emulate = emulate
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._pending = b""
        self._modes: dict[int, bool] = {}
        self._lock = threading.Lock()
        self._cpu_s = 0.0
        self._master, slave = os.openpty()
        self._before = termios.tcgetattr(self._master)
        self._set_size(columns, rows)
        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            [str(part) for part in command],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=cwd,
            env={**_own_environment(), **(environment or {})},
            start_new_session=True,
            # The controlling terminal: a resize and a hang-up are told as signals. One system call, which no lock of
            # another thread can stop.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )
        os.close(slave)
        self._leaving = threading.Event()
        self._bytes_per_s: float | None = None
        self._reader = threading.Thread(target=self._read, name="terminal", daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the program, whatever it does, and the terminal."""
        if self.process.poll() is None:
            self.kill()
        self.hang_up()

    def hang_up(self) -> None:
        """The terminal is gone, as when its window is closed."""
        self._leaving.set()
        self._reader.join()
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    # In

    def press(self, *keys: str) -> None:
        """Press keys of `KEYS`, or characters."""
        for key in keys:
            os.write(self._master, KEYS.get(key, key).encode())

    def type(self, text: str) -> None:
        """Type a text, key by key as far as the program can tell."""
        for character in text:
            os.write(self._master, character.encode())

    def send(self, data: bytes) -> None:
        """Send bytes."""
        os.write(self._master, data)

    def paste(self, text: str) -> None:
        """Paste a text, bracketed."""
        data = f"\x1b[200~{text}\x1b[201~".encode()
        while data:
            data = data[os.write(self._master, data) :]

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        with self._lock:
            self._screen.resize(rows, columns)
        self._set_size(columns, rows)
        self.process.send_signal(signal.SIGWINCH)

    def throttle(self, bytes_per_s: float | None) -> None:
        """Take so much from the program in a second from now on; 0 is a line that stalls, None one without a limit."""
        self._bytes_per_s = bytes_per_s

    def scribble(self, text: str) -> None:
        """Somebody else writes on the screen, from its beginning."""
        with self._lock:
            self._stream.feed(b"\x1b[H" + text.encode())

    # Out

    @property
    def text(self) -> str:
        """What the screen shows."""
        with self._lock:
            return "\n".join(line.rstrip() for line in self._screen.display)

    @property
    def raw(self) -> bytes:
        """All bytes so far."""
        return b"".join(data for _, data in list(self.output))

    @property
    def written(self) -> int:
        """Number of bytes so far."""
        return sum(len(data) for _, data in list(self.output))

    def when(self, wanted: bytes, since: float = 0.0) -> float | None:
        """`time.perf_counter()` at which `wanted` had come in what was written since then; None as long as it has not.

        What comes in two pieces has come with the second.
        """
        held = b""
        for moment, data in list(self.output):
            if moment < since:
                continue
            held = held[-len(wanted) :] + data
            if wanted in held:
                return moment
        return None

    def wait_for(self, wanted: str | Callable[[str], object], seconds: float = 60.0) -> str:
        """Wait until the screen shows a text, or `wanted(text)` is true; what it shows then.

        Raises:
            AssertionError: It does not within `seconds`; the message has the screen.
        """
        seen = ""

        def there() -> bool:
            nonlocal seen
            seen = self.text
            return bool(wanted in seen if isinstance(wanted, str) else wanted(seen))

        try:
            wait_until(there, seconds)
        except AssertionError:
            state = "runs" if self.process.poll() is None else f"ended with {self.process.returncode}"
            what = repr(wanted) if isinstance(wanted, str) else "what is waited for"
            raise AssertionError(f"not within {seconds:g} s: {what}. The program {state}; it shows:\n{seen}") from None
        return seen

    # The process

    def exit_code(self, seconds: float = 30.0) -> int:
        """Wait for the program's end; its exit code, once all it wrote is read."""
        code = self.process.wait(seconds)
        self._wait_until_read(seconds)
        return code

    def kill(self) -> None:
        """`kill -9`, and wait."""
        self.process.kill()
        self.process.wait(10)

    def cpu_seconds(self) -> float:
        """CPU of the program and what it started, so far; of those that ended, what was seen last."""
        total = 0.0
        try:
            root = psutil.Process(self.process.pid)
            for each in (root, *root.children(recursive=True)):
                times = each.cpu_times()
                total += times.user + times.system
        except psutil.Error:
            pass
        self._cpu_s = max(self._cpu_s, total)
        return self._cpu_s

    def rss(self) -> int:
        """Resident bytes of the program."""
        return int(psutil.Process(self.process.pid).memory_info().rss)

    @property
    def gives_keys_as_they_are(self) -> bool:
        """Enter is a carriage return: somebody has taken the terminal from its line editor."""
        return not termios.tcgetattr(self._master)[0] & termios.ICRNL

    def left_behind(self) -> list[str]:
        """What the program did to the terminal and has not undone; empty after a good end."""
        self._wait_until_read(10.0)
        with self._lock:
            modes = dict(self._modes)
        wrong = ["mouse"] if any(modes.get(mode) for mode in _MOUSE) else []
        named = {_ALTERNATE: "alternate screen", _PASTE: "bracketed paste", _FOCUS: "focus events"}
        wrong += [name for mode, name in named.items() if modes.get(mode)]
        wrong += ["cursor hidden"] if modes.get(_CURSOR) is False else []
        wrong += ["line settings"] if termios.tcgetattr(self._master) != self._before else []
        return wrong

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _wait_until_read(self, seconds: float) -> None:
        """All that was written so far has been taken in."""
        wait_until(lambda: not self._reader.is_alive() or not self._readable(), seconds)

    def _readable(self) -> bool:
        with self._lock:
            return bool(select.select([self._master], [], [], 0)[0])

    def _read(self) -> None:
        while not self._leaving.is_set():
            limit = self._bytes_per_s
            size = 65536 if limit is None else int(limit * _SLICE_S)
            if limit is not None:
                self._leaving.wait(_SLICE_S)
            if not size or not select.select([self._master], [], [], 0.1)[0]:
                continue
            with self._lock:
                try:
                    data = os.read(self._master, size)
                except OSError:  # nobody has the other end any more
                    break
                if not data:
                    break
                read = time.perf_counter()
                complete = self._complete(data)
                self._answer(complete)  # before anybody sees that there is something to type after
                self.output.append((read, data))
                self._take(complete)

    def _complete(self, data: bytes) -> bytes:
        """What came, without a sequence that goes on in what comes next."""
        data = self._pending + data
        rest = _INCOMPLETE.search(data)
        end = rest.start() if rest is not None else len(data)
        self._pending = data[end:]
        return data[:end]

    def _answer(self, data: bytes) -> None:
        for asked, answer in _ANSWERS.items():
            if times := data.count(asked):
                os.write(self._master, answer * times)

    def _take(self, data: bytes) -> None:
        for numbers, sign in _MODE.findall(data):
            self._modes.update(dict.fromkeys(map(int, numbers.split(b";")), sign == b"h"))
        if self._emulate:
            self._stream.feed(_UNKNOWN.sub(b"", data))


def _own_environment() -> dict[str, str]:
    """Ours, without what tells the program about our own terminal."""
    left_out = {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT", "TMUX", "STY"}
    left_out |= {"LC_ALL", "LC_CTYPE", "PYTHONUTF8", "PYTHONIOENCODING", "TEXTUAL_COLOR_SYSTEM"}
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    return {**kept, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
