"""A model folder becomes a backend: choose how to run it, check that choice once, compile it.

Knows graphs, devices and options; no text.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openvino as ov

from tui.engine import model as ir
from tui.engine import self_check
from tui.engine.backend import Backend
from tui.engine.context import context_limit
from tui.engine.device_memory import room_on
from tui.engine.errors import BadParameter, ModelNotSupported
from tui.engine.memory import available_bytes
from tui.engine.memory_need import FALLBACK_CONTEXT, check_weights
from tui.engine.model_files import ModelFiles
from tui.engine.npu import NpuBackend, npu_obstacle
from tui.engine.npu_lengths import DEFAULT_CONTEXT, lengths_for
from tui.engine.options import EngineOptions
from tui.engine.paged import PagedBackend
from tui.engine.plugin_properties import cache_properties, compile_properties, npu_properties
from tui.engine.stateful import StatefulBackend
from tui.engine.stateless import StatelessBackend

# Tokens times bytes of weights in one call of the prefill.
_CHUNK_BYTES = 1024 * 2**30

# How the slow forms were exported.
_SLOW = {
    ir.Kind.STATELESS: "with its KV cache passed in and out",
    ir.Kind.NO_CACHE: "without a KV cache: every token computes the whole conversation again",
}


@dataclass(frozen=True, slots=True)
class Opened:
    """A backend ready to compute.

    Attributes:
        backend: It.
        precision: Inference precision in use (`f32`, `bf16`, `f16`).
        kv_cache: Element type of the KV cache, or "" where the device does not tell.
        notices: What the user should know, one sentence each.
    """

    backend: Backend[Any]
    precision: str
    kv_cache: str
    notices: tuple[str, ...]


def open_backend(
    core: ov.Core,
    files: ModelFiles,
    device: str,
    options: EngineOptions,
    verdicts: MutableMapping[str, str],
    progress: Callable[[str], None],
    cache: Path | None = None,
) -> Opened:
    """Read, classify, check and compile a model.

    Args:
        core: Where devices are asked for.
        files: The model's folder.
        device: A resolved device name.
        options: The user's.
        verdicts: Remembered self-checks; read, and written to where this model was checked now.
        progress: Told what is being done, a few words each.
        cache: Where compiled models are kept, in a folder for each device; None for nowhere.

    Raises:
        OvchatError: With what is wrong and what to do.
    """
    progress("reading the model")
    check_weights(files, available_bytes())
    graph = ir.read(core, files.xml)
    signature = ir.classify(graph)
    notices: list[str] = []
    obstacle = paged_obstacle(signature, device)
    if not obstacle and options.backend != "stateful":
        verdict = self_check.verdict(core, files.xml, device, signature, verdicts, progress)
        if verdict is self_check.Verdict.UNCHECKED:
            notices.append("Paged attention is unchecked for this model: there is too little memory for the check.")
        elif verdict is self_check.Verdict.FAILED:
            obstacle = "paged attention computes this model wrongly"
            notices.append("Paged attention computes this model wrongly, so it runs with the stateful backend.")
    if obstacle and options.backend == "paged":
        raise BadParameter(f"backend=paged is not possible for this model: {obstacle}.", "Use backend=auto.")

    paged = not obstacle and options.backend != "stateful"
    properties = compile_properties(core, device, options, paged=paged) | cache_properties(device, cache)
    model_context = files.context_length or FALLBACK_CONTEXT
    if on_npu := device.startswith("NPU"):
        if why := npu_obstacle(signature):
            raise ModelNotSupported(f"{device} cannot run {files.name}: {why}.", "Choose the CPU or a GPU for it.")
        model_context = min(model_context, DEFAULT_CONTEXT)
    # What a state is stored as is the plugin's secret; f16 is the largest that it chooses by itself.
    per_token = 0 if paged else files.kv_bytes_per_token("f16")
    context = context_limit(asked=options.context, model=model_context, bytes_per_token=per_token)
    lengths = lengths_for(context)
    if on_npu:
        properties |= npu_properties(lengths)

    progress(f"compiling for {device}{_takes_long(device, cache)}")
    compiled = ir.compile_decoder(core, graph, device, properties, paged=paged)
    del graph
    kv_cache = _property(compiled, "KV_CACHE_PRECISION")
    backend: Backend[Any]
    chunk_size = _chunk_size(files.weight_bytes)
    if on_npu:
        backend = NpuBackend(compiled, signature, lengths=lengths, context_limit=context)
        chunk_size = lengths.context  # a prompt is computed at once
    elif paged:
        room = room_on(core, device, files.weight_bytes)
        backend = PagedBackend(compiled, model_context=model_context, asked_context=options.context, room=room)
        kv_cache = backend.kv_cache
    else:
        kind = StatefulBackend if signature.kind in (ir.Kind.STATEFUL, ir.Kind.HYBRID) else StatelessBackend
        backend = kind(compiled, signature, context_limit=context)
    backend.chunk_size = chunk_size
    if signature.kind in _SLOW:
        notices.append(
            f"This model was exported {_SLOW[signature.kind]}, which is slow: export it again, stateful, "
            "with --task text-generation-with-past."
        )
    if not backend.capabilities.selects_rows:
        notices.append("Logits of every prompt token are computed: the LM head of this model was not recognised.")
    return Opened(backend, _property(compiled, "INFERENCE_PRECISION_HINT"), kv_cache, tuple(notices))


def _takes_long(device: str, cache: Path | None) -> str:
    """A warning where a device compiles for minutes and nothing of that is kept from before."""
    if not device.startswith("NPU") or (cache is not None and any((cache / device).glob("*.blob"))):
        return ""
    return " (the first time, that takes minutes)"


def paged_obstacle(signature: ir.Signature, device: str) -> str:
    """Why this model cannot run with paged attention on this device; "" where it may."""
    if signature.kind is not ir.Kind.STATEFUL:
        return f"it is a {signature.kind} decoder"
    if not device.startswith(("CPU", "GPU")):
        return f"{device} has no paged attention"
    return ""


def _chunk_size(weight_bytes: int) -> int:
    """Tokens of prompt per call: a second or so of work, and the same in every run, or replays would round differently.

    Each call reads the KV of all calls before it, so small models lose 10 % of a long prefill with chunks of 512.
    """
    wanted = _CHUNK_BYTES // max(weight_bytes, 1)
    return max(256, min(2048, 1 << (wanted.bit_length() - 1 if wanted else 0)))


def _property(compiled: ov.CompiledModel, name: str) -> str:
    try:
        value = compiled.get_property(name)
    except RuntimeError:
        return ""
    return value.get_type_name() if isinstance(value, ov.Type) else str(value)
