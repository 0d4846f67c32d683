"""How the weights are stored: the presets, and what else may be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tui.engine.errors import BadParameter

FORMATS = ("int4", "int8", "fp16", "nf4", "mxfp4", "cb4", "fp32")
_FLOATS = {"fp16": 16.0, "fp32": 32.0}
_ONE_SCALE = -1  # for a whole row


@dataclass(frozen=True, slots=True)
class Weights:
    """How weights are stored.

    Attributes:
        format: One of `FORMATS`.
        group_size: Weights that share a scale; -1 is a whole row, None is what the tool takes.
        symmetric: Without zero points.
        ratio: Share of the layers that get four bits; the others get eight.
        awq: Scale the rows by what matters in them before rounding.
    """

    format: str
    group_size: int | None = None
    symmetric: bool = False
    ratio: float = 1.0
    awq: bool = False

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise BadParameter(f"There is no weight format {self.format!r}.", f"There is: {', '.join(FORMATS)}.")
        if self.group_size is not None and self.group_size != _ONE_SCALE and self.group_size < 1:
            raise BadParameter("The group size must be 1 or more, or -1 for a whole row.")
        if not 0 <= self.ratio <= 1:
            raise BadParameter("The ratio must be between 0 and 1.")
        extras = self.group_size is not None or self.ratio != 1 or self.awq
        if not self.is_four_bits and extras:
            raise BadParameter(f"Groups, ratio and AWQ are of formats with four bits, and {self.format} has more.")
        if self.symmetric and not self.format.startswith("int"):
            raise BadParameter(f"Symmetric or not is a question of int4 and int8, not of {self.format}.")

    @property
    def is_four_bits(self) -> bool:
        """It has four bits for most weights."""
        return self.format in ("int4", "nf4", "mxfp4", "cb4")

    @property
    def is_compressed(self) -> bool:
        """It is a format that the weights are rounded to."""
        return self.format not in _FLOATS

    @property
    def bits(self) -> float:
        """Bits of one weight of a layer, with its share of scale and zero point."""
        if not self.is_four_bits:
            return _FLOATS.get(self.format, 8.05)
        group = self.group_size or (32 if self.format == "mxfp4" else 128)
        each = 4.0 if group == _ONE_SCALE else 4 + (16 if self.symmetric else 20) / group
        return each * self.ratio + 8 * (1 - self.ratio)

    @property
    def text(self) -> str:
        """What it is, for people: `int4, groups of 128, AWQ`."""
        words = [self.format]
        if self.group_size is not None:
            words.append("one scale per row" if self.group_size == _ONE_SCALE else f"groups of {self.group_size}")
        words += ["symmetric"] * self.symmetric + ["AWQ"] * self.awq
        if self.ratio != 1:
            words.append(f"{100 * self.ratio:.0f}% of it")
        return ", ".join(words)

    @property
    def suffix(self) -> str:
        """What a model's name ends with, as on the hub: `int4-ov`, `int4-cw-ov`."""
        channel = "-cw" if self.group_size == _ONE_SCALE else ""
        return f"{self.format}{channel}{'-awq' if self.awq else ''}-ov"

    def options(self) -> list[str]:
        """For `optimum-cli export openvino`."""
        found = ["--weight-format", self.format]
        if self.is_four_bits:
            # Not the tool's own settings for some models, which want a data set from the net.
            found += ["--ratio", str(self.ratio), "--group-size-fallback", "adjust"]
        if self.group_size is not None:
            found += ["--group-size", str(self.group_size)]
        return found + ["--sym"] * self.symmetric + ["--awq"] * self.awq


@dataclass(frozen=True, slots=True)
class Preset:
    """A choice that makes sense.

    Attributes:
        weights: What it stands for.
        good_for: Whom it is for, in a few words.
    """

    weights: Weights
    good_for: str


PRESETS: Mapping[str, Preset] = {
    "int4": Preset(Weights("int4", 128), "a quarter of the size; from 1 billion weights on"),
    "int4-awq": Preset(Weights("int4", 128, awq=True), "int4 with less loss; takes longer to convert"),
    "int8": Preset(Weights("int8"), "half the size, hardly any loss; for small models"),
    "npu": Preset(Weights("int4", _ONE_SCALE, symmetric=True), "for an NPU: int4, one scale per row, symmetric"),
    "fp16": Preset(Weights("fp16"), "as it is"),
}
_SMALL = 1_000_000_000


def default_preset(parameters: int) -> str:
    """What a model of so many weights is converted to if nobody says otherwise: small ones suffer from four bits."""
    return "int8" if parameters < _SMALL else "int4"
