"""Backends on tiny models at f32, as contract tests want them: opened straight from the graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openvino as ov

from tui.engine import model as ir
from tui.engine.backend import Backend, adopt
from tui.engine.device_memory import Room
from tui.engine.memory import available_bytes
from tui.engine.options import EngineOptions
from tui.engine.paged import PagedBackend
from tui.engine.plugin_properties import compile_properties
from tui.engine.stateful import StatefulBackend
from tui.engine.stateless import StatelessBackend

EXACT = EngineOptions(precision="f32", kv_cache="f32")
CONTEXT = 512


def open_backend(kind: str, folder: Path, options: EngineOptions = EXACT, context: int = CONTEXT) -> Backend:
    """A `paged` or `stateful` backend ("stateful" stands for whatever the signature asks for)."""
    core = ov.Core()
    xml = folder / "openvino_model.xml"
    graph = ir.read(core, xml)
    signature = ir.classify(graph)
    properties = compile_properties(core, "CPU", options, paged=kind == "paged")
    compiled = ir.compile_decoder(core, graph, "CPU", properties, paged=kind == "paged")
    if kind == "paged":
        room = Room(available_bytes())
        return PagedBackend(compiled, model_context=context, asked_context=context, room=room)
    if signature.kind in (ir.Kind.STATEFUL, ir.Kind.HYBRID):
        return StatefulBackend(compiled, signature, context_limit=context)
    return StatelessBackend(compiled, signature, context_limit=context)


def greedy(backend: Backend, prompt: list[int], count: int, chunk: int = 10_000) -> list[int]:
    """`count` greedy tokens after `prompt`, continuing whatever resident sequence fits best."""
    sequence, kept = adopt(backend, np.array(prompt))
    for at in range(kept, len(prompt), chunk):
        logits = backend.step(sequence, prompt[at : at + chunk])
    tokens = [int(logits[-1].argmax())]
    while len(tokens) < count:
        tokens.append(int(backend.step(sequence, tokens[-1:])[-1].argmax()))
    return tokens
