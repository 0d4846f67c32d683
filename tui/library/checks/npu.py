"""Whether a model is one that an NPU runs, and why not (notes of OpenVINO's NPU plugin)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tui.engine.decoder_kind import Kind
from tui.engine.model_files import ModelFiles
from tui.library.checks.patient import Patient
from tui.library.findings import Finding, note, warning

_COMPRESSION = "nncf/weight_compression/"
_CONVERT = (
    "Convert the original model for it: ovchat models convert ORG/NAME --preset npu; or take a model whose name ends "
    "in -cw-ov."
)


def is_meant(patient: Patient, root: Path = Path("/")) -> bool:
    """The model is meant for an NPU, or this machine has one."""
    return _is_asked_for(patient) or any((root / "dev/accel").glob("accel*"))


def check(patient: Patient) -> Iterator[Finding]:
    """A warning where an NPU was asked for, else a note."""
    if patient.model is None:
        return
    if reasons := list(_reasons(patient.model)):
        kind = warning if _is_asked_for(patient) else note
        yield kind("npu-unfit", f"{patient.name} is not made for an NPU: {'; '.join(reasons)}.", _CONVERT)


def _is_asked_for(patient: Patient) -> bool:
    return patient.device.upper().startswith("NPU")


def _reasons(model: ModelFiles) -> Iterator[str]:
    if model.kind is not Kind.STATEFUL:
        yield f"it is a {model.kind} decoder, and only stateful ones run there"
    info = model.graph.info
    mode = info.get(_COMPRESSION + "mode", "")
    if mode not in ("int4_sym", "nf4"):
        yield f"its weights are {mode or model.weight_format}, and an NPU wants int4_sym or nf4"
        return
    if (group := info.get(_COMPRESSION + "group_size", "-1")) not in ("-1", "128"):
        yield f"its weights are in groups of {group}, and an NPU wants one scale per channel (-1) or groups of 128"
    if (ratio := info.get(_COMPRESSION + "ratio", "1.0")) not in ("1", "1.0"):
        yield f"only a part of its weights ({ratio}) has 4 bits, and an NPU wants all"
