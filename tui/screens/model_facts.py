"""Everything that is known of a model, as labels and values: the short ones first, beside each other where they fit."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui.library.amounts import count_text, size_text
from tui.screens.model_row import ModelRow, Scene, State
from tui.screens.reading_panel import ReadingPanel, labelled
from tui.widgets.visible import one_line, visible

if TYPE_CHECKING:
    from tui.engine.memory_need import MemoryNeed
    from tui.engine.model_files import ModelFiles

_LABEL_COLUMN = 14

Facts = list[tuple[str, str]]


def short_facts(row: ModelRow, scene: Scene) -> Facts:
    """What fits in half a row."""
    files = row.model.files
    if files is None:
        return []
    return [
        ("Architecture", files.architecture or files.model_type),
        ("Context", _context(files, row.need)),
        ("Parameters", _parameters(files)),
        ("KV cache", _kv_cache(row.need)),
        ("Weights", _weights(files)),
        ("Memory", _memory(row.need)),
        ("Size", size_text(files.size_bytes)),
        ("Device", device_text(row, scene)),
    ]


def long_facts(row: ModelRow) -> Facts:
    """What needs a row of its own; the most wanted first."""
    files = row.model.files
    folder: Facts = [("Folder", short_path(row.model.path)), ("Found in", str(row.model.source))]
    if files is None:
        return folder
    made_with = ", ".join(f"{name} {version}" for name, version in files.made_with.items())
    facts = [
        folder[0],
        ("Template", ", ".join(files.template_sources) or "none: it is given the bare text"),
        ("Tokenizer", files.tokenizer_kind),
        ("Licence", files.licence),
        ("Made with", made_with),
        ("Layers", _layers(files)),
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
            return "unloading, when the answer under way has ended"
    return ""


def device_text(row: ModelRow, scene: Scene) -> str:
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


def short_path(path: Path) -> str:
    """A path, with the home folder as ~."""
    try:
        return str(Path("~") / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):
        return str(path)


def _parameters(files: ModelFiles) -> str:
    return count_text(files.parameters) if files.parameters else "unknown"


def _weights(files: ModelFiles) -> str:
    return f"{files.weight_format}, {size_text(files.weight_bytes)}"


def _context(files: ModelFiles, need: MemoryNeed | None) -> str:
    if files.context_length is None:
        return "unknown" if need is None else f"{need.context:,} tokens: it says none"
    if need is None or need.context == files.context_length:
        return f"{files.context_length:,} tokens"
    return f"{need.context:,} of {files.context_length:,} tokens"


def _kv_cache(need: MemoryNeed | None) -> str:
    if need is None:
        return ""
    if not need.kv_cache:
        return "none"
    return f"{size_text(need.kv_cache)}, {size_text(need.kv_cache / need.context)} a token"


def _memory(need: MemoryNeed | None) -> str:
    return f"{size_text(need.total)} of {size_text(need.free)} free" if need is not None else ""


def _layers(files: ModelFiles) -> str:
    if not files.attention or files.head_dims is None:
        return str(files.layers or "")
    key, value = files.head_dims
    size = f"{key}" if key == value else f"{key} and {value}"
    window = f", a window of {files.sliding_window:,} tokens" if files.sliding_window else ""
    return f"{files.layers or len(files.attention)}, {files.kv_heads} key/value heads of {size}{window}"


class ModelFactsScreen(ReadingPanel):
    """All of it, wrapped where it is long.

    Args:
        row: The model.
        scene: What it is looked at with.
    """

    HEADING = "Model"

    def __init__(self, row: ModelRow, scene: Scene) -> None:
        super().__init__()
        self._row = row
        self._scene = scene

    def parts(self) -> Iterable[Widget]:
        yield Static(Content(one_line(self._row.name)), classes="reading--heading")
        if said := doing(self._row, self._scene):
            yield Static(Content(said))
        if (problem := self._scene.problem(self._row)) is not None:
            yield Static(Content.styled(visible(str(problem)), "$text-error"))
        yield Static(labelled([*short_facts(self._row, self._scene), *long_facts(self._row)], _LABEL_COLUMN))
