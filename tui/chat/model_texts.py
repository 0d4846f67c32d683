"""What is known of a model as people read it; for a screen and a shell."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from tui.engine.memory_need import MemoryNeed
from tui.engine.model_files import ModelFiles
from tui.library.amounts import count_text, size_text
from tui.library.findings import Examination, Severity

if TYPE_CHECKING:
    from tui.library.remove import Deletion


def short_path(path: Path) -> str:
    """A path, with the home folder as ~."""
    try:
        return str(Path("~") / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):
        return str(path)


def parameters_text(files: ModelFiles) -> str:
    """How many weights."""
    return count_text(files.parameters) if files.parameters else "unknown"


def weights_text(files: ModelFiles) -> str:
    """Their type, and what they take."""
    return f"{files.weight_format}, {size_text(files.weight_bytes)}"


def context_text(files: ModelFiles, need: MemoryNeed | None) -> str:
    """How long it can be here, and how long the model says it can be where that is another number."""
    if files.context_length is None:
        return "unknown" if need is None else f"{need.context:,} tokens: it says none"
    if need is None or need.context == files.context_length:
        return f"{files.context_length:,} tokens"
    if need.context > files.context_length:
        return f"{need.context:,} tokens: it was made for {files.context_length:,}"
    return f"{need.context:,} of {files.context_length:,} tokens"


def kv_cache_text(need: MemoryNeed | None) -> str:
    """What it takes when the context is full, and a token of it."""
    if need is None:
        return ""
    if not need.kv_cache:
        return "none"
    return f"{size_text(need.kv_cache)}, {size_text(need.kv_cache / need.context)} a token"


def memory_text(need: MemoryNeed | None) -> str:
    """What it takes in all, of what is free."""
    return f"{size_text(need.total)} of {size_text(need.free)} free" if need is not None else ""


def layers_text(files: ModelFiles) -> str:
    """Layers and the heads of their attention."""
    if not files.attention or files.head_dims is None:
        return str(files.layers or "")
    key, value = files.head_dims
    size = f"{key}" if key == value else f"{key} and {value}"
    window = f", a window of {files.sliding_window:,} tokens" if files.sliding_window else ""
    return f"{files.layers or len(files.attention)}, {files.kv_heads} key/value heads of {size}{window}"


def template_text(files: ModelFiles) -> str:
    """Where its chat template is."""
    return ", ".join(files.template_sources) or "none: it is given the bare text"


def made_with_text(files: ModelFiles) -> str:
    """What it was converted with."""
    return ", ".join(f"{name} {version}" for name, version in files.made_with.items())


def deletion_text(target: Deletion) -> str:
    """What deleting a model comes to."""
    model = target.model
    if target.is_link:
        return f"What it leads to, {os.path.realpath(model.path)}, stays."
    files = f"{target.files} {'file' if target.files == 1 else 'files'} in {model.path}"
    return f"That frees {size_text(target.freed)}: {files}."


def findings_text(found: Examination) -> str:
    """How much the doctor has found of each kind, the worst first; "" for nothing."""
    counts = Counter(finding.severity for finding in found.findings)
    return ", ".join(f"{counts[kind]} {kind}{'' if counts[kind] == 1 else 's'}" for kind in Severity if counts[kind])


def looked_at_text(found: Examination) -> str:
    """What the doctor has looked at, and how long that took."""
    return f"Looked at: {', '.join(found.checked)} ({found.seconds:.1f} s)."
