"""Named sampling values, to be stepped through with one key. The last step goes back to what is set elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.engine.sampling_params import SamplingParams
from tui.engine.sampling_resolve import Resolved, Source

# By SamplingParams' field names. All set the same fields, so that nothing of the one before is left.
PRESETS: Mapping[str, Mapping[str, Any]] = {
    "precise": {"temperature": 0.2, "top_k": 40, "top_p": 0.9, "min_p": 0.0},
    "balanced": {"temperature": 0.7, "top_k": 40, "top_p": 0.9, "min_p": 0.0},
    "creative": {"temperature": 1.2, "top_k": 0, "top_p": 1.0, "min_p": 0.05},
}
_FIELDS = frozenset(next(iter(PRESETS.values())))
# What the values are called that a conversation does not set, by who set one of them.
_NOT_SET_HERE = {Source.USER: "your own", Source.MODEL: "model's own"}


def preset_of(current: SamplingParams) -> str:
    """The preset whose values are in effect, or ""."""
    for name, values in PRESETS.items():
        if all(getattr(current, field) == value for field, value in values.items()):
            return name
    return ""


def name_of(current: Resolved, set_here: Mapping[str, Any]) -> str:
    """What the values in effect are called, or "".

    Args:
        current: The values, and who set them.
        set_here: What the conversation sets. Where that is nothing that presets set, the name says who does.
    """
    if _FIELDS & set_here.keys():
        return preset_of(current.params)
    sources = {current.sources[field] for field in _FIELDS}
    return next((name for source, name in _NOT_SET_HERE.items() if source in sources), "default")


def step(current: SamplingParams, set_here: Mapping[str, Any]) -> dict[str, Any]:
    """What the conversation sets after the next step.

    That is the preset after the one in effect, nothing that presets set after the last one, and after that the first;
    after values that are none of these, the first preset whose temperature is higher.
    """
    names = [*PRESETS, ""]
    here = preset_of(current)
    if not _FIELDS & set_here.keys():
        name = names[0]
    elif here:
        name = names[names.index(here) + 1]
    else:
        name = next((name for name in PRESETS if PRESETS[name]["temperature"] > current.temperature), "")
    return {field: value for field, value in set_here.items() if field not in _FIELDS} | dict(PRESETS.get(name, {}))
