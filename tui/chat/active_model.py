"""Which model answers: loaded in the background, replaced on demand, looked at by whoever shows it.

Importing the engine takes half a second, so that too happens in a thread, begun by the first `use`.
"""

from __future__ import annotations

import importlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tui.engine.errors import DeviceNotFound, OvchatError
from tui.library.compiled_cache import used
from tui.store.state import State

if TYPE_CHECKING:
    from tui.chat.choice import Choice
    from tui.engine.language_model import LanguageModel
    from tui.engine.runner import LoadJob, Runner

Choose = Callable[[str | None, str | None], "Choice"]

_LOOK_S = 0.1

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """How things stand with the model.

    Attributes:
        choice: What is loaded or being loaded.
        stage: What loading is busy with; "" when it is not under way.
        began: `time.monotonic()` when loading began.
        model: The loaded model, ready to answer.
        error: Why what was asked for is not loaded.
        unloaded: It was unloaded, or is about to be: there is a stage then.
        answering: It is to be unloaded when the answer under way has ended.
    """

    choice: Choice | None = None
    stage: str = ""
    began: float = 0.0
    model: LanguageModel | None = None
    error: OvchatError | None = None
    unloaded: bool = False
    answering: bool = False

    @property
    def title(self) -> str:
        """What the model is called; "" for none."""
        return self.choice.title if self.choice is not None else ""

    @property
    def loading(self) -> bool:
        """Loading is under way."""
        return bool(self.stage) and not self.unloaded


class ActiveModel:
    """The model in use. End it with `close`.

    Args:
        open_runner: Makes the engine thread; may import and take its time.
        choose: From a model's name and a device, each None for "as before", to what to load.
        state: Remembers what was used.

    Attributes:
        runner: The engine thread, once there is one.
        status: How things stand; replaced as a whole, to be looked at from any thread.
    """

    def __init__(self, open_runner: Callable[[], Runner], choose: Choose, state: State) -> None:
        self.runner: Runner | None = None
        self.status = ModelStatus()
        self._open_runner = open_runner
        self._choose = choose
        self._state = state
        # What is to be done next, and the model and the device that were asked for last.
        self._wanted: Callable[[], None] | None = None
        self._asked: tuple[str | None, str | None] = (None, None)
        self._present: dict[str, str] = {}  # by the names that models had before
        self._changed = threading.Condition()
        self._closing = False
        self._loaded: Choice | None = None
        self._job: LoadJob | None = None
        # A daemon, as the engine thread is: a compilation under way cannot be stopped, and quitting does not wait.
        self._thread: threading.Thread | None = None

    def given_device(self) -> str:
        """The device that the user gave the model in use, before what the settings say; "" for none. Reads a file."""
        choice = self.status.choice
        return (choice is not None and self._state.device_of(choice.name)) or ""

    def use(self, model: str | None = None, device: str | None = None) -> None:
        """Load a model in place of the one there. Returns at once; of several, the last one asked for stays."""
        with self._changed:
            self._asked = (model, device)
            self.status = ModelStatus(stage="getting ready", began=time.monotonic())
            self._want(partial(self._load, model, device))

    def unload(self) -> None:
        """Give the model's memory back when the answer under way has ended; a load under way is given up.

        Returns at once. `wake` loads it again.
        """
        with self._changed:
            if self.status.unloaded or self._thread is None:
                return
            if self.status.choice is not None:
                self._asked = (self.status.choice.name, None)
            self.status = ModelStatus(self.status.choice, "unloading", time.monotonic(), unloaded=True)
            self._want(self._unload)

    def wake(self) -> None:
        """Load again what was unloaded; where nothing was, do nothing."""
        with self._changed:
            if self.status.unloaded:
                self.use(*self._asked)

    def forget(self) -> None:
        """As `unload`, for a model that is about to be deleted: `wake` loads what is loaded where nobody says."""
        self.unload()
        with self._changed:
            self._asked = (None, None)
            self.status = replace(self.status, choice=None)

    def renamed(self, old: str, new: str, folder: Path) -> None:
        """A model has another name and folder on the disk now; where it is in use, it stays so.

        Args:
            old: What it was called.
            new: What it is called.
            folder: Its folder.
        """
        with self._changed:
            self._present = {name: new if now == old else now for name, now in self._present.items()} | {old: new}
            self._present.pop(new, None)
            choice = self.status.choice
            if choice is None or choice.title != old:
                return
            if self._asked[0] == choice.name:
                self._asked = (new, self._asked[1])
            renamed = replace(choice, name=new, title=new, folder=folder)
            if self._loaded is choice:
                self._loaded = renamed
            self.status = replace(self.status, choice=renamed)

    def present_name(self, model: str) -> str:
        """What a model is called now that was called so when it was last looked at."""
        return self._present.get(model, model)

    @property
    def given_devices(self) -> Mapping[str, str]:
        """The devices that the user gave models, by name. Reads a file."""
        return self._state.devices

    @property
    def given_options(self) -> Mapping[str, Mapping[str, str]]:
        """The engine options that the user gave models, by name. Reads a file."""
        return self._state.options

    def give_device(self, model: str, device: str) -> None:
        """Run a model on `device` from its next load on; "" on what the settings say, or the best. Writes a file."""
        self._state.give_device(model, device)

    def close(self, timeout: float = 1.0) -> bool:
        """End the engine thread; False where it is still busy after `timeout` seconds."""
        with self._changed:
            self._closing = True
            if self._job is not None:
                self._job.cancel()
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout)
        return self._thread is None or not self._thread.is_alive()

    def _loop(self) -> None:
        while True:
            with self._changed:
                while self._wanted is None and not self._closing:
                    self._changed.wait()
                if self._closing or self._wanted is None:
                    break
                work, self._wanted = self._wanted, None
            try:
                work()
            except OvchatError as error:
                self._set(error)
            except Exception as error:
                logger.exception("the model cannot be loaded")
                self._set(OvchatError(f"The model cannot be loaded ({type(error).__name__}: {error})."))
        if self.runner is not None:
            self.runner.close()

    def _load(self, model: str | None, device: str | None) -> None:
        self._stage("starting the engine")
        if self.runner is None:
            self.runner = self._open_runner()
        choice = self._choose(model, device)
        room = choice.make_room()  # deleting may take long, and the event loop asks for the lock
        with self._changed:
            if self._wanted is not None or self._closing:
                return  # there was no job yet that `use` and `close` could have cancelled
            self._loaded = None
            self.status = replace(self.status, choice=choice)
            verdicts = self._state.verdicts
            self._job = job = self.runner.load(choice.folder, choice.device, choice.options, verdicts, room)
        # Before the first question: it takes 30 ms, and now the engine's thread is busy outside Python.
        importlib.import_module("tui.engine.template_sandbox")
        try:
            for progress in job:
                self._stage(progress.stage)
            loaded = job.result()
        except DeviceNotFound as error:
            raise DeviceNotFound(error.sentence, f"{choice.said_by} {error.next_step}".strip()) from error
        used(choice.folder)
        self._state.used(choice.name, loaded.device)
        if device:
            self._state.give_device(choice.name, loaded.device)
        self._loaded = choice
        self._set()

    def _unload(self) -> None:
        self._loaded = None
        if self.runner is not None:
            job = self.runner.unload()
            while not (job.wait_for_end(_LOOK_S) or self._closing):
                with self._changed:
                    if self._wanted is None:  # a model that is held yet is in use yet
                        self.status = replace(self.status, answering=self.runner.model is not None)
        with self._changed:
            if self._wanted is None:
                self.status = replace(self.status, stage="", answering=False)

    def _want(self, work: Callable[[], None]) -> None:
        self._wanted = work
        if self._job is not None:
            self._job.cancel()
        if self._thread is None:
            self._thread = threading.Thread(target=self._loop, name="model", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _stage(self, stage: str) -> None:
        with self._changed:
            self.status = replace(self.status, stage=stage)

    def _set(self, error: OvchatError | None = None) -> None:
        with self._changed:
            if self._wanted is None:  # else another one is asked for already, and that is what loads
                choice = self._loaded or self.status.choice
                model = self.runner.model if self.runner is not None and self._loaded is not None else None
                self.status = ModelStatus(choice, model=model, error=error)
