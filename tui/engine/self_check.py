"""Does paged attention compute this model rightly on this device? Asked once, answered by the stateful form.

The transformation is wrong for some architectures (MPT's ALiBi biases are lost) without any error. Both forms compute a
short fixed prompt at f32, one after the other, and their logits must agree.
"""

from __future__ import annotations

import gc
import hashlib
import json
import platform
from collections.abc import Callable, MutableMapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from tui.engine import model as ir
from tui.engine.backend import Backend
from tui.engine.device_memory import Room
from tui.engine.errors import NotEnoughMemory, OvchatError
from tui.engine.memory import available_bytes
from tui.engine.paged import PagedBackend
from tui.engine.read_file import content_of
from tui.engine.stateful import StatefulBackend

# In a model's folder: verdicts by `verdict_key`. The starter has it, so that the first start ever is fast, too.
BROUGHT = "self_check.json"

# More than a block of either device, so that the second one is read through the block table.
_PROMPT_TOKENS = 40
_DECODE_TOKENS = 3
# Of the spread of the logits. Forms that agree differ by 1e-6 to 1e-4 of it, MPT's by 0.1 and more.
_TOLERANCE = 5e-3


class Verdict(StrEnum):
    OK = "ok"
    FAILED = "failed"
    UNCHECKED = "unchecked"


def verdict(
    core: ov.Core,
    xml: Path,
    device: str,
    signature: ir.Signature,
    verdicts: MutableMapping[str, str],
    progress: Callable[[str], None],
) -> Verdict:
    """The remembered verdict, or that of a check made now, which is then remembered.

    A verdict that comes with the model (`BROUGHT`) counts as remembered. "Unchecked" (memory is short) is not
    remembered.
    """
    key = verdict_key(xml, device)
    remembered = verdicts.get(key) or _brought(xml).get(key)
    if remembered in (Verdict.OK, Verdict.FAILED):
        return Verdict(remembered)
    progress("checking paged attention (once for each model and device)")
    found = check(core, xml, device, signature)
    if found is not Verdict.UNCHECKED:
        verdicts[key] = found.value
    return found


def verdict_key(xml: Path, device: str) -> str:
    """What a verdict is remembered by.

    The graph decides, not the weights: two quantisations of one model have different graphs too.
    """
    digest = hashlib.blake2b(xml.read_bytes(), digest_size=12).hexdigest()
    return f"{digest} {device} {platform.machine()} {ov.get_version()}"


def _brought(xml: Path) -> dict[str, str]:
    try:
        brought = json.loads(content_of(xml.with_name(BROUGHT)))
    except (OSError, ValueError, RecursionError):
        return {}
    return brought if isinstance(brought, dict) else {}


def check(core: ov.Core, xml: Path, device: str, signature: ir.Signature) -> Verdict:
    """The verdict of a check made now: two compilations, freed one after the other; unchecked where memory is short."""
    # Weights once, and repacked once.
    if xml.with_suffix(".bin").stat().st_size * 2 > available_bytes():
        return Verdict.UNCHECKED
    try:
        return _compare(core, xml, device, signature)
    except NotEnoughMemory:  # says nothing about the model: next time there may be more
        return Verdict.UNCHECKED


def _compare(core: ov.Core, xml: Path, device: str, signature: ir.Signature) -> Verdict:
    properties: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32"}
    if device.startswith("CPU"):
        # Quantised activations and KV would blur what is compared.
        properties |= {"KV_CACHE_PRECISION": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"}
    elif device.startswith("GPU"):
        properties |= {"KV_CACHE_PRECISION": "f16", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"}
    context = _PROMPT_TOKENS + _DECODE_TOKENS

    def compiled(*, paged: bool) -> ov.CompiledModel:
        return ir.compile_decoder(core, ir.read(core, xml), device, properties, paged=paged)

    def stateful() -> Backend[Any]:
        return StatefulBackend(compiled(paged=False), signature, context_limit=context)

    def paged() -> Backend[Any]:
        room = Room(available_bytes())
        return PagedBackend(compiled(paged=True), model_context=context, asked_context=context, room=room)

    expected = _logits(stateful)
    try:
        computed = _logits(paged)
    except NotEnoughMemory:
        raise
    except OvchatError:
        return Verdict.FAILED
    spread = float(expected.max() - expected.min())
    close = float(np.abs(expected - computed).max()) <= _TOLERANCE * max(spread, 1e-6)
    return Verdict.OK if close else Verdict.FAILED


def _logits(open_backend: Callable[[], Backend[Any]]) -> NDArray[np.float32]:
    """Logits after the prompt's last tokens and after each decoded one, f32[rows, vocab_size]; frees the backend."""
    backend = open_backend()
    try:
        tokens = np.random.default_rng(0).integers(0, backend.vocab_size, _PROMPT_TOKENS + _DECODE_TOKENS)
        sequence = backend.create()
        rows = [backend.step(sequence, tokens[:_PROMPT_TOKENS], rows=4).copy()]
        rows += [backend.step(sequence, tokens[at : at + 1]).copy() for at in range(_PROMPT_TOKENS, len(tokens))]
        return np.concatenate(rows)
    finally:
        backend.close()
        gc.collect()
