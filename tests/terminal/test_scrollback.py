"""A text into the scrollback of a pseudo-terminal, and who reads and types at its other end."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from tests.waiting import wait_until

if os.name != "posix":
    pytest.skip("pseudo-terminals are POSIX's", allow_module_level=True)

import select
import termios

from tui.terminal.scrollback import Scrollback

LAST = "[the end]"
LONG = "\n".join(f"{number}: 漢字 and words" for number in range(20_000)) + "\n"


class Person:
    """Reads what comes, as quickly as wanted, and answers what a terminal answers; types."""

    def __init__(self, bytes_per_s: float | None = None, *, answers: bool = True) -> None:
        self.master, self.slave = os.openpty()
        self.raw = b""
        self.bytes_per_s = bytes_per_s
        self.answers = answers
        self.here = True
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    @property
    def seen(self) -> str:
        return self.raw.replace(b"\x1b[5n", b"").replace(b"\r\n", b"\n").decode(errors="replace")

    def leave(self) -> None:
        if self.here:
            self.here = False
            self._thread.join()
            os.close(self.master)

    def _read(self) -> None:
        while self.here:
            if self.bytes_per_s == 0 or not select.select([self.master], [], [], 0.05)[0]:
                time.sleep(0.01)
                continue
            with suppress(OSError):
                data = os.read(self.master, 512 if self.bytes_per_s else 65536)
                self.raw += data
                if self.bytes_per_s:
                    time.sleep(len(data) / self.bytes_per_s)
                for _ in range(data.count(b"\x1b[5n") * self.answers):
                    os.write(self.master, b"\x1b[0n")


class Showing:
    """A text being shown, in a thread."""

    def __init__(self, person: Person, text: str = LONG, charset: str = "utf-8") -> None:
        writes = os.open(os.ttyname(person.slave), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
        self.scrollback = Scrollback(person.slave, writes, charset, 0.05)
        self.left: bool | None = None
        self._thread = threading.Thread(target=self._run, args=(text,), daemon=True)
        self._thread.start()

    def _run(self, text: str) -> None:
        self.left = self.scrollback.show(text, LAST)

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()


People = Callable[..., Person]


@pytest.fixture
def people() -> Iterator[People]:
    made: list[Person] = []

    def make(*given: float | None, **options: bool) -> Person:
        made.append(Person(*given, **options))
        return made[-1]

    yield make
    for person in made:
        person.leave()
        with suppress(OSError):
            os.close(person.slave)


@pytest.mark.parametrize("answers", [True, False])
def test_all_of_a_long_text_arrives_and_any_key_ends_it(people: People, answers: bool) -> None:
    person = people(answers=answers)
    before = termios.tcgetattr(person.slave)
    showing = Showing(person)
    wait_until(lambda: LAST in person.seen)
    assert person.seen == f"{LONG}\n{LAST}\n"
    assert not showing.over
    assert not termios.tcgetattr(person.slave)[3] & (termios.ECHO | termios.ICANON | termios.ISIG)
    person.type("x")
    wait_until(lambda: showing.over)
    assert showing.left
    assert termios.tcgetattr(person.slave) == before
    assert person.seen == f"{LONG}\n{LAST}\n"


@pytest.mark.parametrize("key", ["\r", "\x1bv", "\x1b", "q", "\x1b[A", "\x03", "\x1a"])
def test_the_keys_that_end_it(people: People, key: str) -> None:
    person = people()
    showing = Showing(person, "text\n")
    wait_until(lambda: LAST in person.seen)
    # What the terminal tells by itself is no key.
    person.type("\x1b[0n\x1b[I\x1b[?1;2c")
    time.sleep(0.1)
    assert not showing.over
    person.type(key)
    wait_until(lambda: showing.over)


def test_continued_by_a_shell_that_has_set_the_terminal_it_is_left_by_a_key(people: People) -> None:
    person = people()
    showing = Showing(person, "text\n")
    wait_until(lambda: LAST in person.seen)
    mode = termios.tcgetattr(person.slave)
    mode[3] |= termios.ECHO | termios.ICANON
    termios.tcsetattr(person.slave, termios.TCSANOW, mode)
    wait_until(lambda: not termios.tcgetattr(person.slave)[3] & termios.ICANON)
    person.type("\x1b")
    wait_until(lambda: showing.over)


def test_what_is_pasted_there_is_not_typed_into_the_app(people: People) -> None:
    person = people()
    showing = Showing(person, "text\n")
    wait_until(lambda: LAST in person.seen)
    person.type("q" + "echo pasted\n" * 500)
    wait_until(lambda: showing.over)
    assert not select.select([person.slave], [], [], 0)[0]


@pytest.mark.parametrize("key", ["\x03", "\x1bv", "\x1b"])
def test_on_a_slow_line_ctrl_c_stops_the_printing(people: People, key: str) -> None:
    person = people(4_000)
    showing = Showing(person)
    wait_until(lambda: len(person.raw) > 2_000)
    person.type("x")  # waiting for more, somebody may lean on the keyboard
    wait_until(lambda: len(person.raw) > 6_000)
    assert not showing.over
    began = time.monotonic()
    person.type(key)
    wait_until(lambda: showing.over)
    # Of what was on its way there is little.
    assert time.monotonic() - began < 4
    assert LAST not in person.seen
    assert len(person.raw) < 40_000


def test_on_a_stalled_line_it_ends_all_the_same(people: People) -> None:
    person = people()
    showing = Showing(person)
    wait_until(lambda: len(person.raw) > 50_000)
    person.bytes_per_s = 0
    time.sleep(0.1)
    person.type("\x03")
    wait_until(lambda: showing.over, 5)
    assert showing.left


def cut_on_a_stalled_line(person: Person) -> Showing:
    """The rest of what was being written is not written any more."""
    showing = Showing(person)
    wait_until(lambda: len(person.raw) > 50_000)
    person.bytes_per_s = 0
    time.sleep(0.1)  # what was read already is answered
    wait_until(lambda: len(showing.scrollback._waiting) > 1000)
    person.type("\x03")
    wait_until(lambda: showing.scrollback._waiting == b"\n")
    return showing


def test_what_was_cut_is_not_waited_for(people: People) -> None:
    person = people()
    showing = cut_on_a_stalled_line(person)
    person.bytes_per_s = None
    began = time.monotonic()
    wait_until(lambda: showing.over)
    assert time.monotonic() - began < 1
    assert showing.left


def test_a_terminal_that_is_lost_at_the_end_is_told(people: People) -> None:
    person = people()
    showing = cut_on_a_stalled_line(person)
    person.leave()
    wait_until(lambda: showing.over)
    assert showing.left is False


def test_answers_to_nothing_do_not_make_a_line_look_quick(people: People) -> None:
    person = people(answers=False)
    showing = Showing(person)
    wait_until(lambda: person.raw)
    person.type("\x1b[0n" * 10)
    wait_until(lambda: len(person.raw) > 1000)
    time.sleep(0.2)
    assert len(person.raw) < 6000
    person.type("\x03")
    wait_until(lambda: showing.over)


def test_somebody_else_may_end_it(people: People) -> None:
    for text in ("text\n", LONG):
        person = people(4_000 if text is LONG else None)
        before = termios.tcgetattr(person.slave)
        showing = Showing(person, text)
        wait_until(lambda: len(person.raw) > 4)  # noqa: B023
        showing.scrollback.stop()
        wait_until(lambda: showing.over, 5)  # noqa: B023
        assert showing.left
        assert termios.tcgetattr(person.slave) == before


def test_without_a_terminal_it_ends_and_says_so(people: People) -> None:
    person = people()
    showing = Showing(person, "text\n")
    wait_until(lambda: LAST in person.seen)
    person.leave()
    wait_until(lambda: showing.over)
    assert showing.left is False


def test_a_charset_that_has_less(people: People) -> None:
    person = people()
    showing = Showing(person, "“quoted” – 漢\n", "ascii")
    wait_until(lambda: LAST in person.seen)
    assert person.seen.startswith('"quoted" - ??\n')
    person.type("\r")
    wait_until(lambda: showing.over)


def test_a_line_without_an_end_is_cut_between_characters(people: People) -> None:
    person = people()
    text = "漢" * 30_000
    showing = Showing(person, text)
    wait_until(lambda: LAST in person.seen)
    assert person.seen == f"{text}\n{LAST}\n"
    person.type("\r")
    wait_until(lambda: showing.over)
