"""Which operations of a graph the OpenVINO installed here does not know, without importing it.

The names of all operations are texts in its libraries, so one that is not there is not known. Those that exports mostly
have are listed, for looking through a library takes 20 ms for each name.
"""

from __future__ import annotations

import importlib.util
import mmap
import re
from collections.abc import Iterable
from pathlib import Path

from tui.engine.ir_file import IrFile

NEWEST_OPSET = 17  # of OpenVINO 2026.4

_EXTENSION = "extension"
_COMMON_NAMES = """
Abs Add Assign BitwiseAnd Broadcast Clamp Concat Const Convert Cos CumSum Divide Equal Exp Floor Gather Gelu Greater
GreaterEqual GroupConvolution Less LessEqual Log Loop MVN MatMul Maximum Minimum Mod Multiply Pad Parameter Power Range
ReLU ReadValue ReduceMax ReduceMean ReduceProd ReduceSum Reshape Result ScaledDotProductAttention ScatterNDUpdate
ScatterUpdate Select ShapeOf Sin Slice SoftMax SoftPlus Split Sqrt Squeeze StringTensorPack StringTensorUnpack Subtract
Swish Tanh Tile Transpose Unsqueeze VariadicSplit
BPETokenizer ByteFallback CharsMapNormalization CombineSegments FuzeRagged RaggedToDense RegexNormalization RegexSplit
SentencepieceDetokenizer SentencepieceTokenizer SpecialTokensSplit Truncate UTF8Validate UnigramTokenizer VocabDecoder
WordpieceTokenizer
"""
_COMMON = frozenset(_COMMON_NAMES.split())


def unknown_operations(graph: IrFile, *, tokenizers: bool) -> list[str]:
    """Operations that reading a graph would fail at, `TYPE (OPSET)` each, sorted.

    Args:
        graph: Of a model, or of a tokenizer or detokenizer.
        tokenizers: It is read with the operations of OpenVINO Tokenizers.
    """
    unknown = {each for each in graph.opsets if each[1] == _EXTENSION and not tokenizers}
    unknown |= {each for each in graph.opsets if _number(each[1]) > NEWEST_OPSET}
    rare = {each for each in graph.opsets - unknown if each[0] not in _COMMON}
    for library, those in (
        (_library("openvino", "libs", r"(lib)?openvino\.(so|dll|\d+\.dylib).*"), {e for e in rare if _number(e[1])}),
        (_library("openvino_tokenizers", "lib", r".*\.(so|dll|dylib)"), {e for e in rare if e[1] == _EXTENSION}),
    ):
        absent = _absent(library, {name for name, _ in those})
        unknown |= {each for each in those if each[0] in absent}
    return sorted(f"{name} ({opset})" for name, opset in unknown)


def _number(opset: str) -> int:
    """Of `opset15`: 15; 0 of anything else."""
    number = opset.removeprefix("opset")
    return int(number) if opset != number and number.isdecimal() else 0


def _library(package: str, folder: str, name: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    found = (Path(spec.submodule_search_locations[0]) / folder).glob("*openvino*")
    return next((path for path in found if re.fullmatch(name, path.name)), None)


def _absent(library: Path | None, names: Iterable[str]) -> set[str]:
    """The names that are no text in a library; none where there is no library to look into."""
    names = set(names)
    if library is None or not names:
        return set()
    with library.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return {name for name in names if content.find(name.encode() + b"\0") < 0}
