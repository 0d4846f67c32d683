"""What the tools end with, as sentences for the user: from their exit code and the last lines that they wrote."""

from __future__ import annotations

import re
import shlex
import signal
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from tui.engine.errors import OvchatError
from tui.library.conversion.tool import Outcome

_KILLED = (-getattr(signal, "SIGKILL", 9), 128 + 9)
_NO_MEMORY = re.compile(
    r"MemoryError|bad_alloc|can't allocate memory|Cannot allocate memory|not enough memory|out of memory"
    r"|Unable to allocate",
    re.IGNORECASE,
)
_NO_ROOM = re.compile(
    r"No space left on device|Errno 28\b|Disk quota exceeded|Errno 122\b|not enough space", re.IGNORECASE
)
_GATED = re.compile(r"GatedRepoError|gated repo|is gated|awaiting a review|401 Client Error|403 Client Error")
_OFFLINE = re.compile(
    r"couldn't connect to|Temporary failure in name resolution|Name or service not known|Max retries exceeded"
    r"|ConnectionError|ConnectTimeout"
)
_MISSING = re.compile(
    r"is not a (?:valid model identifier|local folder)|RepositoryNotFoundError|404 Client Error|OfflineModeIsEnabled"
    r"|LocalEntryNotFoundError|couldn't find them in the cached files"
)
_CODE = re.compile(r"trust_remote_code|requires you to execute|contains custom code")
_VERSION = re.compile(
    r"does not allow for the export of the model\. (Minimum|Maximum) required is ([\w.*]+), got: (\S+)"
)
_UNKNOWN = re.compile(
    r"does not recognize this architecture|custom or unsupported architecture|Unrecognized model"
    r"|not supported (?:yet )?(?:in|by|for) (?:OpenVINO|the task)|doesn't support (?:the )?task"
)
_NO_MODULE = re.compile(r"No module named '?([\w.]+)'?|requires the following packages.*?: ([\w, -]+)")
_NO_TOKENIZER = re.compile(
    r"Couldn't instantiate the backend tokenizer|Can't load tokenizer|Tokenizer class \w+ does not exist|OVTypeError"
    r"|tokenizer.*not supported"
)
_ERROR = re.compile(r"^\s*(?:[\w.]*(?:Error|Exception|Exit)|ERROR):\s*(.+)$")
_LITTLE_BYTES = 64_000_000


class Remedy(Enum):
    """What may be chosen otherwise, which a shell and a screen have their own ways for."""

    NAME = "another name"
    WEIGHTS = "fewer bits"
    CODE = "running the model's code"
    OWN_TOOLS = "ovchat's own tools"
    TOKENIZER = "the tokenizer alone"
    GIVING_UP = "what was fetched is deleted"


class ConversionFailed(OvchatError):
    """A model cannot be converted, or not here.

    Args:
        sentence: As `OvchatError`.
        next_step: As `OvchatError`; it names no option that stands for a remedy.
        remedies: What the next step advises.
    """

    def __init__(self, sentence: str, next_step: str = "", *remedies: Remedy) -> None:
        super().__init__(sentence, next_step)
        self.remedies = remedies


class Advice(NamedTuple):
    """What to know of a plan.

    Attributes:
        text: A sentence.
        remedies: What it advises.
    """

    text: str
    remedies: tuple[Remedy, ...] = ()


def conversion_failure(outcome: Outcome, log: Path, *, free: int, python: Path, name: str) -> ConversionFailed:
    """Why converting failed.

    Args:
        outcome: How the tool ended.
        log: Where its lines are.
        free: Bytes that are free on the disk now, before anything was deleted.
        python: The interpreter that it ran in.
        name: What was converted.
    """
    text = "\n".join(outcome.lines)
    details = f"All that the tool wrote: {log}"
    if outcome.code in _KILLED or _NO_MEMORY.search(text):
        why = (
            "the system ended it, which it does when there is none left" if outcome.code in _KILLED else _last(outcome)
        )
        return ConversionFailed(
            f"The memory did not suffice to convert {name}: {why}.",
            "Close other programs, add swap space, or take a smaller model or one that is converted already "
            f"(ovchat models pull --list). {details}",
        )
    if _NO_ROOM.search(text) or free < _LITTLE_BYTES:
        return ConversionFailed(
            f"The disk ran full while {name} was converted.",
            f"Make room, or set OVCHAT_HOME to a larger disk. {details}",
        )
    if found := _VERSION.search(text):
        bound = "older" if found[1] == "Maximum" else "newer"
        return ConversionFailed(
            f"This model is not converted with transformers {found[3]}, but with {found[2]} or {bound}.",
            f"Give an environment that has one: ovchat models convert SOURCE --python PATH. {details}",
        )
    if _CODE.search(text):
        return ConversionFailed(
            f"{name} comes with Python code of its own, and cannot be converted without running it.",
            "If you trust its makers, allow it.",
            Remedy.CODE,
        )
    return _of_the_hub(text, name, details) or _of_the_tool(outcome, text, name, python, details)


def _of_the_hub(text: str, name: str, details: str) -> ConversionFailed | None:
    if _GATED.search(text):
        return ConversionFailed(
            f"{name} needs something on the hub that is gated.", f"Ask for access there, then: hf auth login. {details}"
        )
    if _MISSING.search(text):
        return ConversionFailed(
            f"{name} lacks something that the tool wants.", f"Has it all of its files, as on the hub? {details}"
        )
    if _OFFLINE.search(text):
        return ConversionFailed(
            f"{name} needs something from the hub, which cannot be reached.",
            f"Look at the network (and HTTPS_PROXY, HF_ENDPOINT). {details}",
        )
    return None


def _of_the_tool(outcome: Outcome, text: str, name: str, python: Path, details: str) -> ConversionFailed:
    if found := _NO_MODULE.search(text):
        module = (found[1] or found[2]).strip()
        return ConversionFailed(
            f"To convert {name}, the tool wants {module}, which its environment has not.",
            f"Install it there: {shlex.quote(str(python))} -m pip install {module.replace(', ', ' ')}",
        )
    if _UNKNOWN.search(text):
        return ConversionFailed(
            f"optimum-intel cannot convert the architecture of {name}: {_last(outcome)}.",
            f"Is it on the hub converted already? ovchat models pull --list. {details}",
        )
    if _NO_TOKENIZER.search(text):
        return ConversionFailed(f"The tokenizer of {name} cannot be converted: {_last(outcome)}.", details)
    return ConversionFailed(f"{name} could not be converted: {_last(outcome)}.", details)


def install_failure(outcome: Outcome, log: Path, index: str) -> ConversionFailed:
    """Why the tools could not be installed.

    Args:
        outcome: How pip or another step ended.
        log: Where its lines are.
        index: The package index besides PyPI; "" for none.
    """
    text = "\n".join(outcome.lines)
    details = f"All that pip wrote: {log}"
    if _NO_ROOM.search(text):
        return ConversionFailed("The disk ran full while the tools were installed.", f"Make room. {details}")
    if "ensurepip" in text or "No module named venv" in text:
        return ConversionFailed(
            "This Python makes no environments: venv is not installed.",
            "On Debian and Ubuntu: sudo apt install python3-venv. Or give an environment: ovchat models convert SOURCE "
            f"--python PATH. {details}",
        )
    if found := re.search(r"No matching distribution found for (\S+)", text):
        where = f" and {index}" if index else ""
        return ConversionFailed(
            f"pip finds no {found[1]} for this Python on this machine.",
            f"Can its index{where} be reached? Others: ovchat settings set convert.extra_index_url URL|none, and "
            f"convert.pip_args. Or give an environment: ovchat models convert SOURCE --python PATH. {details}",
        )
    if _OFFLINE.search(text) or "Could not fetch URL" in text:
        return ConversionFailed(
            "pip cannot reach its package index.", f"Look at the network (and HTTPS_PROXY). {details}"
        )
    return ConversionFailed(f"The tools could not be installed: {_last(outcome)}.", details)


def _last(outcome: Outcome) -> str:
    """The tool's own last word."""
    words = _errors(outcome.lines) or list(outcome.lines[-1:])
    said = words[-1].rstrip(".:") if words else "it said nothing"
    if outcome.code < 0:
        said = f"ended by signal {-outcome.code}, after: {said}"
    return said if len(said) <= 300 else said[:299] + "…"


def _errors(lines: Sequence[str]) -> list[str]:
    return [found[1] for line in lines if (found := _ERROR.match(line))]
