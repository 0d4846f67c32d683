"""What is on its way to a terminal that answers in order, late, or not at all."""

from __future__ import annotations

import math
import threading
import time

import pytest

from tui.terminal.in_flight import InFlight


class Terminal:
    """One that has answered once, on a clock of the test's own."""

    def __init__(self, second_bytes: float = 1000) -> None:
        self.now = 100.0
        self.questions = InFlight(second_bytes, lambda: self.now)
        self.ask()
        self.questions.answered()

    def ask(self, count: int = 1) -> None:
        self.questions.ask(count)

    def answer(self, after: float) -> float | None:
        self.now += after
        return self.questions.answered()

    def give_up(self) -> float:
        """When patience ends; how long it was."""
        patience = self.questions.patience_s
        self.now += patience
        self.questions.give_up()
        return patience


def test_two_are_on_their_way_or_one_that_is_big() -> None:
    terminal = Terminal(second_bytes=1000)
    full = []
    for size in (1, 1):
        terminal.ask(size)
        full.append(terminal.questions.is_full)
    assert full == [False, True]
    assert terminal.answer(0.5) == terminal.answer(0.0) == 0.5
    terminal.ask(1000)
    assert terminal.questions.is_full


def test_the_speed_of_the_line_is_what_much_took_beyond_the_way_there_and_back() -> None:
    terminal = Terminal(second_bytes=10_000)
    terminal.ask()
    terminal.answer(0.3)
    assert terminal.questions.bytes_per_s == math.inf
    for count in (3000, 1000):  # the second waits for the first
        terminal.ask(count)
    terminal.answer(1.5)
    assert terminal.questions.bytes_per_s == pytest.approx(2000)
    terminal.answer(0.5)
    assert terminal.questions.bytes_per_s == pytest.approx(2000)
    terminal.ask(2048)
    terminal.answer(20.0)  # something held it up
    assert terminal.questions.bytes_per_s == pytest.approx(2000)


def test_nothing_is_full_where_the_terminal_has_never_answered() -> None:
    questions = InFlight()
    for _ in range(1000):
        questions.ask(1)
    assert not questions.is_full
    assert not questions.awaits_answers
    questions.answered()
    assert questions.is_full
    for _ in range(100):
        questions.answered()
    assert not questions.awaits_answers  # not so many are kept


def test_one_at_a_time_where_it_answers_no_more() -> None:
    terminal = Terminal()
    terminal.ask()
    terminal.give_up()
    for _ in range(100):
        assert not terminal.questions.is_full
        terminal.ask()
        assert terminal.questions.is_full
        terminal.give_up()


def test_an_answer_to_nothing_tells_nothing() -> None:
    terminal = Terminal()
    assert terminal.answer(1.0) is None
    terminal.ask()
    assert terminal.answer(1.0) == 1.0


def test_what_is_taken_back_is_not_waited_for() -> None:
    terminal = Terminal()
    terminal.ask()
    terminal.now += 1
    terminal.ask()
    terminal.questions.take_back()
    assert not terminal.questions.is_full
    assert terminal.answer(1.0) == 2.0
    assert not terminal.questions.awaits_answers


def test_patience_grows_to_a_minute_and_an_answer_ends_that() -> None:
    terminal = Terminal()
    waits = []
    for _ in range(4):
        terminal.ask()
        waits.append(terminal.give_up())
    assert waits == [15, 30, 60, 60]
    terminal.answer(0.0)
    terminal.ask()
    assert terminal.questions.patience_s == 15


def test_late_answers_are_those_of_what_was_given_up() -> None:
    terminal = Terminal()
    terminal.ask()
    terminal.ask()
    terminal.give_up()
    assert not terminal.questions.is_full
    terminal.ask()
    assert terminal.questions.is_full  # three are on their way, maybe
    assert terminal.answer(1.0) == 16.0
    assert terminal.questions.is_full
    assert terminal.answer(1.0) == 17.0
    assert not terminal.questions.is_full
    assert terminal.answer(1.0) == 3.0


def test_a_line_that_moves_is_given_its_time() -> None:
    terminal = Terminal()
    terminal.ask()
    terminal.ask()
    terminal.answer(14.0)
    assert terminal.questions.patience_s == 15


def test_what_was_lost_is_given_up_once() -> None:
    terminal = Terminal()
    terminal.ask()
    terminal.ask()
    terminal.give_up()
    terminal.ask()
    terminal.answer(0.5)  # its own; that of the first one, it seems
    terminal.give_up()
    terminal.ask()
    assert not terminal.questions.is_full
    assert terminal.answer(0.5) == 0.5


def test_somebody_else_had_the_terminal() -> None:
    terminal = Terminal()
    terminal.ask()
    terminal.give_up()
    terminal.ask()
    terminal.questions.forget()
    assert not terminal.questions.awaits_answers
    terminal.ask()
    assert not terminal.questions.is_full
    assert terminal.answer(0.5) == 0.5


@pytest.mark.parametrize(("answered_after", "at_least", "at_most"), [(0.2, 0.1, 4.0), (9.0, 0.4, 4.0)])
def test_waiting_for_the_answers(answered_after: float, at_least: float, at_most: float) -> None:
    terminal = Terminal()
    terminal.ask()
    answer = threading.Timer(answered_after, terminal.questions.answered)
    answer.start()
    began = time.monotonic()
    terminal.questions.wait(5.0 if answered_after < 1 else 0.5)
    assert at_least < time.monotonic() - began < at_most
    answer.cancel()
