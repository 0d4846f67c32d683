"""The files of a tokenizer: whether they are there and whole, and the special tokens they name. No openvino import."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from tui.engine.errors import TokenizerMissing
from tui.engine.ir_file import read_ir
from tui.engine.read_file import read_json

TOKENIZER_XML = "openvino_tokenizer.xml"
DETOKENIZER_XML = "openvino_detokenizer.xml"


def require_tokenizer(folder: Path) -> None:
    """Check that the OpenVINO tokenizer and detokenizer are there and whole.

    Raises:
        TokenizerMissing: One is not there, with the command that makes both.
        ModelBroken: One is cut off, a git-lfs pointer, unreadable or of a newer format.
    """
    for xml in (folder / TOKENIZER_XML, folder / DETOKENIZER_XML):
        for file in (xml, xml.with_suffix(".bin")):
            if not file.exists():
                raise TokenizerMissing(
                    f"{folder} has no {file.name}: the text of this model cannot be turned into tokens or back.",
                    f"Make it: {_convert_line(folder)} (after pip install 'openvino-tokenizers[transformers]').",
                    code="detokenizer-missing" if xml.name == DETOKENIZER_XML else "tokenizer-missing",
                )
        read_ir(xml)


def _convert_line(folder: Path) -> str:
    if (folder / "tokenizer_config.json").exists():
        source = str(folder)
    else:
        source = str(read_json(folder / "config.json").get("_name_or_path") or "MODEL_ID")
    return f"convert_tokenizer {shlex.quote(source)} --with-detokenizer -o {shlex.quote(str(folder))}"


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
