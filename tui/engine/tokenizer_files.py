"""The files of a tokenizer: whether they are there and whole, and the special tokens they name. No openvino import."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

from tui.engine.errors import ModelBroken, ModelNotSupported, TokenizerMissing
from tui.engine.ir_file import IrFile, read_ir
from tui.engine.read_file import GET_AGAIN, read_bytes, read_json
from tui.engine.sentencepiece_model import SentencePieceModel

TOKENIZER_XML = "openvino_tokenizer.xml"
DETOKENIZER_XML = "openvino_detokenizer.xml"
_LONGEST_GRAPH = 1 << 22  # of a detokenizer: those there are have some 20 KB; as a tree it takes much more
_MADE_FROM = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "tokenizer_config.json")


def require_tokenizer(folder: Path) -> None:
    """Check that the OpenVINO tokenizer and detokenizer are there and whole.

    Raises:
        TokenizerMissing: One is not there, with the command that makes both.
        ModelBroken: One is cut off, a git-lfs pointer, unreadable or of a newer format.
    """
    for name in (TOKENIZER_XML, DETOKENIZER_XML):
        require_half(folder, name)


def require_half(folder: Path, name: str) -> IrFile:
    """Check that one of the two graphs is there and whole, by its name; errors as `require_tokenizer`."""
    xml = folder / name
    for file in (xml, xml.with_suffix(".bin")):
        if not file.exists():
            raise TokenizerMissing(
                f"{folder} has no {file.name}: the text of this model cannot be turned into tokens or back.",
                _how_to_make(folder),
                code="detokenizer-missing" if name == DETOKENIZER_XML else "tokenizer-missing",
            )
    return read_ir(xml)


def several_texts(count: int) -> ModelNotSupported:
    """The error for a tokenizer of several texts, as converted for classifiers with `--number-of-inputs 2`."""
    return ModelNotSupported(
        f"The tokenizer of this model takes {count} texts at a time, and a chat has one.",
        "Convert it again, with one input: convert_tokenizer MODEL_ID --with-detokenizer",
        code="tokenizer-several-texts",
    )


def is_convertible(folder: Path) -> bool:
    """A tokenizer in OpenVINO's format can be made from other files of the folder."""
    return any((folder / name).exists() for name in _MADE_FROM)


def _how_to_make(folder: Path) -> str:
    command = f"ovchat models convert {shlex.quote(str(folder))} --tokenizer-only"
    if is_convertible(folder):
        return f"Make it: {command}"
    original = read_json(folder / "config.json").get("_name_or_path") or "the original model"
    return f"Put tokenizer.json and tokenizer_config.json of {original} there, then: {command}"


def special_tokens(folder: Path) -> dict[str, str]:
    """The special tokens that the files of a model name, by role.

    Args:
        folder: A model folder.

    Returns:
        Role (`bos_token`, `eos_token`, `pad_token`, ...) to text; a role that the files do not give, or give as null,
        is absent. tokenizer_config.json wins over special_tokens_map.json.
    """
    found: dict[str, str] = {}
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        for role, value in read_json(folder / name).items():
            if not role.endswith("_token"):
                continue
            text = value.get("content") if isinstance(value, Mapping) else value
            if isinstance(text, str):
                found[role] = text
    return found


def vocabulary_rows(detokenizer: IrFile) -> int | None:
    """How many token ids a detokenizer knows; None where its graph is of an unknown kind.

    Raises:
        ModelBroken: Its graph is no XML, or one that unfolds without end.
    """
    try:
        return _rows(ElementTree.fromstring(read_bytes(detokenizer.xml, _LONGEST_GRAPH)), detokenizer.bin)
    except (ElementTree.ParseError, ValueError) as error:  # ValueError: what should be a number is none
        raise ModelBroken(f"{detokenizer.xml} is damaged: {error}.", GET_AGAIN, code="graph-damaged") from error


def _rows(graph: ElementTree.Element, weights: Path) -> int | None:
    for layer in graph.iterfind("./layers/layer"):
        match layer.get("type"):
            case "VocabDecoder":  # ids, then where each token begins
                row = layer.find("./input/port[2]/dim")
                return int(row.text or 0) if row is not None else None
            case "SentencepieceDetokenizer" | "SentencepieceStreamDetokenizer":
                model = next(graph.iterfind("./layers/layer[@type='Const']/data[@element_type='u8']"), None)
                if model is None:
                    return None
                begin, size = int(model.get("offset", 0)), int(model.get("size", 0))
                return SentencePieceModel(read_bytes(weights)[begin : begin + size], streaming=False).size
    return None
