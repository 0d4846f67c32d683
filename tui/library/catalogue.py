"""Models on the hub that are worth a try: from the data file beside this one."""

from __future__ import annotations

import difflib
import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path

_FILE = Path(__file__).with_name("catalogue.toml")
_NEAR = 3


@dataclass(frozen=True, slots=True)
class Recommended:
    """A model of the catalogue.

    Attributes:
        id: Its repository: OWNER/NAME.
        size_bytes: What is pulled, roughly.
        memory_bytes: What it takes with a context of 8,192 tokens, roughly.
        licence: As the hub writes it: `apache-2.0`.
        good_for: One line.
        npu: The repository whose weights are made for an NPU; "" where there is none.
    """

    id: str
    size_bytes: int
    memory_bytes: int
    licence: str
    good_for: str
    npu: str

    def fits(self, memory: int, disk: int) -> bool:
        """Whether so many bytes of free memory and of free disk are enough."""
        return self.memory_bytes <= memory and self.size_bytes <= disk


@functools.cache
def catalogue() -> tuple[Recommended, ...]:
    """All of them, the smallest first."""
    return tuple(
        Recommended(
            id=each["id"],
            size_bytes=round(each["size_gb"] * 1e9),
            memory_bytes=round(each["memory_gb"] * 1e9),
            licence=each["licence"],
            good_for=each["good_for"],
            npu=each["npu"],
        )
        for each in tomllib.loads(_FILE.read_text("utf-8"))["model"]
    )


def known_ids() -> list[str]:
    """Every repository that the catalogue names, those for NPUs too."""
    return [name for each in catalogue() for name in (each.id, each.npu) if name]


def whole_id(asked: str) -> str:
    """The repository of the catalogue that is meant, in any case of letters and without its owner; else `asked`."""
    for name in known_ids():
        if asked.casefold() in (name.casefold(), name.rpartition("/")[2].casefold()):
            return name
    return asked


def nearest(asked: str) -> list[str]:
    """Repositories of the catalogue whose names are like what was asked for, the likest first."""
    ids = {name.casefold(): name for name in known_ids()}
    text = asked.casefold() if "/" in asked else f"openvino/{asked.casefold()}"
    return [ids[each] for each in difflib.get_close_matches(text, ids, _NEAR, 0.7)]
