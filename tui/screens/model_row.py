"""A model as its row shows it: its facts, what it will take of memory, where it is to run, and how it is doing."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from tui.chat.choice import device_for
from tui.engine.errors import OvchatError, TemplateError, TokenizerMissing

if TYPE_CHECKING:
    from tui.chat.active_model import ModelStatus
    from tui.engine.memory_need import MemoryNeed
    from tui.library.local import LocalModel


class State(StrEnum):
    """How a model is doing, in the words of its row."""

    READING = "…"
    READY = ""
    LOADING = "loading"
    LOADED = "loaded"
    UNLOADING = "unloading"
    FAILED = "failed"
    NOT_FIT = "not fit"
    NO_DEVICE = "device gone"
    BROKEN = "broken"
    OTHER_KIND = "not for chat"
    BAD_TEMPLATE = "bad template"
    NO_TEMPLATE = "no template"


@dataclass(slots=True)
class ModelRow:
    """A model in the table.

    Attributes:
        model: What is known of it.
        need: What it will take of memory, once that is known.
        error: Why it could not be loaded; None where nobody tried, or it could.
        template: What is wrong with its chat template; None for nothing, and while that is not known.
        compiled: Bytes of what is compiled of it, by device.
    """

    model: LocalModel
    need: MemoryNeed | None = None
    error: OvchatError | None = None
    template: OvchatError | None = None
    compiled: Mapping[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What it is found by."""
        return self.model.name

    @property
    def problem(self) -> OvchatError | None:
        """Why it cannot be used, with what a key does about it; None where nothing speaks against it."""
        problem = self.model.problem
        if isinstance(problem, TokenizerMissing):
            return OvchatError(problem.sentence, f"{problem.next_step}    Here: Alt+C")
        return problem

    @property
    def to_convert(self) -> tuple[str, bool]:
        """Its name where something can be made of it, else "", and whether that is the tokenizer alone."""
        model = self.model
        if isinstance(model.problem, TokenizerMissing):
            return model.name, True
        is_source = model.files is not None and model.files.is_wide and model.problem is None
        return (model.name if is_source else ""), False


@dataclass(slots=True)
class Scene:
    """What the rows are looked at with: the model in use, and the devices.

    Attributes:
        status: How things stand with the model in use.
        asked: The model that was asked for here last; "" for none.
        given: The device that the user gave each model, by name.
        set_device: The device that the settings name; "" for none.
        here: The devices that are here, by their names; None while nobody knows.
    """

    status: ModelStatus
    asked: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    set_device: str = ""
    here: Collection[str] | None = None

    @property
    def in_use(self) -> str:
        """The model that is loaded, or is about to be; "" for none."""
        return self.status.title or (self.asked if self.status.loading else "")

    def state(self, row: ModelRow) -> State:
        """How a model is doing: what goes on comes before what its files say."""
        model, status = row.model, self.status
        if row.name == self.in_use:
            if status.loading:
                return State.LOADING
            if status.model is not None:
                return State.LOADED
            if status.stage:
                return State.UNLOADING
        if model.problem is not None:
            return State.OTHER_KIND if model.is_other_kind else State.BROKEN
        if row.error is not None:
            return State.FAILED
        if not model.is_read:
            return State.READING
        if self.is_gone(self.device(row.name)):
            return State.NO_DEVICE
        if row.need is not None and row.need.problem is not None:
            return State.NOT_FIT
        if row.template is not None:
            return State.BAD_TEMPLATE if isinstance(row.template, TemplateError) else State.NO_TEMPLATE
        return State.READY

    def state_text(self, row: ModelRow) -> str:
        """The state in a word or two; while it loads, for how long."""
        state = self.state(row)
        if state is State.LOADING:
            return f"{state} {time.monotonic() - self.status.began:.0f} s"
        return str(state)

    def problem(self, row: ModelRow) -> OvchatError | None:
        """What is wrong with a model, or may be; None for nothing."""
        match self.state(row):
            case State.LOADING:
                return None
            case State.LOADED:
                return row.template
            case State.NO_DEVICE:
                gone = f"{self.device(row.name)} is gone: there is no such device here now."
                here = ", ".join(self.here or ())
                return OvchatError(gone, f"Alt+D chooses another one (here: {here}); ovchat devices tells why.")
            case State.NOT_FIT:
                return row.need.problem if row.need is not None else None
            case State.BAD_TEMPLATE | State.NO_TEMPLATE:
                return row.template
        return row.problem or row.error

    def device(self, name: str) -> str:
        """The device that a model is to run on; "" is the best one."""
        return device_for(name, self.given.get(name), self.set_device)

    def is_gone(self, device: str) -> bool:
        """It is known that such a device is not here. `GPU` is any, and the only one of them is `GPU.0`, too."""
        device = device.upper()
        if self.here is None or device in ("", "AUTO", *self.here):
            return False
        if device == "GPU":
            return not any(name.startswith("GPU") for name in self.here)
        return not (device == "GPU.0" and "GPU" in self.here)
