"""Works for jobs that go on until a test lets them go."""

from __future__ import annotations

import threading
from pathlib import Path

from tests.waiting import wait_until
from tui.engine.errors import Cancelled
from tui.library.findings import Examination
from tui.library.jobs import Job, Kind, State, Work
from tui.library.progress import Progress, Report

RESULT = Examination(Path("model"), (), (), 0.0)


class Long:
    """A work that goes on until it is let go, and counts what happens to it."""

    def __init__(self, error: Exception | None = None, progress: Progress | None = None) -> None:
        self.go = threading.Event()
        self.error = error
        self.progress = progress
        self.result = RESULT
        self.begun = self.discarded = self.size = 0

    def do(self, report: Report, stop: threading.Event) -> Examination:
        self.begun += 1
        report(self.progress or Progress("working", self.begun))
        while not self.go.wait(0.002):
            if stop.is_set():
                raise Cancelled
        if self.error is not None:
            raise self.error
        return self.result

    def discard(self) -> None:
        self.discarded += 1

    def pull(self, name: str = "a/b") -> Work:
        return Work(Kind.PULL, name, self.do, self.discard, lambda: self.size)

    def conversion(self, name: str = "c") -> Work:
        return Work(Kind.CONVERSION, name, self.do)


def is_at_work(job: Job) -> None:
    """Wait until it is."""
    wait_until(lambda: job.state is State.RUNNING and job.progress.doing)
