"""An IR (`NAME.xml` and `NAME.bin`) read as text: inputs, outputs, states, constants and rt_info, without OpenVINO.

Also the place where files that cannot be a whole IR are found out: missing, cut off, a git-lfs pointer, a newer format.
A scan with regular expressions instead of a parser: 0.07 s for 3 MB, 0.8 s and 100 MB for 50 MB, for which ElementTree
takes 6 s and 600 MB. Each expression ends at the next tag, so that a text made to harm takes no longer than another.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat

from tui.engine.errors import ModelBroken
from tui.engine.read_file import GET_AGAIN, LFS_POINTER, lfs_pointer, read_bytes, require_regular, unreadable

IR_VERSIONS = ("10", "11")  # what OpenVINO 2026.4 reads; 11 has been written since 2022

# Attributes with anything but a quote in their values, in runs that the expression engine takes at one go. OpenVINO
# writes `<` as `&lt;` there: where one stands, the next tag has begun.
_ATTRIBUTES = r'([^"<>]*(?:"[^"<]*"[^"<>]*)*)>'
_LAYER = re.compile(r"<layer\s" + _ATTRIBUTES)
_LAYER_EDGE = re.compile(r"</?layer[>\s]")
# The end of <body>, </body>, <then_body>, ...: looked for as fixed bytes, ten times faster.
_BODY_TAG = re.compile(r"body>")
_DATA = re.compile(r"\s*<data\s" + _ATTRIBUTES)
_TYPE = re.compile(r' type="(\w+)"')
_OPSET = re.compile(r' version="(\w+)"')
_DIM = re.compile(r"<dim>(-?\d+)</dim>")
_ATTRIBUTE = re.compile(r'(?<![\w-])([\w-]+)="([^"]*)"')
_PORT_NAMES = re.compile(r' names="([^"]*)"')
_VERSION = re.compile(r'<net\s[^>]*?version="(\d+)"')
_READ = frozenset({"Const", "Parameter", "ReadValue", "Result"})
# What no model reaches: more is a text that is made to harm.
_MOST_PARTS = 1_000_000  # operations, or bodies of loops
_LONGEST_LAYER = 1 << 16  # characters of an input or output, with its ports
_LONGEST_BODY_TAG = 64
_MOST_DIMENSIONS, _LONGEST_DIMENSION = 64, 19
_LONGEST_INFO, _DEEPEST_INFO = 1 << 24, 64

_COMPRESSION_PARTS = ("/zero_point", "/scale")  # names that nncf gives to what belongs to a compressed weight


@dataclass(frozen=True, slots=True)
class IrFile:
    """What an IR says about itself.

    Attributes:
        xml: The graph.
        bin: The weights.
        inputs: Shape of each input by name; None is an open dimension.
        outputs: Names of the outputs (in an IR of 2023 and before: of every tensor).
        states: Shape of each state by variable id; None is an open dimension.
        vocab_size: Size of a row of the output `logits`; None where there is none, or it is open.
        elements: How many numbers the weights have, by element type (`f16`, `u4`, ...), without zero points and scales.
        weights_end: Bytes of the weights that the constants reach to.
        operations: The types of the operations in it.
        opsets: Type and opset of them: `("MatMul", "opset1")`.
        info: The model's rt_info, nested names joined: `nncf/weight_compression/mode` -> `int4_asym`.
    """

    xml: Path
    bin: Path
    inputs: Mapping[str, tuple[int | None, ...]]
    outputs: frozenset[str]
    states: Mapping[str, tuple[int | None, ...]]
    vocab_size: int | None
    elements: Mapping[str, int]
    weights_end: int
    operations: frozenset[str]
    opsets: frozenset[tuple[str, str]]
    info: Mapping[str, str]


def read_ir(xml: Path) -> IrFile:
    """Scan an IR and check that its two files are whole and belong together.

    Raises:
        ModelBroken: A file is missing, unreadable, cut off, a git-lfs pointer, or of a format newer than the runtime's.
    """
    text = read_bytes(xml).decode("utf-8", "replace")
    _check_graph(xml, text)
    try:
        ir = _scan(xml, text)
    except (KeyError, ValueError, expat.ExpatError) as error:
        raise ModelBroken(
            f"{xml} is damaged: what it says about its operations makes no sense.", GET_AGAIN, code="graph-damaged"
        ) from error
    _check_weights(ir.bin, ir.weights_end)
    return ir


def _check_graph(xml: Path, text: str) -> None:
    version = _VERSION.search(text, 0, 4096)
    if not version:
        raise ModelBroken(
            f"{xml} is not an OpenVINO model: it does not begin like one.", GET_AGAIN, code="graph-damaged"
        )
    if version[1] not in IR_VERSIONS:
        raise ModelBroken(
            f"{xml} has IR version {version[1]}, and this OpenVINO reads {' and '.join(IR_VERSIONS)}.",
            "Update ovchat, or convert the model with an OpenVINO of this release.",
            code="ir-version",
        )
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ModelBroken(
            f"{xml} cannot be read: it declares a document type, as no OpenVINO model does.",
            GET_AGAIN,
            code="graph-damaged",
        )
    if not text.rstrip().endswith("</net>"):
        raise ModelBroken(f"{xml} is cut off: its end is missing.", GET_AGAIN, code="graph-damaged")


def _check_weights(weights: Path, needed: int) -> None:
    try:
        require_regular(weights)
        with weights.open("rb") as file:
            head = file.read(len(LFS_POINTER))
        size = weights.stat().st_size
    except FileNotFoundError:
        raise ModelBroken(
            f"{weights} is missing: the model has no weights.", GET_AGAIN, code="weights-missing"
        ) from None
    except OSError as error:
        raise unreadable(weights, error) from error
    if head == LFS_POINTER:
        raise lfs_pointer(weights)
    if size < needed:
        raise ModelBroken(
            f"{weights} is cut off or another model's: it has {size:,} bytes, and {needed:,} are needed.",
            GET_AGAIN,
            code="weights-short",
        )


def _scan(xml: Path, text: str) -> IrFile:
    inputs: dict[str, tuple[int | None, ...]] = {}
    states: dict[str, tuple[int | None, ...]] = {}
    outputs: set[str] = set()
    opsets: set[tuple[str, str]] = set()
    vocab_size = None
    elements: Counter[str] = Counter()
    offsets: set[str] = set()
    end = 0
    for operation, opset, layer, data, start in _layers(text):
        opsets.add((operation, opset))
        match operation if layer else "":
            case "Const":
                end = max(end, int(data["offset"]) + int(data["size"]))
                if data["offset"] not in offsets and not layer["name"].endswith(_COMPRESSION_PARTS):
                    offsets.add(data["offset"])
                    elements[data["element_type"]] += math.prod(n or 0 for n in _shape(data.get("shape", "")))
            case "Parameter":
                names = _PORT_NAMES.search(text, start, _end(text, start))
                inputs |= dict.fromkeys(_names(names[1]) if names else [layer["name"]], _shape(data.get("shape", "")))
            case "ReadValue":
                states[data["variable_id"]] = _shape(data.get("variable_shape", ""))
            case "Result":
                names_here = _names(layer.get("output_names", ""))
                outputs.update(names_here)
                if "logits" in names_here and (dims := _DIM.findall(text, start, _end(text, start))):
                    vocab_size = int(dims[-1]) if int(dims[-1]) > 0 else None
    if not outputs:
        outputs = {name for found in _PORT_NAMES.finditer(text) for name in _names(found[1])}
    return IrFile(
        xml=xml,
        bin=xml.with_suffix(".bin"),
        inputs=inputs,
        outputs=frozenset(outputs),
        states=states,
        vocab_size=vocab_size,
        elements=elements,
        weights_end=end,
        operations=frozenset(operation for operation, _ in opsets),
        opsets=frozenset(opsets),
        info=_rt_info(text),
    )


def _end(text: str, layer: int) -> int:
    """Where the layer ends that begins at a place."""
    found = _LAYER_EDGE.search(text, layer + 1, layer + _LONGEST_LAYER)
    return found.start() if found else layer + _LONGEST_LAYER


def _layers(text: str) -> Iterator[tuple[str, str, dict[str, str], dict[str, str], int]]:
    """Each operation's type and opset, attributes of its `<layer>` and `<data>`, and position in the text.

    No attributes where nothing reads them: of other types, and of all but constants in the body of a loop or a branch,
    whose inputs, outputs and states are not the model's own.
    """
    bodies = _bodies(text)
    starts = [body.start for body in bodies]
    for number, match in enumerate(_LAYER.finditer(text)):
        if number == _MOST_PARTS:
            raise ValueError("too many operations")
        found, version = _TYPE.search(match[1]), _OPSET.search(match[1])
        operation, opset = found[1] if found else "", version[1] if version else ""
        position = match.start()
        if operation not in _READ or (
            operation != "Const" and (at := bisect_right(starts, position)) and position in bodies[at - 1]
        ):
            yield operation, opset, {}, {}, position
            continue
        data = _DATA.match(text, match.end())
        yield operation, opset, _attributes(match[1]), _attributes(data[1]) if data else {}, position


def _bodies(text: str) -> list[range]:
    """Where the outermost bodies of loops and branches lie."""
    bodies, depth, start = [], 0, 0
    for number, match in enumerate(_BODY_TAG.finditer(text)):
        if number == _MOST_PARTS:
            raise ValueError("too many bodies of loops")
        opening = text[text.rfind("<", max(0, match.start() - _LONGEST_BODY_TAG), match.start()) + 1] != "/"
        if opening and depth == 0:
            start = match.start()
        depth += 1 if opening else -1
        if depth == 0:
            bodies.append(range(start, match.start()))
    return bodies


def _attributes(text: str) -> dict[str, str]:
    return dict(_ATTRIBUTE.findall(text))


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def _shape(text: str) -> tuple[int | None, ...]:
    """`?,2,?,8` -> (None, 2, None, 8); a range such as `1..8` is open too."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) > _MOST_DIMENSIONS or any(len(part) > _LONGEST_DIMENSION and part.isdigit() for part in parts):
        raise ValueError("no shape")
    return tuple(int(part) if part.isdigit() else None for part in parts)


def _rt_info(text: str) -> dict[str, str]:
    """The model's own rt_info: the one after the last edge."""
    start = text.find("<rt_info>", text.rfind("</edges>"))
    end = text.rfind("</rt_info>")
    if not 0 <= start < end:
        return {}
    if end - start > _LONGEST_INFO:
        raise ValueError("too much rt_info")
    return _flattened(text[start:end] + "</rt_info>")


def _flattened(xml: str) -> dict[str, str]:
    """The attributes `value` of all elements but the outermost, by their names joined. Builds no tree."""
    found: dict[str, str] = {}
    path: list[str] = []
    room = _LONGEST_INFO

    def begin(tag: str, attributes: dict[str, str]) -> None:
        nonlocal room
        path.append(attributes.get("name", tag))
        if len(path) > _DEEPEST_INFO:
            raise ValueError("rt_info in rt_info without an end")
        if len(path) > 1 and "value" in attributes:
            if (room := room - sum(map(len, path))) < 0:
                raise ValueError("too long names in rt_info")
            found["/".join(path[1:])] = attributes["value"]

    def end(_: str) -> None:
        path.pop()

    parser = expat.ParserCreate()
    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.Parse(xml, True)
    return found
