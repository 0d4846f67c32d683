"""Long works that go on beside the chat: pulls, conversions, deep checks, each in a thread of its own.

A front end looks at the jobs a few times a second; nothing here calls it. What a work is made of lies elsewhere
(`tui.library.long_work`), so that this costs nothing to import.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from tui.engine.errors import Cancelled, OvchatError
from tui.library.progress import Progress, Report

if TYPE_CHECKING:
    from tui.library.findings import Examination

logger = logging.getLogger(__name__)


class Kind(StrEnum):
    """What a job does, as people call it."""

    PULL = "pull"
    CONVERSION = "conversion"
    CHECK = "check"


_ONE_AT_A_TIME = frozenset({Kind.CONVERSION, Kind.CHECK})  # two of them would only fight for memory


class State(StrEnum):
    """How a job is doing."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done.

    Attributes:
        kind: What it is.
        name: The model's name.
        do: Does it, as every long work of the library; what the doctor says of the result.
        discard: Deletes what is here of it when it was stopped; None for what leaves nothing behind, which cannot be
            paused.
        size: Bytes that it would delete. Looks at the disk.
        fetched: Whose files it fetches, where another work may use the same ones: they go with the last of these.
    """

    kind: Kind
    name: str
    do: Callable[[Report, threading.Event], Examination]
    discard: Callable[[], object] | None = None
    size: Callable[[], int] = lambda: 0
    fetched: str = ""

    @property
    def identity(self) -> tuple[Kind, str]:
        """Its kind and its model: there is one job of each."""
        return self.kind, self.name


class AlreadyUnderWay(OvchatError):
    """The same is being done already."""


class Job:
    """A work and how it is doing. To be looked at from any thread; it is changed by its `Jobs`.

    Attributes:
        work: What is done.
        state: How it is doing.
        progress: The latest report.
        error: Why it failed.
        result: What came out.
        is_told: Somebody was told that it is done, or why it failed.
        started: When it came to work last, by `time.monotonic`; 0 before.
    """

    def __init__(self, work: Work, state: State = State.WAITING, progress: Progress | None = None) -> None:
        self.work = work
        self.state = state
        self.progress = progress or Progress("")
        self.error: OvchatError | None = None
        self.result: Examination | None = None
        self.is_told = False
        self.started = 0.0
        self._left = self.progress.done  # bytes that were here of it when it was stopped, or looked at since
        self._stop = threading.Event()
        self._is_given_up = False
        self._thread: threading.Thread | None = None

    @property
    def is_live(self) -> bool:
        """It is at work, or waits to be."""
        return self.state in (State.WAITING, State.RUNNING)

    @property
    def is_stopping(self) -> bool:
        """It is at work still, and was told to stop."""
        return self.is_live and self._stop.is_set()

    @property
    def can_pause(self) -> bool:
        """It can be stopped and gone on with."""
        return self.is_live and self.work.discard is not None and not self._stop.is_set()

    @property
    def can_resume(self) -> bool:
        """It was stopped, or failed, and can be tried again."""
        return self.state in (State.PAUSED, State.FAILED)


class Jobs:
    """All of them, in the order in which they were begun."""

    def __init__(self) -> None:
        self._jobs: list[Job] = []
        self._lock = threading.RLock()
        self._is_closed = False

    @property
    def all(self) -> tuple[Job, ...]:
        """Those that are at work, wait or are paused, and those that have ended until they are dismissed."""
        with self._lock:
            return tuple(self._jobs)

    def has(self, job: Job) -> bool:
        """It is listed."""
        return job in self.all

    def news(self) -> list[Job]:
        """Those that have ended since somebody was told; from now on they are told."""
        with self._lock:
            found = [job for job in self._jobs if job.state in (State.DONE, State.FAILED) and not job.is_told]
            for job in found:
                job.is_told = True
        return found

    def begin(self, work: Work) -> Job:
        """Begin it, at once or when the one before it has ended; one of the same that was left takes it up again.

        Raises:
            AlreadyUnderWay: The same is being done.
        """
        with self._lock:
            same = [job for job in self._jobs if job.work.identity == work.identity]
            if any(job.is_live for job in same):
                raise AlreadyUnderWay(f"The {work.kind} of {work.name} is under way already.", "See the list of jobs.")
            self._jobs = [job for job in self._jobs if job not in same]
            job = Job(work)
            self._jobs.append(job)
            self._start_what_may()
        return job

    def add_paused(self, work: Work, progress: Progress) -> None:
        """List what an earlier run has left, unless it is listed."""
        with self._lock:
            if not any(job.work.identity == work.identity for job in self._jobs):
                self._jobs.append(Job(work, State.PAUSED, progress))

    def look_at_stopped(self) -> list[Job]:
        """See how much is here now of what is paused or failed; looks at the disk.

        Returns:
            Those of which there was something and is nothing now: another ovchat has used or deleted it. They are not
            listed any more.
        """
        gone = []
        for job in self.all:
            if not job.can_resume:
                continue
            before, size = job.progress, job.work.size()
            with self._lock:
                if not job.can_resume or job not in self._jobs:  # somebody went on with it meanwhile
                    continue
                if job._left and not size:
                    self._jobs.remove(job)
                    gone.append(job)
                elif before.in_bytes and before.total is None:
                    job.progress = replace(before, done=size)
                job._left = size
        return gone

    def pause(self, job: Job) -> None:
        """Stop it; what is here of it stays."""
        with self._lock:
            if job.can_pause:
                self._stop(job)

    def resume(self, job: Job) -> None:
        """Go on with what was paused, or try again what failed."""
        with self._lock:
            if job.can_resume and not self._is_closed:
                job.state, job.error, job.is_told = State.WAITING, None, False
                job._stop = threading.Event()
                self._start_what_may()

    def cancel(self, job: Job) -> None:
        """Stop it and delete what is here of it. It is not listed any more when that is done."""
        with self._lock:
            job._is_given_up = True
            job._stop.set()
            if job.state is State.RUNNING:
                return  # its thread sees to it
            if job.state is not State.DONE and job.work.discard is not None:
                self._start(job, self._give_up)
            elif job in self._jobs:
                self._jobs.remove(job)

    def is_shared(self, job: Job) -> bool:
        """What was fetched for it stays if it is cancelled: another job, which nobody has given up, uses it."""
        others = (other for other in self.all if other is not job and other.state is not State.DONE)
        fetched = job.work.fetched
        return any(fetched and other.work.fetched == fetched and not other._is_given_up for other in others)

    def dismiss(self, job: Job) -> None:
        """Do not list one that has ended any more."""
        with self._lock:
            if not job.is_live and job in self._jobs:
                self._jobs.remove(job)

    def close(self, seconds: float) -> bool:
        """Stop all of them for good; whether they have ended within that time."""
        deadline = time.monotonic() + seconds
        with self._lock:
            self._is_closed = True
            for job in self.all:
                self._stop(job)
            threads = [job._thread for job in self._jobs if job._thread is not None]
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    # With the lock

    def _stop(self, job: Job) -> None:
        job._stop.set()
        if job.state is State.WAITING:
            self._stopped(job)

    def _start_what_may(self) -> None:
        if self._is_closed:
            return
        for job in self._jobs:
            busy = any(other.work.kind is job.work.kind and other.state is State.RUNNING for other in self._jobs)
            if job.state is State.WAITING and not (busy and job.work.kind in _ONE_AT_A_TIME):
                self._start(job, self._run)

    def _start(self, job: Job, run: Callable[[Job], None]) -> None:
        job.state, job.started = State.RUNNING, time.monotonic()
        # A daemon: what is stopped at the end of the process is not waited for longer than `close` is told to.
        job._thread = threading.Thread(target=run, args=(job,), name=f"{job.work.kind} {job.work.name}", daemon=True)
        job._thread.start()

    def _stopped(self, job: Job) -> None:
        if job.work.discard is None:
            self._jobs.remove(job)
        else:
            job.state = State.PAUSED

    # In the job's thread

    def _run(self, job: Job) -> None:
        def report(progress: Progress) -> None:
            job.progress = progress

        try:
            result = job.work.do(report, job._stop)
        except Cancelled:
            self._end_stopped(job)
        except Exception as error:
            if job._is_given_up:
                self._end_stopped(job)
            else:
                self._fail(job, error)
        else:
            with self._lock:
                job.result, job.state = result, State.DONE
                for other in self._jobs:
                    if job.work.fetched and other.work.fetched == job.work.fetched:  # that went with this one
                        other._left = 0
                self._start_what_may()

    def _end_stopped(self, job: Job) -> None:
        left = job.work.size()
        with self._lock:
            if not job._is_given_up:
                job._left = left
                self._stopped(job)
                self._start_what_may()
                return
        self._give_up(job)

    def _give_up(self, job: Job) -> None:
        try:
            if job.work.discard is not None and not self.is_shared(job):
                job.work.discard()
        except Exception as error:
            self._fail(job, error)
            return
        with self._lock:
            self._jobs.remove(job)
            self._start_what_may()

    def _fail(self, job: Job, error: Exception) -> None:
        if not isinstance(error, OvchatError):
            logger.error("the %s of %s", job.work.kind, job.work.name, exc_info=error)
            sentence = f"The {job.work.kind} of {job.work.name} failed: {error!r}."
            error = OvchatError(sentence, "ovchat --debug writes a log that says where.")
        left = job.work.size()
        with self._lock:
            job._is_given_up, job._left = False, left
            job.error, job.state = error, State.FAILED
            self._start_what_may()
