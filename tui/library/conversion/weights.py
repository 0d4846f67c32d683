"""The weights of a Hugging Face folder: how many, how large, and whether their files are whole; from headers only."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.engine.errors import ModelBroken
from tui.engine.read_file import GET_AGAIN, LFS_POINTER, lfs_pointer, read_json, unreadable
from tui.library.conversion.belonging import require_same_model

INDEX = "model.safetensors.index.json"
_SHARD = re.compile(r"(?P<kind>model|pytorch_model)(-\d+-of-\d+)?\.(safetensors|bin)")
_LENGTH_BYTES = 8
_LARGEST_HEADER = 100_000_000  # safetensors' own limit
_BYTES = {"float32": 4, "float64": 8}


@dataclass(frozen=True, slots=True)
class Stored:
    """The weights as they are.

    Attributes:
        size: Bytes.
        parameters: How many weights, as good as is known.
    """

    size: int
    parameters: int


def weight_files(names: Iterable[str]) -> list[str]:
    """Those of a folder's files that have the weights, safetensors where there are both kinds."""
    found = [name for name in names if _SHARD.fullmatch(name)]
    safe = [name for name in found if name.endswith(".safetensors")]
    return sorted(safe or found)


def read_weights(name: str, folder: Path, names: Iterable[str], config: Mapping[str, Any]) -> Stored:
    """What the weights in a folder are.

    Args:
        name: What the model is called.
        folder: Where they are.
        names: Its files.
        config: Its config.json.

    Raises:
        ModelBroken: A file is missing, cut off, or no such file; or they are of another model.
    """
    files = weight_files(names)
    if INDEX in names:
        places = read_json(folder / INDEX).get("weight_map")
        wanted = {str(name) for name in places.values()} if isinstance(places, dict) else set()
        if missing := sorted(wanted - set(files)):
            raise ModelBroken(
                f"{folder / str(missing[0])} is missing: {len(missing)} of {len(wanted)} files.", GET_AGAIN
            )
    size = 0
    shapes: dict[str, list[int]] = {}
    for file in files:
        try:
            size += (folder / file).stat().st_size
            if file.endswith(".safetensors"):
                shapes |= _shapes(folder / file)
        except OSError as error:
            raise unreadable(folder / file, error) from error
    if files and files[0].endswith(".safetensors"):
        require_same_model(name, config, shapes)
    return Stored(size, sum(map(math.prod, shapes.values())) or size // bytes_each(config))


def bytes_each(config: Mapping[str, Any]) -> int:
    """Bytes of one weight, as config.json has it."""
    return _BYTES.get(str(config.get("dtype") or config.get("torch_dtype")), 2)


def _shapes(file: Path) -> dict[str, list[int]]:
    """Those of the tensors in a safetensors file, by its header."""
    size = file.stat().st_size
    with file.open("rb") as opened:
        head = opened.read(_LENGTH_BYTES)
        if head and LFS_POINTER.startswith(head):
            raise lfs_pointer(file)
        length = int.from_bytes(head, "little")
        header = opened.read(length) if length <= min(size, _LARGEST_HEADER) else b""
    try:
        tensors = {name: each for name, each in json.loads(header).items() if name != "__metadata__"}
        end = max((int(each["data_offsets"][1]) for each in tensors.values()), default=0)
        shapes = {name: [int(axis) for axis in each["shape"]] for name, each in tensors.items()}
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        raise ModelBroken(f"{file} is not a safetensors file, or damaged.", GET_AGAIN) from None
    if size < _LENGTH_BYTES + length + end:
        raise ModelBroken(
            f"{file} is cut off: it has {size:,} bytes, and {_LENGTH_BYTES + length + end:,} are needed.", GET_AGAIN
        )
    return shapes
