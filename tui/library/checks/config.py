"""config.json and the other JSON files, and what hangs on them: the context length."""

from __future__ import annotations

from collections.abc import Iterator

from tui.engine.errors import OvchatError
from tui.engine.memory_need import FALLBACK_CONTEXT
from tui.engine.read_file import read_json
from tui.engine.sampling_resolve import not_followed
from tui.library.checks.files import JSON_FILES
from tui.library.checks.patient import Patient
from tui.library.findings import Finding, warning


def check(patient: Patient) -> Iterator[Finding]:
    """Read the JSON files into the patient; say what is wrong with them."""
    for name in JSON_FILES:
        if name in patient.unusable:
            continue
        try:
            patient.json[name] = read_json(patient.folder / name)
        except OvchatError as error:
            yield Finding.of(error)
    if patient.refusal and patient.refusal.code == "graph-missing":
        return  # no model, so nothing is missing of one
    if "config.json" not in patient.sizes:
        yield warning(
            "config-missing",
            f"{patient.folder} has no config.json: architecture and context length are unknown, and a context of "
            f"{FALLBACK_CONTEXT:,} tokens is taken.",
            "Copy config.json from the original model, or set the context: -o context=N",
        )
    elif patient.model and patient.model.context_length is None:
        yield warning(
            "context-unknown",
            f"config.json of {patient.name} does not say how long a context the model was made for; "
            f"{FALLBACK_CONTEXT:,} tokens are taken.",
            "If its makers say more, or less: -o context=N",
        )
    for said in not_followed(patient.json.get("generation_config.json", {})):
        yield warning(
            "sampling-not-followed", said, f"Correct it in {patient.folder / 'generation_config.json'}, or take it out."
        )
