"""The write side of the terminal: order, what is dropped, what is bounded, and the end."""

from __future__ import annotations

import asyncio
import os
import threading
import time

import pytest

if os.name != "posix":
    pytest.skip("pipes that do not block are POSIX's", allow_module_level=True)

from tests.terminal.line import FAR, HEIGHT, QUESTION, WIDTH, Line, frame, line
from tests.waiting import wait_until_async
from tui.terminal import output as module
from tui.terminal.link import Link


async def soon() -> None:
    """What was asked of the loop is done."""
    for _ in range(3):
        await asyncio.sleep(0)


async def test_a_frame_is_written_as_what_changed_with_the_cursor_and_a_question() -> None:
    async with line() as far:
        far.output.show(frame("one"), (3, 0))
        assert far.read().endswith(b"\x1b[1;4H" + QUESTION)
        assert far.text()[0] == "one"
        far.now += 1
        far.output.show(frame("one", "two"), (3, 1))
        assert far.read() == b"\x1b[2Htwo\x1b[2;4H" + QUESTION
        far.now += 1
        far.output.show(frame("one", "two"), (3, 1))
        assert far.read() == b""
        assert far.output.frames == 2


async def test_of_frames_that_cannot_be_written_only_the_newest_is() -> None:
    async with line() as far:
        far.output.show(frame("first"), (0, 0))
        far.answer()
        await soon()
        far.stall()
        for number in range(9):
            far.now += 1
            far.output.show(frame("first", f"number {number}"), (0, 0))
        assert far.output.frames == 2  # the first of the nine was under way
        far.now += 1
        await wait_until_async(lambda: far.answer() == b"" and far.output.frames == 3)
        far.answer()
        assert far.text()[:2] == ["first", "number 8"]


async def test_what_is_not_a_frame_is_never_dropped_and_keeps_its_order() -> None:
    async with line() as far:
        far.stall()
        for number in range(5):
            far.output.write(f"\x1b]2;title {number}\x07")
        came = b""
        for _ in range(200):
            came += far.read()
            await asyncio.sleep(0)
        assert came.strip(b"\x00") == b"".join(b"\x1b]2;title %d\x07" % number for number in range(5))


async def test_two_questions_at_most_are_unanswered() -> None:
    async with line() as far:
        await soon()
        for number in range(5):
            far.now += 1
            far.output.show(frame(f"number {number}"), (0, 0))
        assert far.read().count(QUESTION) == 2
        assert far.text()[0] == "number 1"
        far.output.answered()
        await soon()
        assert far.read().count(QUESTION) == 1
        assert far.text()[0] == "number 4"


async def test_a_big_frame_is_waited_for_before_the_next_one_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SECOND_BYTES", WIDTH * HEIGHT)
    async with line() as far:
        await soon()
        for letter in "ab":
            far.now += 1
            far.output.show(frame(*[letter * WIDTH] * HEIGHT), (0, 0))
        assert far.read().count(QUESTION) == 1
        far.output.answered()
        await soon()
        far.read()
        assert far.text() == ["b" * WIDTH] * HEIGHT


async def test_an_answer_that_never_comes_is_not_waited_for_for_ever() -> None:
    async with line() as far:
        await soon()
        for number in range(3):
            far.now += 1
            far.output.show(frame(f"number {number}"), (0, 0))
        far.read()
        assert far.text()[0] == "number 1"
        far.now += 60
        far.output.show(frame("number 3"), (0, 0))
        far.read()
        assert far.text()[0] == "number 3"


async def test_answers_that_come_late_let_no_more_be_on_its_way_than_may_be() -> None:
    async with line() as far:
        await soon()
        for number in range(3):
            far.now += 1
            far.output.show(frame(f"number {number}"), (0, 0))
        far.now += 20
        far.output.show(frame("number 3"), (0, 0))
        on_its_way = far.read().count(QUESTION)
        assert on_its_way == 3  # one more than else
        for number in range(4, 9):
            on_its_way -= 1
            far.output.answered()
            await soon()
            far.now += 1
            far.output.show(frame(f"number {number}"), (0, 0))
            on_its_way += far.read().count(QUESTION)
            assert on_its_way == 2


async def test_a_far_terminal_that_answers_nothing_gets_a_fixed_rate() -> None:
    silent = Line(FAR)
    try:
        silent.output.begin()
        assert silent.output.interval_s == 0.25
        for number in range(40):
            silent.now += 0.05
            silent.output.show(frame(f"number {number}"), (0, 0))
            silent.read()
        assert 7 <= silent.output.frames <= 9  # in two seconds
        silent.output.answered()
        assert silent.output.interval_s == pytest.approx(1 / 5)
    finally:
        silent.close()


async def test_the_interval_is_that_of_the_line_and_longer_where_writing_takes_longer() -> None:
    async with line(Link()) as near:
        assert near.output.interval_s == pytest.approx(1 / 15)
    async with line(there_and_back=0.1) as far:
        await soon()
        for took, interval in ((0.1, 0.2), (0.7, 0.6), (1.3, 1.0)):
            far.now += 10
            far.output.show(frame(f"took {took}"), (0, 0))
            far.now += took
            far.answer()
            await soon()
            assert far.output.write_s == pytest.approx(took)
            assert far.output.interval_s == pytest.approx(interval)


async def test_the_echo_of_a_key_does_not_wait_for_its_turn() -> None:
    async with line() as far:
        await soon()
        far.output.show(frame("answer"), (0, 0))
        far.output.show(frame("answer", "k"), (0, 0))
        far.answer()
        await soon()
        assert far.text()[1] == ""
        far.output.hurry()
        far.output.show(frame("answer", "ke"), (0, 0))
        far.answer()
        assert far.text()[1] == "ke"


async def test_damage_heals_when_asked_and_when_nothing_happens_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_IDLE_S", 0.05)
    async with line() as far:
        await soon()
        for heal in (far.output.invalidate, lambda: None):
            far.now += 1
            far.output.hurry()
            far.output.show(frame("as it is"), (0, 0))
            far.answer()
            far.emulator.feed("\x1b[2J\x1b[31mThe system is going down")
            far.now += 1
            heal()
            await wait_until_async(lambda: bool(far.answer()) and far.text()[0] == "as it is", 5)
        far.now += 1
        await asyncio.sleep(0.2)
        assert far.read() == b""  # once is enough


async def test_a_frame_of_another_size_is_written_whole_and_none_of_the_old_size() -> None:
    async with line() as far:
        far.output.show(frame("old"), (0, 0))
        far.read()
        far.output.forget()
        far.now += 1
        assert far.read() == b""
        far.output.show(frame("new"), (0, 0))
        assert b"new" in far.read()


async def test_pausing_cuts_a_frame_that_waits_and_leaves_the_terminal_as_it_was() -> None:
    async with line() as far:
        await soon()
        far.stall()
        far.output.show(frame(*["x" * WIDTH] * HEIGHT), (0, 0))
        far.output.pause(0.0)
        far.output.write("\x1b[?1049l")
        far.output.show(frame("later"), (0, 0))
        came = b""
        for _ in range(50):
            came += far.read()
            await asyncio.sleep(0)
        assert came.strip(b"\x00") == b"\x18\x1b[r\x1b[m\x1b[?1049l"


async def test_a_long_sequence_is_cut_off_where_leaving_would_wait_for_it() -> None:
    async with line() as far:
        await soon()
        far.output.write(f"\x1b]52;c;{'A' * 200_000}\x07", may_be_cut=True)
        other = threading.Thread(target=lambda: far.output.write(f"\x1b]52;c;{'B' * 200_000}\x07", may_be_cut=True))
        other.start()
        other.join()
        await soon()
        far.output.write("\x1b[?2004l")
        far.output.pause(0.0)
        far.output.write("\x1b[?1049l")
        came = b""
        while not came.endswith(b"l"):
            came += far.read()
            await asyncio.sleep(0)
        assert came.endswith(b"A\x18\x1b[r\x1b[m\x1b[?2004l\x1b[?1049l")
        assert b"B" not in came


async def test_pausing_waits_for_no_answer_to_a_question_that_was_cut() -> None:
    async with line() as far:
        await soon()
        far.stall()
        far.output.show(frame(*["x" * WIDTH] * HEIGHT), (0, 0))
        far.read()
        began = time.monotonic()
        far.output.pause(5.0)
        assert time.monotonic() - began < 3


async def test_pausing_waits_for_the_answers_that_nobody_would_read_later() -> None:
    async with line() as far:
        await soon()
        far.output.show(frame("asks"), (0, 0))
        threading.Timer(0.2, far.output.answered).start()
        began = time.monotonic()
        far.output.pause(5.0)
        assert 0.15 < time.monotonic() - began < 3


@pytest.mark.parametrize("leave", ["pause", "close"])
async def test_nobody_waits_longer_than_told_for_a_line_that_takes_nothing(leave: str) -> None:
    async with line() as far:
        far.output.show(frame("asks"), (0, 0))
        far.stall()
        far.output.write("something")
        far.output._clock = time.monotonic
        began = time.monotonic()
        getattr(far.output, leave)(0.2)
        assert 0.15 < time.monotonic() - began < 2


async def test_a_terminal_that_is_gone_is_written_to_no_more() -> None:
    async with line() as far:
        far.hang_up()
        far.output.show(frame("into nothing"), (0, 0))
        assert far.output.gone
        far.now += 100
        far.output.show(frame("into nothing", "again"), (0, 0))
        far.output.write("and more")
        far.output.pause(1.0)
        far.output.close(1.0)


async def test_what_another_thread_writes_is_written() -> None:
    async with line() as far:
        await asyncio.to_thread(far.output.write, "\x1b[?2048h")
        await wait_until_async(lambda: far.read() == b"\x1b[?2048h")


async def test_bytes_and_frames_per_second_are_those_of_the_last_seconds() -> None:
    async with line() as far:
        for number in range(5):
            far.now += 1
            far.output.show(frame(f"number {number}"), (0, 0))
            far.answer()
            await soon()
        assert far.output.frames_per_s == pytest.approx(1, abs=0.21)
        assert far.output.bytes_per_s > 5
        far.now += 10
        assert far.output.frames_per_s == far.output.bytes_per_s == 0


async def test_what_was_written_long_ago_is_not_kept_where_nobody_asks_for_it() -> None:
    async with line() as far:
        for number in range(100):
            far.now += 1
            far.output.show(frame(f"number {number}"), (0, 0))
            far.answer()
            await soon()
        assert far.output.frames == 100
        assert len(far.output._written) + len(far.output._drawn) < 20
