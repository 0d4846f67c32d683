"""What ends an answer: the files must agree on it, or the model talks on and on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tui.engine.model_shape import text_config
from tui.engine.stopping import ends_of_turn, ids_in
from tui.library.checks.patient import Patient
from tui.library.checks.template import find_template
from tui.library.findings import Finding, warning


def check(patient: Patient) -> Iterator[Finding]:
    """Hold the end-of-sequence ids of the files against each other and against the vocabulary."""
    said = _said(patient)
    everywhere = frozenset[int]().union(*said.values())
    taken = said.get("generation_config.json", frozenset()) | said.get("the tokenizer", frozenset())
    if not everywhere:
        if not _template_ends_turns(patient):
            yield warning(
                "eos-missing",
                f"No file of {patient.name} says which token ends an answer: it goes on to the limit of tokens.",
                'Write {"eos_token_id": ID} into generation_config.json.',
            )
        return
    # What generation_config.json has besides is how families add the end of a turn.
    reference = said.get("generation_config.json") or taken or everywhere
    if any(not ids <= reference for ids in said.values()):
        listed = ", ".join(f"{name} {_ids(ids)}" for name, ids in said.items())
        yield warning(
            "eos-differs",
            f"The files of {patient.name} disagree about the token that ends an answer: {listed}. "
            f"ovchat stops at {_ids(taken) if taken else 'none of them'}.",
            "Ask the model's card which is right and write it into generation_config.json as eos_token_id.",
        )
    rows = patient.model.graph.vocab_size if patient.model else None
    if rows and (outside := {token for token in everywhere if token >= rows}):
        yield warning(
            "eos-outside",
            f"The token that ends an answer of {patient.name}, {_ids(frozenset(outside))}, is not in the model's "
            f"vocabulary of {rows:,} tokens: it can never come.",
            "The files are of another model: get generation_config.json and config.json again.",
        )


def _said(patient: Patient) -> dict[str, frozenset[int]]:
    """The ids by who says them."""
    config = text_config(patient.json.get("config.json", {}))
    tokenizer: Mapping[str, Any] = patient.tokenizer.info if patient.tokenizer else {}
    number = tokenizer.get("eos_token_id", "")
    said = {
        "config.json": ids_in(config.get("eos_token_id")),
        "generation_config.json": ids_in(patient.json.get("generation_config.json", {}).get("eos_token_id")),
        "the tokenizer": ids_in(int(number)) if number.isdecimal() else frozenset[int](),
    }
    return {name: ids for name, ids in said.items() if ids}


def _template_ends_turns(patient: Patient) -> bool:
    template = find_template(patient)
    return not isinstance(template, Finding) and any(ends_of_turn(template.text))


def _ids(ids: frozenset[int]) -> str:
    return " and ".join(map(str, sorted(ids)))
