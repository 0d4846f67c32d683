"""What is wrong with a model, from its files alone: every reason for which loading would refuse it, and more.

No OpenVINO is imported and nothing is compiled; `tui.library.deep_check` does that. Not for the event loop.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tui.engine.errors import ModelBroken, OvchatError
from tui.engine.memory import available_bytes
from tui.engine.model_files import list_files
from tui.engine.options import EngineOptions
from tui.engine.read_file import unreadable
from tui.engine.tokenizer_files import require_tokenizer, special_tokens
from tui.library.checks import config, files, graph, memory, npu, stop_tokens, template, tokenizer
from tui.library.checks.patient import Patient
from tui.library.findings import Examination, Finding, Severity, worst_first

_Check = Callable[[Patient], Iterator[Finding]]

# In this order: each reads what it needs into the patient, and later ones use it.
_OF_FILES: dict[str, _Check] = {
    "files": files.check,
    "graph and weights": graph.check,
    "JSON files": config.check,
}
_OF_A_CHAT_MODEL: dict[str, _Check] = {
    "tokenizer": tokenizer.check,
    "chat template": template.check,
    "stop tokens": stop_tokens.check,
}
_OF_A_WHOLE_MODEL: dict[str, _Check] = {"memory": memory.check, "NPU": npu.check}
# What is something else needs no tokenizer.
_SOMETHING_ELSE = ("kind-not-supported", "not-converted", "graph-missing")


def examine(
    folder: Path, *, free: int | None = None, context: int | None = None, kv_cache: str = "auto", device: str = ""
) -> Examination:
    """Look at a model's files.

    Args:
        folder: Of the model.
        free: Bytes of memory that it may take; None is what the machine has free.
        context: Tokens of the context that it is to have; None is the model's own.
        kv_cache: Type of the KV cache, as `EngineOptions.kv_cache`.
        device: The device that it is meant for; "" where nobody said.

    Raises:
        ModelNotFound: There is no such folder.
    """
    started = time.perf_counter()
    try:
        patient = Patient(
            folder,
            list_files(folder),
            EngineOptions(context=context, kv_cache=kv_cache),
            available_bytes() if free is None else free,
            device,
        )
    except ModelBroken as error:
        return Examination(folder, (Finding.of(error),), ("files",), time.perf_counter() - started)
    checks = dict(_OF_FILES)
    if patient.refusal is None or patient.refusal.code not in _SOMETHING_ELSE:
        checks |= _OF_A_CHAT_MODEL
    if patient.model:
        checks |= _OF_A_WHOLE_MODEL
        if not npu.is_meant(patient):
            del checks["NPU"]
    found = [finding for check in checks.values() for finding in _findings(check, patient)]
    found += _refusals(patient, found)
    # What two checks met is said once, under the name that the later one, which knows more, has for it.
    found = list({finding.sentence: finding for finding in found}.values())
    return Examination(folder, worst_first(found), tuple(checks), time.perf_counter() - started)


def _findings(check: _Check, patient: Patient) -> list[Finding]:
    try:
        return list(check(patient))
    except OSError as error:  # a folder that goes away meanwhile, a network drive that does
        return [Finding.of(unreadable(patient.folder, error))]


def _refusals(patient: Patient, found: list[Finding]) -> list[Finding]:
    """What loading itself would say, if no check has said it: the last word is always its."""
    if any(finding.severity is Severity.ERROR for finding in found):
        return []
    if patient.refusal:
        return [Finding.of(patient.refusal)]
    try:
        require_tokenizer(patient.folder)
        special_tokens(patient.folder)
    except OvchatError as error:
        return [Finding.of(error)]
    return []
