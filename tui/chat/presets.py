"""Named sampling values, to be stepped through with one key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.engine.sampling_params import SamplingParams

# By SamplingParams' field names. All set the same fields, so that nothing of the one before is left.
PRESETS: Mapping[str, Mapping[str, Any]] = {
    "precise": {"temperature": 0.2, "top_k": 40, "top_p": 0.9, "min_p": 0.0},
    "balanced": {"temperature": 0.7, "top_k": 40, "top_p": 0.9, "min_p": 0.0},
    "creative": {"temperature": 1.2, "top_k": 0, "top_p": 1.0, "min_p": 0.05},
}


def preset_of(current: SamplingParams) -> str:
    """The preset whose values are in effect, or ""."""
    for name, values in PRESETS.items():
        if all(getattr(current, field) == value for field, value in values.items()):
            return name
    return ""


def next_preset(current: SamplingParams) -> str:
    """The preset after the one in effect; after values that are none, the first whose temperature is higher."""
    names = list(PRESETS)
    here = preset_of(current)
    if here:
        return names[(names.index(here) + 1) % len(names)]
    return next((name for name in names if PRESETS[name]["temperature"] > current.temperature), names[0])
