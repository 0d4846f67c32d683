"""The facts file, and filling its facts into answers."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

FACTS_FILE = Path(__file__).parent / "facts.toml"
PLACEHOLDER = re.compile(r"\{(key|cmd|opt|set|name):([^{}]+)\}")


@cache
def load_facts() -> dict[str, Any]:
    """The parsed facts file."""
    return tomllib.loads(FACTS_FILE.read_text(encoding="utf-8"))


def fill(text: str) -> str:
    """Replace every {kind:id} in an answer by its fact; KeyError names one that does not exist.

    Keys become bold; commands, options, settings and names stand as they are, the grammar writes the backticks.
    """
    return PLACEHOLDER.sub(lambda match: _fact(match[1], match[2]), text)


def _fact(kind: str, name: str) -> str:
    facts = load_facts()
    match kind:
        case "key":
            return " or ".join(f"**{key}**" for key in facts["keys"][name]["keys"])
        case "cmd":
            return facts["commands"][name]
        case "name":
            return facts["names"][name]
        case "opt" if name in facts["options"]["app"] + facts["options"]["ask"]:
            return name
        case "set":
            section, _, key = name.partition(".")
            if key in facts["settings"][section]:
                return name
    raise KeyError(f"{kind}:{name} is not in {FACTS_FILE.name}")
