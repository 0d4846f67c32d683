"""A model's folder as the checks see it: what could be read of it, each file once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tui.engine.errors import OvchatError
from tui.engine.ir_file import IrFile
from tui.engine.model_files import ModelFiles, inspect
from tui.engine.options import EngineOptions


@dataclass(slots=True)
class Patient:
    """One model's folder.

    Attributes:
        folder: It.
        sizes: Bytes of the files directly in it, by name.
        options: How it would be loaded.
        free: Bytes of memory that may be taken.
        device: The device it is meant for; "" where nobody said.
        model: The facts of its files; None where `refusal` says why there are none.
        refusal: Why loading would refuse those files.
        unusable: Files that cannot be read at all, or are only pointers; the other checks need not say it again.
        tokenizer, detokenizer: The two graphs; None where they cannot be used.
        json: The JSON files, by name; broken ones are not among them.
    """

    folder: Path
    sizes: Mapping[str, int]
    options: EngineOptions
    free: int
    device: str = ""
    model: ModelFiles | None = None
    refusal: OvchatError | None = None
    unusable: set[str] = field(default_factory=set)
    tokenizer: IrFile | None = None
    detokenizer: IrFile | None = None
    json: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            self.model = inspect(self.folder)
        except OvchatError as error:
            self.refusal = error

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.resolve().name
