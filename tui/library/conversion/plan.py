"""What converting a model will come to: from what, to what, where, and what it takes. Writes nothing but a log."""

from __future__ import annotations

import re
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from tui.engine.memory import available_bytes
from tui.library.amounts import size_text
from tui.library.conversion.begun import Begun
from tui.library.conversion.environment import Environment, environment, of_user
from tui.library.conversion.failures import Advice, ConversionFailed, Remedy
from tui.library.conversion.need import Need, need_of
from tui.library.conversion.pins import pins_for
from tui.library.conversion.presets import PRESETS, Weights, default_preset
from tui.library.conversion.source import Source, find_source
from tui.library.conversion.tool import Where, logged
from tui.library.download import Patience
from tui.library.find import Places, find_models
from tui.library.new_name import folder_of, why_no_name, why_taken
from tui.library.pull import free_bytes

# How the name of a model ends that is OpenVINO's in 16 or 32 bits, here and on the hub.
_WIDE = re.compile(r"-(fp16|bf16|fp32)-ov$")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done.

    Attributes:
        source: What is converted.
        weights: How its weights will be stored.
        name: What the model will be called.
        models: The models folder.
        begun: What stays of it if it fails; None for a folder, of which nothing does.
        environment: Where the tools run.
        need: What it takes.
        free_disk: Bytes that are free on the disk of the models folder.
        free_memory: Bytes of memory that are free.
        trust: Python code that comes with the model is run.
        notices: What to know.
    """

    source: Source
    weights: Weights
    name: str
    models: Path
    begun: Begun | None
    environment: Environment
    need: Need
    free_disk: int
    free_memory: int
    trust: bool
    notices: tuple[Advice, ...]

    @property
    def folder(self) -> Path:
        """Where the model will be."""
        return folder_of(self.name, self.models)

    @property
    def installs(self) -> bool:
        """The tools have to be installed first."""
        return not self.environment.is_ready

    @property
    def memory_is_short(self) -> bool:
        """More memory is needed than is free, as far as can be told."""
        return self.need.memory > self.free_memory


def plan_conversion(
    asked: str,
    stop: threading.Event,
    *,
    weights: Weights | None = None,
    name: str = "",
    python: Path | None = None,
    trust: bool = False,
    places: Places | None = None,
    patience: Patience | None = None,
) -> Plan:
    """What converting a model comes to. Writes nothing but a log.

    Args:
        asked: A folder, the name of a model that is here, or OWNER/NAME on the hub.
        stop: Ends it.
        weights: How to store its weights; None chooses by its size.
        name: What to call it; "" is its name and the format.
        python: An environment of the user's: an interpreter, or a folder.
        trust: Run Python code that comes with the model.
        places: Where models are.
        patience: How long to go on asking the hub.

    Raises:
        OvchatError: It cannot be converted, or there is no room on the disk.
        Cancelled: `stop` was set.
    """
    places = places or Places()
    source = find_source(asked, stop, places=places, patience=patience)
    weights = weights or PRESETS[default_preset(source.stored.parameters)].weights
    if source.is_ir and not weights.is_compressed:
        raise ConversionFailed(
            f"{source.name} is OpenVINO's already.", "Choose a format with fewer bits.", Remedy.WEIGHTS
        )
    name = name or f"{_WIDE.sub('', source.name.rpartition('/')[2])}-{weights.suffix}"
    _require_free(name, places)
    if source.has_code and not trust and not source.is_ir:
        text = f"{source.name} comes with Python code of its own, which is not run unless you allow it."
        notices = [Advice(text, (Remedy.CODE,))]
    else:
        notices = []
    chosen, more = environment_for(source.model_type, source.name, python, stop)
    begun, held = None, 0
    if source.repository is not None:
        begun = Begun(places.models, source.repository.id)
        held = begun.held(source.repository)
    need = need_of(source, weights, installs=not chosen.is_ready, held=held)
    plan = Plan(
        source,
        weights,
        name,
        places.models,
        begun,
        chosen,
        need,
        free_bytes(places.models),
        available_bytes(),
        trust,
        (*notices, *map(Advice, more)),
    )
    if need.disk > plan.free_disk:
        raise ConversionFailed(
            f"Converting {source.name} takes {size_text(need.disk)} of the disk, and {size_text(plan.free_disk)} are "
            f"free on that of {places.models}.",
            "Make room, or set OVCHAT_HOME to a larger disk.",
        )
    return plan


def _require_free(name: str, places: Places) -> None:
    if why := why_no_name(name):
        raise ConversionFailed(f"{name!r} cannot be a name: {why}.", "Give it another name.", Remedy.NAME)
    if why := why_taken(name, places.models, find_models(places)):
        raise ConversionFailed(why, "Give it another name, or remove what is there first.", Remedy.NAME)


def environment_for(
    model_type: str, name: str, python: Path | None, stop: threading.Event
) -> tuple[Environment, list[str]]:
    """Where the tools for an architecture run, and what to know about that; logged by a name, raises as `of_user`."""
    pins = pins_for(model_type)
    if python is None:
        return environment(pins), []
    with tempfile.TemporaryDirectory() as scratch, logged(name) as log:
        return of_user(python, pins, Where(Path(scratch), log, {}), stop)
