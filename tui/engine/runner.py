"""The one engine thread: it loads, generates and unloads, one job at a time, in the order asked.

Every computing call on a language model happens there. A job's events are fetched by whoever asked, at their own pace:
the thread never waits for them, and calls nobody.
"""

from __future__ import annotations

import gc
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from tui.engine.errors import Cancelled, OvchatError, TooSlow
from tui.engine.events import Event, Finished, PrefillProgress
from tui.engine.generate import GenerationRequest, generate
from tui.engine.language_model import LanguageModel
from tui.engine.loading import Loading
from tui.engine.options import EngineOptions
from tui.engine.sampling import Sampled
from tui.engine.scoring import score

# Who has typed a question while the model loaded asks it in this time, and had better not find every core busy.
_WARM_UP_AFTER_S = 0.3

EventT = TypeVar("EventT")
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """What loading is busy with, and how many seconds after its beginning that began."""

    stage: str
    seconds: float


class Job(Generic[EventT, ResultT]):
    """Work for the engine thread: iterate over its events, or `drain` them, or wait for the `result`."""

    def __init__(self, work: Callable[[Job[EventT, ResultT]], ResultT]) -> None:
        self._work = work
        self._events: deque[EventT] = deque()
        self._changed = threading.Condition()
        self._result: ResultT | None = None
        self._error: BaseException | None = None
        self.cancelled = threading.Event()
        self._ended = threading.Event()

    def cancel(self) -> None:
        """Ask it to end, from any thread. What is there is kept."""
        self.cancelled.set()

    def drain(self) -> list[EventT]:
        """The events since the last call, without waiting."""
        with self._changed:
            events = list(self._events)
            self._events.clear()
            return events

    @property
    def done(self) -> bool:
        """It has ended; what it said may still be fetched."""
        return self._ended.is_set()

    def wait_for_end(self, seconds: float) -> bool:
        """Wait for the end, at most so long, without waking up for every event; whether it has ended."""
        return self._ended.wait(seconds)

    def wait(self, seconds: float) -> bool:
        """Wait for an event or the end, at most so long; whether there is one."""
        with self._changed:
            return self._changed.wait_for(lambda: bool(self._events) or self.done, seconds)

    def result(self) -> ResultT:
        """Wait for the end.

        Raises:
            OvchatError: What the job failed with.
        """
        with self._changed:
            while not self.done:
                # With a time limit, so that Ctrl+C arrives on every system.
                self._changed.wait(0.5)
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]  # set whenever there is no error

    def __iter__(self) -> Iterator[EventT]:
        """Events as they come, until the job ends; raises what it failed with."""
        while True:
            with self._changed:
                while not self._events and not self.done:
                    self._changed.wait(0.5)
                if not self._events:
                    break
                event = self._events.popleft()
            yield event
        self.result()

    def emit(self, event: EventT) -> None:
        """An event, from the engine thread."""
        with self._changed:
            self._events.append(event)
            self._changed.notify_all()

    def run(self) -> None:
        """Do the work, in the engine thread."""
        try:
            self._result = self._work(self)
        except BaseException as error:
            self._error = error
        self._end()

    def refuse(self, error: OvchatError) -> None:
        """End it without having begun."""
        self._error = error
        self._end()

    def _end(self) -> None:
        with self._changed:
            self._ended.set()
            self._changed.notify_all()


def done(result: ResultT) -> Job[Any, ResultT]:
    """A job that has ended."""
    job: Job[Any, ResultT] = Job(lambda _: result)
    job.run()
    return job


def _go_on(job: Job[Any, Any]) -> None:
    if job.cancelled.is_set():
        raise Cancelled


def _warm_up(model: LanguageModel) -> Job[Any, None]:
    return Job(lambda job: model.warm_up(job.cancelled))


LoadJob = Job[LoadProgress, LanguageModel]
GenerationJob = Job[Event, Finished]
ScoreJob = Job[PrefillProgress, tuple[Sampled, ...]]


class Runner:
    """The engine thread and the model it holds. End it with `close`, or use it with `with`.

    Attributes:
        model: The model; None while there is none.
    """

    def __init__(self) -> None:
        self.model: LanguageModel | None = None
        self._last_own: Mapping[str, Any] = {}
        self._jobs: deque[Job[Any, Any]] = deque()
        self._running: Job[Any, Any] | None = None
        self._warm_up: Job[Any, None] | None = None
        self._cold: LanguageModel | None = None  # loaded just now
        self._load: LoadJob | None = None
        self._left: list[Loading] = []  # that took too long
        self._changed = threading.Condition()
        self._closing = False
        # A daemon: a runner that nobody closed must not keep the process.
        self._thread = threading.Thread(target=self._loop, name="engine", daemon=True)
        self._thread.start()

    @property
    def generation_config(self) -> Mapping[str, Any]:
        """The own sampling values of the model held; while there is none, of the last one."""
        model = self.model
        return model.files.generation_config if model is not None else self._last_own

    def load(
        self,
        folder: Path,
        device: str = "auto",
        options: EngineOptions | None = None,
        verdicts: MutableMapping[str, str] | None = None,
        cache: Path | None = None,
    ) -> LoadJob:
        """Load a model in place of the one held; arguments as `LanguageModel.load`.

        Loaded, it warms up by itself where no job comes soon, and until one comes. A load that has not ended gives way
        to this one: it fails at its next stage, for a compilation cannot be stopped, and its model is never held. One
        that takes longer than `options.load_timeout` fails at once, and the next job does not wait for its end.
        """

        def work(job: LoadJob) -> LanguageModel:
            self._drop_model()
            started = time.perf_counter()

            def progress(stage: str) -> None:
                _go_on(job)
                job.emit(LoadProgress(stage, time.perf_counter() - started))

            try:
                model = self._loaded(
                    lambda: LanguageModel.load(folder, device, options, verdicts, progress, cache), limit
                )
                try:
                    _go_on(job)
                except Cancelled:
                    model.close()
                    raise
            except Cancelled:
                raise OvchatError("Loading the model was given up.") from None
            except TooSlow:
                job.cancel()  # it goes on to its next stage at most
                raise
            self.model = self._cold = model
            return model

        limit = options.load_timeout if options is not None else None
        load: LoadJob = Job(work)
        with self._changed:
            before, self._load = self._load, load
        if before is not None:
            before.cancel()
        return self._submit(load)

    def generate(self, request: GenerationRequest) -> GenerationJob:
        """Answer a request with the model held."""

        def work(job: GenerationJob) -> Finished:
            if self.model is None:
                raise OvchatError("No model is loaded.", "Load one first.")
            for event in generate(self.model, request, job.cancelled):
                job.emit(event)
            assert isinstance(event, Finished)
            return event

        return self._submit(Job(work))

    def score(self, request: GenerationRequest, token_ids: Sequence[int], top: int) -> ScoreJob:
        """What the model held says of the tokens of an answer; arguments as `tui.engine.scoring.score`."""

        def work(job: ScoreJob) -> tuple[Sampled, ...]:
            if self.model is None:
                raise OvchatError("No model is loaded.", "Load one first.")
            scoring = score(self.model, request, token_ids, top, job.cancelled)
            while True:
                try:
                    job.emit(next(scoring))
                except StopIteration as end:
                    scored: tuple[Sampled, ...] = end.value
                    return scored

        return self._submit(Job(work))

    def unload(self) -> Job[None, None]:
        """Give the model's memory back."""
        return self._submit(Job(lambda job: self._drop_model()))

    def close(self) -> None:
        """Cancel what runs, refuse what waits, and unload.

        A compilation cannot be stopped and is waited for: a process that ends in the middle of one aborts. Who cannot
        wait leaves with `os._exit`.
        """
        with self._changed:
            self._closing = True
            if self._running is not None:
                self._running.cancel()
            self._changed.notify_all()
        self._thread.join()
        for loading in self._left:
            loading.wait()

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _submit(self, job: Job[EventT, ResultT]) -> Job[EventT, ResultT]:
        with self._changed:
            if self._closing:
                raise OvchatError("The engine is closed.")
            if self._warm_up is not None:
                self._warm_up.cancel()
            self._jobs.append(job)
            self._changed.notify_all()
        return job

    def _loop(self) -> None:
        while True:
            with self._changed:
                self._running = None
                cold, self._cold = self._cold, None
                if cold is not None and not self._changed.wait_for(self._has_work, _WARM_UP_AFTER_S):
                    self._warm_up = _warm_up(cold)
                    self._jobs.append(self._warm_up)
                self._changed.wait_for(self._has_work)
                if self._closing:
                    break
                self._running = self._jobs.popleft()
            self._running.run()
        for job in self._jobs:
            job.refuse(OvchatError("The engine was closed."))
        self._drop_model()

    def _has_work(self) -> bool:
        return bool(self._jobs) or self._closing

    def _loaded(self, load: Callable[[], LanguageModel], limit: int | None) -> LanguageModel:
        if limit is None:
            return load()
        loading = Loading(load)
        try:
            return loading.result(limit)
        except TooSlow:
            self._left.append(loading)
            raise

    def _drop_model(self) -> None:
        if self.model is not None:
            self._last_own = self.model.files.generation_config
        # First out of sight: other threads read `self.model`.
        model, self.model = self.model, None
        if model is not None:
            model.close()
            gc.collect()
