"""What the JSON files beside a tokenizer say: its special tokens. No openvino import."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tui.engine.errors import ModelBroken


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; a file that is not there is empty.

    Raises:
        ModelBroken: The file is not JSON, or not an object; names the file and the line.
    """
    try:
        value = json.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ModelBroken(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ModelBroken(f"{path} is not UTF-8 text.", "Copy or download the file again.") from error
    except json.JSONDecodeError as error:
        raise ModelBroken(
            f"{path} is not valid JSON: line {error.lineno}, column {error.colno}: {error.msg}.",
            "Copy or download the file again.",
        ) from error
    if not isinstance(value, dict):
        raise ModelBroken(f"{path} holds no JSON object.", "Copy or download the file again.")
    return value


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
