"""What pip and the tools write while they work, understood as progress."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from tui.library.folders import size_in
from tui.library.progress import Progress

# tqdm: `Loading weights:  5%|4   | 1/21 [00:00<00:00, ...`; rich: `Applying Weight Compression ━━━ 43% • 0:00:10 • ...`
_TQDM = re.compile(r"^(?P<what>[^:|%]*?):?\s*(?P<percent>\d+)%\|.*?\|\s*(?P<done>\d+)/(?P<total>\d+)(?=\s|\[|$)")
_RICH = re.compile(r"^(?P<what>[^━╸╺%]+?)\s*[━╸╺]+.*?(?P<percent>\d+)%.*?(?:•\s*(?P<left>[\d:]+))?\s*$")
_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d+)")

# The tools' own words, in small letters -> ours. Plain words, for a tool may write millions of lines.
_PHASES = (
    (("loading weights", "loading checkpoint"), "loading"),
    (("tracerwarning", "loss_type="), "exporting"),
    (("statistics", "sensitivity", "mixed-precision"), "measuring"),
    (("awq", "scale estimation", "gptq"), "rescaling"),
    (("weight compression", "bitwidth", "group size"), "compressing"),
    (("tokenizer",), "converting the tokenizer"),
)


class Hearing:
    """Keeps the last moment of a conversion.

    Attributes:
        now: It.
    """

    def __init__(self) -> None:
        self.now = Progress("starting")

    def line(self, text: str) -> None:
        """A line of the tool's."""
        small = text.lower()
        doing = next((ours for words, ours in _PHASES if any(word in small for word in words)), "")
        if found := "%" in text and _TQDM.search(text):
            what = doing or self.now.doing
            self.now = Progress(what, int(found["done"]), int(found["total"]), detail=found["what"].strip())
        elif found := "%" in text and _RICH.search(text):
            what = doing or self.now.doing
            left = _seconds(found["left"] or "")
            self.now = Progress(what, int(found["percent"]), 100, detail=found["what"].strip(), left_s=left)
        elif doing:
            self.now = Progress(doing)


def _seconds(clock: str) -> float | None:
    """Of rich's last column, which is the time left: `0:01:20`."""
    found = _CLOCK.fullmatch(clock)
    return int(found[1] or 0) * 3600 + int(found[2]) * 60 + int(found[3]) if found else None


class PipHearing:
    """Keeps the last moment of an installation: pip says what it fetches, and the disk how far it is.

    Args:
        downloads: Where pip keeps what it fetches while it works.
    """

    def __init__(self, downloads: Path) -> None:
        self._said = Progress("installing")
        self._downloads = downloads
        self._size = 0

    @property
    def now(self) -> Progress:
        """The last moment."""
        said = self._said
        return replace(said, done=self._size) if said.in_bytes else said

    def line(self, text: str) -> None:
        """A line of pip's."""
        if text.startswith(("Collecting ", "Processing ", "Downloading ", "Using cached ")):
            name = text.split("(")[0].split()[-1].rpartition("/")[2]
            self._said = Progress("downloading", in_bytes=True, detail=name)
        elif text.startswith("Installing collected packages"):
            self._said = Progress("installing", detail=f"{text.count(',') + 1} packages")

    def look(self) -> None:
        """Count what has been fetched."""
        self._size = max(self._size, size_in(self._downloads))
