"""The sampling values in effect as people see them: who set each, and why one does nothing.

Who sets a value, the last one wins: the app, the model's own file, the user for all models, the user for this model,
this conversation.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from tui.engine.sampling_params import SamplingParams
from tui.engine.sampling_resolve import Resolved, Source
from tui.store.settings import Settings

_ONE_LEFT = {"top_k": 1, "top_p": 0.0, "min_p": 1.0}
_OF_DRAWING = ("temperature", "top_k", "top_p", "min_p", "seed")


class SetBy(StrEnum):
    """Who set a value."""

    APP = "default"
    MODEL = "model"
    USER = "user"
    FOR_MODEL = "this model"
    CONVERSATION = "conversation"


def user_sampling(settings: Settings, model: str) -> dict[str, Any]:
    """What the user's file says for a model: what it says for that one wins over what it says for all.

    Args:
        settings: The user's.
        model: What the model is called (`Choice.title`); "" for none.
    """
    return settings.user_section("sampling") | settings.for_model(model)


def set_by(name: str, resolved: Resolved, set_here: Mapping[str, Any], settings: Settings, model: str) -> SetBy:
    """Who set a value in effect.

    Args:
        name: The `SamplingParams` field.
        resolved: The values in effect.
        set_here: What the conversation sets.
        settings: The user's.
        model: As for `user_sampling`.
    """
    match resolved.sources[name]:
        case Source.MODEL:
            return SetBy.MODEL
        case Source.USER if set_here.get(name) is not None:
            return SetBy.CONVERSATION
        case Source.USER if settings.for_model(model).get(name) is not None:
            return SetBy.FOR_MODEL
        case Source.USER:
            return SetBy.USER
    # The user's "none" counts as nothing said.
    return SetBy.USER if f"sampling.{name}" in settings.user else SetBy.APP


def no_effect(name: str, params: SamplingParams) -> str:
    """Why a value does nothing with the others as they are; "" where it does something, or is off."""
    if name not in _OF_DRAWING:
        return ""
    if params.temperature == 0:
        return "" if name == "temperature" else "not used while greedy: temperature is 0"
    for other, value in _ONE_LEFT.items():
        if getattr(params, other) == value:
            return "" if name == other else f"not used while greedy: {other} is {value:g}"
    return ""
