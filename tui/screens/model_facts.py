"""Everything that is known of a model, as labels and values: the short ones first, beside each other where they fit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui.chat.device_texts import compiled_for_text
from tui.chat.model_texts import (
    context_text,
    kv_cache_text,
    layers_text,
    made_with_text,
    memory_text,
    parameters_text,
    short_path,
    template_text,
    weights_text,
)
from tui.engine.memory_need import memory_need
from tui.engine.options import EngineOptions
from tui.library.amounts import size_text
from tui.library.find import Source
from tui.screens.model_row import ModelRow, Scene, State
from tui.screens.reading_panel import ReadingPanel
from tui.widgets.fact_list import FactList
from tui.widgets.memory_picture import MemoryPicture
from tui.widgets.visible import one_line, visible

_LABEL_COLUMN = 14
_SHORTEST, _LONGEST = 512, 131_072  # contexts that are tried; the longest where the model says none

Facts = list[tuple[str, str]]


def short_facts(row: ModelRow, scene: Scene) -> Facts:
    """What fits in half a row."""
    files = row.model.files
    if files is None:
        return []
    return [
        ("Architecture", files.architecture or files.model_type),
        ("Context", context_text(files, row.need)),
        ("Parameters", parameters_text(files)),
        ("KV cache", kv_cache_text(row.need)),
        ("Weights", weights_text(files)),
        ("Memory", memory_text(row.need)),
        ("Size", size_text(files.size_bytes)),
        ("Device", _device_text(row, scene)),
    ]


def long_facts(row: ModelRow) -> Facts:
    """What needs a row of its own; the most wanted first."""
    files = row.model.files
    where = f", {short_path(row.model.place)}" if row.model.source is Source.ADDED else ""
    folder: Facts = [("Folder", short_path(row.model.path)), ("Found in", f"{row.model.source}{where}")]
    if files is None:
        return folder
    facts = [
        folder[0],
        ("Template", template_text(files)),
        ("Tokenizer", files.tokenizer_kind),
        ("Licence", files.licence),
        ("Compiled for", compiled_for_text(row.compiled)),
        ("Made with", made_with_text(files)),
        ("Layers", layers_text(files)),
        folder[1],
    ]
    return [(label, value) for label, value in facts if value]


def doing(row: ModelRow, scene: Scene) -> str:
    """What goes on with a model, in a few words; "" for nothing."""
    status = scene.status
    match scene.state(row):
        case State.LOADED if status.model is not None:
            model = status.model
            kv_cache = f", KV cache in {model.kv_cache}" if model.kv_cache else ""
            how = f"{model.precision}{kv_cache}, a context of {model.context_limit:,} tokens"
            return f"loaded on {model.device} in {model.load_s:.1f} s: {how}"
        case State.LOADING:
            return f"{scene.state_text(row)}: {status.stage}"
        case State.UNLOADING:
            return "unloading, when the answer under way has ended" if status.answering else "unloading"
    return ""


def _device_text(row: ModelRow, scene: Scene) -> str:
    """Where a model runs, or would run, and who says so."""
    if scene.state(row) is State.LOADED and scene.status.model is not None:
        return f"{scene.status.model.device}, in use"
    device = scene.device(row.name)
    if not device:
        return "auto: the best one here"
    if scene.is_gone(device):
        return f"{device}, gone"
    if row.name in scene.given:
        return f"{device}, given to it"
    return f"{device}, by engine.device" if scene.set_device else f"{device}: it is so small"


class ModelFactsScreen(ReadingPanel):
    """All of it, wrapped where it is long.

    Args:
        row: The model.
        scene: What it is looked at with.
        options: How it is to be compiled.
    """

    HEADING = "Model"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "context(-1)", "Less context", id="facts.shorter", tooltip="The memory it takes with less."),
        Binding("right", "context(1)", "More", id="facts.longer", tooltip="The memory it takes with more."),
    ]

    def __init__(self, row: ModelRow, scene: Scene, options: EngineOptions) -> None:
        super().__init__()
        self._row = row
        self._scene = scene
        self._options = options
        self._need = row.need

    def parts(self) -> Iterable[Widget]:
        yield Static(Content.styled(one_line(self._row.name), "$text-primary"))
        if said := doing(self._row, self._scene):
            yield Static(Content(said))
        if (problem := self._scene.problem(self._row)) is not None:
            yield Static(Content.styled(visible(str(problem)), "$text-error"))
        if self._need is not None:
            yield MemoryPicture(self._need)
        yield FactList({"": [*short_facts(self._row, self._scene), *long_facts(self._row)]}, _LABEL_COLUMN)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._need is not None if action == "context" else True

    def action_context(self, direction: int) -> None:
        """Show the memory that it takes with another context; nothing is set."""
        files, need = self._row.model.files, self._need
        if files is None or need is None:
            return
        longest = max(files.context_length or _LONGEST, need.context)
        known = {_SHORTEST << step for step in range(32) if _SHORTEST << step < longest} | {longest, need.context}
        steps = sorted(known)
        at = min(max(steps.index(need.context) + direction, 0), len(steps) - 1)
        self._need = memory_need(files, replace(self._options, context=steps[at]), need.free)
        self.query_one(MemoryPicture).show(self._need)
