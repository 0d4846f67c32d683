"""Named sampling values, to be stepped through with one key. The last step goes back to what is set elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.engine.sampling_params import SamplingParams
from tui.engine.sampling_resolve import Resolved, Source
from tui.store.settings import Settings

Presets = Mapping[str, Mapping[str, Any]]
"""Values by SamplingParams' field names, by the preset's name."""

PRESETS: Presets = {
    "precise": {"temperature": 0.2, "top_k": 40, "top_p": 0.9, "min_p": 0.0},
    "balanced": {"temperature": 0.7, "top_k": 40, "top_p": 0.9, "min_p": 0.0},
    "creative": {"temperature": 1.2, "top_k": 0, "top_p": 1.0, "min_p": 0.05},
}
# All set these, so that nothing of the one before is left.
_ALWAYS = frozenset(next(iter(PRESETS.values())))
# What a preset of the user's has besides where it is not off.
_NEUTRAL = {"repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0}
# What the values are called that a conversation does not set, by who set one of them.
_NOT_SET_HERE = {Source.USER: "your own", Source.MODEL: "model's own"}


def all_presets(settings: Settings) -> Presets:
    """The app's and then the user's, who may have one of his own in the place of one of the app's."""
    return {**PRESETS, **settings.presets}


def values_of(params: SamplingParams) -> dict[str, Any]:
    """What a preset of the user's has of the values in effect."""
    penalties = [name for name, neutral in _NEUTRAL.items() if getattr(params, name) != neutral]
    return {name: getattr(params, name) for name in (*PRESETS["balanced"], *penalties)}


def preset_of(current: SamplingParams, presets: Presets = PRESETS) -> str:
    """The preset whose values are in effect, or ""; of several the one that says most of them."""
    names = [
        name
        for name, values in presets.items()
        if values and all(getattr(current, field) == value for field, value in values.items())
    ]
    return max(names, key=lambda name: len(presets[name]), default="")


def name_of(current: Resolved, set_here: Mapping[str, Any], presets: Presets = PRESETS) -> str:
    """What the values in effect are called, or "".

    Args:
        current: The values, and who set them.
        set_here: What the conversation sets. Where that is nothing that presets set, the name says who does.
        presets: All there are.
    """
    if _fields(presets) & set_here.keys():
        return preset_of(current.params, presets)
    sources = {current.sources[field] for field in _ALWAYS}
    return next((name for source, name in _NOT_SET_HERE.items() if source in sources), "default")


def step(current: SamplingParams, set_here: Mapping[str, Any], presets: Presets = PRESETS) -> dict[str, Any]:
    """What the conversation sets after the next step.

    That is the preset after the one in effect, nothing that presets set after the last one, and after that the first;
    after values that are none of these, the first preset whose temperature is higher.
    """
    # By what it sets: values in effect may be those of several, and the steps would go in a circle.
    names = {_key(values): name for name, values in reversed(list(presets.items())) if values}
    order = [name for name in presets if name in names.values()]
    fields = _fields(presets)
    set_now = _key({field: value for field, value in set_here.items() if field in fields})
    if not set_now:
        name = order[0]
    elif set_now in names:
        name = [*order, ""][order.index(names[set_now]) + 1]
    else:
        warmer = (name for name in order if presets[name].get("temperature", 0) > current.temperature)
        name = next(warmer, "")
    return use(name, set_here, presets)


def use(name: str, set_here: Mapping[str, Any], presets: Presets) -> dict[str, Any]:
    """What the conversation sets with a preset; "" is none: what presets set is left to whoever else sets it."""
    fields = _fields(presets)
    return {field: value for field, value in set_here.items() if field not in fields} | dict(presets.get(name, {}))


def _fields(presets: Presets) -> frozenset[str]:
    return _ALWAYS.union(*(values.keys() for values in presets.values()))


def _key(values: Mapping[str, Any]) -> frozenset[tuple[str, Any]]:
    # None is what nobody sets.
    return frozenset((field, value) for field, value in values.items() if value is not None)
