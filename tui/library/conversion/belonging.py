"""Whether a config.json says how large its model is, and whether the weights beside it are of that model.

The tools ask neither: they take the dimensions of another model, and random numbers for the weights that are missing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tui.engine.errors import ModelBroken
from tui.engine.model_shape import text_config

Shapes = Mapping[str, Sequence[int]]
"""Those of the tensors, by name."""

_WIDTH = ("hidden_size", "n_embd", "d_model", "model_dim", "n_embed", "dim")
_LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers", "num_transformer_layers")
_LAYER = re.compile(r"(?:^|\.)(?:layers|h|blocks)\.(\d+)\.")
_TOO_MANY = 1.5  # times as many layers; a few more are there for other uses: to guess several tokens at once
_HINT = "Get config.json and the weights of one and the same model."


def require_dimensions(name: str, config: Mapping[str, Any]) -> None:
    """See that a config.json has what a model's size follows from. One with code of its own has names of its own.

    Raises:
        ModelBroken: It has not; says what is missing.
    """
    if config.get("auto_map") or text_config(config) is not config:  # what is nested leaves out what is usual
        return
    missing = [names[0] for names in (_WIDTH, _LAYERS) if _number(config, names) is None]
    if missing:
        raise ModelBroken(
            f"config.json of {name} has no {' and no '.join(missing)}: it does not say how large the model is.",
            "Get the whole config.json of the model.",
        )


def require_same_model(name: str, config: Mapping[str, Any], shapes: Shapes) -> None:
    """See that tensors are those of a config.json.

    Raises:
        ModelBroken: They are of another model; says by what.
    """
    if config.get("auto_map"):
        return
    config = text_config(config)
    width, layers = _number(config, _WIDTH), _number(config, _LAYERS)
    if width is not None and not any(width in shape for shape in shapes.values()):
        raise ModelBroken(
            f"The weights of {name} are not those of its config.json: none has its {_named(config, _WIDTH)}, {width}.",
            _HINT,
        )
    found = max((int(each[1]) + 1 for tensor in shapes if (each := _LAYER.search(tensor))), default=None)
    if layers is not None and found is not None and not layers <= found <= _TOO_MANY * layers:
        raise ModelBroken(
            f"The weights of {name} are not those of its config.json: they have {found} layers, and its "
            f"{_named(config, _LAYERS)} is {layers}.",
            _HINT,
        )


def _named(config: Mapping[str, Any], names: Sequence[str]) -> str:
    return next((name for name in names if type(config.get(name)) is int), "")


def _number(config: Mapping[str, Any], names: Sequence[str]) -> int | None:
    number = config.get(_named(config, names))
    return number if isinstance(number, int) else None
