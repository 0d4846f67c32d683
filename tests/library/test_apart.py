from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.waiting import wait_until
from tui.engine.errors import Cancelled
from tui.library.apart import apart, result_of


def test_what_is_made_apart_comes_in_order() -> None:
    assert list(apart(lambda: iter(range(100)), threading.Event())) == list(range(100))
    assert result_of(lambda: 7, threading.Event()) == 7


def test_what_it_raises_is_raised_here_after_what_came_before() -> None:
    def produce() -> Iterator[int]:
        yield 1
        raise LookupError("gone")

    results = apart(produce, threading.Event())
    assert next(results) == 1
    with pytest.raises(LookupError, match="gone"):
        next(results)


def test_work_that_hangs_is_left() -> None:
    hang, stop = threading.Event(), threading.Event()
    threading.Timer(0.05, stop.set).start()
    with pytest.raises(Cancelled):
        result_of(hang.wait, stop)
    hang.set()


def test_who_waits_is_called_meanwhile() -> None:
    go_on, called = threading.Event(), []

    def waiting() -> None:
        called.append(1)
        go_on.set()

    assert result_of(lambda: go_on.wait(20), threading.Event(), waiting)
    assert called


def test_whoever_leaves_ends_the_work_at_its_next_result() -> None:
    ended = threading.Event()

    def produce() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            ended.set()

    results = apart(produce, threading.Event())
    assert next(results) == 1
    results.close()
    wait_until(ended.is_set)
