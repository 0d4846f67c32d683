"""The model itself: graph and weights, of a kind that chats, for this OpenVINO, and small enough in its weights."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

from tui.engine.decoder_kind import Kind
from tui.engine.errors import OvchatError
from tui.engine.ir_file import IrFile, read_ir
from tui.engine.known_operations import unknown_operations
from tui.engine.model_files import MODEL_XML, ModelFiles
from tui.library.amounts import names_text, size_text
from tui.library.checks.patient import Patient
from tui.library.find import DEPTH
from tui.library.findings import Finding, error, note, warning
from tui.library.folders import Found, TooManyFolders, models_in

_ELSEWHERE = {"json-broken", "lfs-pointer"}
"""Codes of what other checks find, in every file."""

# What OpenVINO itself puts at the end of the weights; more of it belongs to another graph.
_PADDING = 4096


def check(patient: Patient) -> Iterator[Finding]:
    """Graph and weights."""
    if patient.refusal is not None and patient.refusal.code not in _ELSEWHERE:
        inside = _models_inside(patient) if patient.refusal.code == "graph-missing" else None
        yield inside or Finding.of(patient.refusal)
    if graph := patient.model.graph if patient.model else _graph(patient):
        yield from _of_graph(graph)
    if patient.model:
        yield from _of_kind(patient.model)
        yield from _of_weights(patient.model)


def _models_inside(patient: Patient) -> Finding | None:
    """What to say of a folder that is no model, and has some in it."""
    found: list[Found] = []
    with suppress(TooManyFolders):
        found.extend(models_in(patient.folder, DEPTH, itself=False))
    if not found:
        return None
    found.sort()
    names = names_text([name for name, _ in found])
    return error(
        "graph-missing",
        f"{patient.folder} has no {MODEL_XML}; models lie in it: {names}.",
        f"Name one of them: ovchat models doctor {shlex.quote(str(found[0][1]))}",
    )


def _graph(patient: Patient) -> IrFile | None:
    """The graph where something else kept the folder from being read; None where it is the graph itself."""
    with suppress(OvchatError):
        return read_ir(patient.folder / MODEL_XML)
    return None


def _of_graph(graph: IrFile) -> Iterator[Finding]:
    if unknown := unknown_operations(graph, tokenizers=False):
        yield unknown_opset(graph, unknown)
    yield from newer(graph, "openvino", graph.info.get("Runtime_version", ""), "openvino-newer")


def unknown_opset(graph: IrFile, unknown: list[str]) -> Finding:
    """The finding for operations that reading the graph would fail at."""
    return error(
        "opset-unknown",
        f"{graph.xml} has operations that this OpenVINO does not know: {names_text(unknown)}.",
        "It was made for a newer OpenVINO or another program: update ovchat, or convert the model again.",
    )


def newer(graph: IrFile, package: str, made_with: str, code: str) -> Iterator[Finding]:
    """A finding if a graph was made with a newer release of a package than the one that is installed."""
    try:
        here = version(package)
    except PackageNotFoundError:
        return
    if release(made_with) > release(here):
        yield warning(
            code,
            f"{graph.xml} was made with {package} {made_with.split('-')[0]}, newer than {here}, which is here.",
            "If it fails or answers nonsense: update ovchat, or convert the model with this release.",
        )


def release(text: str) -> tuple[int, ...]:
    """Of `2026.4.1-22982-e213a147257`: (2026, 4, 1); () of what is no version."""
    found = re.match(r"\d+(?:\.\d+){0,2}", text)
    return tuple(map(int, found[0].split("."))) if found else ()


def _of_kind(model: ModelFiles) -> Iterator[Finding]:
    again = "Convert the original model again: --task text-generation-with-past, without --disable-stateful."
    match model.kind:
        case Kind.STATELESS:
            said = "was exported without states: its KV cache is passed in and out at every token, which is slow"
            yield warning("cache-not-stateful", f"{model.name} {said}.", again)
        case Kind.NO_CACHE:
            said = "has no KV cache: every token computes the whole conversation again, which is very slow"
            yield warning("cache-missing", f"{model.name} {said}.", again)
        case Kind.HYBRID:
            said = "has states that cannot be cut back: an earlier message that is edited is computed from the start"
            yield note("cache-hybrid", f"{model.name} {said}.", "Nothing to do: models of this kind are made so.")


def _of_weights(model: ModelFiles) -> Iterator[Finding]:
    if model.weight_format == "f32":
        folder = shlex.quote(str(model.path))
        yield warning(
            "weights-f32",
            f"The weights of {model.name} are f32 ({size_text(model.weight_bytes)}): four times as large, and as slow "
            "to answer, as int8.",
            f"Compress it: ovchat models convert {folder} --preset int8",
        )
    if model.weight_bytes > model.graph.weights_end + _PADDING:
        yield warning(
            "weights-long",
            f"{model.bin} has {model.weight_bytes:,} bytes and {model.xml.name} uses {model.graph.weights_end:,} of "
            "them: they may be of two different models.",
            "Get both files again from the same place.",
        )
