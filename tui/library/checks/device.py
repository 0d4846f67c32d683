"""Whether the device that was asked for is here. The one check that asks OpenVINO, so nobody makes it unasked."""

from __future__ import annotations

import time
from pathlib import Path

from tui.engine.errors import DeviceNotFound
from tui.library.findings import Examination, Finding, warning

# These are everywhere: not worth the import.
_ALWAYS_HERE = ("AUTO", "CPU")


def examine_device(folder: Path, asked: str) -> Examination:
    """A warning where a device is not here, or is several: the model is not to blame, and may be for another machine.

    Args:
        folder: Of the model.
        asked: As `LanguageModel.load`.
    """
    started = time.perf_counter()
    found = _absent(asked)
    return Examination(folder, found, ("device",), time.perf_counter() - started)


def _absent(asked: str) -> tuple[Finding, ...]:
    if asked.upper() in _ALWAYS_HERE:
        return ()
    import openvino

    from tui.engine.devices import resolve_device

    try:
        resolve_device(openvino.Core(), asked)
    except DeviceNotFound as absent:
        return (warning(absent.code or "device-absent", absent.sentence, absent.next_step),)
    return ()
