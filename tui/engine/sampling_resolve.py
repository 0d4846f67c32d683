"""Which sampling values are in effect: the app's, over them the model's generation_config.json, over them the user's.

What the app or the user says must be valid. What a model's file says is somebody else's: a bad value there is
left out and reported, and never stops a generation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum
from typing import Any, NamedTuple

from tui.engine.errors import BadParameter
from tui.engine.sampling_params import SamplingParams, checked


class Source(StrEnum):
    """Who set a value."""

    DEFAULT = "default"
    APP = "app"
    MODEL = "model"
    USER = "user"


class Resolved(NamedTuple):
    """The parameters in effect, who set each of them, and what had to be left out, one sentence each."""

    params: SamplingParams
    sources: dict[str, str]
    notices: tuple[str, ...]


# Names in generation_config.json (transformers' GenerationConfig, and the two that vLLM reads from it).
_MODEL_NAMES: Mapping[str, str] = {
    "temperature": "temperature",
    "top_k": "top_k",
    "top_p": "top_p",
    "min_p": "min_p",
    "repetition_penalty": "repetition_penalty",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "min_new_tokens": "min_tokens",
    "max_new_tokens": "max_tokens",
    "stop_strings": "stop",
}
# What would change the answer and is not done here, with the value that asks for nothing.
_NOT_DONE: Mapping[str, object] = {"num_beams": 1, "no_repeat_ngram_size": 0, "typical_p": 1.0, "penalty_alpha": 0.0}


def resolve(app: Mapping[str, Any], model: Mapping[str, Any], user: Mapping[str, Any]) -> Resolved:
    """Merge the three; a value of None counts as not given.

    Args:
        app: The app's values by SamplingParams' field names.
        model: The model's generation_config.json as read ({} where there is none). An explicit `do_sample: false`
            means temperature 0, whatever temperature the file has; an absent one says nothing.
        user: What the user asked for, by field names. It wins over everything, `do_sample: false` included.

    Raises:
        BadParameter: A bad name or value in `app` or `user`.
    """
    said, notices = _model_values(model)
    values, sources = _merge(app, said, user)
    low, high = values.get("min_tokens", 0), values.get("max_tokens")
    if high is not None and low > high:
        # The model's one gives way to what the app or the user says of the other.
        for name in ("min_tokens", "max_tokens"):
            if sources[name] == Source.MODEL:
                notices.append(
                    f"The model's generation_config.json was not followed in {name} ({values[name]}): "
                    f"an answer of at least {low} and at most {high} tokens cannot be."
                )
                del said[name]
        values, sources = _merge(app, said, user)
    return Resolved(SamplingParams(**values), sources, tuple(notices))


def not_followed(model: Mapping[str, Any]) -> tuple[str, ...]:
    """What of a generation_config.json nobody can follow, whatever the app and the user say; a sentence each."""
    return resolve({}, model, {}).notices


def _merge(
    app: Mapping[str, Any], said: Mapping[str, Any], user: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    values: dict[str, Any] = {}
    sources: dict[str, str] = {each.name: Source.DEFAULT for each in fields(SamplingParams)}
    for source, layer in ((Source.APP, app), (Source.MODEL, said), (Source.USER, user)):
        for name, value in layer.items():
            if value is None and name in sources:
                continue
            values[name], sources[name] = checked(name, value), source
    return values, sources


def _model_values(model: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    values: dict[str, Any] = {}
    notices: list[str] = []
    for key, name in _MODEL_NAMES.items():
        if model.get(key) is None:
            continue
        try:
            values[name] = checked(name, model[key])
        except BadParameter as error:
            notices.append(f"The model's generation_config.json was not followed in {key}: {error.sentence}")
    if model.get("do_sample") is False:
        values["temperature"] = 0.0
    for key, neutral in _NOT_DONE.items():
        if model.get(key) not in (None, neutral):
            notices.append(f"The model's generation_config.json asks for {key}={model[key]!r}, which is not done here.")
    return values, notices
