"""Tokenizer and detokenizer: there, whole, for this release, and of this model."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from tui.engine.errors import OvchatError
from tui.engine.known_operations import unknown_operations
from tui.engine.tokenizer_files import (
    DETOKENIZER_XML,
    TOKENIZER_XML,
    require_half,
    several_texts,
    vocabulary_rows,
)
from tui.library.checks.graph import newer, release, unknown_opset
from tui.library.checks.patient import Patient
from tui.library.findings import Finding, error, warning

_MAKER = "openvino-tokenizers"
# Codes of a graph that is there and cannot be read.
_DAMAGED = {"graph-damaged", "weights-short", "weights-missing"}


def check(patient: Patient) -> Iterator[Finding]:
    """Both graphs; those that can be used are remembered in the patient."""
    yield from _installed()
    for name in (TOKENIZER_XML, DETOKENIZER_XML):
        if patient.unusable & {name, name.replace(".xml", ".bin")}:
            continue
        try:
            graph = require_half(patient.folder, name)
        except OvchatError as failed:
            code = name.removeprefix("openvino_").replace(".xml", "-unreadable")
            yield Finding.of(failed, code if failed.code in _DAMAGED else "")
            continue
        if unknown := unknown_operations(graph, tokenizers=True):
            yield unknown_opset(graph, unknown)
        yield from newer(graph, _MAKER, graph.info.get("openvino_tokenizers_version", ""), "tokenizers-newer")
        if name == TOKENIZER_XML:
            patient.tokenizer = graph
        else:
            patient.detokenizer = graph
    if patient.tokenizer and len(patient.tokenizer.inputs) > 1:
        yield Finding.of(several_texts(len(patient.tokenizer.inputs)))
    yield from _size(patient)


def _installed() -> Iterator[Finding]:
    """OpenVINO and OpenVINO Tokenizers are parts of one program, and have to be of one release."""
    try:
        here, tokenizers = version("openvino"), version(_MAKER)
    except PackageNotFoundError:
        return
    if release(here) != release(tokenizers):
        yield error(
            "install-mismatch",
            f"openvino {here} and {_MAKER} {tokenizers} are installed, which do not fit together.",
            "Install ovchat again: pip install --force-reinstall ovchat",
        )


def _size(patient: Patient) -> Iterator[Finding]:
    rows = patient.model.graph.vocab_size if patient.model else None
    try:
        tokens = vocabulary_rows(patient.detokenizer) if patient.detokenizer else None
    except OvchatError as failed:
        yield Finding.of(failed, "detokenizer-unreadable")
        return
    if rows and tokens and tokens > rows:
        yield warning(
            "tokenizer-larger",
            f"The tokenizer of {patient.name} has {tokens:,} tokens and the model {rows:,}: text that becomes one of "
            f"the last {tokens - rows:,} is refused.",
            "Nothing to do if they are few. Else the tokenizer is another model's: get the model again; or "
            "put its own tokenizer.json and tokenizer_config.json there, then: "
            f"ovchat models convert {shlex.quote(str(patient.folder))} --tokenizer-only",
        )
