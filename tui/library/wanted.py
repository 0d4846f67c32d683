"""Which files of a repository make the model, and what a repository is that has none. No network."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from tui.engine.errors import ModelNotSupported
from tui.engine.model_files import MODEL_BIN, MODEL_XML
from tui.library.hub import RemoteFile, Repository
from tui.library.hub_errors import PullFailed
from tui.library.new_name import is_device

# Only what lies at the top: there is no folder in these names, nor anything else that a file system could take amiss.
_SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. +-]{0,127}(?<![. ])")
_NEEDED = re.compile(
    r"openvino_(model|tokenizer|detokenizer)\.(xml|bin)"
    r"|.*\.jinja|(?!.*\.index\.json$).*\.json"
    # A tokenizer that was not converted is converted from these.
    r"|tokenizer\.model|merges\.txt|vocab\.txt|.*\.tiktoken"
    r"|readme\.md|(licen[cs]e|notice|use_policy)(\.(txt|md))?",
    re.IGNORECASE,
)


def is_safe(name: str) -> bool:
    """Whether a file of a repository lies at its top and has a name that no file system takes amiss."""
    return bool(_SAFE.fullmatch(name)) and not is_device(name)


def wanted(repository: Repository) -> tuple[RemoteFile, ...]:
    """The files that a chat needs, small ones first.

    Raises:
        ModelNotSupported: It is a whole model of another kind.
        PullFailed: It has no model in OpenVINO's format; says what to do with what it has.
    """
    names = {file.name for file in repository.files}
    if not {MODEL_XML, MODEL_BIN} <= names:
        raise _no_model(repository.id, names)
    found: dict[str, RemoteFile] = {}
    for file in sorted(repository.files, key=lambda file: (file.size, file.name)):
        if is_safe(file.name) and _NEEDED.fullmatch(file.name):
            # Two that differ in the case of their letters are one file on macOS and Windows.
            found.setdefault(file.name.casefold(), file)
    return tuple(found.values())


def _no_model(repository: str, names: Iterable[str]) -> ModelNotSupported | PullFailed:
    endings = {name.rpartition(".")[2].lower() for name in names}
    other = "Choose a text model: ovchat models pull --list"
    if "openvino_language_model.xml" in names:
        return ModelNotSupported(f"{repository} is a vision-language model, and ovchat runs text only.", other)
    if "openvino_encoder_model.xml" in names or "openvino_decoder_model.xml" in names:
        return ModelNotSupported(f"{repository} is an encoder-decoder model, not a decoder that chats.", other)
    if "model_index.json" in names:
        return ModelNotSupported(f"{repository} is an image generation pipeline, not a text model.", other)
    if endings & {"safetensors", "pt", "pth"} or "pytorch_model.bin" in names:
        return PullFailed(
            f"{repository} is not converted to OpenVINO: it has no {MODEL_XML}.",
            f"Convert it: ovchat models convert {shlex.quote(repository)}",
        )
    if "gguf" in endings:
        return PullFailed(
            f"{repository} holds GGUF files, which are not OpenVINO's format.",
            "Convert the model that they were made from (ovchat models convert ORG/NAME), or choose one: "
            "ovchat models pull --list",
        )
    return PullFailed(f"{repository} holds no model in OpenVINO's format: it has no {MODEL_XML}.", other)
