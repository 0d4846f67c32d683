"""What models are called: each by a name of its own, and which model a name means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from tui.engine.errors import ModelNotFound

if TYPE_CHECKING:
    from tui.library.find import FoundModel


def unique(models: Sequence[FoundModel]) -> list[FoundModel]:
    """The models in their order, with names of which there is one each.

    Of several with one name the first keeps it. The others get the folder above before it, or as many of them as it
    takes: `disk/Qwen3-8B`. That is stable: more models at the end change no name of those before.
    """
    first: dict[str, FoundModel] = {}
    for model in models:
        first.setdefault(model.name, model)
    taken = set(first)
    named = []
    for model in models:
        name = model.name
        if first[name] is not model:
            name = next(each for each in _longer(model) if each not in taken)
            taken.add(name)
        named.append(replace(model, name=name))
    return named


def _longer(model: FoundModel) -> Iterator[str]:
    above = model.place.parent if model.path == model.place else model.place
    parts = [part for part in above.parts if part != above.anchor]
    for start in reversed(range(len(parts))):
        yield "/".join([*parts[start:], model.name])
    for number in count(2):
        yield f"{model.name} ({number})"


def meant(asked: str, models: Sequence[FoundModel]) -> FoundModel | None:
    """The model that a name means, in any case of letters, or the end of a name that only one has; None for no model.

    Raises:
        ModelNotFound: It means several; says which.
    """
    keys: list[Callable[[str], bool]] = [
        lambda name: name == asked,
        lambda name: name.casefold() == asked.casefold(),
        lambda name: name.casefold().endswith("/" + asked.casefold()),
    ]
    for key in keys:
        matches = [model for model in models if key(model.name)]
        # Of a model that is here twice, the one whose name did not have to be made longer.
        shortest = min((model.name.count("/") for model in matches), default=0)
        matches = [model for model in matches if model.name.count("/") == shortest]
        if len(matches) > 1:
            names = ", ".join(model.name for model in matches)
            raise ModelNotFound(f"{asked!r} means several models: {names}.", "Write the whole name.")
        if matches:
            return matches[0]
    return None
