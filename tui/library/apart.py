"""Work that may hang in the network, done apart: whoever waits for it can leave at any moment."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

from tui.engine.errors import Cancelled

T = TypeVar("T")

_LOOK_SECONDS = 0.1
_AHEAD = 16  # results that wait to be taken


def apart(
    produce: Callable[[], Iterator[T]], stop: threading.Event, waiting: Callable[[], None] = lambda: None
) -> Generator[T, None, None]:
    """What `produce()` gives, made in a thread of its own.

    A name that does not resolve, a server that does not answer: such calls end when they like. The thread is left to
    itself then; its next result goes nowhere, and it does not keep the process alive.

    Args:
        produce: Makes the results. What it raises is raised here.
        stop: Ends the waiting.
        waiting: Called some ten times a second as long as there is no result.

    Raises:
        Cancelled: `stop` was set.
    """
    results: queue.Queue[tuple[T] | BaseException | None] = queue.Queue(_AHEAD)
    left = threading.Event()

    def hand_over(result: tuple[T] | BaseException | None) -> bool:
        while not left.is_set():
            try:
                results.put(result, timeout=_LOOK_SECONDS)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for result in produce():
                if not hand_over((result,)):
                    return
        except BaseException as error:
            hand_over(error)
        else:
            hand_over(None)

    threading.Thread(target=work, name="apart", daemon=True).start()
    try:
        while True:
            if stop.is_set():
                raise Cancelled
            try:
                result = results.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                waiting()
                continue
            if result is None:
                return
            if isinstance(result, BaseException):
                raise result
            yield result[0]
    finally:
        left.set()


def result_of(work: Callable[[], T], stop: threading.Event, waiting: Callable[[], None] = lambda: None) -> T:
    """What `work()` returns, made as `apart` does.

    Raises:
        Cancelled: `stop` was set.
    """
    return next(apart(lambda: iter([work()]), stop, waiting))
