"""What a decoder keeps between two calls, from the names and shapes of its inputs and states. No openvino import."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tui.engine.errors import ModelNotSupported

CHOOSE_TEXT_MODEL = "Choose a model for text generation (optimum-cli export openvino --task text-generation-with-past)."

_TOKEN_INPUTS = {"input_ids", "attention_mask", "position_ids", "beam_idx", "token_type_ids"}

Shape = Sequence[int | None]
"""Sizes of the axes; None is an open one."""


class Kind(StrEnum):
    """What a decoder keeps between two calls."""

    STATEFUL = "stateful"  # KV in states
    HYBRID = "hybrid"  # KV and conv/ssm states; these cannot be cut back
    STATELESS = "stateless"  # KV passed in and out
    NO_CACHE = "no cache"  # nothing: every call computes the whole sequence


@dataclass(frozen=True, slots=True)
class StateAxes:
    """Where a KV state (or `past_key_values` input) has its batch and its tokens."""

    batch: int
    tokens: int


def kind_of(inputs: Mapping[str, Shape], states: Mapping[str, Shape]) -> tuple[Kind, dict[str, StateAxes]]:
    """The kind, and the axes of each KV tensor that grows with tokens, by state id or input name.

    Args:
        inputs: Shape of each input by name.
        states: Shape of each state by variable id.
    """
    past = {name: _kv_axes(shape) for name, shape in inputs.items() if name.startswith("past_key_values")}
    if past:
        return Kind.STATELESS, _known(past)
    if not states:
        return Kind.NO_CACHE, {}
    grown = _known({name: _state_axes(name, shape) for name, shape in states.items()})
    return (Kind.STATEFUL if len(grown) == len(states) else Kind.HYBRID), grown


def refuse_unknown_inputs(inputs: Collection[str], folder: Path) -> None:
    """See that every input of a model is one that can be filled.

    Raises:
        ModelNotSupported: One is not; names it.
    """
    unknown = {name for name in set(inputs) - _TOKEN_INPUTS if not name.startswith(("past_key_values", "cache_params"))}
    if unknown:
        what = f"a model with inputs that ovchat cannot fill ({', '.join(sorted(unknown))})"
        if "cache_position" in unknown:
            what = "a state-space model without attention (Mamba), which ovchat does not run"
        raise not_supported(folder, what)


def not_supported(folder: Path, what: str) -> ModelNotSupported:
    """The error for a whole model that is something else than a decoder for text."""
    return ModelNotSupported(f"{folder} is {what}.", CHOOSE_TEXT_MODEL, code="kind-not-supported")


def _known(axes: Mapping[str, StateAxes | None]) -> dict[str, StateAxes]:
    return {name: each for name, each in axes.items() if each is not None}


def _state_axes(name: str, shape: Shape) -> StateAxes | None:
    """Axes of a KV state; None for a conv or ssm state, which optimum-intel names so."""
    if any(part in name for part in ("conv", "ssm", "recurrent")):
        return None
    return _kv_axes(shape)


def _kv_axes(shape: Shape) -> StateAxes | None:
    """Batch and token axis of a KV tensor: of its two open dimensions the first is one or the other.

    Exports give [batch, heads, tokens, size]; old ChatGLM gives [tokens, batch, heads, size]. With tokens first the
    batch follows at once, with batch first the heads do.
    """
    open_axes = [axis for axis, size in enumerate(shape) if size is None]
    if len(open_axes) != 2:
        return None
    first, second = open_axes
    return StateAxes(batch=1, tokens=0) if open_axes == [0, 1] else StateAxes(batch=first, tokens=second)
